/** Formats entries of the APDU logs: `ap0.log` has the fields of each APDU (Interoperability), `bf0.log` its octets (APDU). */
import { printable } from '@mtalab/mta-core';
import type { LoggedApdu } from '@mtalab/transport';
import { stubLines } from './apdu-fields.js';
import { dateOf, eventLogTime } from './entry-formats.js';

/** Octets of one APDU that are written in hex. The content of a message must not make the log huge. */
const maxHexBytes = 4096;
const rowBytes = 16;

/** The lines before the fields or octets, in both logs. */
function headLines(apdu: LoggedApdu): string[] {
  const { direction, operation, pdu, stub, conn, local, remote, nowMs, node, association } = apdu;
  return [
    `APDU ${operation} ${pdu.type} ${direction}, ${stub.length} octets`,
    `(${printable(node)} connection ${conn} call ${pdu.call}) ${eventLogTime(nowMs)}`,
    `  Time ${dateOf(nowMs).toISOString()}`,
    `  Association ${association === null ? 'not known' : printable(association)}`,
    `  Local address ${local}`,
    `  Remote address ${remote}`,
  ];
}

/** An entry of `ap0.log`. An empty line ends it. */
export function decodedFormat(apdu: LoggedApdu): string {
  return [...headLines(apdu), ...stubLines(apdu.pdu).map((line) => `  ${line}`), '', ''].join('\n');
}

/** Offset, sixteen octets in hex, and the same octets as ASCII. */
function hexRow(octets: Uint8Array, at: number): string {
  const row = octets.subarray(at, at + rowBytes);
  const hex = Array.from(row, (octet) => octet.toString(16).padStart(2, '0')).join(' ');
  const ascii = Array.from(row, (octet) => (octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : '.')).join('');
  return `  ${at.toString(16).padStart(8, '0')}  ${hex.padEnd(3 * rowBytes - 1)}  |${ascii}|`;
}

/** An entry of `bf0.log`: the stub as on the wire, without the headers of its fragments. An empty line ends it. */
export function hexFormat(apdu: LoggedApdu): string {
  const { stub } = apdu;
  const shown = stub.subarray(0, maxHexBytes);
  const lines = headLines(apdu);
  for (let at = 0; at < shown.length; at += rowBytes) lines.push(hexRow(shown, at));
  if (stub.length > shown.length) lines.push(`  ${stub.length - shown.length} more octets are left out`);
  return [...lines, '', ''].join('\n');
}
