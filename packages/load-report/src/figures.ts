/** The rows that every report of a run shows: names and values, so that text, HTML and comparison say the same. */
import type { LatencyName, LatencySummary, LoadCounts, LoadResult, LoadVerdict } from '@mtalab/harness';

/** What each count is called, in the order of the reports. */
export const countNames: Readonly<Record<keyof LoadCounts, string>> = {
  intended: 'intended starts',
  started: 'started',
  late: 'started late',
  dropped: 'never started (dropped)',
  accepted: 'accepted',
  refused: 'refused',
  unanswered: 'without an answer',
  delivered: 'delivered',
  reported: 'non-delivery reports',
  queued: 'still queued',
  lost: 'lost',
  duplicated: 'duplicated',
  damaged: 'damaged',
  outOfOrder: 'out of order',
};

export const countKeys = Object.keys(countNames) as readonly (keyof LoadCounts)[];

/** Counts that a sound run has at 0. */
const bad: ReadonlySet<keyof LoadCounts> = new Set([
  'dropped',
  'refused',
  'unanswered',
  'lost',
  'duplicated',
  'damaged',
  'outOfOrder',
]);

/** Is the count a sign that something went wrong? */
export function isBadCount(key: keyof LoadCounts, value: number): boolean {
  return value > 0 && bad.has(key);
}

/** The members of a latency summary that reports show, with their titles. All are ms. */
export const latencyColumns: readonly (readonly [Exclude<keyof LatencySummary, 'count'>, string])[] = [
  ['minMs', 'min'],
  ['meanMs', 'mean'],
  ['p50Ms', 'p50'],
  ['p90Ms', 'p90'],
  ['p99Ms', 'p99'],
  ['p999Ms', 'p99.9'],
  ['maxMs', 'max'],
];

/** What each latency is measured between. */
export const latencyMeanings: Readonly<Record<LatencyName, string>> = {
  corrected: 'intended start to mailbox',
  raw: 'real start to mailbox',
  accept: 'real start to the answer of the MTA',
};

/** A verdict in words. */
export const verdictWords: Readonly<Record<LoadVerdict, string>> = {
  passed: 'passed',
  'check-failed': 'a check failed',
  unknown: 'unknown: nothing was measured, or the queues did not drain',
  'threshold-missed': 'a threshold was missed',
};

/** The command that repeats a run. */
export function commandOf(result: LoadResult): string {
  return ['mtalab load', ...result.options].join(' ');
}

/** A number for people: grouped, with at most four significant digits below 1,000 and none after the point above. */
export function numberText(value: number): string {
  return value.toLocaleString('en', Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 });
}

/** A time in ms for people: `0.42`, `12.3`, `1,240`. A dash if nothing was measured. */
export function latencyText(summary: LatencySummary, key: (typeof latencyColumns)[number][0]): string {
  return summary.count === 0 ? '-' : numberText(summary[key]);
}

/** An instant or a length in seconds: `12.4 s`. */
export function secondsText(seconds: number): string {
  const digits = Math.abs(seconds) < 10 ? 2 : 1;
  // What rounds to nothing has no sign.
  const shown = Number(seconds.toFixed(digits)) + 0;
  return `${shown.toLocaleString('en', { maximumFractionDigits: digits })} s`;
}

/** A ratio: `2.4`, or a dash if there is none. */
export function ratioText(ratio: number | null): string {
  return ratio === null ? '-' : numberText(Number(ratio.toPrecision(3)));
}
