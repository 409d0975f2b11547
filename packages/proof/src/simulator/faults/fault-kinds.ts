/** The faults of the simulator: what each does, how often it may happen, and how many a run has at most. */
import type { Healing } from '../blocked-ways.js';
import type { Ratio } from '../seeded-random.js';

/** The opportunities that the ratio of a fault counts. */
export type Opportunity =
  /** An MTA sends a PDU on a connection, or an item that sets up the connection. */
  | 'sent'
  /** An MTA sends a Turn-Give. */
  | 'give'
  /** Any event happens: an arrival, a timer, a commit, a submission. */
  | 'event'
  /** A store commits. */
  | 'commit'
  /** A store puts a message into a mailbox. */
  | 'delivery'
  /** A starting MTA asks the system to listen on one of its addresses. */
  | 'listen';

export type FaultInfo = {
  readonly what: string;
  readonly per: Opportunity;
  /** How often, unless the options say otherwise. */
  readonly ratio: Ratio;
  /** Most faults of this kind in one run. */
  readonly most: number;
};

export const simFaults = {
  cut: {
    what: 'the network loses a connection, or all connections between two MTAs: the last PDUs under way are lost, and each end notices in its own time (up to 30 s)',
    per: 'event',
    ratio: { n: 1, of: 150 },
    most: 30,
  },
  lose: {
    what: 'the network loses a connection between a send and its receipt: that PDU and all behind it are lost',
    per: 'sent',
    ratio: { n: 1, of: 100 },
    most: 30,
  },
  'lose-give': {
    what: 'the same for a Turn-Give: no MTA gets the Turn',
    per: 'give',
    ratio: { n: 1, of: 3 },
    most: 10,
  },
  delay: {
    what: 'a PDU, and all that follow it on its connection, take longer (up to 150 s)',
    per: 'sent',
    ratio: { n: 1, of: 60 },
    most: 60,
  },
  stall: {
    what: 'an MTA pauses (up to 150 s), and then continues',
    per: 'event',
    ratio: { n: 1, of: 600 },
    most: 6,
  },
  'black-hole': {
    what: 'one direction between two MTAs is blocked (up to 300 s); then the waiting PDUs arrive, or the network resets the connections',
    per: 'event',
    ratio: { n: 1, of: 800 },
    most: 5,
  },
  partition: {
    what: 'the network splits into two parts (up to 600 s); then the waiting PDUs arrive, or the network resets the connections',
    per: 'event',
    ratio: { n: 1, of: 800 },
    most: 4,
  },
  crash: {
    what: 'an MTA dies and starts again (within 90 s): data not yet stored are lost',
    per: 'event',
    ratio: { n: 1, of: 300 },
    most: 8,
  },
  'crash-after-commit': {
    what: 'an MTA dies after a commit of its store and before it acts on that commit',
    per: 'commit',
    ratio: { n: 1, of: 100 },
    most: 8,
  },
  'slow-store': {
    what: 'the store of an MTA is slow (up to 60 s a commit) for a while (up to 200 s)',
    per: 'event',
    ratio: { n: 1, of: 500 },
    most: 6,
  },
  'store-full': {
    what: 'a commit fails: the disk is full (jobs that free space may have to wait for a later commit)',
    per: 'commit',
    ratio: { n: 1, of: 60 },
    most: 20,
  },
  'store-io': {
    what: 'a commit fails: the disk has a write error',
    per: 'commit',
    ratio: { n: 1, of: 80 },
    most: 20,
  },
  mailbox: {
    what: 'a write to a mailbox fails',
    per: 'delivery',
    ratio: { n: 1, of: 20 },
    most: 20,
  },
  clock: {
    what: 'the clock of one MTA jumps ahead (up to 600 s)',
    per: 'event',
    ratio: { n: 1, of: 400 },
    most: 8,
  },
  retry: {
    what: 'the operator retries waiting mail at once',
    per: 'event',
    ratio: { n: 1, of: 200 },
    most: 20,
  },
  stop: {
    what: 'the operator stops an MTA in order, and starts it again (within 90 s)',
    per: 'event',
    ratio: { n: 1, of: 600 },
    most: 4,
  },
  set: {
    what: 'the operator switches an MTA to the legacy behaviour of an article, and back again (within 600 s)',
    per: 'event',
    ratio: { n: 1, of: 600 },
    most: 3,
  },
  bindings: {
    what: 'the operator puts the bindings of an MTA into another order and may disable one, and restores them (within 600 s)',
    per: 'event',
    ratio: { n: 1, of: 400 },
    most: 4,
  },
  adapter: {
    what: 'a listen fails at a start; if other listeners are up, the MTA runs without this one; otherwise it starts again',
    per: 'listen',
    ratio: { n: 1, of: 4 },
    most: 4,
  },
  damage: {
    what: 'the content of a stored message becomes unreadable',
    per: 'event',
    ratio: { n: 1, of: 400 },
    most: 4,
  },
  poison: {
    what: 'an MTA loses the connection each time it sends a certain message (for up to 3000 s)',
    per: 'event',
    ratio: { n: 1, of: 800 },
    most: 2,
  },
} as const satisfies Readonly<Record<string, FaultInfo>>;

