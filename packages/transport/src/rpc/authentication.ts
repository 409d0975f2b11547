/** Authentication trailers (C706 13.2.6.1). This link has no security, so a trailer only decides which refusal the client gets. */
import { faultStatus, type NakReason } from '@mtalab/mta-core';
import { get8, get16 } from './little-endian.js';
import { callAt, callHeaderBytes, MalformedPdu, typeAt } from './pdu-header.js';

/** Octets of a trailer before its credentials. */
const trailerBytes = 8;

/** Authentication levels: 2 connect to 6 privacy. Level 1, none, needs no trailer. */
function isLevel(level: number): boolean {
  return level >= 2 && level <= 6;
}

function nakReason(octets: Buffer, at: number, length: number): NakReason {
  const trailerAt = length - get16(octets, at + 10) - trailerBytes;
  // Windows answers a trailer, or padding before it, that does not fit with the reason for another version.
  if (trailerAt < callHeaderBytes || trailerAt - get8(octets, at + trailerAt + 2) < callHeaderBytes) return 4;
  return isLevel(get8(octets, at + trailerAt + 1)) ? 8 : 0;
}

/** @throws MalformedPdu if the PDU has an authentication trailer. */
export function refuseAuthentication(octets: Buffer, at: number, length: number): void {
  if (get16(octets, at + 10) === 0) return;
  const detail = 'authentication trailer where none was agreed';
  const call = callAt(octets, at);
  switch (typeAt(octets, at)) {
    case 'bind':
      throw new MalformedPdu(detail, { answer: { type: 'bind_nak', call, reason: nakReason(octets, at, length) } });
    case 'alter_context':
      throw MalformedPdu.withFault(detail, { call, status: faultStatus.accessDenied, didNotExecute: true });
    case 'request': {
      const context = length >= callHeaderBytes ? get16(octets, at + 20) : 0;
      throw MalformedPdu.withFault(detail, { call, context, status: faultStatus.accessDenied });
    }
    default:
      throw new MalformedPdu(detail);
  }
}
