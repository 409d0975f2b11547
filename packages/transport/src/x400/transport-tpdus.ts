/** TPDUs of the transport protocol, class 0 (ISO 8073 chapter 13), as RFC 1006 uses them. */
import { type DisconnectReason, disconnectReason } from '@mtalab/mta-core';
import { known, Unreadable } from '../rpc/field-checks.js';
import { tpktBytes } from './tpkt.js';

/** TPDU codes; the low four bits of CR and CC are the credit, which class 0 leaves 0. */
export const tpduCode = { connectionRequest: 0xe0, connectionConfirm: 0xd0, disconnectRequest: 0x80, data: 0xf0 } as const;

/** Octets of a DT before its data: length, code, and the mark of a TSDU's last TPDU in bit 8. */
export const dataHeaderBytes = 3;
export const lastOfTsdu = 0x80;

/**
 * Longest TPDU that this side sends or offers: the largest multiple of 128 that fits a TPKT. The larger a TPDU is, the fewer parts
 * a segment has.
 */
const maxTpduBytes = 65_408;
/** What RFC 1006 makes of a CR without a size. */
const defaultTpduBytes = 65_531;
const unitBytes = 128;

const parameterCode = { tpduSize: 0xc0, callingTsap: 0xc1, calledTsap: 0xc2, preferredSize: 0xf0 } as const;

/** Both sides have the same transport selector (own): "MTA". */
const tsap = [0x4d, 0x54, 0x41];

/** How a CR or CC states the size of TPDUs: in the parameter of 1984 as a power of two, in the newer one, or not at all. */
export type TpduSize = { readonly form: 'power' | 'preferred' | 'none'; readonly bytes: number };

/** The offer of this side: up to 8192 octets in the old form, more in the new one. */
export const offeredSize: TpduSize = { form: 'preferred', bytes: maxTpduBytes };

/** The responder's size for an offer. */
export function agreedSize(offer: TpduSize): TpduSize {
  return { form: offer.form, bytes: Math.min(offer.bytes, maxTpduBytes) };
}

export type ConnectionTpdu = {
  readonly code: number;
  readonly destination: number;
  readonly source: number;
  readonly size: TpduSize;
};

/** CR or CC. */
export function connectionTpdu({ code, destination, source, size }: ConnectionTpdu): Uint8Array {
  const octets = [0, code, destination >>> 8, destination, source >>> 8, source, 0];
  const isRequest = code === tpduCode.connectionRequest;
  // A CR names the size in both forms: a peer that does not know the newer one has 8192.
  if (size.form === 'power' || (isRequest && size.form === 'preferred'))
    octets.push(parameterCode.tpduSize, 1, Math.min(13, Math.floor(Math.log2(size.bytes))));
  octets.push(parameterCode.callingTsap, tsap.length, ...tsap, parameterCode.calledTsap, tsap.length, ...tsap);
  const units = Math.floor(size.bytes / unitBytes);
  if (size.form === 'preferred') octets.push(parameterCode.preferredSize, 2, units >>> 8, units);
  octets[0] = octets.length - 1;
  return Uint8Array.from(octets);
}

/** Where the variable part of a CR, CC or DR starts, and its end. @throws Unreadable */
function checkLength(octets: Uint8Array, at: number, end: number, what: string): void {
  if (octets[at] !== end - at - 1) throw new Unreadable(`${what} says it has ${octets[at]} octets, but it has ${end - at - 1}`);
  if (end - at < 7) throw new Unreadable(`${what} of ${end - at} octets is cut off`);
}

const word = (octets: Uint8Array, at: number): number => ((octets[at] as number) << 8) | (octets[at + 1] as number);

/** CR or CC. Parameters that are not known are ignored (ISO 8073 13.2.3). @throws Unreadable */
export function readConnectionTpdu(octets: Uint8Array, start: number, end: number): ConnectionTpdu {
  const code = octets[start + 1] as number;
  const what = code === tpduCode.connectionRequest ? 'CR' : 'CC';
  checkLength(octets, start, end, what);
  const destination = word(octets, start + 2);
  if (code === tpduCode.connectionRequest && destination !== 0) throw new Unreadable('CR has a destination reference');
  if (octets[start + 6] !== 0) throw new Unreadable(`${what} asks for class ${(octets[start + 6] as number) >>> 4} or options`);
  let power = 0;
  let units = 0;
  for (let at = start + 7; at < end; ) {
    const parameter = octets[at];
    const length = octets[at + 1];
    if (at + 1 >= end || length === undefined || at + 2 + length > end) throw new Unreadable(`a parameter of ${what} is cut off`);
    if (parameter === parameterCode.tpduSize) {
      power = octets[at + 2] as number;
      if (length !== 1 || power < 7 || power > 13) throw new Unreadable(`${what} has the TPDU size 2^${power}`);
    } else if (parameter === parameterCode.preferredSize) {
      if (length === 0 || length > 4) throw new Unreadable(`${what} has a TPDU size of ${length} octets`);
      units = 0;
      for (let index = 0; index < length; index += 1) units = units * 256 + (octets[at + 2 + index] as number);
      if (units === 0) throw new Unreadable(`${what} has the TPDU size 0`);
    }
    at += 2 + length;
  }
  const source = word(octets, start + 4);
  if (units > 0) return { code, destination, source, size: { form: 'preferred', bytes: units * unitBytes } };
  if (power > 0) return { code, destination, source, size: { form: 'power', bytes: 2 ** power } };
  return { code, destination, source, size: { form: 'none', bytes: defaultTpduBytes } };
}

const reasonNames: DisconnectReason[] = [];
for (const [name, code] of Object.entries(disconnectReason)) reasonNames[code] = name as DisconnectReason;

export function disconnectTpdu(destination: number, reason: DisconnectReason): Uint8Array {
  return Uint8Array.of(6, tpduCode.disconnectRequest, destination >>> 8, destination, 0, 0, disconnectReason[reason]);
}

/** @throws Unreadable */
export function readDisconnectTpdu(
  octets: Uint8Array,
  start: number,
  end: number,
): { destination: number; reason: DisconnectReason } {
  checkLength(octets, start, end, 'DR');
  return { destination: word(octets, start + 2), reason: known(reasonNames, octets[start + 6] as number, 'reason of DR') };
}

/** Octets of a TSDU in a TPDU of this size. */
export function dataBytes(tpduBytes: number): number {
  return tpduBytes - dataHeaderBytes;
}

/** Octets that TPKT and DT add to each part of a TSDU. */
export const partHeaderBytes = tpktBytes + dataHeaderBytes;
