/**
 * The global state of the checker, and the types of its moves. The network is FIFO per connection and direction, with no
 * order across connections. A lost connection accepts nothing new. Any prefix of the PDUs under way may still arrive; then each
 * end notices, in its own time.
 */
import { rowOf } from '@mtalab/mta-core';
import type { Breach } from '../rules/catalogue.js';
import type { arrived, NodeState, Parcel, StepContext } from './node-step.js';
import type { Timer } from './timers.js';

export type ConnectionState = {
  readonly link: 'rpc' | 'x400';
  readonly client: number;
  readonly clientConn: number;
  readonly server: number;
  /** The dialled listener of the server, and whether the client's local address reaches it. */
  readonly binding: number;
  readonly routed: boolean;
  /** 0 during the dial. */
  readonly serverConn: number;
  /** Name of the association that the dial is for. */
  readonly association: string;
  readonly phase: 'dialling' | 'up' | 'lost';
  /** Does the MTA at this end still believe that the connection is up? */
  readonly clientUp: boolean;
  readonly serverUp: boolean;
  /** PDUs under way. Null is the end of the connection, closed by the other side. */
  readonly toServer: readonly (Parcel | null)[];
  readonly toClient: readonly (Parcel | null)[];
};

export type GlobalState = {
  readonly nodes: readonly NodeState[];
  readonly connections: readonly ConnectionState[];
  /** Messages still to be submitted, per MTA. */
  readonly unsubmitted: readonly number[];
  /** Number of faults left. */
  readonly losses: number;
  readonly crashes: number;
  /** The adapter that cannot serve RPC, once its failure has shown. */
  readonly broken: { readonly at: number; readonly binding: number } | null;
  /** Accepted messages that are not delivered or reported yet. */
  readonly undelivered: readonly number[];
  readonly reported: readonly number[];
};

export type Side = 'client' | 'server';

export type Move =
  /** The next PDU under way arrives. */
  | { readonly kind: 'deliver'; readonly connection: number; readonly to: Side }
  /** One end of a lost connection notices the loss. */
  | { readonly kind: 'notice'; readonly connection: number; readonly to: Side }
  /** A dial succeeds. */
  | { readonly kind: 'connect'; readonly connection: number }
  /** A dial must fail: its local address does not reach the target, or the target has no listener. */
  | { readonly kind: 'in-vain'; readonly connection: number }
  /** The system answers a listen. `breaks`: the failure of this adapter shows now. */
  | { readonly kind: 'listen'; readonly at: number; readonly binding: number; readonly outcome: 'up' | 'broken' | 'breaks' }
  /** A write is on disk. */
  | { readonly kind: 'commit'; readonly at: number }
  | { readonly kind: 'timer'; readonly at: number; readonly timer: Timer }
  /** The operator switches all articles of an MTA off. */
  | { readonly kind: 'cure'; readonly at: number }
  /** A client submits a message. */
  | { readonly kind: 'submit'; readonly at: number }
  /** The network loses these connections. */
  | { readonly kind: 'lose'; readonly connections: readonly number[] }
  /** A dial fails; this counts as a loss. */
  | { readonly kind: 'refuse'; readonly connection: number }
  /** An MTA crashes and starts again. */
  | { readonly kind: 'crash'; readonly at: number };

export type Moved = {
  readonly global: GlobalState;
  readonly breach: Breach | null;
  /** Number of dials with an outcome in this move. */
  readonly dials: number;
};

/** A listener of an MTA: its link, and the id that the core knows it by. */
export type Listener = { readonly mta: number; readonly link: 'rpc' | 'x400'; readonly binding: number };

export type SearchContext = {
  readonly steps: StepContext;
  /** Called for each PDU that will not arrive, while a counterexample is printed. */
  dropped: ((from: number, to: number, parcel: Parcel) => void) | null;
  /** By string binding. */
  readonly listeners: ReadonlyMap<string, Listener>;
  /** Does every MTA have a permitted binding that reaches its neighbours? */
  readonly allReachable: boolean;
  readonly bindsAtOnce: boolean;
  readonly eager: boolean;
  readonly cure: boolean;
  readonly anyCut: boolean;
  readonly timersAnyTime: boolean;
  /** The message that an MTA submits when it has this many left. */
  readonly submission: (at: number, left: number) => Parameters<typeof arrived>[3];
};

/** Can a dial succeed in this state? */
export function canConnect(global: GlobalState, { server, link, binding, routed }: ConnectionState): boolean {
  const { mta } = global.nodes[server] as NodeState;
  const listener = link === 'rpc' ? rowOf(mta.rpc.addresses, binding) : rowOf(mta.x400.listeners, binding);
  return routed && mta.phase !== 'halted' && listener?.state === 'up';
}

/** Is nothing under way, on the network, to a disk or to a listener? */
export function isQuiet(global: GlobalState): boolean {
  for (const connection of global.connections)
    if (connection.phase === 'dialling' || connection.toClient.length > 0 || connection.toServer.length > 0) return false;
  return global.nodes.every(({ pending, mta }) => pending.length === 0 && mta.phase !== 'starting');
}
