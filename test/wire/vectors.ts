/** Octets assembled by hand from the tables of the protocol description, independently of the code under test. */
import type { Pdu } from '@mtalab/mta-core';
import { bindAckPdu, bindPdu, request, response } from './samples.js';

// The UUIDs of the interface and of NDR in wire order; blanks are for the eye.
const mta = '30e88e9e 5944 ce11 979b 00aa005ffebe';
const ndr = '045d888a eb1c c911 9fe8 08002b104860';
export const vectors: readonly { readonly pdu: Pdu; readonly hex: string }[] = [
  {
    pdu: bindPdu(),
    hex: `05 00 0b 13 10000000 4800 0000 01000000  d016 d016 00000000 01 000000  0000 01 00 ${mta} 02000000 ${ndr} 02000000`,
  },
  {
    pdu: { ...bindPdu(), type: 'alter_context', call: 2, group: 0x17, multiplex: false, headerSigning: true } as Pdu,
    hex: `05 00 0e 07 10000000 4800 0000 02000000  d016 d016 17000000 01 000000  0000 01 00 ${mta} 02000000 ${ndr} 02000000`,
  },
  {
    // The secondary address 4097 and its NUL end at octet 31; one octet of padding.
    pdu: bindAckPdu(),
    hex: `05 00 0c 13 10000000 3c00 0000 01000000  d016 d016 17000000 0500 34303937 00 00  01 000000  0000 0000 ${ndr} 02000000`,
  },
  {
    pdu: {
      type: 'alter_context_resp',
      call: 2,
      maxXmit: 5840,
      maxRecv: 5840,
      group: 0x17,
      multiplex: false,
      headerSigning: true,
      results: [{ result: 2, reason: 1, transfer: { uuid: '00000000-0000-0000-0000-000000000000', version: 0 } }],
    },
    hex: `05 00 0f 07 10000000 3800 0000 02000000  d016 d016 17000000 0000 0000  01 000000  0200 0100 ${'00'.repeat(20)}`,
  },
  { pdu: { type: 'bind_nak', call: 1, reason: 4 }, hex: '05 00 0d 03 10000000 1800 0000 01000000  0400 01 05 00 000000' },
  {
    pdu: {
      type: 'fault',
      call: 0x01020304,
      context: 1,
      cancelCount: 2,
      status: 0x1c010002,
      didNotExecute: true,
    },
    hex: '05 00 03 23 10000000 2000 0000 04030201  20000000 0100 02 00 0200011c 00000000',
  },
  { pdu: { type: 'co_cancel', call: 5 }, hex: '05 00 12 03 10000000 1000 0000 05000000' },
  { pdu: { type: 'orphaned', call: 5 }, hex: '05 00 13 03 10000000 1000 0000 05000000' },
  { pdu: { type: 'shutdown', call: 0 }, hex: '05 00 11 03 10000000 1000 0000 00000000' },
  {
    // RtseApdu: field 4 (rttp), 2 octets: field 1 = 2.
    pdu: request(3, { op: 'MtaSend', apdu: { kind: 'turn-please', priority: 2 }, settled: [] }),
    hex: '05 00 00 03 10000000 2400 0000 03000000  0c000000 0000 0200  04000000 04000000 22 02 08 02',
  },
  {
    // RtseApdu: field 9 (confirm), 7 octets: activity 300, upTo 1024, stored. Three octets of padding, return value 0.
    pdu: response(3, { op: 'MtaSend', apdu: { kind: 'confirm', activity: 300, upTo: 1024, stored: true } }),
    hex: '05 00 02 03 10000000 3400 0000 03000000  1c000000 0000 00 00  0a000000 00000200 0a000000 4a08 08ac02 108008 1801 0000 00000000',
  },
  {
    // MtaBindBackArgument: from (field 1), association `A/1/2`, recovery 1.
    pdu: request(4, {
      op: 'MtaBindBack',
      from: { mtaName: 'B', password: '', incarnation: 2 ** 32, storeUuid: 'u', settledBelow: 0 },
      association: 'A/1/2',
      recovery: 1,
    }),
    hex: `05 00 00 03 10000000 3700 0000 04000000  1f000000 0000 0100  17000000 17000000
      0a0c 0a0142 18 8080808010 220175  1205 412f312f32 1801`,
  },
  {
    // A refusal returns 5, and its message is empty.
    pdu: response(4, { op: 'MtaBindBack', accepted: false }),
    hex: '05 00 02 03 10000000 2800 0000 04000000  10000000 0000 00 00  00000000 00000200 00000000 05000000',
  },
];

const please = '22020802';
/** Malformed stubs of MtaSend from a hostile client. */
export const badStubs: readonly { readonly stub: string; readonly detail: RegExp }[] = [
  { stub: '', detail: /too short/ },
  { stub: '04000000', detail: /too short/ },
  { stub: `04000000 05000000 ${please}`, detail: /differ/ },
  { stub: `05000000 05000000 ${please}`, detail: /does not fit/ },
  { stub: `04000000 04000000 ${please} 0000000000000000`, detail: /does not fit/ },
  { stub: 'ffffffff ffffffff', detail: /does not fit/ },
  { stub: '00000000 00000000', detail: /APDU is missing/ },
  { stub: '02000000 02000000 6a00', detail: /close does not travel in MtaSend/ },
  { stub: '02000000 02000000 4a00', detail: /confirm does not travel in MtaSend/ },
  { stub: '04000000 04000000 5a02 1009', detail: /AbortReason has the unknown value 9/ },
  { stub: '0d000000 0d000000 5a0b 08ffffffffffffffffff01', detail: /activity is not a number/ },
  { stub: '0b000000 0b000000 5a09 088080808080808010', detail: /activity is not a number/ },
  { stub: '04000000 04000000 4202 2200', detail: /recipients are missing/ },
  { stub: '04000000 04000000 2204 0802', detail: /range/ },
  { stub: '06000000 06000000 4204 2202 0aff', detail: /range|cut off/ },
];
