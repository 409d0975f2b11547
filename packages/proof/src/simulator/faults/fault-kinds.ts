/** The faults of the simulator: what each does, how often it may come, and how many of it a run has at most. */
import type { Healing } from '../blocked-ways.js';
import type { Ratio } from '../seeded-random.js';

/** What a fault's ratio counts: each is an opportunity for it. */
export type Opportunity =
  /** Something is sent on a connection: a PDU, or what sets the connection up. */
  | 'sent'
  /** A Turn-Give is sent. */
  | 'give'
  /** Something happens at all: an arrival, a timer, a commit, a submission. */
  | 'event'
  /** A store commits. */
  | 'commit'
  /** A message is put into a mailbox. */
  | 'delivery'
  /** An MTA that starts asks the system to listen on one of its addresses. */
  | 'listen';

export type FaultInfo = {
  readonly what: string;
  readonly per: Opportunity;
  /** How often, where nothing else is asked for. */
  readonly ratio: Ratio;
  /** At most so many in one run. */
  readonly most: number;
};

export const simFaults = {
  cut: {
    what: 'a connection, or all between two MTAs, is lost: the end of what is under way is gone, and each end notices in its own time (up to 30 s)',
    per: 'event',
    ratio: { n: 1, of: 150 },
    most: 30,
  },
  lose: {
    what: 'a connection is lost between a send and its receipt: that PDU and all behind it are gone',
    per: 'sent',
    ratio: { n: 1, of: 100 },
    most: 30,
  },
  'lose-give': {
    what: 'the same, with a Turn-Give: nobody gets the Turn',
    per: 'give',
    ratio: { n: 1, of: 3 },
    most: 10,
  },
  delay: {
    what: 'a PDU, and what follows it on its connection, takes longer (up to 150 s)',
    per: 'sent',
    ratio: { n: 1, of: 60 },
    most: 60,
  },
  stall: {
    what: 'an MTA stands still (up to 150 s), and then goes on as if nothing had been',
    per: 'event',
    ratio: { n: 1, of: 600 },
    most: 6,
  },
  'black-hole': {
    what: 'one way between two MTAs nothing arrives any more (up to 300 s); then it does, or the connections are reset',
    per: 'event',
    ratio: { n: 1, of: 800 },
    most: 5,
  },
  partition: {
    what: 'the network falls into two parts (up to 600 s), and heals; then what waited arrives, or the connections are reset',
    per: 'event',
    ratio: { n: 1, of: 800 },
    most: 4,
  },
  crash: {
    what: 'an MTA dies and starts again (within 90 s): what was not stored is lost',
    per: 'event',
    ratio: { n: 1, of: 300 },
    most: 8,
  },
  'crash-after-commit': {
    what: 'an MTA dies between a commit of its store and all that follows from it',
    per: 'commit',
    ratio: { n: 1, of: 100 },
    most: 8,
  },
  'slow-store': {
    what: 'the store of an MTA takes its time (up to 60 s a commit) for a while (up to 200 s)',
    per: 'event',
    ratio: { n: 1, of: 500 },
    most: 6,
  },
  'store-full': {
    what: 'a commit fails: the disk is full (what makes room may have to wait for a later commit)',
    per: 'commit',
    ratio: { n: 1, of: 60 },
    most: 20,
  },
  'store-io': {
    what: 'a commit fails: the disk cannot be written',
    per: 'commit',
    ratio: { n: 1, of: 80 },
    most: 20,
  },
  mailbox: {
    what: 'a mailbox cannot be written',
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
    what: 'the operator has waiting mail tried again now',
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
    what: 'an address cannot be listened on at a start; where others can the MTA runs without it, else it is started again',
    per: 'listen',
    ratio: { n: 1, of: 4 },
    most: 4,
  },
} as const satisfies Readonly<Record<string, FaultInfo>>;

export type SimFaultKind = keyof typeof simFaults;
export const simFaultKinds = Object.keys(simFaults) as readonly SimFaultKind[];

export function infoOf(kind: SimFaultKind): FaultInfo {
  return simFaults[kind];
}

/** A decision that was made. `at`: the opportunity's number, counted from 0 over the run. All times in ms. */
export type SimFault = { readonly at: number } & (
  | {
      readonly kind: 'cut';
      /** Which connection, and how much of what is under way each way still arrives. */
      readonly pick: number;
      /** All connections between its two MTAs, and not this one alone. */
      readonly all: boolean;
      readonly keep: readonly [toServer: number, toClient: number];
      readonly noticeMs: readonly [server: number, client: number];
    }
  | {
      readonly kind: 'lose' | 'lose-give';
      /** How much of what is under way the other way still arrives. */
      readonly keep: number;
      readonly all: boolean;
      readonly noticeMs: readonly [server: number, client: number];
    }
  | { readonly kind: 'delay'; readonly byMs: number }
  | { readonly kind: 'stall'; readonly mta: number; readonly forMs: number }
  | { readonly kind: 'black-hole'; readonly mta: number; readonly pick: number; readonly forMs: number; readonly then: Healing }
  /** MTAs with this remainder modulo 2 of their index shifted right by `pick` are on one side. */
  | { readonly kind: 'partition'; readonly pick: number; readonly forMs: number; readonly then: Healing }
  | {
      readonly kind: 'crash' | 'crash-after-commit';
      readonly mta: number;
      readonly forMs: number;
      readonly keep: number;
      readonly noticeMs: number;
    }
  | { readonly kind: 'slow-store'; readonly mta: number; readonly forMs: number; readonly byMs: number }
  /** `carried`: what makes room has to wait too. */
  | { readonly kind: 'store-full' | 'store-io'; readonly carried: boolean }
  | { readonly kind: 'mailbox' }
  | { readonly kind: 'clock'; readonly mta: number; readonly byMs: number }
  | { readonly kind: 'retry'; readonly mta: number }
  | { readonly kind: 'stop'; readonly mta: number; readonly forMs: number }
  | { readonly kind: 'set'; readonly mta: number; readonly article: string; readonly forMs: number }
  /** `turn`: by so many places the list is turned. `disable`: the last enabled one of several is disabled. */
  | { readonly kind: 'bindings'; readonly mta: number; readonly turn: number; readonly disable: boolean; readonly forMs: number }
  | { readonly kind: 'adapter' }
);

/** Faults by kind. */
export type FaultCounts = Readonly<Partial<Record<SimFaultKind, number>>>;

/** A fault in a few words, such as `crash@812 MTA 1, 40000 ms`. */
export function simFaultText(fault: SimFault): string {
  const { kind, at, ...rest } = fault;
  const words = Object.entries(rest).map(([key, value]) => `${key}=${Array.isArray(value) ? value.join('/') : String(value)}`);
  return [`${kind}@${at}`, ...words].join(' ');
}
