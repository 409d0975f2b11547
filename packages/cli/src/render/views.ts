/** Renders the views of MTAs as tables. */

import type { MtaStatus, RunEntry, Unanswered } from '@mtalab/harness';
import { type BindingView, type MessageView, printable, type QueueView } from '@mtalab/mta-core';
import { counted } from '@mtalab/scenario';
import type { FaultView } from '../pair/control-schema.js';
import type { Paint } from './colours.js';
import { clip, table, wrap } from './table.js';
import { bytes, instant, span, until } from './units.js';
import { age, type Clocked, eachRow, type From, key, left, right, wrapping } from './view-rows.js';
import { waitLines } from './why.js';

function phase(text: string, style: Paint): string {
  return text === 'running' ? style.green(text) : style.yellow(printable(text));
}

/** The words for an MTA that gave no answer, in place of its phase. */
const silence = { silent: 'NO ANSWER', down: 'down', refused: 'refused' } as const;

/** Where the X.400 connector of an MTA listens, and how many of its control blocks are in use. */
function connectorLines({ mta, x400 }: MtaStatus, style: Paint): readonly string[] {
  if (x400 === null) return [];
  const { endpoints, controlBlocks } = x400;
  const places = endpoints.length === 0 ? 'listens nowhere' : `on ${endpoints.join(', ')}`;
  const blocks = `${controlBlocks.inUse} of ${controlBlocks.configured} TCP/IP control blocks in use`;
  return wrap(printable(`${mta}: X.400 connector ${places}, ${blocks}`), style.columns, '  ');
}

function smtpLines({ mta, smtp }: MtaStatus, style: Paint): readonly string[] {
  if (smtp === null) return [];
  const { endpoint, sessions, accepted, refused } = smtp;
  const counts = `${counted(sessions, 'session')}, ${counted(accepted, 'message')} accepted, ${refused} refused`;
  return wrap(printable(`${mta}: SMTP listener on ${endpoint}, ${counts}`), style.columns, '  ');
}

function metricsLines({ mta, metrics }: MtaStatus, style: Paint): readonly string[] {
  return metrics === null ? [] : wrap(printable(`${mta}: metrics at ${metrics}`), style.columns, '  ');
}

/** @param failed MTAs that gave no answer. */
export function renderStatus(values: readonly From<MtaStatus>[], style: Paint, failed: readonly Unanswered[] = []): string {
  const mtas = table(
    [
      left('MTA'),
      left('PHASE'),
      right('PID'),
      left('EXCHANGE'),
      left('WINDOWS NT'),
      wrapping('LISTENS ON'),
      wrapping('LEGACY'),
      right('SCALE'),
      right('MEMORY'),
      right('CPU'),
      left('NEXT TIMER'),
    ],
    [
      ...values.map(({ value }) => [
        style.bold(printable(value.mta)),
        phase(value.phase, style),
        String(value.pid),
        printable(`${value.version} (${value.build})`),
        value.nt === null ? '-' : printable(value.nt),
        printable(value.endpoints.join(', ')) || '-',
        printable(value.legacy.join(', ')) || '-',
        String(value.timeScale),
        bytes(value.memory.rssBytes),
        span((value.cpu.userS + value.cpu.systemS) * 1000),
        until(value.nextDeadlineMs, value.nowMs),
      ]),
      ...failed.map(({ mta, error }) => [style.bold(printable(mta)), style.red(silence[error.code]), ...Array(9).fill('-')]),
    ],
    style,
  );
  const mail = table(
    [
      left('MTA'),
      right('SUBMITTED'),
      right('QUEUED'),
      right('DELIVERED'),
      right('REPORTS'),
      right('DEAD LETTERS'),
      right('SET ASIDE'),
      right('MEAN DELAY'),
      right('WORST'),
      right('TURNS GIVEN'),
      right('ASSOCIATIONS OPENED'),
    ],
    values.map(({ value }) => [
      style.bold(printable(value.mta)),
      String(value.counters.submitted),
      String(value.queuedCopies),
      String(value.counters.delivered),
      String(value.counters.reports),
      String(value.counters.deadLetters),
      String(value.counters.setAside),
      value.delays.count === 0 ? '-' : span(value.delays.meanMs),
      value.delays.count === 0 ? '-' : span(value.delays.maxMs),
      String(value.turnsGiven),
      String(value.associationsOpened),
    ]),
    style,
  );
  const waits = values.flatMap(({ value }) => waitLines(value.mta, value.nowMs, value.waits, style));
  const listeners = values.flatMap(({ value }) => [
    ...connectorLines(value, style),
    ...smtpLines(value, style),
    ...metricsLines(value, style),
  ]);
  return [
    mtas,
    ...(listeners.length === 0 ? [] : [listeners.join('\n')]),
    mail,
    ...(waits.length === 0 ? [] : [waits.join('\n')]),
  ].join('\n\n');
}

/** Does the MTA listen on the binding? Says also if a change takes effect at the next start. */
function listeningOf({ enabled, listening, osError }: BindingView, style: Paint): string {
  if (listening === 'failed') return style.red(`failed (${printable(osError ?? 'no reason')})`);
  if (enabled && listening === 'off') return style.yellow('from the next start on');
  if (!enabled && listening === 'up') return style.yellow('until the next start');
  return listening === 'up' ? style.green(listening) : listening;
}

