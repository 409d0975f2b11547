/** The stage is the lab that a scenario runs in: a virtual lab, or a lab of processes. */
import type { BindingWish, Priority } from '@mtalab/mta-core';
import type { LinkPdu } from '@mtalab/trace';
import type { JoinedAssociation } from './associations.js';
import type { Mode, NetworkState } from './model.js';

export type StageMessage = {
  readonly originator: string;
  readonly recipients: readonly string[];
  readonly priority: Priority;
  /** ASCII text. */
  readonly content: string;
};

/** An entry of an event log. */
export type LoggedEvent = { readonly id: number; readonly params: Readonly<Record<string, string | number>> };

/** How a process ended: with an exit code, or (if the code is null) as the words say. */
export type StageExit = { readonly code: number | null; readonly words: string };

export type Stage = {
  /** Every PDU that has passed the link so far. */
  readonly pdus: readonly LinkPdu[];
  /** Submit a message; resolves when it is on disk. */
  submit(at: string, message: StageMessage): Promise<void>;
  /** Arm a fault; the result counts how often it acts. @throws FaultSyntaxError */
  fault(text: string): { readonly hits: number };
  release(): void;
  heal(): void;
  cut(): void;
  network(state: NetworkState): Promise<void>;
  advanceBy(ms: number): Promise<void>;
  kill(name: string): Promise<void>;
  stop(name: string): Promise<void>;
  start(name: string): Promise<void>;
  /** Start an MTA. It is no error if the MTA ends before it is up. */
  attempt(name: string): Promise<void>;
  /** Change the bindings. An MTA that is down takes them at its next start. */
  bindings(name: string, wish: BindingWish): Promise<void>;
  /** End the Open and Transfer Intervals that this MTA waits for. */
  retry(name: string): Promise<void>;
  set(article: string, mode: Mode, at: readonly string[]): Promise<void>;
  /** Resolves when nothing but a timer can make anything happen. */
  settle(): Promise<void>;
  associations(): Promise<readonly JoinedAssociation[]>;
  /** Distinct copies in mailboxes since the start. */
  delivered(): Promise<number>;
  /** Copies queued, by name of the MTAs that are up. */
  queued(): Promise<Readonly<Record<string, number>>>;
  /** Non-delivery reports made since the start, as far as the MTAs that are up remember. */
  reports(): Promise<number>;
  /** The event log of an MTA, over all its lives. */
  events(name: string): Promise<readonly LoggedEvent[]>;
  /** How an MTA's last process ended; null if it runs or never started. */
  exit(name: string): Promise<StageExit | null>;
  up(name: string): Promise<boolean>;
};
