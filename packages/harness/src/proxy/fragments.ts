/** Pieces of the octets of a connection, and what reads them. */
import type { BareFrame } from '@mtalab/mta-core';
import type { PduStart } from '@mtalab/scenario';

/** The smallest piece of a PDU that can wait or pass by itself, or octets that are no PDU. */
export type Fragment = {
  readonly raw: Buffer;
  /** Does a PDU begin or end with it? */
  readonly first: boolean;
  readonly last: boolean;
  /** What the first octets show before the PDU is complete; null for octets that are no PDU. */
  readonly start: PduStart | null;
  /** The number of a call, whose fragments have it in common; null if the link has no such numbers. */
  readonly call: number | null;
  /** The whole PDU, at its last fragment. Null before, and for octets that are no PDU. */
  readonly pdu: BareFrame | null;
};

/** Reads both directions of a connection of one link. */
export interface LinkReader {
  read(chunk: Buffer, fromClient: boolean): readonly Fragment[];
  /** The octets after the last whole fragment of a direction; null if there are none. */
  rest(fromClient: boolean): Fragment | null;
}

/** Octets that are no PDU. */
export function untouched(raw: Buffer): Fragment {
  return { raw, first: true, last: true, start: null, call: null, pdu: null };
}
