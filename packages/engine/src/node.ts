/** One MTA of the engine: its process while it runs, and the state that outlives the process. */
import type { LinkKind, Mta, MtaConfig } from '@mtalab/mta-core';
import type { Lane } from './connection.js';
import type { StoreJob, VirtualStore } from './virtual-store.js';

/** An address that a process listens on. */
export type OpenListener = { readonly link: LinkKind; readonly address: string; readonly port: number };

export type VirtualNode = {
  /** Index among all nodes. */
  readonly index: number;
  readonly name: string;
  /** The configuration for the next start. */
  config: MtaConfig;
  readonly store: VirtualStore;
  /** The state of the core; the last one while the process is down, null before the first start. */
  mta: Mta | null;
  up: boolean;
  /** How far the node's clock is ahead of the engine's, ms. */
  offsetMs: number;
  /** The process is paused until this instant, and its events wait. */
  stalledUntilMs: number;
  /** Open connections: the outgoing lane of each, by the core's number of the connection. */
  readonly sockets: Map<number, Lane>;
  /** Dials under way, by number. */
  readonly dials: Set<number>;
  /** Open listeners, by binding id. */
  readonly listeners: Map<number, OpenListener>;
  /** The number of the next accepted connection. */
  nextAccepted: number;
  /** Jobs for the next commit. */
  jobs: StoreJob[];
  commitPending: boolean;
  /** Number of scheduled commits, over all lives of the process. */
  commits: number;
  /** The instant at which the node's timer fires, on the engine's clock. */
  timerAtMs: number | null;
  /** The last instant at which the timer fired, and how often it fired then. */
  firedAtMs: number;
  firings: number;
  /** Steps in the present life of the process. */
  steps: number;
};

export function newNode(index: number, config: MtaConfig, store: VirtualStore): VirtualNode {
  return {
    index,
    name: config.name,
    config,
    store,
    mta: null,
    up: false,
    offsetMs: 0,
    stalledUntilMs: 0,
    sockets: new Map(),
    dials: new Set(),
    listeners: new Map(),
    nextAccepted: 1,
    jobs: [],
    commitPending: false,
    commits: 0,
    timerAtMs: null,
    firedAtMs: -1,
    firings: 0,
    steps: 0,
  };
}

/** Resets a node after the end of its process: only store and clock outlive the process. */
export function endProcess(node: VirtualNode): void {
  node.up = false;
  node.jobs = [];
  node.commitPending = false;
  node.timerAtMs = null;
  node.stalledUntilMs = 0;
  node.sockets.clear();
  node.dials.clear();
  node.listeners.clear();
  node.nextAccepted = 1;
}
