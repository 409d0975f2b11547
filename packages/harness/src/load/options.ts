/** The options of a load, and the plan that is made of them. */
import { type Priority, priorities } from '@mtalab/mta-core';
import { nearestName } from '@mtalab/transport';
import { isRecord, isText, isTexts, numberArgument, wrongArgument } from '../lab/arguments.js';
import { HarnessError } from '../process/errors.js';
import { type LoadFault, parseLoadFault } from './load-faults.js';
import { type PriorityWeights, type SizeRange, smallestContent } from './messages.js';
import type { Latencies, LoadSample } from './result.js';
import { type ArrivalKind, arrivalKinds, type LoadStage, lengthOf, plannedStarts } from './schedule.js';
import { parseThreshold, type Threshold } from './thresholds.js';

/** What a load has done so far, for a display. */
export type LoadProgress = {
  /** What happens now. */
  readonly phase: 'warm-up' | 'prefill' | 'load' | 'drain' | 'verdict';
  /** Seconds after the first intended start; below 0 before it. */
  readonly atS: number;
  /** Length of the whole load, s; infinite if it ends by the number of messages only. */
  readonly lengthS: number;
  /** Starts that the whole plan asks for; null if the plan ends by time only. */
  readonly planned: number | null;
  /** Submissions that were started. */
  readonly started: number;
  /** Messages accepted. */
  readonly accepted: number;
  /** Deliveries whose notice came. */
  readonly delivered: number;
  /** Starts that were late. */
  readonly late: number;
  /** Starts that never happened. */
  readonly dropped: number;
  /** Of the whole load so far. */
  readonly latencies: Latencies;
  /** The last interval; null before the first has ended. */
  readonly sample: LoadSample | null;
};

/** Options of a load. Either `rate` or `stages` make an open load, whose starts wait for nobody, or `inFlight` makes a closed one. */
export type LoadOptions = {
  /** Starts per second. Needs `durationS` or `count`. */
  readonly rate?: number | undefined;
  /** Real time of the load, s. Default: until `count` messages are started. */
  readonly durationS?: number | undefined;
  /** Rates that change in straight lines. They replace `rate` and `durationS`. */
  readonly stages?: readonly LoadStage[] | undefined;
  /** Gaps between starts: equal (`constant`, the default) or by chance (`poisson`). */
  readonly arrival?: ArrivalKind | undefined;
  /**
   * The most messages that are submitted and not delivered. Alone it makes a closed load: each delivery starts the next message.
   * With a rate it is a limit, and starts wait for it. Default with a rate: 100,000.
   */
  readonly inFlight?: number | undefined;
  /** Number of starts. Default: as many as the time gives. */
  readonly count?: number | undefined;
  /** Length of generated contents, octets: one, or a range. Default 1024. */
  readonly sizeBytes?: number | SizeRange | undefined;
  /** A folder of real mail, whose messages come in turn instead of generated ones. */
  readonly mail?: string | undefined;
  /** How often each priority comes. Default: normal mail alone. */
  readonly priorities?: PriorityWeights | undefined;
  /** Name of the MTA that sends. Default: the first. */
  readonly from?: string | undefined;
  /** Name of the MTA that receives. Default: the next after the sender. */
  readonly to?: string | undefined;
  /** Every second message goes the other way. Begins with a warm-up, so that both ways share an association. */
  readonly bothWays?: boolean | undefined;
  /** First send one message there and one back, each when the one before is delivered or stuck. They count nowhere. */
  readonly warmUp?: boolean | undefined;
  /** Hold the link, fill the queue of each sender with this many messages, then let go and begin. Needs the fault proxy. */
  readonly prefill?: number | undefined;
  /** Faults with their times, such as `at 10s cut` or `when turn-give 3 cut`. */
  readonly faults?: readonly string[] | undefined;
  /** Thresholds, such as `p99<200ms` or `lost==0`. */
  readonly thresholds?: readonly string[] | undefined;
  /** After the last start: the longest real time without a delivery until the load gives the queues up, s. Default 30. */
  readonly patienceS?: number | undefined;
  /** Length of an interval of the result, s of real time. Default 1. */
  readonly intervalS?: number | undefined;
  /** A start is late if it comes more than this after its intended instant, ms. Default 10. */
  readonly lateMs?: number | undefined;
  /** A start that has waited this long for the limit in flight is dropped, s. Default 60. */
  readonly dropAfterS?: number | undefined;
  /** The same seed gives the same starts and messages. Default: a random one. */
  readonly seed?: number | undefined;
  /** A name for comparisons. Default: `load`. */
  readonly label?: string | undefined;
  /** Ends the load in order when it aborts. The result is that of what has happened. A second Ctrl-C is the caller's affair. */
  readonly signal?: AbortSignal | undefined;
  /** Called at each interval and each phase. */
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
};

