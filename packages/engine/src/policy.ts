/**
 * The functions that a user of the engine supplies. A policy decides (how long, where to, whether at all); a watch only observes.
 * The seeded simulator draws its decisions from the seed. The scenario stage takes them from the fault language.
 */
import type { Effect, Input, LinkFrame, Recovered, StoredMessage, StoreEffect, StoreFailure } from '@mtalab/mta-core';
import type { JournalStart } from '@mtalab/trace';
import type { Lane, TransitInput } from './connection.js';
import type { DeliverEffect, DialEffect, EngineEvent, EventBody, ListenEffect } from './event.js';
import type { VirtualNode } from './node.js';
import type { VirtualStore } from './virtual-store.js';

/** Where a dial arrives. */
export type DialRoute =
  | {
      readonly node: VirtualNode;
      readonly binding: number;
      /** The address of the dialler, as the dialled MTA sees it. */
      readonly remote: string;
    }
  /** The dial fails with this error of the operating system. */
  | { readonly osError: string }
  /** Nothing answers: the dial tries again after this time. */
  | { readonly retryMs: number };

/** The operating system opens a listener on this port, or refuses it. */
export type ListenOutcome = { readonly port: number } | { readonly osError: string };

export type CommitDecision = {
  /** Why the disk accepts no new data; null if it accepts them. */
  readonly failure: StoreFailure | null;
  /** After a failure: jobs that free space wait for the next commit too. */
  readonly carries: boolean;
  /** Replaces the answers to the core, for example with the death of the process. */
  readonly instead: (() => void) | null;
};

/** How much of the data of a dead process still arrives, and when the other ends notice its death. */
export type ProcessLoss = { readonly keep: number; readonly noticeMs: number };

/**
 * Durations are in ms of virtual time. A null duration means "at once": the engine does the work within the event that
 * requests it, and only the answer is a separate event.
 */
export type EnginePolicy = {
  /** Until an item that is sent now on this lane arrives. Items on one lane never overtake each other. */
  readonly delayMs: (lane: Lane) => number;
  /** Until a dial reaches its target. */
  readonly dialDelayMs: (node: VirtualNode, dial: DialEffect) => number | null;
  /** Until a delivery is made, and until a listen or a delivery has its answer. */
  readonly localDelayMs: (node: VirtualNode) => number | null;
  /** Until the next commit. Null: at the end of the event that brings the first job, or of the next event of the node. */
  readonly commitDelayMs: (node: VirtualNode) => number | null;
  readonly route: (node: VirtualNode, dial: DialEffect) => DialRoute;
  readonly listen: (node: VirtualNode, listen: ListenEffect) => ListenOutcome;
  /** What a start finds. Default: the contents of the store. */
  readonly recover?: (store: VirtualStore) => Recovered;
  /** Default: every commit succeeds. */
  readonly commit?: (node: VirtualNode) => CommitDecision;
  /** Why a mailbox cannot be written; null (the default) if it can. */
  readonly deliver?: (node: VirtualNode, effect: DeliverEffect) => string | null;
  /**
   * Called before an item is sent on a lane. @returns its extra delay, in ms; null holds the item back until
   * `VirtualNetwork.transmit` sends it. Default 0.
   */
  readonly send?: (lane: Lane, input: TransitInput) => number | null;
  /**
   * A process releases a connection. @returns true if the policy itself notifies the other end, by `VirtualNetwork.break`.
   * Default false: the other end notices after everything that was sent before.
   */
  readonly close?: (away: Lane, processEnded: boolean) => boolean;
  /** Can an item at the end of a lane arrive? If not, the lane is stuck until `VirtualNetwork.resume`. Default true. */
  readonly mayArrive?: (lane: Lane) => boolean;
  /** Called before an event, for example to begin a fault. The clock shows the instant of the event. */
  readonly beforeEvent?: (event: EngineEvent) => void;
  /**
   * Orders the events of one instant: smaller ranks first, equal ranks in creation order. Default 0 for all.
   * @param now is the event created at its own instant?
   */
  readonly rank?: (event: EventBody, now: boolean) => number;
};

export type FrameFate = 'sent' | 'arrived' | 'lost';

/** Called in the middle of an event: a watch may schedule events, but it must not step a core. */
export type EngineWatch = {
  /** A step of the core, before the engine carries out its effects. `node.mta` is the state after the step; before a start there is none. */
  readonly step?: (
    node: VirtualNode,
    input: Input | JournalStart,
    before: VirtualNode['mta'],
    effects: readonly Effect[],
  ) => void;
  /** A frame that a policy holds back is `sent` and nothing more: only the policy knows its fate. */
  readonly frame?: (fate: FrameFate, lane: Lane, frame: LinkFrame) => void;
  /** A commit is on disk, or has failed. */
  readonly committed?: (node: VirtualNode, failure: StoreFailure | null) => void;
  /** A copy is in its mailbox. `again`: it was already there before a crash. */
  readonly delivered?: (node: VirtualNode, effect: DeliverEffect, again: boolean) => void;
  readonly submitted?: (node: VirtualNode, submissionId: string, mtsId: string) => void;
  readonly submitRefused?: (node: VirtualNode, submissionId: string, reason: string) => void;
  /** A process has ended itself. */
  readonly halted?: (node: VirtualNode, code: number) => void;
  /** See `StoreWatch`. */
  readonly submissionStored?: (submissionId: string, mtsId: string) => void;
  readonly accepted?: (node: VirtualNode, effect: StoreEffect) => void;
  readonly erased?: (node: VirtualNode, message: StoredMessage, copy: StoredMessage['copies'][number]) => void;
};