export function renderBindings(values: readonly From<readonly BindingView[]>[], style: Paint): string {
  const mapped = values.some(({ value }) => value.some((row) => row.mapperPort !== null));
  const connected = values.some(({ value }) => value.some((row) => row.x400Port !== null));
  const usual = ['MTA', 'BINDING', 'LABEL', 'ENABLED', 'DIALLED FROM', 'LISTENING'];
  const titles = [...usual, ...(connected ? ['X.400'] : []), ...(mapped ? ['MAPPER'] : [])];
  return table(
    titles.map((title, at) => (at < 2 ? key(title) : title === 'LISTENING' ? wrapping(title) : left(title))),
    values.flatMap(({ mta, value }) =>
      value.map((row, at) => [
        at === 0 ? style.bold(printable(mta)) : '',
        `${row.address}[${row.port}]`,
        printable(row.label) || '-',
        row.enabled ? 'yes' : 'no',
        row.dialOrder === null ? (row.enabled ? 'never' : '-') : `${row.dialOrder}.`,
        listeningOf(row, style),
        ...(connected ? [row.x400Port === null ? '-' : String(row.x400Port)] : []),
        ...(mapped ? [row.mapperPort === null ? '-' : String(row.mapperPort)] : []),
      ]),
    ),
    style,
  );
}

export function renderRuns(runs: readonly RunEntry[], style: Paint): string {
  return table(
    [right('PID'), left('STARTED'), wrapping('MTAS'), wrapping('FOLDER')],
    runs.map((run) => [
      String(run.pid),
      instant(Date.parse(run.startedAt)),
      printable(run.mtas.map(({ mta, process: one }) => `${mta} (${one?.pid ?? 'down'})`).join(', ')),
      printable(run.dir),
    ]),
    style,
  );
}

export function renderFaults(faults: readonly FaultView[], style: Paint): string {
  return table(
    [right('ID'), wrapping('FAULT'), left('STATE'), right('HITS')],
    faults.map((fault) => [
      String(fault.id),
      printable(fault.text),
      fault.state === 'armed' ? style.yellow(fault.state) : style.green(fault.state),
      String(fault.hits),
    ]),
    style,
  );
}

export function renderQueues(values: readonly From<Clocked<readonly QueueView[]>>[], style: Paint): string {
  const columns = [
    key('MTA'),
    key('QUEUE'),
    right('QUEUED'),
    right('BYTES'),
    right('URGENT'),
    right('NORMAL'),
    right('NON-URGENT'),
    right('IN TRANSFER'),
    right('WAITING'),
    left('OLDEST'),
    left('NEXT TRY'),
  ];
  const rows = eachRow(values, style, (queue, nowMs) => [
    printable(queue.queue),
    String(queue.queued),
    bytes(queue.queuedBytes),
    String(queue.urgent),
    String(queue.normal),
    String(queue.nonUrgent),
    String(queue.inTransfer),
    String(queue.waiting),
    age(queue.oldestSubmittedAtMs, nowMs),
    until(queue.openRetryAtMs ?? queue.transferRetryAtMs, nowMs),
  ]);
  const waits = values.flatMap(({ mta, value }) => waitLines(mta, value.nowMs, value.rows, style));
  return [table(columns, rows, style), ...(waits.length === 0 ? [] : [waits.join('\n')])].join('\n\n');
}

/** Width of a column of addresses. They may be long and many, and JSON has all. */
const addressColumns = 40;

/** Each reason once, with the messages that it keeps back. */
function messageReasons(mta: string, rows: readonly MessageView[], style: Paint): readonly string[] {
  const copies = new Map<string, string[]>();
  for (const { why, copy } of rows) if (why !== null) copies.set(why, [...(copies.get(why) ?? []), copy]);
  return [...copies].flatMap(([why, ids]) => {
    const which = ids.length === 1 ? `copy ${ids[0]}` : `copies ${ids[0]} and ${ids.length - 1} more`;
    return wrap(`${printable(mta)}, ${which}: ${printable(why)}`, style.columns, '  ');
  });
}

/** @param complete did all MTAs answer? */
export function renderMessages(values: readonly From<Clocked<readonly MessageView[]>>[], style: Paint, complete = true): string {
  const columns = [
    key('MTA'),
    key('COPY'),
    left('MTS IDENTIFIER'),
    wrapping('FROM'),
    wrapping('TO'),
    left('PRIORITY'),
    right('SIZE'),
    left('FOR'),
    left('STATE'),
    left('AGE'),
    left('NEXT TRY'),
  ];
  const rows = eachRow(values, style, (message, nowMs) => [
    message.copy,
    printable(message.mtsId),
    clip(printable(message.originator), addressColumns) || '(report)',
    clip(printable(message.recipients.join(', ')), addressColumns),
    message.priority,
    bytes(message.sizeBytes),
    printable(message.destination),
    message.state,
    age(message.submittedAtMs, nowMs),
    until(message.retryAtMs, nowMs),
  ]);
  if (rows.length === 0)
    return style.dim(complete ? 'no messages: everything is delivered' : 'no messages at the MTAs that answer');
  const reasons = values.flatMap(({ mta, value }) => messageReasons(mta, value.rows, style));
  return [table(columns, rows, style), ...(reasons.length === 0 ? [] : [reasons.join('\n')])].join('\n\n');
}
