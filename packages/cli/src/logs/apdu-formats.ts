/** Formats entries of the APDU logs: `ap0.log` has the fields of each APDU (Interoperability), `bf0.log` its octets (APDU). */
import { printable } from '@mtalab/mta-core';
import type { LoggedApdu } from '@mtalab/transport';
import { stubLines } from './apdu-fields.js';
import { dateOf, eventLogTime } from './entry-formats.js';
import { frameLines } from './x400-fields.js';

/** Octets of one APDU that are written in hex. The content of a message must not make the log huge. */
const maxHexBytes = 4096;
const rowBytes = 16;

/** A stub without the headers of its fragments, or a frame of the X.400 connector in its TPKTs. */
function octetsOf(apdu: LoggedApdu): Uint8Array {
  return 'frame' in apdu ? apdu.octets : apdu.stub;
}

/** The lines before the fields or octets, in both logs. */
function headLines(apdu: LoggedApdu): string[] {
  const { direction, conn, local, remote, nowMs, node, association } = apdu;
  const what = 'frame' in apdu ? apdu.frame.type : `${apdu.operation} ${apdu.pdu.type}`;
  const call = 'frame' in apdu ? '' : ` call ${apdu.pdu.call}`;
  return [
    `APDU ${what} ${direction}, ${octetsOf(apdu).length} octets`,
    `(${printable(node)} connection ${conn}${call}) ${eventLogTime(nowMs)}`,
    `  Time ${dateOf(nowMs).toISOString()}`,
    `  Association ${association === null ? 'not known' : printable(association)}`,
    `  Local address ${local}`,
    `  Remote address ${remote}`,
  ];
}

/** An entry of `ap0.log`. An empty line ends it. */
export function decodedFormat(apdu: LoggedApdu): string {
  const lines = 'frame' in apdu ? frameLines(apdu.frame) : stubLines(apdu.pdu);
  return [...headLines(apdu), ...lines.map((line) => `  ${line}`), '', ''].join('\n');
}

/** Offset, sixteen octets in hex, and the same octets as ASCII. */
function hexRow(octets: Uint8Array, at: number): string {
  const row = octets.subarray(at, at + rowBytes);
  const hex = Array.from(row, (octet) => octet.toString(16).padStart(2, '0')).join(' ');
  const ascii = Array.from(row, (octet) => (octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : '.')).join('');
  return `  ${at.toString(16).padStart(8, '0')}  ${hex.padEnd(3 * rowBytes - 1)}  |${ascii}|`;
}

/** An entry of `bf0.log`: the octets of an APDU as on the wire. An empty line ends it. */
export function hexFormat(apdu: LoggedApdu): string {
  const octets = octetsOf(apdu);
  const shown = octets.subarray(0, maxHexBytes);
  const lines = headLines(apdu);
  for (let at = 0; at < shown.length; at += rowBytes) lines.push(hexRow(shown, at));
  if (octets.length > shown.length) lines.push(`  ${octets.length - shown.length} more octets are left out`);
  return [...lines, '', ''].join('\n');
}
