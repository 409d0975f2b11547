/** One simulated MTA: its process while it runs, and what outlives it. */

import type { StoreJob, VirtualStore } from '@mtalab/engine';
import type { Effect, Mta, MtaConfig } from '@mtalab/mta-core';
import type { End, Wire } from './wire.js';

export type SimNode = {
  readonly index: number;
  readonly name: string;
  readonly config: MtaConfig;
  readonly store: VirtualStore;
  /** The state while the process runs; the last one when it does not. Null before the first start. */
  mta: Mta | null;
  up: boolean;
  /** How far its clock is ahead of virtual time. */
  offsetMs: number;
  /** It stands still until then. */
  stalledUntilMs: number;
  /** Connections that the process holds, by their numbers. */
  readonly wires: Map<number, { readonly wire: Wire; readonly end: End }>;
  readonly dials: Set<number>;
  /** Ports it listens on, with their bindings. */
  readonly listening: Map<number, number>;
  /** An address could not be listened on in this life. */
  crippled: boolean;
  nextAccepted: number;
  uploads: number;
  /** What the next commit takes. */
  jobs: StoreJob[];
  commitPending: boolean;
  commits: number;
  slowUntilMs: number;
  slowByMs: number;
  /** Virtual time of the timer that is set, and how often in a row it fired without time moving on. */
  timerAtMs: number | null;
  firedAtMs: number;
  firings: number;
  /** Steps of this life. */
  steps: number;
  /** After a stop in order: when it is started again. */
  restartAfterMs: number;
};

export function newNode(index: number, config: MtaConfig, store: VirtualStore): SimNode {
  return {
    index,
    name: config.name,
    config,
    store,
    mta: null,
    up: false,
    offsetMs: 0,
    stalledUntilMs: 0,
    wires: new Map(),
    dials: new Set(),
    listening: new Map(),
    crippled: false,
    nextAccepted: 1,
    uploads: 0,
    jobs: [],
    commitPending: false,
    commits: 0,
    slowUntilMs: 0,
    slowByMs: 0,
    timerAtMs: null,
    firedAtMs: -1,
    firings: 0,
    steps: 0,
    restartAfterMs: 1000,
  };
}

/** Nothing of a process outlives it but its store and its clock. */
export function endProcess(node: SimNode): void {
  node.up = false;
  node.jobs = [];
  node.commitPending = false;
  node.timerAtMs = null;
  node.stalledUntilMs = 0;
  node.wires.clear();
  node.dials.clear();
  node.listening.clear();
  node.crippled = false;
  node.nextAccepted = 1;
  node.uploads = 0;
}

export type DialEffect = Extract<Effect, { type: 'dial' }>;
export type DeliverEffect = Extract<Effect, { type: 'deliver' }>;
