/** The common header of connection-oriented DCE/RPC PDUs (C706 chapter 12.6.3.1), little-endian only. */
import { maxFragmentBytes, type PduType } from '@mtalab/mta-core';
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

export const pduFlag = { first: 0x01, last: 0x02, multiplex: 0x10, didNotExecute: 0x20, object: 0x80 } as const;
export const wholePdu = pduFlag.first | pduFlag.last;

/** Octets that are no PDU this runtime can answer in kind: the end of the connection. `version`: the RPC version is not 5.0. */
export class MalformedPdu extends MalformedFrame {
  override readonly name = 'MalformedPdu';
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
 * Check the 16 octets of a fragment's header.
 * @param limitBytes the largest fragment agreed on this connection.
 * @returns the fragment's length, at least 16.
 * @throws MalformedPdu
 */
export function checkHeader(octets: Uint8Array, at: number, limitBytes: number): number {
  if (octets[at] !== 5 || octets[at + 1] !== 0) {
    throw new MalformedPdu(`RPC version ${octets[at]}.${octets[at + 1]} where 5.0 was expected`, { version: true });
  }
  if (octets[at + 4] !== 0x10 || octets[at + 5] !== 0)
    throw new MalformedPdu('data representation is not little-endian, ASCII, IEEE');
  if (typeNames[get8(octets, at + 2)] === undefined) throw new MalformedPdu(`unknown PDU type ${octets[at + 2]}`);
  const length = get16(octets, at + 8);
  if (length < headerBytes) throw new MalformedPdu(`fragment length ${length} is shorter than a header`);
  if (length > limitBytes) throw new MalformedPdu(`fragment of ${length} octets where at most ${limitBytes} were agreed`);
  if (get16(octets, at + 10) !== 0) throw new MalformedPdu('authentication trailer where none was agreed');
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

/** The largest fragment that may be sent either way after a bind or bind_ack with these offers. */
export function agreedFragmentBytes(maxXmit: number, maxRecv: number): number {
  return Math.min(Math.max(maxXmit, 2048), Math.max(maxRecv, 2048), maxFragmentBytes) & ~7;
}
