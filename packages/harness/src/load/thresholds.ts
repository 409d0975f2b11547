/** Thresholds of the user, such as `p99<200ms`: what they may name, and whether a run kept them. */
import { type Priority, priorities } from '@mtalab/mta-core';
import { nearestName } from '@mtalab/transport';
import { HarnessError } from '../process/errors.js';
import { type LatencySummary, type LoadResult, latencyNames, type ThresholdOutcome } from './result.js';

/** What a run offers to thresholds before it has them and a verdict. */
export type Measured = Omit<LoadResult, 'thresholds' | 'verdict' | 'exitCode' | 'warnings'>;

type Unit = 'ms' | 'octets' | 'per second' | 'count';
type Metric = {
  readonly unit: Unit;
  readonly meaning: string;
  /** Null: there is no sample. */
  readonly value: (run: Measured) => number | null;
};

const statistics = {
  min: ['minMs', 'the shortest'],
  mean: ['meanMs', 'the mean'],
  p50: ['p50Ms', 'half of them took at most this'],
  p90: ['p90Ms', '90 % took at most this'],
  p99: ['p99Ms', '99 % took at most this'],
  p999: ['p999Ms', '99.9 % took at most this'],
  max: ['maxMs', 'the longest'],
} as const satisfies Record<string, readonly [Exclude<keyof LatencySummary, 'count'>, string]>;

function latencyMetrics(): [string, Metric][] {
  const metrics: [string, Metric][] = [];
  for (const [name, [member, meaning]] of Object.entries(statistics)) {
    for (const priority of [undefined, ...priorities]) {
      for (const latency of latencyNames) {
        const of = (run: Measured): LatencySummary =>
          (priority === undefined ? run.latencies : run.byPriority[priority as Priority])[latency];
        const parts = [...(priority === undefined ? [] : [priority]), ...(latency === 'corrected' ? [] : [latency]), name];
        const whose = priority === undefined ? '' : ` of ${priority} mail`;
        metrics.push([
          parts.join('.'),
          {
            unit: 'ms',
            meaning: `${latency} latency${whose}: ${meaning}`,
            value: (run) => (of(run).count === 0 ? null : of(run)[member]),
          },
        ]);
      }
    }
  }
  return metrics;
}

/** The largest value over all samples of all MTAs; null without any that was answered. */
function peak(of: (sample: LoadResult['samples'][number]['mtas'][number]) => number): Metric['value'] {
  return ({ samples }) => {
    const values = samples.flatMap(({ mtas }) => mtas.filter(({ answers }) => answers).map(of));
    return values.length === 0 ? null : values.reduce((most, value) => Math.max(most, value), 0);
  };
}

/** A count that says nothing if no message was accepted. */
function ofAccepted(name: 'lost' | 'duplicated' | 'damaged' | 'outOfOrder' | 'reported' | 'queued'): Metric['value'] {
  return ({ counts, checks }) => {
    const isKnown = checks.some((check) => check.name === 'ledgers' && check.passed);
    return counts.accepted === 0 || !isKnown ? null : counts[name];
  };
}

function count(meaning: string, value: Metric['value']): Metric {
  return { unit: 'count', meaning, value };
}

/** A mean rate; null if nothing of it happened in no time at all. */
function rate(meaning: string, name: keyof LoadResult['rates'], unit: Unit = 'per second'): Metric {
  return { unit, meaning, value: ({ rates, seconds }) => (seconds.delivering > 0 ? rates[name] : null) };
}

/** Everything that a threshold can name. */
export const loadMetrics: ReadonlyMap<string, Metric> = new Map([
  ...latencyMetrics(),
  ['rate', rate('messages delivered per second', 'delivered')],
  ['accept-rate', rate('messages accepted per second', 'accepted')],
  ['octet-rate', rate('octets of content delivered per second', 'deliveredOctets')],
  ['turn-rate', rate('Turns given per second, by all MTAs', 'turnsGiven')],
  ['intended', count('starts that the plan asked for', ({ counts }) => counts.intended)],
  ['started', count('submissions that were started', ({ counts }) => counts.started)],
  ['late', count('starts that were late', ({ counts }) => (counts.intended === 0 ? null : counts.late))],
  ['dropped', count('starts that never happened', ({ counts }) => (counts.intended === 0 ? null : counts.dropped))],
  ['accepted', count('messages accepted', ({ counts }) => counts.accepted)],
  ['refused', count('submissions refused', ({ counts }) => (counts.started === 0 ? null : counts.refused))],
  ['unanswered', count('submissions without an answer', ({ counts }) => (counts.started === 0 ? null : counts.unanswered))],
  ['delivered', count('messages delivered', ({ counts }) => counts.delivered)],
  ['reported', count('messages that came back as non-delivery reports', ofAccepted('reported'))],
  ['queued', count('messages still queued at the end', ofAccepted('queued'))],
  ['lost', count('messages in no mailbox, report or queue', ofAccepted('lost'))],
  ['duplicated', count('deliveries beyond the first of a message', ofAccepted('duplicated'))],
  ['damaged', count('messages with another content than submitted', ofAccepted('damaged'))],
  ['out-of-order', count('messages delivered out of order', ofAccepted('outOfOrder'))],
  [
    'associations',
    count(
      'most open associations of one MTA',
      peak(({ associations }) => associations),
    ),
  ],
  [
    'queue',
    count(
      'most messages queued at one MTA',
      peak(({ queued }) => queued),
    ),
  ],
  ['oldest', { unit: 'ms', meaning: 'age of the oldest queued message, at most', value: peak(({ oldestS }) => oldestS * 1000) }],
  ['rss', { unit: 'octets', meaning: 'most memory of one MTA', value: peak(({ rssBytes }) => rssBytes) }],
  ['cpu', { unit: 'ms', meaning: 'most processor time of one MTA', value: peak(({ cpuS }) => cpuS * 1000) }],
  [
    'turn-lost',
    count('most associations at one time whose Turn nobody had', ({ samples }) =>
      samples.length === 0 ? null : samples.reduce((most, { turn }) => Math.max(most, turn.nobody), 0),
    ),
  ],
  [
    'drain',
    {
      unit: 'ms',
      meaning: 'from the last start until all queues were empty',
      value: ({ seconds }) => (seconds.drain === null ? null : seconds.drain * 1000),
    },
  ],
] as readonly (readonly [string, Metric])[]);

