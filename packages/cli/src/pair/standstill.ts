/**
 * Can the mail that is still queued move by itself? Asked of a lab at rest, where nothing but a timer can make anything
 * happen: then it depends on whether one of the timers would try again.
 */

import type { AssociationRow, LabAssociation, MtaStatus } from '@mtalab/harness';
import type { QueueView } from '@mtalab/mta-core';
import { counted } from '@mtalab/scenario';
import { span } from '../render/units.js';

/** One MTA of the lab as it stands. */
export type MtaAtRest = {
  readonly status: MtaStatus;
  readonly queues: readonly QueueView[];
};

export type LabAtRest = {
  readonly mtas: readonly MtaAtRest[];
  readonly associations: readonly LabAssociation[];
  /** PDUs that faults keep back, and the faults that do. */
  readonly kept: readonly string[];
};

export type StandstillVerdict =
  /** A retry timer will try again, after this much real time. */
  | { readonly kind: 'retries'; readonly inMs: number; readonly what: string }
  /** Only idle timers are left, or none. */
  | { readonly kind: 'stuck'; readonly why: readonly string[] };

/** A timer that can move mail. */
type RetryTimer = {
  readonly atMs: number;
  readonly nowMs: number;
  readonly scale: number;
  readonly what: string;
  /** Is the same tried again after it, for ever or for a very long time? */
  readonly again: boolean;
};

/**
 * Timers of an association after which somebody tries something again. Its Lifetime is none: that only ends what is idle. The last
 * word says whether the same follows again and again.
 */
const retryTimers = [
  ['recoverAtMs', 'the next recovery', true],
  ['disconnectAtMs', 'giving up a lost association', false],
  ['openByMs', 'the end of an opening', false],
  ['dataRetryAtMs', 'the next bind of a data connection', true],
] as const;

function deadline(row: AssociationRow, key: string): number | null {
  const value = row[key];
  return typeof value === 'number' ? value : null;
}

function retriesOf(lab: LabAtRest): readonly RetryTimer[] {
  return lab.mtas.flatMap(({ status, queues }) => {
    const { nowMs, timeScale: scale, name } = status;
    const retry = (atMs: number | null, what: string, again: boolean): RetryTimer[] =>
      atMs === null ? [] : [{ atMs, nowMs, scale, what: `${name}: ${what}`, again }];
    const rows = lab.associations.flatMap(({ sides }) => sides[name] ?? []);
    const named = [
      ...queues.flatMap((queue) => [
        ...retry(queue.openRetryAtMs, `the Open Interval for ${queue.name}`, true),
        ...retry(queue.transferRetryAtMs, `the next try for ${queue.name}`, false),
      ]),
      ...rows.flatMap((row) =>
        retryTimers.flatMap(([key, what, again]) => retry(deadline(row, key), `${what} (${row.name})`, again)),
      ),
    ];
    const known = new Set([...rows.map((row) => deadline(row, 'lifetimeAtMs')), ...named.map(({ atMs }) => atMs)]);
    // Whatever timer comes next and is no idle one is at work, such as the limit of a call without an answer.
    return known.has(status.nextDeadlineMs) ? named : [...named, ...retry(status.nextDeadlineMs, 'its next timer', false)];
  });
}

/** What waits, and who believes what. */
function explanationOf(lab: LabAtRest): readonly string[] {
  const lines: string[] = [];
  for (const { status, queues } of lab.mtas) {
    for (const queue of queues)
      if (queue.queued > 0) lines.push(`${counted(queue.queued, 'message')} at ${status.name} for ${queue.name}`);
  }
  for (const association of lab.associations) {
    const beliefs = Object.entries(association.holder).map(
      ([mta, holder]) => `${mta} believes ${holder === mta ? 'it has the Turn itself' : `${holder} has the Turn`}`,
    );
    const states = [...new Set(Object.values(association.sides).map((row) => row.state))].join('/');
    const meaning = association.turn === 'nobody' ? ': nobody may send' : '';
    lines.push(`association ${association.name} is ${states}; ${beliefs.join(', ')}${meaning}`);
  }
  lines.push(...lab.kept);
  for (const { status } of lab.mtas) {
    const next =
      status.nextDeadlineMs === null
        ? 'no timer is set'
        : `the next timer is due in ${span(Math.max(0, status.nextDeadlineMs - status.nowMs))} of lab time`;
    lines.push(`at ${status.name} ${next}`);
  }
  return lines;
}

/** Grows with everything that is achieved: while it stays the same, nothing comes of what is tried. */
export function progressOf({ mtas, associations }: LabAtRest): string {
  const { delivered, reports, queued } = mtas.reduce(
    (sum, { status: { counters, queuedCopies } }) => ({
      delivered: sum.delivered + counters.delivered,
      reports: sum.reports + counters.reports,
      queued: sum.queued + queuedCopies,
    }),
    { delivered: 0, reports: 0, queued: 0 },
  );
  const moved = associations.flatMap(({ name, sides }) => Object.values(sides).map((row) => `${name} ${row.moved}`));
  return [delivered, reports, queued, ...moved.sort()].join();
}

/**
 * @param patienceMs longest wait for a retry, and for anything to come of retries, in real time.
 * @param fruitlessMs how long nothing has come of them.
 */
export function judgeStandstill(lab: LabAtRest, patienceMs: number, fruitlessMs: number): StandstillVerdict {
  const retries = retriesOf(lab);
  let soonest: { readonly inMs: number; readonly what: string } | undefined;
  for (const { atMs, nowMs, scale, what } of retries) {
    const inMs = Math.max(0, atMs - nowMs) / scale;
    if (soonest === undefined || inMs < soonest.inMs) soonest = { inMs, what };
  }
  if (soonest === undefined) return { kind: 'stuck', why: [...explanationOf(lab), 'no timer would move anything'] };
  if (soonest.inMs > patienceMs) {
    const advice = `${soonest.what} is due in ${span(soonest.inMs)}, longer than --patience ${patienceMs / 1000} (or raise --time-scale)`;
    return { kind: 'stuck', why: [...explanationOf(lab), advice] };
  }
  if (fruitlessMs <= patienceMs || retries.some(({ again }) => !again)) return { kind: 'retries', ...soonest };
  const tried = `nothing has come of what is tried again and again (${soonest.what}) for longer than --patience ${patienceMs / 1000}`;
  return { kind: 'stuck', why: [...explanationOf(lab), tried] };
}
