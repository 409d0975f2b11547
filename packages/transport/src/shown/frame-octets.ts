/**
 * The octets of one frame of a journal, encoded once more. The encoders are those of the sockets, and what they need besides the frame
 * is the same for all MTAs of MTA Lab (the sizes of fragments and of TPDUs), so the octets are those that were sent. Only the
 * contents of messages are in no journal: their octets are unknown.
 */
import { type ContentHandle, isMtaBody, type LinkFrame, operationOf, type Pdu, type X400Frame } from '@mtalab/mta-core';
import { OutgoingOctets } from '../net/outgoing-octets.js';
import { PduCodec } from '../rpc/pdu-codec.js';
import { X400Conversation } from '../x400/conversation.js';
import { X400Encoder } from '../x400/frame-encoder.js';
import { offeredSize } from '../x400/transport-tpdus.js';
import type { OctetField } from './octet-fields.js';
import { rpcFields } from './rpc-fields.js';
import { x400Fields } from './x400-fields.js';

export type FrameOctets = {
  readonly octets: Uint8Array;
  /** Stretches whose octets are unknown; 0 stands there. */
  readonly unknown: readonly (readonly [at: number, length: number])[];
  /** In order, those of a header before those of what it carries. */
  readonly fields: readonly OctetField[];
};

/** Contents longer than this are not encoded again, in octets. */
const maxContentBytes = 1_048_576;

const filled =
  (octet: number) =>
  (handle: ContentHandle): Uint8Array => {
    if (handle.length > maxContentBytes) throw new RangeError(`a content of ${handle.length} octets is too long to be shown`);
    return new Uint8Array(handle.length).fill(octet);
  };

type Encoded = { readonly octets: Uint8Array; readonly fields: () => readonly OctetField[] };

/** Can this PDU be made of its frame alone? A bind_ack names a port, and answers of the services depend on more. */
function isWhole(pdu: Pdu): boolean {
  if (pdu.type === 'bind_ack') return false;
  return (pdu.type !== 'request' && pdu.type !== 'response') || isMtaBody(pdu.body);
}

function encodeRpc(pdu: Pdu, octet: number): Encoded | null {
  if (!isWhole(pdu)) return null;
  const codec = new PduCodec({ loadContent: filled(octet) });
  let stub: Uint8Array | null = null;
  let opnum = 0;
  codec.traceStubs((_, traced, operation, sent) => {
    stub = Uint8Array.from(sent);
    opnum = traced.type === 'request' ? traced.opnum : operationOf.indexOf(operation);
  });
  const octets = codec.encode(pdu);
  return { octets, fields: () => rpcFields(octets, stub === null ? null : { opnum, stub }) };
}

function encodeX400(frame: X400Frame, octet: number): Encoded {
  const conversation = new X400Conversation();
  conversation.offer = offeredSize;
  conversation.tpduBytes = offeredSize.bytes;
  const out = new OutgoingOctets();
  new X400Encoder(conversation, filled(octet)).encode(out, frame);
  const octets = Buffer.concat(out.take());
  return { octets, fields: () => x400Fields(octets) };
}

function encode(frame: LinkFrame, octet: number): Encoded | null {
  if (frame.link === 'rpc') return encodeRpc(frame.frame, octet);
  return frame.link === 'x400' ? encodeX400(frame.frame, octet) : null;
}

/**
 * Encodes a frame that an MTA sent.
 * @returns null if the frame alone does not say its octets: a bind_ack, a call of the endpoint mapper, the link in memory.
 * @throws RangeError if it cannot be encoded.
 */
export function frameOctets(frame: LinkFrame): FrameOctets | null {
  const zeros = encode(frame, 0);
  const ones = encode(frame, 0xff);
  if (zeros === null || ones === null) return null;
  // What depends on the content alone is where both differ.
  const unknown: [number, number][] = [];
  for (const [at, octet] of zeros.octets.entries()) {
    if (octet === ones.octets[at]) continue;
    const last = unknown.at(-1);
    if (last !== undefined && last[0] + last[1] === at) last[1] += 1;
    else unknown.push([at, 1]);
  }
  return { octets: zeros.octets, unknown, fields: zeros.fields() };
}
