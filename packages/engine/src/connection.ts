/** A connection between two nodes, FIFO in each direction. */
import type { Input } from '@mtalab/mta-core';
import type { VirtualNode } from './node.js';

/** An item on a connection is the input that its receiver gets. */
export type TransitInput = Extract<Input, { type: 'accepted' | 'connected' | 'frame' | 'lost' }>;

export type InTransit = { readonly input: TransitInput; readonly atMs: number };

/** One direction of a connection. */
export type Lane = {
  /** Twice the number of the connection; plus one for the lane to the client. */
  readonly id: number;
  readonly connection: VirtualConnection;
  readonly from: VirtualEnd;
  readonly to: VirtualEnd;
  /** Items under way, in order. */
  readonly items: InTransit[];
  /** When the last item arrives. */
  lastAtMs: number;
  /** Items sent so far. */
  sent: number;
  /** The first item may not arrive (see `EnginePolicy.mayArrive`); all others wait behind it. */
  stuck: boolean;
};

export type VirtualEnd = {
  readonly node: VirtualNode;
  /** The number of the connection in the core at this end. */
  readonly conn: number;
  /** Does the process still hold the connection? */
  alive: boolean;
};

export type VirtualConnection = {
  readonly id: number;
  readonly client: VirtualEnd;
  readonly server: VirtualEnd;
  readonly toServer: Lane;
  readonly toClient: Lane;
  /** A lost connection accepts nothing new. */
  broken: boolean;
  /** Index in the list of all connections; -1 if it is not in the list. */
  place: number;
};

/** Where an end is: its node, and the core's number of the connection there. */
export type Place = Omit<VirtualEnd, 'alive'>;

export function newConnection(id: number, client: Place, server: Place, nowMs: number): VirtualConnection {
  const clientEnd: VirtualEnd = { ...client, alive: true };
  const serverEnd: VirtualEnd = { ...server, alive: true };
  const connection = { id, client: clientEnd, server: serverEnd, broken: false, place: -1 } as {
    -readonly [Key in keyof VirtualConnection]: VirtualConnection[Key];
  };
  const lane = (number: number, from: VirtualEnd, to: VirtualEnd): Lane => {
    return { id: number, connection, from, to, items: [], lastAtMs: nowMs, sent: 0, stuck: false };
  };
  connection.toServer = lane(2 * id, clientEnd, serverEnd);
  connection.toClient = lane(2 * id + 1, serverEnd, clientEnd);
  return connection;
}

/** The other direction of the same connection. */
export function opposite({ connection, id }: Lane): Lane {
  return id % 2 === 0 ? connection.toClient : connection.toServer;
}

/** All connections that at least one process holds. Their order depends on the run alone. */
export class ConnectionList {
  readonly #list: VirtualConnection[] = [];

  get count(): number {
    return this.#list.length;
  }

  /** @param index any whole number from 0, modulo the number of connections. */
  at(index: number): VirtualConnection {
    return this.#list[index % this.#list.length] as VirtualConnection;
  }

  /** A snapshot: the caller may change the list while it iterates. */
  [Symbol.iterator](): IterableIterator<VirtualConnection> {
    return this.#list.slice()[Symbol.iterator]();
  }

  add(connection: VirtualConnection): void {
    connection.place = this.#list.length;
    this.#list.push(connection);
  }

  /** Removes a connection once neither process holds it. */
  release(connection: VirtualConnection): void {
    if (connection.client.alive || connection.server.alive || connection.place < 0) return;
    const last = this.#list.pop() as VirtualConnection;
    if (last !== connection) {
      this.#list[connection.place] = last;
      last.place = connection.place;
    }
    connection.place = -1;
  }
}
