/** Connections between MTAs on virtual time: frames arrive in the order of their sending, each connection in order anyway. */
import type { Frames, LinkFrame, LinkKind } from '@mtalab/mta-core';

/** One end of a connection: the MTA, which of its starts, and the number it knows the connection by. */
export type End = { readonly node: string; readonly incarnation: number; readonly conn: number };

/** A frame, and the link it is of. */
export type Carried = { readonly [Kind in LinkKind]: { readonly link: Kind; readonly frame: Frames[Kind] } }[LinkKind];

export type Transit = { readonly order: number } & (
  | { readonly type: 'accept' }
  | { readonly type: 'connected' }
  | { readonly type: 'frame'; readonly frame: LinkFrame }
  | { readonly type: 'lost' }
);

export type Wire = {
  readonly id: number;
  readonly link: LinkKind;
  readonly client: End;
  readonly server: End;
  /** The binding of the server at which it arrived, and where from, as the server sees it. */
  readonly binding: number;
  readonly remote: string;
  /** What is under way to the server and to the client, in order. */
  readonly toServer: Transit[];
  readonly toClient: Transit[];
  /** Directions that stand still: nothing arrives, nothing is lost. */
  readonly held: Set<'toServer' | 'toClient'>;
  /** The name of an MTA that has not noticed that this connection is dead. What it sends goes nowhere. */
  unnoticedBy: string | null;
};

/** A connection that carries nothing yet. */
export function newWire(between: Pick<Wire, 'id' | 'link' | 'client' | 'server' | 'binding' | 'remote'>): Wire {
  return { ...between, toServer: [], toClient: [], held: new Set(), unnoticedBy: null };
}

export type Direction = 'toServer' | 'toClient';
export const directions: readonly Direction[] = ['toServer', 'toClient'];

export function receiverOf(wire: Wire, direction: Direction): End {
  return direction === 'toServer' ? wire.server : wire.client;
}

export function senderOf(wire: Wire, direction: Direction): End {
  return direction === 'toServer' ? wire.client : wire.server;
}

export function isEnd(end: End, node: string, incarnation: number, conn: number): boolean {
  return end.node === node && end.incarnation === incarnation && end.conn === conn;
}

/** Where something can arrive, and what was sent first among it. */
export function nextArrival(wires: readonly Wire[]): { readonly wire: Wire; readonly direction: Direction } | null {
  let first: { wire: Wire; direction: Direction; order: number } | null = null;
  for (const wire of wires) {
    for (const direction of directions) {
      const order = wire[direction][0]?.order;
      if (order === undefined || wire.held.has(direction)) continue;
      if (first === null || order < first.order) first = { wire, direction, order };
    }
  }
  return first;
}
