/**
 * Replaces the content reference of an RTTR in transit. The sender refers to a place in its own store; the receiver gets the name
 * of the content instead, because octets never travel on virtual time. Besides this only `stage/fault-gate.ts` looks into a frame.
 */
import type { Frames, LinkFrame } from '@mtalab/mta-core';
import type { VirtualStore } from './virtual-store.js';

/**
 * The frame as its receiver gets it, on the receiver's connection.
 * @throws ContentMismatch when the sender's store does not have these octets; UnreadableContent when they are damaged.
 */
export function receivedFrame(store: VirtualStore, sent: LinkFrame, conn: number): LinkFrame {
  switch (sent.link) {
    case 'rpc':
      return { type: 'frame', link: 'rpc', conn, frame: receivedPdu(store, sent.frame) };
    case 'x400':
      return { type: 'frame', link: 'x400', conn, frame: receivedX400Frame(store, sent.frame) };
    case 'memory':
      return { type: 'frame', link: 'memory', conn, frame: receivedMemoryFrame(store, sent.frame) };
  }
}

function receivedPdu(store: VirtualStore, pdu: Frames['rpc']): Frames['rpc'] {
  if (pdu.type !== 'request' || pdu.body.op !== 'MtaSend' || pdu.body.apdu.kind !== 'rttr') return pdu;
  const { apdu } = pdu.body;
  return { ...pdu, body: { ...pdu.body, apdu: { ...apdu, content: store.handleFor(apdu.content) } } };
}

function receivedX400Frame(store: VirtualStore, frame: Frames['x400']): Frames['x400'] {
  return frame.type === 'data' ? { ...frame, content: store.handleFor(frame.content) } : frame;
}

function receivedMemoryFrame(store: VirtualStore, frame: Frames['memory']): Frames['memory'] {
  if (frame.type !== 'apdu' || frame.apdu.kind !== 'rttr') return frame;
  const { apdu } = frame;
  return { ...frame, apdu: { ...apdu, content: store.handleFor(apdu.content) } };
}
