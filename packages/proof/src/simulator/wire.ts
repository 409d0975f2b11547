/** A connection between two simulated MTAs: first in, first out each way; a loss takes the end of what is under way. */
import type { Pdu } from '@mtalab/mta-core';

export type Item =
  | { readonly type: 'accept'; readonly binding: number }
  | { readonly type: 'connected' }
  | { readonly type: 'pdu'; readonly pdu: Pdu }
  /** The other end is gone, or this one notices that the connection is. */
  | { readonly type: 'lost' };

/** One direction. */
export type Lane = {
  /** Number of the direction, for the delays: twice the wire's, and one more on the way to the client. */
  readonly id: number;
  readonly to: End;
  readonly items: (Item & { readonly atMs: number })[];
  /** When the last of them arrives. */
  lastAtMs: number;
  /** Items sent so far. */
  sent: number;
  /** Something has come to where the network is blocked: all that follows waits behind it. */
  stuck: boolean;
};

export type End = {
  /** Index of the MTA. */
  readonly node: number;
  readonly incarnation: number;
  /** The connection's number there. */
  readonly conn: number;
  /** Does the process still hold it? */
  alive: boolean;
};

export type Wire = {
  readonly id: number;
  readonly client: End;
  readonly server: End;
  readonly toServer: Lane;
  readonly toClient: Lane;
  /** Lost: nothing more gets on its way. */
  broken: boolean;
  /** Its place in the list of all wires. */
  place: number;
};

export function newWire(id: number, client: Omit<End, 'alive'>, server: Omit<End, 'alive'>, nowMs: number): Wire {
  const [clientEnd, serverEnd]: [End, End] = [
    { ...client, alive: true },
    { ...server, alive: true },
  ];
  const lane = (number: number, to: End): Lane => ({ id: number, to, items: [], lastAtMs: nowMs, sent: 0, stuck: false });
  return {
    id,
    client: clientEnd,
    server: serverEnd,
    toServer: lane(2 * id, serverEnd),
    toClient: lane(2 * id + 1, clientEnd),
    broken: false,
    place: -1,
  };
}

/** All wires that at least one process still holds, in an order that depends on nothing but the run. */
export class Wires {
  readonly #list: Wire[] = [];

  get count(): number {
    return this.#list.length;
  }

  at(index: number): Wire {
    return this.#list[index % this.#list.length] as Wire;
  }

  [Symbol.iterator](): IterableIterator<Wire> {
    return this.#list.slice()[Symbol.iterator]();
  }

  add(wire: Wire): void {
    wire.place = this.#list.length;
    this.#list.push(wire);
  }

  /** Take it out once nobody holds it. */
  release(wire: Wire): void {
    if (wire.client.alive || wire.server.alive || wire.place < 0) return;
    const last = this.#list.pop() as Wire;
    if (last !== wire) {
      this.#list[wire.place] = last;
      last.place = wire.place;
    }
    wire.place = -1;
  }
}
