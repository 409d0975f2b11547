/** What the bench knows of a peer, and how it runs one. */
import type { Processes } from './processes.js';

/** What one run needs. */
export type RunTask = {
  /** Folder of this run, on the file system of the product's stores. */
  readonly dir: string;
  readonly processes: Processes;
  readonly messages: number;
  readonly inFlight: number;
};

/** A count, and the instant at which it was so, in ms of the machine's monotonic clock. */
export type Counted = { readonly count: number; readonly atMs: number };

/** Messages on their way through a peer, from producer to consumer. */
export type Flow = {
  /** Process ids; their descendants count too. */
  readonly servers: readonly number[];
  readonly clients: readonly number[];
  /** Messages that the consumer has acknowledged. */
  readonly delivered: () => Counted;
  /** Ends the production early; what is on its way still arrives. */
  readonly cut: () => void;
  /**
   * Resolves when everything produced has been consumed.
   * @throws Error unless each message that the producer has a confirmation for was consumed once, and none is left.
   */
  readonly proven: Promise<void>;
};

export type Peer = {
  readonly name: string;
  readonly title: string;
  readonly debianPackages: readonly string[];
  /** Node packages of its clients. */
  readonly client: readonly string[];
  /** What the peer has done when it confirms a message. */
  readonly durable: string;
  /** The lines of its configuration that matter here. */
  readonly settings: (inFlight: number) => readonly string[];
  /** The share of `--messages` that a run has: slow peers take fewer. */
  readonly share: number;
  /** Interval between two looks at its processes, ms. Many processes take long to look at. */
  readonly lookMs: number;
  readonly begin: (task: RunTask) => Promise<Flow>;
};
