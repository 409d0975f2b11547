/** Connections between MTAs on virtual time. By default frames arrive in sending order; within a connection they always do. */
import type { Frames, LinkFrame, LinkKind } from '@mtalab/mta-core';

/** One end of a connection: the MTA, its incarnation, and its number for the connection. */
export type End = { readonly node: string; readonly incarnation: number; readonly conn: number };

/** A frame and its link. */
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
  /** The server's binding at which the connection arrived, and the client's address as the server sees it. */
  readonly binding: number;
  readonly remote: string;
  /** Transits under way to the server and to the client, in order. */
  readonly toServer: Transit[];
  readonly toClient: Transit[];
  /** Directions on hold: nothing arrives, and nothing is lost. */
  readonly held: Set<'toServer' | 'toClient'>;
  /** The MTA that has not noticed the death of this connection. Frames that it sends vanish. */
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

/** The wire and the direction of the earliest frame that can arrive. */
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
