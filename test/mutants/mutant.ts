/** What a planted fault is: a small patch of the core's sources, and where it shows soonest. */
import type { SimOptionsGiven } from '@mtalab/sim';

/** Replaces a text that stands exactly once in a source of the core. White space counts as one blank, however much of it. */
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
  /** Where it is looked for. */
  readonly ground: GroundName;
};

const often = { n: 1, of: 20 } as const;
const seldom = { n: 1, of: 60 } as const;

/**
 * Kinds of runs in which faults of the core show soon: which faults of the world come, and which settings are not left to chance.
 * No ground names a seed: each mutant is hunted from seed 1 upwards.
 */
export const grounds = {
  /** All faults, all settings drawn. */
  any: {},
  /** No fault at all. */
  calm: { faults: {} },
  /** Connections are lost, more often than not with a Turn-Give. */
  losses: { faults: { cut: seldom, lose: often, 'lose-give': { n: 1, of: 2 }, delay: often } },
  /** MTAs die, or are stopped, while their stores take their time. */
  crashes: { faults: { crash: seldom, 'crash-after-commit': often, stop: seldom, 'slow-store': seldom, cut: seldom } },
  /** The disk is full or broken, mailboxes cannot be written, and messages are given up. */
  disks: {
    faults: { 'store-full': often, 'store-io': often, mailbox: { n: 1, of: 4 }, 'slow-store': seldom, cut: seldom },
    settings: { maxTransferRetries: 0 },
  },
  /** Messages of many segments, cut off in the middle. */
  segments: {
    faults: { cut: seldom, lose: seldom, crash: seldom, 'slow-store': seldom },
    settings: { checkpointSizeK: 1, windowSize: 3, recoveryTimeoutS: 60 },
  },
  /** Few associations are permitted, and many are wanted. */
  narrow: { faults: { cut: seldom, delay: often }, settings: { threshold: 1, maxAssociationsPerMta: 1, maxAssociations: 3 } },
} as const satisfies Readonly<Record<string, SimOptionsGiven>>;

export type GroundName = keyof typeof grounds;
