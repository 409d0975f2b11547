/** Checks the options of `mtalab load`, before anything starts. */
import { randomInt } from 'node:crypto';
import {
  HarnessError,
  type LoadOptions,
  type LoadPlan,
  parsePriorities,
  parseSeconds,
  parseSize,
  parseStages,
  planLoad,
} from '@mtalab/harness';
import type { LinkName } from '@mtalab/mta-core';
import { UsageError } from '../errors.js';
import type { PairFlags } from '../pair/pair-plan.js';

/** The options, as commander gives them. */
export type LoadFlags = {
  readonly rate?: number;
  readonly duration?: string;
  readonly stage?: string;
  readonly arrival?: 'constant' | 'poisson';
  readonly inFlight?: number;
  readonly count?: number;
  readonly seed?: number;
  readonly size?: string;
  readonly mail?: string;
  readonly priority?: string;
  readonly bothWays?: boolean;
  readonly warmUp?: boolean;
  readonly prefill?: number;
  readonly from?: string;
  readonly to?: string;
  readonly fault?: readonly string[];
  readonly threshold?: readonly string[];
  readonly patience: number;
  readonly interval?: string;
  readonly label?: string;
  readonly out?: readonly string[];
  readonly json?: boolean;
  readonly running?: boolean;
  readonly dir?: readonly string[];
  readonly legacy?: readonly string[];
  readonly fixed?: readonly string[];
  readonly release?: readonly string[];
  readonly nt?: readonly string[];
  readonly link?: LinkName;
  readonly timeScale?: number;
  readonly proxy?: boolean;
  readonly set?: readonly string[];
  readonly delivery?: 'maildir' | 'ledger';
  readonly journal?: boolean;
};

/** Options of the pair that a load starts. With running MTAs they would change nothing. */
const pairOptions = {
  legacy: '--legacy',
  fixed: '--fixed',
  release: '--release',
  nt: '--nt',
  link: '--link',
  timeScale: '--time-scale',
  proxy: '--proxy',
  set: '--set',
  delivery: '--delivery',
  journal: '--journal',
} as const satisfies Partial<Record<keyof LoadFlags, string>>;

/** Options of the library whose name differs from that of the command line. */
const commandNames: Readonly<Record<string, string>> = {
  durationS: '--duration',
  stages: '--stage',
  stage: '--stage',
  inFlight: '--in-flight',
  sizeBytes: '--size',
  priorities: '--priority',
  patienceS: '--patience',
  intervalS: '--interval',
};

/** Calls `read`, and makes a wrong option a usage error under its name on the command line. */
function asUsage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    const message = error.message.replace(/^([a-zA-Z]+)(?=: | ")/, (name) => commandNames[name] ?? `--${name}`);
    throw new UsageError(message);
  }
}

/** The options of the load. @throws UsageError naming an option that makes no sense. */
export function loadOptions(flags: LoadFlags): LoadOptions {
  const given = <T, R>(value: T | undefined, read: (value: T) => R): R | undefined =>
    value === undefined ? undefined : read(value);
  return asUsage(() => ({
    rate: flags.rate,
    durationS: given(flags.duration, (text) => parseSeconds('duration', text)),
    stages: given(flags.stage, parseStages),
    arrival: flags.arrival,
    inFlight: flags.inFlight,
    count: flags.count,
    // Chosen here, so that the options are checked with it before anything starts.
    seed: flags.seed ?? randomInt(2 ** 31),
    sizeBytes: given(flags.size, parseSize),
    mail: flags.mail,
    priorities: given(flags.priority, parsePriorities),
    bothWays: flags.bothWays,
    warmUp: flags.warmUp,
    prefill: flags.prefill,
    from: flags.from,
    to: flags.to,
    faults: flags.fault,
    thresholds: flags.threshold,
    patienceS: flags.patience,
    intervalS: given(flags.interval, (text) => parseSeconds('interval', text)),
    label: flags.label,
  }));
}

/** Checks the options against the names of the MTAs. @throws UsageError */
export function checkedPlan(options: LoadOptions, names: readonly string[]): LoadPlan {
  return asUsage(() => planLoad(options, names, 0));
}

/** @throws UsageError naming an option that does not go together with running MTAs. */
export function refusePairOptions(flags: LoadFlags): void {
  for (const [key, name] of Object.entries(pairOptions)) {
    if (flags[key as keyof LoadFlags] !== undefined)
      throw new UsageError(`${name} is for the pair that a load starts itself; remove it, or --running`);
  }
  if (flags.prefill !== undefined)
    throw new UsageError('--prefill needs a pair that the load starts itself; remove it, or --running');
}

/** The options of the pair that the load starts. @throws UsageError if there are several folders. */
export function pairFlags(flags: LoadFlags): PairFlags {
  const [dir, ...others] = flags.dir ?? [];
  if (others.length > 0)
    throw new UsageError('--dir: one folder holds the files of the pair; only with --running there may be several');
  if (dir === '') throw new UsageError('--dir: it must not be empty');
  const { legacy, fixed, release, nt, link = 'lan', timeScale = 1, proxy, set, delivery = 'ledger', journal } = flags;
  return {
    size: 1024,
    patience: flags.patience,
    link,
    timeScale,
    delivery,
    ...(legacy === undefined ? {} : { legacy }),
    ...(fixed === undefined ? {} : { fixed }),
    ...(release === undefined ? {} : { release }),
    ...(nt === undefined ? {} : { nt }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(set === undefined ? {} : { set }),
    ...(journal === undefined ? {} : { journal }),
    ...(dir === undefined ? {} : { dir }),
  };
}

/** The options of the pair in words, for the result. */
export function describePair(flags: LoadFlags): readonly string[] {
  const words: string[] = [];
  for (const [key, name] of Object.entries(pairOptions)) {
    const value = flags[key as keyof LoadFlags];
    if (value === true) words.push(name);
    else if (key === 'set') for (const each of flags.set ?? []) words.push(`${name} ${each}`);
    else if (Array.isArray(value)) words.push(`${name} ${value.join(',')}`);
    else if (value !== undefined) words.push(`${name} ${String(value)}`);
  }
  return words;
}