/** The options with all defaults. */
export type LoadPlan = {
  readonly stages: readonly LoadStage[] | null;
  readonly arrival: ArrivalKind;
  readonly durationS: number;
  readonly inFlight: number;
  readonly count: number;
  readonly size: SizeRange;
  readonly mail: string | undefined;
  readonly priorities: PriorityWeights;
  /** Each way of the mail: the MTA that sends and the one that receives. */
  readonly ways: readonly [way: readonly [from: string, to: string], ...back: (readonly [from: string, to: string])[]];
  readonly warmUp: boolean;
  readonly prefill: number;
  readonly faults: readonly LoadFault[];
  readonly thresholds: readonly Threshold[];
  readonly patienceS: number;
  readonly intervalS: number;
  readonly lateMs: number;
  readonly dropAfterS: number;
  readonly seed: number;
  readonly label: string;
};

const defaultInFlight = 100_000;
const maxInFlight = 1_000_000;
const maxCount = 10_000_000;
const maxRate = 1_000_000;
const maxPrefill = 100_000;
const maxSizeBytes = 67_108_864;
const maxSeed = 2 ** 32 - 1;
/** Longest load, s. */
const longestS = 86_400;

const known: Readonly<Record<keyof LoadOptions, true>> = {
  rate: true,
  durationS: true,
  stages: true,
  arrival: true,
  inFlight: true,
  count: true,
  sizeBytes: true,
  mail: true,
  priorities: true,
  from: true,
  to: true,
  bothWays: true,
  warmUp: true,
  prefill: true,
  faults: true,
  thresholds: true,
  patienceS: true,
  intervalS: true,
  lateMs: true,
  dropAfterS: true,
  seed: true,
  label: true,
  signal: true,
  onProgress: true,
};

/** A number from `least` to `most`. */
function within(
  name: keyof LoadOptions,
  value: number | undefined,
  least: number,
  most: number,
  whole = false,
): number | undefined {
  if (value === undefined) return undefined;
  numberArgument(name, value, least, whole ? 'whole number' : 'number');
  if (value > most) throw new HarnessError(`${name}: ${value} is above the limit of ${most}`);
  return value;
}

function stagesOf(options: LoadOptions): readonly LoadStage[] | null {
  const { rate, stages } = options;
  if (rate !== undefined && stages !== undefined)
    throw new HarnessError('rate: the stages say the rates already; give one of the two');
  if (stages !== undefined) {
    if (options.durationS !== undefined)
      throw new HarnessError('durationS: the stages say how long the load is; remove one of the two');
    if (!Array.isArray(stages) || stages.length === 0) throw wrongArgument('stages', 'a list of stages', stages);
    for (const stage of stages as readonly LoadStage[]) {
      if (!isRecord(stage)) throw wrongArgument('stages', 'objects such as { from: 0, to: 1000, seconds: 10 }', stage);
      for (const name of ['from', 'to', 'seconds'] as const) numberArgument(`stages: ${name}`, stage[name], 0);
      if (Math.max(stage.from, stage.to) > maxRate)
        throw new HarnessError(`stages: the limit of a rate is ${maxRate} per second`);
    }
    if (lengthOf(stages) > longestS) throw new HarnessError(`stages: a load takes at most ${longestS} s`);
    return stages;
  }
  if (rate === undefined) return null;
  within('rate', rate, 0, maxRate);
  if (rate === 0) throw new HarnessError('rate: must be above 0');
  return [{ from: rate, to: rate, seconds: options.durationS ?? Number.POSITIVE_INFINITY }];
}

function sizeOf(options: LoadOptions, count: number): SizeRange {
  const { sizeBytes, mail } = options;
  if (mail !== undefined && sizeBytes !== undefined)
    throw new HarnessError('sizeBytes: real mail has its own sizes; remove mail or sizeBytes');
  const range =
    typeof sizeBytes === 'number' ? { least: sizeBytes, most: sizeBytes } : (sizeBytes ?? { least: 1024, most: 1024 });
  if (!isRecord(range)) throw wrongArgument('sizeBytes', 'a number, or { least, most }', sizeBytes);
  const { least, most } = range as SizeRange;
  numberArgument('sizeBytes', least, 0, 'whole number');
  numberArgument('sizeBytes', most, least as number, 'whole number');
  if (most > maxSizeBytes) throw new HarnessError(`sizeBytes: an MTA takes at most ${maxSizeBytes} octets`);
  // The longest header of any seed: a load must not depend on chance for its start.
  const header = smallestContent(Math.min(count, maxCount), maxSeed);
  if (least < header && mail === undefined)
    throw new HarnessError(`sizeBytes: a generated message needs ${header} octets for its header alone`);
  return { least, most };
}