const comparisons = {
  '<=': (value: number, limit: number) => value <= limit,
  '>=': (value: number, limit: number) => value >= limit,
  '==': (value: number, limit: number) => value === limit,
  '!=': (value: number, limit: number) => value !== limit,
  '<': (value: number, limit: number) => value < limit,
  '>': (value: number, limit: number) => value > limit,
} as const;

/** What a number is multiplied by, for each unit of a limit. */
const factors: Readonly<Record<Unit, Readonly<Record<string, number>>>> = {
  ms: { '': 1, us: 0.001, ms: 1, s: 1000, min: 60_000 },
  octets: { '': 1, B: 1, KiB: 1024, MiB: 1_048_576, GiB: 1_073_741_824 },
  'per second': { '': 1, '/s': 1, k: 1000 },
  count: { '': 1, k: 1000 },
};

export type Threshold = {
  readonly text: string;
  readonly metric: string;
  readonly comparison: keyof typeof comparisons;
  /** In the unit of the metric. */
  readonly limit: number;
};

/** The names of all metrics, the frequent ones alone: those of latencies also come by priority and kind. */
function metricList(): string {
  const plain = [...loadMetrics.keys()].filter((name) => !name.includes('.'));
  return `${plain.join(', ')}; a latency also as raw.p99, accept.p99, urgent.p99, urgent.raw.p99`;
}

/**
 * Reads a threshold.
 * @throws HarnessError that says what is wrong, and lists the metrics.
 */
export function parseThreshold(text: string): Threshold {
  const [, metric = '', comparison = '', number = '', unit = ''] =
    /^\s*([A-Za-z][A-Za-z0-9.-]*)\s*(<=|>=|==|!=|<|>)\s*(\d+(?:\.\d+)?)\s*([A-Za-z/]*)\s*$/.exec(text) ?? [];
  if (metric === '')
    throw new HarnessError(
      `threshold "${text.slice(0, 80)}": expected a metric, one of ${Object.keys(comparisons).join(' ')}, and a number, such as p99<200ms or lost==0. The metrics: ${metricList()}`,
    );
  const known = loadMetrics.get(metric);
  if (known === undefined) {
    const nearest = nearestName(metric, [...loadMetrics.keys()]);
    const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
    throw new HarnessError(`threshold "${text}": unknown metric ${metric}${hint} The metrics: ${metricList()}`);
  }
  const factor = factors[known.unit][unit];
  if (factor === undefined) {
    const units = Object.keys(factors[known.unit]).filter((each) => each !== '');
    throw new HarnessError(
      `threshold "${text}": ${metric} has no unit ${unit}; it takes a number, or one with ${units.join(', ')}`,
    );
  }
  return { text, metric, comparison: comparison as Threshold['comparison'], limit: Number(number) * factor };
}

/** Compares a run with a threshold. Without a sample it is missed. */
export function judgeThreshold({ text, metric, comparison, limit }: Threshold, run: Measured): ThresholdOutcome {
  const found = loadMetrics.get(metric);
  const value = found?.value(run) ?? null;
  if (found === undefined || value === null)
    return { threshold: text, passed: false, value: null, text: `${metric} has no sample` };
  const passed = comparisons[comparison](value, limit);
  return { threshold: text, passed, value, text: `${metric} is ${valueText(value, found.unit)}: ${found.meaning}` };
}

function valueText(value: number, unit: Unit): string {
  const rounded = Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 3 : 1);
  return { ms: `${rounded} ms`, octets: `${rounded} octets`, 'per second': `${rounded}/s`, count: rounded }[unit];
}
