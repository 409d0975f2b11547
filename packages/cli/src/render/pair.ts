/** Renders the output of `mtalab pair`: where the MTAs listen, the live status, the summary. */

import type { LabStatus, LabSummary } from '@mtalab/harness';
import { printable } from '@mtalab/mta-core';
import { counted } from '@mtalab/scenario';
import type { Progress } from '../pair/progress.js';
import type { Paint } from './colours.js';
import { padded, table, widest, wrap } from './table.js';
import { span, until } from './units.js';

export type PairReady = {
  readonly dir: string;
  /** False: the folder is removed at the end of the run. */
  readonly kept: boolean;
  readonly timeScale: number;
  readonly mtas: readonly {
    readonly mta: string;
    readonly pid: number;
    readonly domains: readonly string[];
    readonly endpoints: readonly string[];
    readonly x400: readonly string[];
    readonly mapper: readonly string[];
    readonly smtp: readonly string[];
    readonly metrics: string | null;
    readonly control: string;
    readonly legacy: readonly string[];
  }[];
  readonly faults: readonly string[];
  /** An address that opens the page once; null without a page. */
  readonly page: string | null;
};

export function renderReady(ready: PairReady, style: Paint): string {
  const lines = [
    table(
      [
        { title: 'MTA' },
        { title: 'PID', align: 'right' },
        { title: 'MAIL FOR' },
        { title: 'LISTENS ON', wraps: true },
        { title: 'CONTROL CHANNEL' },
        { title: 'LEGACY', wraps: true },
      ],
      ready.mtas.map((one) => [
        style.bold(printable(one.mta)),
        String(one.pid),
        one.domains.join(', '),
        printable(one.endpoints.join(', ')),
        printable(one.control),
        printable(one.legacy.join(', ')) || '-',
      ]),
      style,
    ),
    `folder ${printable(ready.dir)} (${ready.kept ? 'kept' : 'removed at the end'})${ready.timeScale === 1 ? '' : `, clock ${ready.timeScale} times as fast`}`,
    ...ready.mtas
      .filter(({ x400 }) => x400.length > 0)
      .map(({ mta, x400 }) => `${printable(mta)} has an X.400 connector on ${printable(x400.join(', '))}`),
    ...ready.mtas
      .filter(({ mapper }) => mapper.length > 0)
      .map(({ mta, mapper }) => `${printable(mta)} has an endpoint mapper on ${printable(mapper.join(', '))}`),
    ...ready.mtas
      .filter(({ smtp }) => smtp.length > 0)
      .map(({ mta, smtp }) => `${printable(mta)} takes mail over SMTP on ${printable(smtp.join(', '))}`),
    ...ready.mtas.flatMap(({ mta, metrics }) =>
      metrics === null ? [] : [`${printable(mta)} has its metrics at ${printable(metrics)}`],
    ),
    ...(ready.page === null ? [] : [`page (this address opens it once): ${ready.page}`]),
    ...ready.faults.map((fault) => `fault: ${printable(fault)}`),
  ];
  const [mtas = '', ...facts] = lines;
  return [mtas, ...facts.flatMap((fact) => wrap(fact, style.columns, '  '))].join('\n');
}

/** Lines of the live status: each MTA, why nothing moves, and last a line that sums up. */
export function renderLive(
  statuses: LabStatus,
  progress: Progress,
  summary: LabSummary,
  reasons: readonly string[] = [],
): readonly string[] {
  const width = widest(statuses.map((status) => printable(status.mta)));
  return [
    ...statuses.map((status) => `${padded(printable(status.mta), width)}  ${liveOf(status)}`),
    ...reasons.map(printable),
    `${progressWords(progress)}${delays(summary)}`,
  ];
}

/** `1200 of 20000 messages delivered, 300 not submitted yet, 512/s, 37 s left`. */
function progressWords({ delivered, asked, toSubmit, perSecond, leftMs }: Progress): string {
  return [
    // A message has a delivery for each of its recipients.
    delivered > asked
      ? `${counted(delivered, 'delivery', 'deliveries')} of ${counted(asked, 'message')}`
      : `${delivered} of ${counted(asked, 'message')} delivered`,
    ...(toSubmit > 0 ? [`${toSubmit} not submitted yet`] : []),
    ...(perSecond === null ? [] : [`${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)}/s`]),
    ...(leftMs === null ? [] : [`${span(leftMs)} left`]),
  ].join(', ');
}

function liveOf(status: LabStatus[number]): string {
  if (status.error !== undefined) return printable(status.error.message);
  const { queuedCopies, counters, nextDeadlineAt, now } = status;
  const next = until(nextDeadlineAt === null ? null : Date.parse(nextDeadlineAt), Date.parse(now));
  return `${queuedCopies} queued, ${counters.delivered} delivered, next timer ${next}`;
}

function delays(summary: LabSummary): string {
  return summary.delivered === 0 ? '' : `, mean delay ${span(summary.meanDelayMs)}, worst ${span(summary.maxDelayMs)}`;
}

export function renderSummary(summary: LabSummary, style: Paint): string {
  const rows: readonly (readonly [string, string])[] = [
    ['submitted', String(summary.submitted)],
    [summary.reports > 0 ? 'delivered, with reports' : 'delivered', String(summary.delivered)],
    ['non-delivery reports', String(summary.reports)],
    ['mean delay', summary.delivered === 0 ? '-' : span(summary.meanDelayMs)],
    ['worst delay', summary.delivered === 0 ? '-' : span(summary.maxDelayMs)],
    ['associations opened', String(summary.associationsOpened)],
    ['Turns given', String(summary.turnsGiven)],
  ];
  const width = widest(rows.map(([name]) => name));
  return rows.map(([name, value]) => `${padded(name, width)}  ${style.bold(value)}`).join('\n');
}