export type SimFaultKind = keyof typeof simFaults;
export const simFaultKinds = Object.keys(simFaults) as readonly SimFaultKind[];

export function infoOf(kind: SimFaultKind): FaultInfo {
  return simFaults[kind];
}

/** A fault that happens. `at`: the number of its opportunity, counted from 0 over the run. All times in ms. */
export type SimFault = { readonly at: number } & (
  | {
      readonly kind: 'cut';
      /** Which connection, and how many of the items under way each way still arrive. */
      readonly pick: number;
      /** Lose all connections between the two MTAs, not only this one. */
      readonly all: boolean;
      readonly keep: readonly [toServer: number, toClient: number];
      readonly noticeMs: readonly [server: number, client: number];
    }
  | {
      readonly kind: 'lose' | 'lose-give';
      /** How many of the items under way the other way still arrive. */
      readonly keep: number;
      readonly all: boolean;
      readonly noticeMs: readonly [server: number, client: number];
    }
  | { readonly kind: 'delay'; readonly byMs: number }
  | { readonly kind: 'stall'; readonly mta: number; readonly forMs: number }
  | { readonly kind: 'black-hole'; readonly mta: number; readonly pick: number; readonly forMs: number; readonly then: Healing }
  /** Bit `pick` of its index puts an MTA on one side. */
  | { readonly kind: 'partition'; readonly pick: number; readonly forMs: number; readonly then: Healing }
  | {
      readonly kind: 'crash' | 'crash-after-commit';
      readonly mta: number;
      readonly forMs: number;
      readonly keep: number;
      readonly noticeMs: number;
    }
  | { readonly kind: 'slow-store'; readonly mta: number; readonly forMs: number; readonly byMs: number }
  /** `carried`: jobs that free space must wait too. */
  | { readonly kind: 'store-full' | 'store-io'; readonly carried: boolean }
  | { readonly kind: 'mailbox' }
  | { readonly kind: 'clock'; readonly mta: number; readonly byMs: number }
  | { readonly kind: 'retry'; readonly mta: number }
  | { readonly kind: 'stop'; readonly mta: number; readonly forMs: number }
  | { readonly kind: 'set'; readonly mta: number; readonly article: string; readonly forMs: number }
  /** `turn`: rotate the list by this many places. `disable`: disable the last enabled binding of several. */
  | { readonly kind: 'bindings'; readonly mta: number; readonly turn: number; readonly disable: boolean; readonly forMs: number }
  | { readonly kind: 'adapter' }
  /** `pick`: which of the messages in the store. */
  | { readonly kind: 'damage'; readonly mta: number; readonly pick: number }
  | { readonly kind: 'poison'; readonly mta: number; readonly pick: number; readonly forMs: number }
);

/** Faults by kind. */
export type FaultCounts = Readonly<Partial<Record<SimFaultKind, number>>>;

/** A fault in a few words, such as `crash@812 MTA 1, 40000 ms`. */
export function simFaultText(fault: SimFault): string {
  const { kind, at, ...rest } = fault;
  const words = Object.entries(rest).map(([key, value]) => `${key}=${Array.isArray(value) ? value.join('/') : String(value)}`);
  return [`${kind}@${at}`, ...words].join(' ');
}
