/** The options of a simulation, and their defaults. */
import type { Settings } from '@mtalab/mta-core';
import { infoOf, type SimFaultKind, simFaultKinds } from './faults/fault-kinds.js';
import { needs } from './hosts.js';
import type { Ratio } from './seeded-random.js';

export const topologies = ['pair', 'chain', 'star', 'mesh', 'ring'] as const;
/**
 * Which MTAs are adjacent: `pair`, two MTAs; `chain`, one after the other; `star`, all to the first; `mesh`, all to all up to
 * 8 MTAs, above that at most six neighbours each; `ring`, in a circle.
 */
export type Topology = (typeof topologies)[number];

/** What joins two adjacent MTAs: RPC, an X.400 connector, or either: each seed draws it for each pair of neighbours. */
export type SimLink = 'lan' | 'x400' | 'mixed';

export const maxMtas = 1000;
const maxMessages = 100_000;

export type SimOptions = {
  /** 2 to 1,000. */
  readonly mtas: number;
  readonly topology: Topology;
  readonly link: SimLink;
  /** The permitted faults, and the ratio of opportunities at which each happens. */
  readonly faults: Readonly<Partial<Record<SimFaultKind, Ratio>>>;
  /**
   * Swarm testing: each seed leaves out about half of these faults and draws the MTAs' settings, the delays of the network
   * and the length of the faulty phase. Without it a run has all faults and the default settings.
   */
  readonly swarm: boolean;
  /** Number of submissions in a run. */
  readonly messages: number;
  /** Articles that are on from the start, at all MTAs. */
  readonly legacy: readonly string[];
  /** Fixed settings of all MTAs, not drawn from the seed. */
  readonly settings: Readonly<Partial<Settings>>;
};

const allFaults = Object.fromEntries(simFaultKinds.map((kind) => [kind, infoOf(kind).ratio])) as SimOptions['faults'];

export const defaultSimOptions: SimOptions = {
  mtas: 2,
  topology: 'pair',
  link: 'lan',
  faults: allFaults,
  swarm: true,
  messages: 24,
  legacy: [],
  settings: {},
};

export type SimOptionsGiven = Partial<SimOptions>;

/**
 * All options, with their defaults.
 * @throws RangeError; the message names the option and its range.
 */
export function simOptions(given: SimOptionsGiven = {}): SimOptions {
  const mtas = given.mtas ?? (given.topology === undefined || given.topology === 'pair' ? 2 : 4);
  const topology = given.topology ?? (mtas === 2 ? 'pair' : 'mesh');
  const link = given.link ?? (needs(given.legacy ?? [], 'an X.400 connector') ? 'x400' : 'lan');
  const options: SimOptions = { ...defaultSimOptions, messages: Math.max(24, mtas * 3), ...given, mtas, topology, link };
  if (!(Number.isInteger(mtas) && mtas >= 2 && mtas <= maxMtas))
    throw new RangeError(`mtas must be a whole number from 2 to ${maxMtas}`);
  if (topology === 'pair' && mtas !== 2) throw new RangeError(`the topology pair has 2 MTAs, not ${mtas}`);
  if (!(Number.isInteger(options.messages) && options.messages >= 0 && options.messages <= maxMessages)) {
    throw new RangeError(`messages must be a whole number from 0 to ${maxMessages}`);
  }
  for (const [kind, ratio] of Object.entries(options.faults)) {
    if (!(simFaultKinds as readonly string[]).includes(kind))
      throw new RangeError(`there is no fault ${kind}; there are ${simFaultKinds.join(', ')}`);
    const sound = Number.isInteger(ratio.n) && Number.isInteger(ratio.of) && ratio.n >= 0 && ratio.of >= 1 && ratio.n <= ratio.of;
    if (!sound) throw new RangeError(`the ratio of the fault ${kind} must be n/m with whole numbers, n from 0 to m`);
  }
  return options;
}

/** Seeds are whole numbers from 0 to 2^53 - 1. */
export function isSeed(seed: number): boolean {
  return Number.isSafeInteger(seed) && seed >= 0;
}

/** Every option as one line of text. */
export function simOptionsText(options: SimOptions): readonly string[] {
  const faults = simFaultKinds.flatMap((kind) => {
    const ratio = options.faults[kind];
    return ratio === undefined || ratio.n === 0 ? [] : [`${kind}=${ratio.n}/${ratio.of}`];
  });
  return [
    `mtas: ${options.mtas}`,
    `topology: ${options.topology}`,
    ...(options.link === 'lan' ? [] : [`link: ${options.link}`]),
    `messages: ${options.messages}`,
    `swarm: ${options.swarm ? 'yes (each seed leaves out about half of the faults and draws settings and delays)' : 'no'}`,
    `faults: ${faults.length === 0 ? 'none' : faults.join(', ')}`,
    `legacy: ${options.legacy.length === 0 ? 'none' : options.legacy.join(', ')}`,
    `settings: ${Object.keys(options.settings).length === 0 ? (options.swarm ? 'drawn' : 'defaults') : JSON.stringify(options.settings)}`,
  ];
}
