/** The common header of connection-oriented DCE/RPC PDUs (C706 chapter 12.6.3.1), little-endian only. */
import { type FaultPdu, faultStatus, maxFragmentBytes, type PduType } from '@mtalab/mta-core';
import { MalformedFrame } from '../net/frame-codec.js';
import { get8, get16, get32, put16, put32 } from './little-endian.js';

/** Octets of the common header, and of the header of a request or response without object UUID. */
export const headerBytes = 16;
export const callHeaderBytes = 24;

const pduTypeNumber: Readonly<Record<PduType, number>> = {
  request: 0,
  response: 2,
  fault: 3,
  bind: 11,
  bind_ack: 12,
  bind_nak: 13,
  alter_context: 14,
  alter_context_resp: 15,
  shutdown: 17,
  co_cancel: 18,
  orphaned: 19,
};
const typeNames: (PduType | undefined)[] = [];
for (const [name, number] of Object.entries(pduTypeNumber)) typeNames[number] = name as PduType;

/** One bit is the pending cancel of a request, and the header signing of a bind, an alter_context and their answers. */
export const pduFlag = {
  first: 0x01,
  last: 0x02,
  pendingCancel: 0x04,
  headerSigning: 0x04,
  multiplex: 0x10,
  didNotExecute: 0x20,
  object: 0x80,
} as const;
export const wholePdu = pduFlag.first | pduFlag.last;

type FaultOn = Pick<FaultPdu, 'call' | 'status'> & Partial<Pick<FaultPdu, 'context' | 'didNotExecute'>>;

/** Octets that are no PDU of this conversation: the end of the connection, after the answer if there is one. */
export class MalformedPdu extends MalformedFrame {
  override readonly name = 'MalformedPdu';

  /** `context`: by default 0, for a call whose context is not known. */
  static withFault(detail: string, { call, status, context = 0, didNotExecute = false }: FaultOn): MalformedPdu {
    return new MalformedPdu(detail, { answer: { type: 'fault', call, context, cancelCount: 0, status, didNotExecute } });
  }
}

/** Type of the fragment at `at`, whose header `checkHeader` has passed. */
export function typeAt(octets: Uint8Array, at: number): PduType {
  return typeNames[get8(octets, at + 2)] as PduType;
}

export function flagsAt(octets: Uint8Array, at: number): number {
  return get8(octets, at + 3);
}

export function callAt(octets: Uint8Array, at: number): number {
  return get32(octets, at + 12);
}

/**
 * Check the 16 octets of a fragment's header. As on Windows, the size that was agreed limits what this side sends; a peer may send up
 * to the largest that this runtime offers.
 * @returns the fragment's length, at least 16.
 * @throws MalformedPdu
 */
export function checkHeader(octets: Uint8Array, at: number): number {
  if (octets[at] !== 5 || octets[at + 1] !== 0) {
    // In another version the call id may be elsewhere, so the answer names none.
    throw new MalformedPdu(`RPC version ${octets[at]}.${octets[at + 1]} where 5.0 was expected`, {
      answer: { type: 'bind_nak', call: 0, reason: 4 },
    });
  }
  if (octets[at + 4] !== 0x10 || octets[at + 5] !== 0)
    throw new MalformedPdu('data representation is not little-endian, ASCII, IEEE');
  if (typeNames[get8(octets, at + 2)] === undefined) throw new MalformedPdu(`unknown PDU type ${octets[at + 2]}`);
  const length = get16(octets, at + 8);
  if (length < headerBytes) throw new MalformedPdu(`fragment length ${length} is shorter than a header`);
  if (length > maxFragmentBytes) {
    const detail = `fragment of ${length} octets where at most ${maxFragmentBytes} are possible`;
    if (typeAt(octets, at) !== 'request') throw new MalformedPdu(detail);
    throw MalformedPdu.withFault(detail, { call: callAt(octets, at), status: faultStatus.protocolError });
  }
  return length;
}

export function putHeader(octets: Uint8Array, at: number, type: PduType, flags: number, length: number, call: number): void {
  octets[at] = 5;
  octets[at + 1] = 0;
  octets[at + 2] = pduTypeNumber[type];
  octets[at + 3] = flags;
  put32(octets, at + 4, 0x10);
  put16(octets, at + 8, length);
  put16(octets, at + 10, 0);
  put32(octets, at + 12, call);
}
