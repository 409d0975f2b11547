/** The form of a planted fault: a small patch of the core's sources, and the kind of run that shows it soonest. */
import type { CheckOptions, SimOptionsGiven } from '@mtalab/proof';

/** Replaces a text that occurs exactly once in a source of the core. Any run of white space counts as one blank. */
export type Patch = {
  /** Below `packages/mta-core/src`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
};

export type Mutant = {
  readonly name: string;
  /** What is broken, in one sentence. */
  readonly broken: string;
  readonly patches: readonly Patch[];
  /** The ground of the simulator; null if only the checker looks for the fault. */
  readonly ground: GroundName | null;
  /** The checker also finds the fault among its first states: with its default options, or within these bounds. */
  readonly checked?: true | CheckOptions;
};

const often = { n: 1, of: 20 } as const;
const seldom = { n: 1, of: 60 } as const;

/**
 * Kinds of runs that show faults of the core soon: the simulated faults of each, and its fixed settings.
 * No ground names a seed: the simulator hunts each mutant from seed 1 upwards.
 */
export const grounds = {
  /** All faults, all settings drawn. */
  any: {},
  /** No fault at all. */
  calm: { faults: {} },
  /** The network loses connections, mostly with a Turn-Give. */
  losses: { faults: { cut: seldom, lose: often, 'lose-give': { n: 1, of: 2 }, delay: often } },
  /** MTAs die or stop while their stores are slow. */
  crashes: { faults: { crash: seldom, 'crash-after-commit': often, stop: seldom, 'slow-store': seldom, cut: seldom } },
  /** The disk is full or broken, writes to mailboxes fail, and MTAs give up messages. */
  disks: {
    faults: { 'store-full': often, 'store-io': often, mailbox: { n: 1, of: 4 }, 'slow-store': seldom, cut: seldom },
    settings: { maxTransferRetries: 0 },
  },
  /** Messages of many segments, cut off in the middle. */
  segments: {
    faults: { cut: seldom, lose: seldom, crash: seldom, 'slow-store': seldom },
    settings: { checkpointSizeK: 1, windowSize: 3, recoveryTimeoutS: 60 },
  },
  /** Messages of many segments take too long, and MTAs give them up at the first failure. */
  timeouts: {
    faults: { delay: often, stall: seldom, 'slow-store': often },
    settings: {
      checkpointSizeK: 1,
      maxTransferRetries: 0,
      transferTimeoutUrgentSPerK: 2,
      transferTimeoutNormalSPerK: 2,
      transferTimeoutNonUrgentSPerK: 2,
    },
  },
  /** One envelope of each queue is in memory; the others are read back from the store. */
  parked: { faults: { cut: often, crash: seldom, lose: seldom }, settings: { envelopesInMemory: 1, threshold: 50 } },
  /** MTAs die and soon start again, while their PDUs are still under way. */
  restarts: { faults: { crash: seldom, delay: { n: 1, of: 4 } } },
  /** MTAs close associations as soon as these are idle. */
  closing: { faults: { delay: often }, settings: { associationLifetimeS: 1, turnRequestThreshold: 0 } },
  /** MTAs die while they wait for their disks and open many associations. */
  slow: { faults: { 'slow-store': { n: 1, of: 30 }, crash: { n: 1, of: 40 } }, settings: { threshold: 1 } },
  /** The locality table is full with two associations. */
  crowded: { faults: { cut: seldom, delay: often }, settings: { threshold: 1, maxAssociations: 2, maxAssociationsPerMta: 9 } },
  /** Calls are given up while their answers are still under way, and the association is recovered meanwhile. */
  late: {
    faults: { cut: { n: 1, of: 30 }, delay: { n: 1, of: 6 } },
    settings: { rpcCallTimeoutS: 10, disconnectS: 120, openRetryIntervalS: 5 },
  },
  /** An attempt to open an association is soon given up. */
  impatient: { faults: { delay: { n: 1, of: 5 } }, settings: { openTimeoutS: 5, openRetryIntervalS: 5 } },
  /** An attempt to open an association has time for a few of its paths only. */
  hasty: { faults: {}, settings: { openTimeoutS: 2, openRetryIntervalS: 5, maxOpenRetries: 144 } },
  /** The side that has been called has the Turn first, and its disk is slow. */
  yielding: {
    faults: { 'lose-give': { n: 1, of: 1 }, 'slow-store': seldom },
    settings: { localInitialTurn: false, twoWayAlternate: true },
  },
  /** MTAs are out of reach for a while, and messages of many segments are given up at the first failure. */
  apart: {
    faults: { partition: seldom, 'black-hole': seldom },
    settings: {
      checkpointSizeK: 1,
      windowSize: 1,
      recoveryTimeoutS: 60,
      maxOpenRetries: 1,
      openRetryIntervalS: 5,
      maxTransferRetries: 0,
    },
  },
  /** MTAs die after a commit, answers are lost, and messages are given up at the first failure. */
  unsure: {
    faults: { 'crash-after-commit': { n: 1, of: 6 }, lose: { n: 1, of: 10 } },
    settings: { maxOpenRetries: 1, openRetryIntervalS: 5, maxTransferRetries: 0 },
  },
  /** Adapters fail, and operators change the bindings. */
  hosts: { faults: { adapter: { n: 1, of: 3 }, bindings: often } },
  /** Contents become unreadable, and the disk often does not take the report on them. */
  damaged: { faults: { damage: often, 'store-io': often, crash: seldom, cut: seldom }, settings: { checkpointSizeK: 1 } },
  /** Some messages cost the connection each time they are sent, and nothing else happens. */
  poisoned: { faults: { poison: { n: 1, of: 30 } } },
  /** The limits permit one association with an MTA and one for urgent mail; the load needs more. */
  narrow: { faults: { cut: seldom, delay: often }, settings: { threshold: 1, maxAssociationsPerMta: 1 } },
  /** Four activities in flight, slow disks, and losses. */
  flight: {
    faults: { cut: seldom, 'slow-store': often, delay: often },
    settings: { activitiesInFlight: 4, threshold: 50, turnRequestThreshold: 1 },
  },
  /** The same with messages of many segments. */
  'flight-segments': {
    faults: { cut: seldom, 'slow-store': often, delay: often },
    settings: { activitiesInFlight: 4, threshold: 50, checkpointSizeK: 1, windowSize: 2 },
  },
  /** Disks are still writing when a lost association has been recovered. */
  'late-disks': {
    faults: { cut: { n: 1, of: 20 }, 'slow-store': { n: 1, of: 8 }, delay: often },
    settings: { activitiesInFlight: 1, threshold: 50 },
  },
  /** X.400 connectors, all faults, all settings drawn. */
  connector: { link: 'x400' },
  /** X.400 connectors: activities of many segments, cut off in the middle. */
  'connector-segments': {
    link: 'x400',
    faults: { cut: seldom, lose: seldom, crash: seldom, 'slow-store': seldom },
    settings: { checkpointSizeK: 1, windowSize: 3, recoveryTimeoutS: 60 },
  },
  /** X.400 connectors: activities take too long, and are discarded. */
  'connector-timeouts': {
    link: 'x400',
    faults: { delay: often, stall: seldom, 'slow-store': often },
    settings: {
      checkpointSizeK: 1,
      transferTimeoutUrgentSPerK: 2,
      transferTimeoutNormalSPerK: 2,
      transferTimeoutNonUrgentSPerK: 2,
    },
  },
  /** X.400 connectors: activities are discarded because disks are slow, and begin again while these still write. */
  'connector-slow': {
    link: 'x400',
    faults: { 'slow-store': often },
    settings: {
      checkpointSizeK: 1,
      transferTimeoutUrgentSPerK: 1,
      transferTimeoutNormalSPerK: 1,
      transferTimeoutNonUrgentSPerK: 1,
      transferRetryIntervalS: 5,
      maxTransferRetries: 16,
    },
  },
  /** X.400 connectors: the disk of the receiver refuses activities. */
  'connector-disks': {
    link: 'x400',
    faults: { 'store-full': often, 'store-io': often, delay: often },
    settings: { checkpointSizeK: 1, transferRetryIntervalS: 5 },
  },
  /** X.400 connectors: adapters fail. */
  'connector-hosts': { link: 'x400', faults: { adapter: { n: 1, of: 2 } } },
  /** X.400 connectors: contents become unreadable. */
  'connector-damaged': { link: 'x400', faults: { damage: often, crash: seldom }, settings: { checkpointSizeK: 1 } },
} as const satisfies Readonly<Record<string, SimOptionsGiven>>;

export type GroundName = keyof typeof grounds;
