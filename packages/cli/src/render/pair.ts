/** Renders the output of `mtalab pair`: where the MTAs listen, the live status, the summary. */

import type { LabSummary, MtaStatus } from '@mtalab/harness';
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
    readonly name: string;
    readonly pid: number;
    readonly domain: string;
    readonly endpoints: readonly string[];
    readonly mapper: readonly string[];
    readonly control: string;
    readonly legacy: readonly string[];
  }[];
  readonly faults: readonly string[];
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
      ready.mtas.map((mta) => [
        style.bold(printable(mta.name)),
        String(mta.pid),
        mta.domain,
        printable(mta.endpoints.join(', ')),
        printable(mta.control),
        printable(mta.legacy.join(', ')) || '-',
      ]),
      style,
    ),
    `folder ${printable(ready.dir)} (${ready.kept ? 'kept' : 'removed at the end'})${ready.timeScale === 1 ? '' : `, clock ${ready.timeScale} times as fast`}`,
    ...ready.mtas
      .filter(({ mapper }) => mapper.length > 0)
      .map(({ name, mapper }) => `${printable(name)} has an endpoint mapper on ${printable(mapper.join(', '))}`),
    ...ready.faults.map((fault) => `fault: ${printable(fault)}`),
  ];
  const [mtas = '', ...facts] = lines;
  return [mtas, ...facts.flatMap((fact) => wrap(fact, style.columns, '  '))].join('\n');
}

/** Lines of the live status: each MTA, why nothing moves, and last a line that sums up. */
export function renderLive(
  statuses: readonly MtaStatus[],
  progress: Progress,
  summary: LabSummary,
  reasons: readonly string[] = [],
): readonly string[] {
  const width = widest(statuses.map((status) => printable(status.name)));
  return [
    ...statuses.map(
      (status) =>
        `${padded(printable(status.name), width)}  ${status.queuedCopies} queued, ${status.counters.delivered} delivered, next timer ${until(status.nextDeadlineMs, status.nowMs)}`,
    ),
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

function delays(summary: LabSummary): string {
  return summary.delivered === 0 ? '' : `, mean delay ${span(summary.meanDelayMs)}, worst ${span(summary.worstDelayMs)}`;
}

export function renderSummary(summary: LabSummary, style: Paint): string {
  const rows: readonly (readonly [string, string])[] = [
    ['submitted', String(summary.submitted)],
    [summary.reports > 0 ? 'delivered, with reports' : 'delivered', String(summary.delivered)],
    ['non-delivery reports', String(summary.reports)],
    ['mean delay', summary.delivered === 0 ? '-' : span(summary.meanDelayMs)],
    ['worst delay', summary.delivered === 0 ? '-' : span(summary.worstDelayMs)],
    ['associations opened', String(summary.associationsOpened)],
    ['Turns given', String(summary.turnsGiven)],
  ];
  const width = widest(rows.map(([name]) => name));
  return rows.map(([name, value]) => `${padded(name, width)}  ${style.bold(value)}`).join('\n');
}
