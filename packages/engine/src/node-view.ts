/** Shows one node as plain data: its process, its store, its sockets, and the frames under way to and from it. */
import type { Mta, StoredMessage } from '@mtalab/mta-core';
import type { Lane, TransitInput } from './connection.js';
import { opposite } from './connection.js';
import type { Engine } from './engine.js';
import type { OpenListener, VirtualNode } from './node.js';
import type { Content, StoreJob } from './virtual-store.js';

export type NodeSocket = {
  /** The core's number of the connection. */
  readonly conn: number;
  readonly peer: string;
  readonly side: 'client' | 'server';
  /** The network has lost the connection, and this process has not noticed yet. */
  readonly lost: boolean;
};

export type NodeTransit = {
  readonly way: 'in' | 'out';
  readonly conn: number;
  readonly peer: string;
  readonly input: TransitInput;
  /** When it arrives, ms of virtual time. */
  readonly atMs: number;
};

export type NodeView = {
  readonly name: string;
  readonly up: boolean;
  /** The node's own clock, ms. */
  readonly nowMs: number;
  /** When the timer of the node fires, ms of virtual time; null if it is not set. */
  readonly timerAtMs: number | null;
  /** The state of the core. If the process is down, the state after its last step. */
  readonly mta: Mta | null;
  readonly store: {
    readonly incarnation: number;
    readonly messages: readonly StoredMessage[];
    /** By content key. */
    readonly contents: Readonly<Record<number, Content>>;
    /** Jobs that wait for the next commit. */
    readonly jobs: readonly StoreJob[];
  };
  /** By binding id. */
  readonly listeners: Readonly<Record<number, OpenListener>>;
  readonly sockets: readonly NodeSocket[];
  readonly dials: readonly number[];
  /** In the order of the sockets; for each socket, incoming frames first. */
  readonly underWay: readonly NodeTransit[];
};

export function viewNode(engine: Engine, node: VirtualNode): NodeView {
  const { store } = node;
  const sockets = [...node.sockets.values()];
  return {
    name: node.name,
    up: node.up,
    nowMs: engine.nowMs + node.offsetMs,
    timerAtMs: node.timerAtMs,
    mta: node.mta,
    store: {
      incarnation: store.incarnation,
      messages: [...store.messages.values()],
      contents: Object.fromEntries(store.contents),
      jobs: [...node.jobs],
    },
    listeners: Object.fromEntries(node.listeners),
    sockets: sockets.map((lane) => ({
      conn: lane.from.conn,
      peer: lane.to.node.name,
      side: lane.connection.client === lane.from ? 'client' : 'server',
      lost: lane.connection.broken,
    })),
    dials: [...node.dials],
    underWay: sockets.flatMap((lane) => [...transits(opposite(lane), lane, 'in'), ...transits(lane, lane, 'out')]),
  };
}

function transits({ items }: Lane, { from, to }: Lane, way: 'in' | 'out'): readonly NodeTransit[] {
  return items.map(({ input, atMs }) => ({ way, conn: from.conn, peer: to.node.name, input, atMs }));
}