function weightsOf({ priorities: weights }: LoadOptions): PriorityWeights {
  if (weights === undefined) return { normal: 1 };
  if (!isRecord(weights)) throw wrongArgument('priorities', 'an object such as { urgent: 1, normal: 8 }', weights);
  for (const [name, weight] of Object.entries(weights) as [string, number][]) {
    if (!priorities.includes(name as Priority)) throw wrongArgument('priorities', `keys of ${priorities.join(', ')}`, name);
    numberArgument(`priorities: ${name}`, weight, 0, 'whole number');
  }
  if (Object.values(weights).every((weight) => weight === 0)) throw new HarnessError('priorities: every weight is 0');
  return weights;
}

/** The ways of the mail. */
function waysOf(options: LoadOptions, names: readonly string[]): LoadPlan['ways'] {
  const nameOf = (option: 'from' | 'to', name: string): string => {
    if (names.includes(name)) return name;
    throw new HarnessError(`${option}: unknown MTA '${name}'; the MTAs are ${names.join(', ')}`);
  };
  if (names.length < 2) throw new HarnessError('a load needs two MTAs: one that sends and one that receives');
  const from = nameOf('from', options.from ?? (names.find((name) => name !== options.to) as string));
  const to = nameOf('to', options.to ?? (names[(names.indexOf(from) + 1) % names.length] as string));
  if (from === to) throw new HarnessError(`to: ${to} is the sender already`);
  return options.bothWays === true
    ? [
        [from, to],
        [to, from],
      ]
    : [[from, to]];
}

function checkKeys(options: LoadOptions): void {
  if (!isRecord(options)) throw wrongArgument('options', 'an object, such as { rate: 100, durationS: 10 }', options);
  for (const key of Object.keys(options)) {
    if (Object.hasOwn(known, key)) continue;
    const nearest = nearestName(key, Object.keys(known));
    throw new HarnessError(
      `unknown option '${key.slice(0, 80)}'${nearest === undefined ? `; the options are ${Object.keys(known).join(', ')}` : `; did you mean ${nearest}?`}`,
    );
  }
  for (const name of ['bothWays', 'warmUp'] as const)
    if (options[name] !== undefined && typeof options[name] !== 'boolean')
      throw wrongArgument(name, 'true or false', options[name]);
  for (const name of ['faults', 'thresholds'] as const)
    if (options[name] !== undefined && !isTexts(options[name])) throw wrongArgument(name, 'a list of texts', options[name]);
  for (const name of ['mail', 'from', 'to', 'label'] as const)
    if (options[name] !== undefined && !isText(options[name]))
      throw wrongArgument(name, 'a text that is not empty', options[name]);
  if (options.arrival !== undefined && !arrivalKinds.includes(options.arrival))
    throw wrongArgument('arrival', `one of ${arrivalKinds.join(', ')}`, options.arrival);
}

/**
 * Checks the options and fills in the defaults.
 * @param names of the MTAs.
 * @param seed if the options have none.
 * @throws HarnessError naming the option that makes no sense.
 */
export function planLoad(options: LoadOptions, names: readonly string[], seed: number): LoadPlan {
  checkKeys(options);
  const stages = stagesOf(options);
  const count = within('count', options.count, 1, maxCount, true) ?? Number.POSITIVE_INFINITY;
  const durationS = within('durationS', options.durationS, 0.001, longestS) ?? Number.POSITIVE_INFINITY;
  const inFlight = within('inFlight', options.inFlight, 1, maxInFlight, true);
  if (stages === null && inFlight === undefined)
    throw new HarnessError('a load needs a rate, stages, or a number in flight; give one of them');
  const length = stages === null ? durationS : lengthOf(stages);
  if (length === Number.POSITIVE_INFINITY && count === Number.POSITIVE_INFINITY)
    throw new HarnessError('the load would never end; give its length or its count');
  const starts = stages === null ? count : Math.min(count, plannedStarts(stages));
  if (starts > maxCount && starts !== Number.POSITIVE_INFINITY)
    throw new HarnessError(`the plan has ${starts} starts; the limit is ${maxCount}`);
  const chosenSeed = within('seed', options.seed, 0, maxSeed, true) ?? seed;
  return {
    stages,
    arrival: options.arrival ?? 'constant',
    durationS: length,
    inFlight: inFlight ?? defaultInFlight,
    count,
    size: sizeOf(options, count),
    mail: options.mail,
    priorities: weightsOf(options),
    ways: waysOf(options, names),
    warmUp: options.warmUp === true || options.bothWays === true,
    prefill: within('prefill', options.prefill, 0, maxPrefill, true) ?? 0,
    faults: (options.faults ?? []).map((text) => parseLoadFault(text, names)),
    thresholds: (options.thresholds ?? []).map(parseThreshold),
    patienceS: within('patienceS', options.patienceS, 0, longestS) ?? 30,
    intervalS: within('intervalS', options.intervalS, 0.05, 3600) ?? 1,
    lateMs: within('lateMs', options.lateMs, 0, 3_600_000) ?? 10,
    dropAfterS: within('dropAfterS', options.dropAfterS, 0.001, longestS) ?? 60,
    seed: chosenSeed,
    label: options.label ?? 'load',
  };
}
