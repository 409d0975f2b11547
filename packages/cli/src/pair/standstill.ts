/**
 * Judges whether the queued mail of a lab at rest can still move. In a lab at rest only a timer can make anything happen, so
 * the answer depends on whether a timer will try again.
 */

import { explainWaits, type MtaStatus, type RawAssociation } from '@mtalab/harness';
import type { AssociationView, QueueView } from '@mtalab/mta-core';
import { paint } from '../render/colours.js';
import { span } from '../render/units.js';
import { whyLines } from '../render/why.js';

/** The state of one MTA of the lab. */
export type MtaAtRest = {
  readonly status: MtaStatus;
  readonly queues: readonly QueueView[];
};

export type LabAtRest = {
  readonly mtas: readonly MtaAtRest[];
  readonly associations: readonly RawAssociation[];
  /** A line for each fault that keeps PDUs back. */
  readonly kept: readonly string[];
};

export type StandstillVerdict =
  /** A timer will try again after this real time. */
  | { readonly kind: 'retries'; readonly inMs: number; readonly what: string }
  /** Only idle timers are left, or none. */
  | { readonly kind: 'stuck'; readonly why: readonly string[] };

/** A timer that can move mail. */
type RetryTimer = {
  readonly atMs: number;
  readonly nowMs: number;
  readonly scale: number;
  readonly what: string;
  /** Does the same retry follow again and again, for ever or for very long? */
  readonly repeats: boolean;
};

/**
 * Timers of an association that can move mail: field, text, and whether the same retry follows again and again. The Lifetime
 * is not among them: it only ends idle associations.
 */
const retryTimers = [
  ['recoverAtMs', 'the next recovery', true],
  ['disconnectAtMs', 'the end of a lost association', false],
  ['openByMs', 'the end of an opening', false],
  ['dataRetryAtMs', 'the next bind of a data connection', true],
] as const satisfies readonly (readonly [keyof AssociationView, string, boolean])[];

function deadline(row: AssociationView, key: keyof AssociationView): number | null {
  const value = row[key];
  return typeof value === 'number' ? value : null;
}

function retriesOf(lab: LabAtRest): readonly RetryTimer[] {
  return lab.mtas.flatMap(({ status, queues }) => {
    const { nowMs, timeScale: scale, mta } = status;
    const retry = (atMs: number | null, what: string, repeats: boolean): RetryTimer[] =>
      atMs === null ? [] : [{ atMs, nowMs, scale, what: `${mta}: ${what}`, repeats }];
    const rows = lab.associations.flatMap(({ sides }) => sides.filter((side) => side.mta === mta));
    const named = [
      ...queues.flatMap((queue) => [
        ...retry(queue.openRetryAtMs, `the Open Interval for ${queue.queue}`, true),
        ...retry(queue.transferRetryAtMs, `the next try for ${queue.queue}`, false),
      ]),
      ...rows.flatMap((row) =>
        retryTimers.flatMap(([key, what, repeats]) => retry(deadline(row, key), `${what} (${row.name})`, repeats)),
      ),
    ];
    const known = new Set([...rows.map((row) => deadline(row, 'lifetimeAtMs')), ...named.map(({ atMs }) => atMs)]);
    // The next timer may be another one, such as the limit of a call without an answer. It can move mail too.
    return known.has(status.nextDeadlineMs) ? named : [...named, ...retry(status.nextDeadlineMs, 'its next timer', false)];
  });
}

/** Says what waits and why, and what each side of an association believes. */
function explanationOf(lab: LabAtRest): readonly string[] {
  const lines: string[] = [];
  const mtas = lab.mtas.map(({ status: { mta, nowMs }, queues }) => ({
    mta,
    nowMs,
    waits: queues.filter(({ queued }) => queued > 0),
  }));
  for (const why of explainWaits({ mtas, associations: lab.associations })) lines.push(...whyLines(why, paint(false)));
  for (const association of lab.associations) {
    const beliefs = association.sides.map(
      ({ mta, holder }) => `${mta} believes ${holder === mta ? 'it has the Turn itself' : `${holder} has the Turn`}`,
    );
    const states = [...new Set(association.sides.map((side) => side.state))].join('/');
    const meaning = association.turn === 'nobody' ? ', so no side may send' : '';
    lines.push(`association ${association.name} is ${states}; ${beliefs.join(', ')}${meaning}`);
  }
  lines.push(...lab.kept);
  for (const { status } of lab.mtas) {
    const next =
      status.nextDeadlineMs === null
        ? 'no timer is set'
        : `the next timer is due in ${span(Math.max(0, status.nextDeadlineMs - status.nowMs))} of lab time`;
    lines.push(`at ${status.mta} ${next}`);
  }
  return lines;
}

/** A text that changes with every progress. While it stays the same, the retries achieve nothing. */
export function progressOf({ mtas, associations }: LabAtRest): string {
  const { delivered, reports, queued } = mtas.reduce(
    (sum, { status: { counters, queuedCopies } }) => ({
      delivered: sum.delivered + counters.delivered,
      reports: sum.reports + counters.reports,
      queued: sum.queued + queuedCopies,
    }),
    { delivered: 0, reports: 0, queued: 0 },
  );
  const moved = associations.flatMap(({ name, sides }) => sides.map((side) => `${name} ${side.moved}`));
  return [delivered, reports, queued, ...moved.sort()].join();
}

/**
 * @param patienceMs longest wait for a retry, and for retries to succeed, in real time.
 * @param fruitlessMs how long the retries have achieved nothing, in real time.
 */
export function judgeStandstill(lab: LabAtRest, patienceMs: number, fruitlessMs: number): StandstillVerdict {
  const retries = retriesOf(lab);
  let soonest: { readonly inMs: number; readonly what: string } | undefined;
  for (const { atMs, nowMs, scale, what } of retries) {
    const inMs = Math.max(0, atMs - nowMs) / scale;
    if (soonest === undefined || inMs < soonest.inMs) soonest = { inMs, what };
  }
  if (soonest === undefined) return { kind: 'stuck', why: [...explanationOf(lab), 'no timer can move this mail'] };
  if (soonest.inMs > patienceMs) {
    const advice = `${soonest.what} is due in ${span(soonest.inMs)}, later than --patience ${patienceMs / 1000}; raise --patience or --time-scale`;
    return { kind: 'stuck', why: [...explanationOf(lab), advice] };
  }
  if (fruitlessMs <= patienceMs || retries.some(({ repeats }) => !repeats)) return { kind: 'retries', ...soonest };
  const tried = `retries (${soonest.what}) have achieved nothing for longer than --patience ${patienceMs / 1000}`;
  return { kind: 'stuck', why: [...explanationOf(lab), tried] };
}
