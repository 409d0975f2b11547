/** A part of `npm run bench` that can be run by itself. */
import type { Table } from '../tables.js';

export type PartOptions = {
  readonly rounds: number;
  /** Messages of a run with nine in flight; the other loads follow from it. */
  readonly messages: number;
  /** Time limit of a run in seconds. */
  readonly seconds: number;
  /** Numbers of messages in flight to compare at. */
  readonly inFlight: readonly number[];
  /** Most unconfirmed activities on one association. */
  readonly perAssociation: number;
  /** Messages of the deep backlog. */
  readonly backlog: number;
  /** Adjacent MTAs of the wide table. */
  readonly adjacent: number;
  /** Larger messages. */
  readonly sizes: readonly { readonly bytes: number; readonly messages: number; readonly inFlight: number }[];
  /** Messages in the long waiting list. */
  readonly waiting: number;
  /** Events a second that the page is shown, and for how many seconds. */
  readonly pageEventsPerS: number;
  readonly pageSeconds: number;
  /** Messages that the pure core hands over. */
  readonly coreMessages: number;
  /** Reports progress. */
  readonly say: (text: string) => void;
};

export type PartResult = { readonly tables: readonly Table[]; readonly figures: unknown };

export type Part = {
  readonly name: string;
  readonly about: string;
  readonly run: (options: PartOptions) => Promise<PartResult>;
};

/** Octets of a message where nothing else is said. */
export const messageBytes = 1024;

/** Messages of a run: it lasts about as long with any number in flight, and hundreds of associations take long to open. */
export function messagesFor(inFlight: number, { messages }: Pick<PartOptions, 'messages'>): number {
  if (inFlight === 1) return Math.ceil(messages / 3);
  return inFlight < 100 ? messages : messages * 10;
}
