/** One MTA of the engine: its process while it runs, and what outlives the process. */
import type { LinkKind, Mta, MtaConfig } from '@mtalab/mta-core';
import type { Lane } from './connection.js';
import type { StoreJob, VirtualStore } from './virtual-store.js';

/** An address that a process listens on. */
export type OpenListener = { readonly link: LinkKind; readonly address: string; readonly port: number };

export type VirtualNode = {
  /** Its place among all nodes. */
  readonly index: number;
  readonly name: string;
  /** What the next start reads. */
  config: MtaConfig;
  readonly store: VirtualStore;
  /** The state of the core; the last one while the process is down, null before the first start. */
  mta: Mta | null;
  up: boolean;
  /** How far its clock is ahead of the engine's, ms. */
  offsetMs: number;
  /** The process stands still until this instant: what comes for it waits. */
  stalledUntilMs: number;
  /** Open connections: by the number that the core has for each, the direction that leads away from this node. */
  readonly sockets: Map<number, Lane>;
  /** Dials under way, by their number. */
  readonly dials: Set<number>;
  /** Open listeners, by the id of their binding. */
  readonly listeners: Map<number, OpenListener>;
  /** The number of the next connection that it accepts. */
  nextAccepted: number;
  /** What the next commit takes. */
  jobs: StoreJob[];
  commitPending: boolean;
  /** Commits that were scheduled, over all lives. */
  commits: number;
  /** The instant for which its timer is set, on the engine's clock. */
  timerAtMs: number | null;
  /** The last instant at which its timer fired, and how often it did so at that instant. */
  firedAtMs: number;
  firings: number;
  /** Steps of this life. */
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

/** Nothing of a process outlives it but its store and its clock. */
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
