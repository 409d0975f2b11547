/**
 * What the engine leaves to its user, as plain functions. A policy decides (how long, where to, whether at all); a watch looks on.
 * The seeded simulator draws its decisions from the seed, the scenario stage takes them from the fault language.
 */
import type { Effect, Input, LinkFrame, Recovered, StoredMessage, StoreEffect, StoreFailure } from '@mtalab/mta-core';
import type { JournalStart } from '@mtalab/trace';
import type { Lane, TransitInput } from './connection.js';
import type { DeliverEffect, DialEffect, EngineEvent, EventBody, ListenEffect } from './event.js';
import type { VirtualNode } from './node.js';
import type { VirtualStore } from './virtual-store.js';

/** Where a dial gets to. */
export type DialRoute =
  | {
      readonly node: VirtualNode;
      readonly binding: number;
      /** The address of the dialler, as the dialled MTA sees it. */
      readonly remote: string;
    }
  /** The dial fails with this error of the operating system. */
  | { readonly osError: string }
  /** Nothing answers: the dial tries again after so long. */
  | { readonly retryMs: number };

/** A listener is open on this port, or the operating system refuses it. */
export type ListenOutcome = { readonly port: number } | { readonly osError: string };

export type CommitDecision = {
  /** Why the disk takes nothing new; null when it does. */
  readonly failure: StoreFailure | null;
  /** After a failure: what makes room waits for the next commit too. */
  readonly carries: boolean;
  /** Happens in place of the answers to the core, such as the death of the process. */
  readonly instead: (() => void) | null;
};

/** What still arrives of what a dead process sent, and when the other ends notice its death. */
export type ProcessLoss = { readonly keep: number; readonly noticeMs: number };

/**
 * Durations are in ms of virtual time. Where a duration may be null, null is "at once": the thing is done within the event that
 * asked for it, and only the answer is an event of its own.
 */
export type EnginePolicy = {
  /** Until something that is sent now on this lane arrives. Things on one lane never overtake each other. */
  readonly delayMs: (lane: Lane) => number;
  /** Until a dial gets to its target. */
  readonly dialDelayMs: (node: VirtualNode, dial: DialEffect) => number | null;
  /** Until a delivery is made, and until a listen or a delivery is answered. */
  readonly localDelayMs: (node: VirtualNode) => number | null;
  /** Until the next commit. Null: at once at the end of the event that brings the first job, or of the next event of the node. */
  readonly commitDelayMs: (node: VirtualNode) => number | null;
  readonly route: (node: VirtualNode, dial: DialEffect) => DialRoute;
  readonly listen: (node: VirtualNode, listen: ListenEffect) => ListenOutcome;
  /** What a start finds. Default: what is in the store. */
  readonly recover?: (store: VirtualStore) => Recovered;
  /** Default: every commit succeeds. */
  readonly commit?: (node: VirtualNode) => CommitDecision;
  /** Why a mailbox cannot be written; null when it can, which is the default. */
  readonly deliver?: (node: VirtualNode, effect: DeliverEffect) => string | null;
  /**
   * Something is about to be sent on a lane. @returns how much longer it takes, in ms; null keeps it from being sent, and
   * `VirtualNetwork.transmit` sends it later. Default 0.
   */
  readonly send?: (lane: Lane, input: TransitInput) => number | null;
  /**
   * A process lets go of a connection. @returns true when the policy itself tells the other end, by `VirtualNetwork.break`; the
   * default is false: the other end notices after all that was sent before.
   */
  readonly close?: (away: Lane, processEnded: boolean) => boolean;
  /** Can what comes to the end of a lane arrive? If not, the lane is stuck until `VirtualNetwork.resume`. Default true. */
  readonly mayArrive?: (lane: Lane) => boolean;
  /** Something may happen before an event, such as a fault. The clock stands at the instant of the event. */
  readonly beforeEvent?: (event: EngineEvent) => void;
  /**
   * Order of what falls on one instant: smaller is sooner, equal in the order of making. Default 0 for all.
   * @param now is the event made at its own instant?
   */
  readonly rank?: (event: EventBody, now: boolean) => number;
};

export type FrameFate = 'sent' | 'arrived' | 'lost';

/** Called as things happen, in the middle of an event: a watch may schedule events, but it must not step a core. */
export type EngineWatch = {
  /** A step of the core, before its effects are carried out. `node.mta` is the state after; before a start there is none. */
  readonly step?: (
    node: VirtualNode,
    input: Input | JournalStart,
    before: VirtualNode['mta'],
    effects: readonly Effect[],
  ) => void;
  /** A frame that a policy keeps from being sent is `sent` and nothing more: the policy knows the rest. */
  readonly frame?: (fate: FrameFate, lane: Lane, frame: LinkFrame) => void;
  /** A commit is on disk, or has failed. */
  readonly committed?: (node: VirtualNode, failure: StoreFailure | null) => void;
  /** A copy is in its mailbox. `again`: it was there already, from before a crash. */
  readonly delivered?: (node: VirtualNode, effect: DeliverEffect, again: boolean) => void;
  readonly submitted?: (node: VirtualNode, submissionId: string, mtsId: string) => void;
  readonly submitRefused?: (node: VirtualNode, submissionId: string, reason: string) => void;
  /** A process has ended by itself. */
  readonly halted?: (node: VirtualNode, code: number) => void;
  /** See `StoreWatch`. */
  readonly submissionStored?: (submissionId: string, mtsId: string) => void;
  readonly accepted?: (node: VirtualNode, effect: StoreEffect) => void;
  readonly erased?: (node: VirtualNode, message: StoredMessage, copy: StoredMessage['copies'][number]) => void;
};
