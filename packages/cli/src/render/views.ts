/** Renders the views of MTAs as tables. */

import type { MtaStatus, RunEntry, Unanswered } from '@mtalab/harness';
import { type BindingView, type LtabView, type MessageView, printable, type QueueView } from '@mtalab/mta-core';
import type { FaultView } from '../pair/control-schema.js';
import type { Paint } from './colours.js';
import { clip, table } from './table.js';
import { bytes, instant, span, until } from './units.js';

/** The answer of one MTA. */
type From<T> = { readonly mta: string; readonly value: T };
/** Rows of a view, and the lab time of the view. */
export type Clocked<Rows> = { readonly nowMs: number; readonly rows: Rows };

/** A table line for each row. The first line of an MTA has its name. */
function eachRow<T>(
  values: readonly From<Clocked<readonly T[]>>[],
  style: Paint,
  line: (row: T, nowMs: number) => readonly string[],
): readonly (readonly string[])[] {
  return values.flatMap(({ mta, value }) =>
    value.rows.map((row, at) => [at === 0 ? style.bold(printable(mta)) : '', ...line(row, value.nowMs)]),
  );
}

const age = (atMs: number | null, nowMs: number): string => (atMs === null ? '-' : span(Math.max(0, nowMs - atMs)));

const left = (title: string) => ({ title });
const right = (title: string) => ({ title, align: 'right' as const });

function phase(text: string, style: Paint): string {
  return text === 'running' ? style.green(text) : style.yellow(printable(text));
}

/** The words for an MTA that gave no answer, in place of its phase. */
const silence = { silent: 'NO ANSWER', down: 'down', refused: 'refused' } as const;

/** @param failed MTAs that gave no answer. */
export function renderStatus(values: readonly From<MtaStatus>[], style: Paint, failed: readonly Unanswered[] = []): string {
  const mtas = table(
    [
      left('MTA'),
      left('PHASE'),
      right('PID'),
      left('EXCHANGE'),
      left('WINDOWS NT'),
      left('LISTENS ON'),
      left('LEGACY'),
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
      value.delays.count === 0 ? '-' : span(value.delays.meanMs),
      value.delays.count === 0 ? '-' : span(value.delays.maxMs),
      String(value.turnsGiven),
      String(value.associationsOpened),
    ]),
    style,
  );
  return `${mtas}\n\n${mail}`;
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
  const titles = ['MTA', 'BINDING', 'LABEL', 'ENABLED', 'DIALLED FROM', 'LISTENING', ...(mapped ? ['MAPPER'] : [])];
  return table(
    titles.map(left),
    values.flatMap(({ mta, value }) =>
      value.map((row, at) => [
        at === 0 ? style.bold(printable(mta)) : '',
        `${row.address}[${row.port}]`,
        printable(row.label) || '-',
        row.enabled ? 'yes' : 'no',
        row.dialOrder === null ? (row.enabled ? 'never' : '-') : `${row.dialOrder}.`,
        listeningOf(row, style),
        ...(mapped ? [row.mapperPort === null ? '-' : String(row.mapperPort)] : []),
      ]),
    ),
    style,
  );
}

export function renderRuns(runs: readonly RunEntry[], style: Paint): string {
  return table(
    [right('PID'), left('STARTED'), left('MTAS'), left('FOLDER')],
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
    [right('ID'), left('FAULT'), left('STATE'), right('HITS')],
    faults.map((fault) => [
      String(fault.id),
      printable(fault.text),
      fault.state === 'armed' ? style.yellow(fault.state) : style.green(fault.state),
      String(fault.hits),
    ]),
    style,
  );
}

export function renderLtab(values: readonly From<Clocked<readonly LtabView[]>>[], style: Paint): string {
  const columns = [
    left('MTA'),
    right('INDEX'),
    left('ADJACENT MTA'),
    left('BINDINGS'),
    left('ASSOCIATIONS'),
    right('QUEUED'),
    right('SENT'),
    right('RECEIVED'),
    right('FAILED OPENS'),
    left('NEXT OPEN'),
    left('OLDEST QUEUED'),
  ];
  const rows = eachRow(values, style, (entry, nowMs) => [
    String(entry.ltabIndex),
    printable(entry.peer),
    printable(entry.endpoints.join(', ')) || '-',
    Object.entries(entry.associations)
      .map(([state, count]) => `${count} ${state}`)
      .join(', ') || '-',
    String(entry.queued),
    `${entry.performance['Outbound Messages Total']} (${bytes(entry.performance['Outbound Bytes Total'])})`,
    `${entry.performance['Inbound Messages Total']} (${bytes(entry.performance['Inbound Bytes Total'])})`,
    String(entry.openFailures),
    until(entry.openRetryAtMs, nowMs),
    age(entry.performance['Oldest Message Queued'], nowMs),
  ]);
  return rows.length === 0 ? style.dim('no adjacent MTAs') : table(columns, rows, style);
}

export function renderQueues(values: readonly From<Clocked<readonly QueueView[]>>[], style: Paint): string {
  const columns = [
    left('MTA'),
    left('QUEUE'),
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
  return table(columns, rows, style);
}

/** Width of a column of addresses. They may be long and many, and JSON has all. */
const addressColumns = 40;

/** @param complete did all MTAs answer? */
export function renderMessages(values: readonly From<Clocked<readonly MessageView[]>>[], style: Paint, complete = true): string {
  const columns = [
    left('MTA'),
    left('COPY'),
    left('MTS IDENTIFIER'),
    left('FROM'),
    left('TO'),
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
  if (rows.length > 0) return table(columns, rows, style);
  return style.dim(complete ? 'no messages: everything is delivered' : 'no messages at the MTAs that answer');
}
