/** What a metric is, and what the metrics of one scrape are read from. */
import type { ConnectionCounters, LtabEntry, Mta, QueueView, TurnState } from '@mtalab/mta-core';
import type { ProcessFigures } from './process-figures.js';

/** One adjacent MTA, as the metrics see it. */
export type PeerFacts = {
  readonly entry: LtabEntry;
  readonly performance: ConnectionCounters;
  /** Seconds that associations were open, by the state of the Turn on this side. */
  readonly turnSeconds: Readonly<Record<TurnState, number>>;
  /** Queue length at which one more association opens. */
  readonly nextAssociationThreshold: number | null;
  /** Lab time, ms. */
  readonly nowMs: number;
};

/** Contents that clients handed in and mailboxes took, in octets, since the start of the process. */
export type MailOctets = { readonly submitted: number; readonly delivered: number };

/** The state of an MTA at the moment of a scrape. */
export type Facts = {
  readonly mta: Mta;
  readonly nt: string | null;
  /** Lab time, ms. */
  readonly nowMs: number;
  readonly timeScale: number;
  readonly pendingWork: number;
  readonly octets: MailOctets;
  readonly mailboxes: Pick<QueueView, 'queued' | 'queuedBytes' | 'oldestSubmittedAtMs'>;
  /** Adjacent MTAs with series of their own, in the order of the locality table, and those that share series. */
  readonly peers: readonly PeerFacts[];
  readonly rest: readonly PeerFacts[];
  readonly process: ProcessFigures;
};

export type Labels = Readonly<Record<string, string>>;
export type Sample = { readonly labels: Labels; readonly value: number };

type Described = {
  readonly name: string;
  /** A sentence without a full stop. */
  readonly help: string;
  /** The counter of Exchange that it mirrors; absent for this project's own. */
  readonly exchange?: string;
};

/** A metric that is computed when it is scraped. */
export type ReadMetric = Described & {
  readonly type: 'counter' | 'gauge';
  readonly labels: readonly string[];
  readonly read: (facts: Facts) => readonly Sample[];
};

/** A metric that is recorded when something happens. */
export type RecordedMetric = Described & {
  readonly type: 'histogram';
  readonly labels: readonly string[];
  /** Upper bounds of the buckets. */
  readonly buckets: readonly number[];
};

/** A metric with one value for the MTA, or none now. */
export function single(
  type: ReadMetric['type'],
  name: string,
  help: string,
  read: (facts: Facts) => number | null,
  exchange?: string,
): ReadMetric {
  const samples = (facts: Facts): readonly Sample[] => {
    const value = read(facts);
    return value === null ? [] : [{ labels: {}, value }];
  };
  return { name, type, help, labels: [], read: samples, ...(exchange === undefined ? {} : { exchange }) };
}
