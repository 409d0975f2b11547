/**
 * The global state of the checker, and the moves that lead out of it. The network is FIFO per connection and direction, with no
 * order across connections. A lost connection takes nothing new; of what was under way any prefix may still arrive, then an end
 * notices, each in its own time.
 */
import { rowOf } from '@mtalab/mta-core';
import type { Breach } from '../rules/catalogue.js';
import type { arrived, NodeState, Parcel, StepContext } from './node-step.js';
import type { Timer } from './timers.js';

export type ConnectionState = {
  readonly client: number;
  readonly clientConn: number;
  readonly server: number;
  /** The server's binding that was dialled, and whether the local address it was dialled from gets there. */
  readonly binding: number;
  readonly routed: boolean;
  /** 0 while it is being dialled. */
  readonly serverConn: number;
  /** Name of the association it was dialled for. */
  readonly association: string;
  readonly phase: 'dialling' | 'up' | 'lost';
  /** Does the MTA at this end still believe in it? */
  readonly clientUp: boolean;
  readonly serverUp: boolean;
  /** Under way. Null is the end of the connection, closed by the other side. */
  readonly toServer: readonly (Parcel | null)[];
  readonly toClient: readonly (Parcel | null)[];
};

export type GlobalState = {
  readonly nodes: readonly NodeState[];
  readonly connections: readonly ConnectionState[];
  /** Messages still to be submitted, per MTA. */
  readonly unsubmitted: readonly number[];
  /** Faults left. */
  readonly losses: number;
  readonly crashes: number;
  /** The adapter that cannot serve RPC, once that has turned out. */
  readonly broken: { readonly at: number; readonly binding: number } | null;
  /** Accepted messages that are neither delivered nor reported. */
  readonly undelivered: readonly number[];
  readonly reported: readonly number[];
};

export type Side = 'client' | 'server';

export type Move =
  /** The next of what is under way arrives. */
  | { readonly kind: 'deliver'; readonly connection: number; readonly to: Side }
  /** An end of a lost connection notices. */
  | { readonly kind: 'notice'; readonly connection: number; readonly to: Side }
  /** A dial succeeds. */
  | { readonly kind: 'connect'; readonly connection: number }
  /** A dial fails, as it must: its local address does not get there, or nobody listens there. */
  | { readonly kind: 'in-vain'; readonly connection: number }
  /** The system answers a listen. `breaks`: it turns out now that this adapter cannot serve RPC. */
  | { readonly kind: 'listen'; readonly at: number; readonly binding: number; readonly outcome: 'up' | 'broken' | 'breaks' }
  /** A write is on disk. */
  | { readonly kind: 'commit'; readonly at: number }
  | { readonly kind: 'timer'; readonly at: number; readonly timer: Timer }
  /** The operator switches all articles of an MTA off. */
  | { readonly kind: 'cure'; readonly at: number }
  /** A client hands a message in. */
  | { readonly kind: 'submit'; readonly at: number }
  /** The network loses these connections. */
  | { readonly kind: 'lose'; readonly connections: readonly number[] }
  /** A dial fails: a loss. */
  | { readonly kind: 'refuse'; readonly connection: number }
  /** An MTA crashes and starts again. */
  | { readonly kind: 'crash'; readonly at: number };

export type Moved = {
  readonly global: GlobalState;
  readonly breach: Breach | null;
  /** Dials that were decided in the course of the move. */
  readonly dials: number;
};

export type SearchContext = {
  readonly steps: StepContext;
  /** Told of each PDU that will not arrive, while a counterexample is told. */
  dropped: ((from: number, to: number, parcel: Parcel) => void) | null;
  /** By port. */
  readonly listeners: ReadonlyMap<number, { readonly mta: number; readonly binding: number; readonly address: string }>;
  /** Does every MTA have a binding, among those it may dial from, that gets to its neighbours? */
  readonly allReachable: boolean;
  readonly bindsAtOnce: boolean;
  readonly eager: boolean;
  readonly cure: boolean;
  readonly anyCut: boolean;
  readonly timersAnyTime: boolean;
  /** The message an MTA submits when it has this many left. */
  readonly submission: (at: number, left: number) => Parameters<typeof arrived>[3];
};

/** Can a dial succeed in this state? */
export function canConnect(global: GlobalState, { server, binding, routed }: ConnectionState): boolean {
  const { mta } = global.nodes[server] as NodeState;
  return routed && mta.phase !== 'halted' && rowOf(mta.rpc.addresses, binding)?.state === 'up';
}

/** Is nothing under way, on the network, to a disk or to a listener? */
export function isQuiet(global: GlobalState): boolean {
  for (const connection of global.connections)
    if (connection.phase === 'dialling' || connection.toClient.length > 0 || connection.toServer.length > 0) return false;
  return global.nodes.every(({ pending, mta }) => pending.length === 0 && mta.phase !== 'starting');
}
