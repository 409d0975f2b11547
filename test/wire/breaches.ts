/** Fragments of calls that break the protocol, and the faults that answer them. The faults are those that Samba's tests expect of Windows. */
import { type BindNakPdu, type FaultPdu, faultStatus } from '@mtalab/mta-core';

/** A fragment of a request; by default of operation 9, which nobody has. */
type RequestFragment = {
  readonly flags: number;
  readonly call: number;
  readonly context?: number;
  readonly opnum?: number;
  /** Octets of the stub in this fragment, and from here on as the fragment says. */
  readonly bytes?: number;
  readonly hint?: number;
  /** Octets of credentials in an authentication trailer. */
  readonly credentials?: number;
  /** The type of a PDU that is no request. */
  readonly type?: number;
};

export function fragmentOf(fragment: RequestFragment): Buffer {
  const { flags, call, context = 0, opnum = 9, bytes = 8, hint = bytes, credentials = 0, type = 0 } = fragment;
  const callBytes = type === 0 ? 24 + bytes : 16;
  const octets = Buffer.alloc(callBytes + (credentials === 0 ? 0 : 8 + credentials));
  octets.set([5, 0, type, flags, 0x10]);
  octets.writeUInt16LE(octets.length, 8);
  octets.writeUInt16LE(credentials, 10);
  octets.writeUInt32LE(call, 12);
  if (type !== 0) return octets;
  octets.writeUInt32LE(hint, 16);
  octets.writeUInt16LE(context, 20);
  octets.writeUInt16LE(opnum, 22);
  return octets;
}

function fault(call: number, status: number, { context = 0, didNotExecute = false } = {}): Partial<FaultPdu> {
  return { type: 'fault', call, context, status, didNotExecute };
}

type Breach = {
  readonly fragments: readonly RequestFragment[];
  /** The bind agreed on one call at a time. */
  readonly serial?: boolean;
  /** Longest stub. */
  readonly limitBytes?: number;
  /** Why; without an answer, the ids of the PDUs that arrive. */
  readonly message: RegExp | string;
  readonly answer?: Partial<FaultPdu>;
};

const [first, last, whole, cancel] = [1, 2, 3, 4];
const [coCancel, orphaned] = [18, 19];
const { protocolError, accessDenied, noCallActive, serverTooBusy } = faultStatus;

/** Two fragments. */
function two(one: RequestFragment, other: RequestFragment): readonly RequestFragment[] {
  return [one, other];
}
const begun = { flags: first, call: 2 };
const neverBegan = fault(2, noCallActive, { didNotExecute: true });

export const breaches: readonly Breach[] = [
  // Fragments without their first.
  { fragments: [{ flags: 0, call: 7 }], message: /without its first/, answer: fault(7, protocolError) },
  { fragments: [{ flags: last, call: 7, context: 3 }], message: /without its first/, answer: fault(7, protocolError) },
  { fragments: two(begun, { flags: last, call: 3 }), message: /without its first/, answer: fault(3, protocolError) },
  // A call begins again, or, without multiplexing, another one. The fault is for the call that is incomplete.
  { fragments: two(begun, { ...begun, context: 4 }), message: /begins within/, answer: fault(2, protocolError) },
  {
    fragments: two({ flags: first, call: 50, context: 3 }, { flags: whole, call: 51 }),
    serial: true,
    message: /request 51 begins within the fragments of call 50/,
    answer: fault(50, protocolError, { context: 3 }),
  },
  // With multiplexing calls may be mixed, but not with one of a context that was not accepted.
  {
    fragments: [
      begun,
      { flags: first, call: 3 },
      { flags: whole, call: 4 },
      { flags: 0, call: 2 },
      { flags: last, call: 3 },
      { flags: last, call: 2 },
    ],
    message: '4,3,2',
  },
  {
    fragments: two(begun, { flags: whole, call: 3, context: 1 }),
    message: /names context 1 within/,
    answer: fault(3, protocolError),
  },
  // A later fragment names another operation or context.
  { fragments: two(begun, { flags: last, call: 2, opnum: 2 }), message: /another operation/, answer: fault(2, protocolError) },
  { fragments: two(begun, { flags: last, call: 2, context: 1 }), message: /another operation/, answer: fault(2, protocolError) },
  // A cancel in the first fragment. In a later one it has no effect, and neither has a co_cancel or an orphaned of an incomplete call.
  { fragments: [{ flags: first | cancel, call: 2 }], message: /cancel/, answer: neverBegan },
  { fragments: [{ flags: whole | cancel, call: 2 }], message: /cancel/, answer: neverBegan },
  { fragments: [begun, { flags: cancel, call: 2 }, { flags: last | cancel, call: 2 }], message: '2' },
  {
    fragments: [
      begun,
      { flags: whole, call: 3, type: coCancel },
      { flags: whole, call: 4, type: orphaned },
      { flags: last, call: 2 },
    ],
    message: '3,4,2',
  },
  // Stubs over the limit: refused at once if the first fragment says so, else when they reach it. A whole call may say anything.
  { fragments: [{ ...begun, hint: 1001 }], message: /longer than 1000/, answer: fault(2, accessDenied) },
  { fragments: [{ flags: whole, call: 2, hint: 0xffff_ffff }], message: '2' },
  {
    fragments: two({ ...begun, bytes: 600, hint: 0 }, { flags: last, call: 2, bytes: 401 }),
    message: /longer than 1000/,
    answer: fault(2, accessDenied),
  },
  // The incomplete calls of a connection may together be as long as one.
  {
    fragments: two({ ...begun, bytes: 600 }, { flags: first, call: 3, bytes: 401 }),
    message: /request 3 is longer than 1000/,
    answer: fault(3, accessDenied),
  },
  {
    fragments: Array.from({ length: 65 }, (_, index) => ({ flags: first, call: 2 + index })),
    message: /more than 64 calls/,
    answer: fault(66, serverTooBusy),
  },
  // A fragment longer than any that may be agreed, the longest one, and one with an authentication trailer.
  { fragments: [{ flags: whole, call: 2, bytes: 5817 }], message: /5841 octets/, answer: fault(2, protocolError) },
  { fragments: [{ flags: whole, call: 2, bytes: 5816 }], limitBytes: 6000, message: '2' },
  {
    fragments: [{ flags: whole, call: 2, context: 3, credentials: 4 }],
    message: /authentication/,
    answer: fault(2, accessDenied, { context: 3 }),
  },
];

/** Trailers behind a bind: type, level, octets of padding, reserved octet, context id, credentials. */
export const authenticationTrailers: readonly (readonly [trailer: string, reason: BindNakPdu['reason']])[] = [
  // NTLM at the lowest and the highest level; an unknown type.
  ['0a 02 00 00 00000000 ffff', 8],
  ['0a 06 00 00 00000000 ffff', 8],
  ['ff 04 00 00 00000000 ffff', 8],
  // Levels that need no trailer or do not exist.
  ['0a 00 00 00 00000000 ffff', 0],
  ['0a 01 00 00 00000000 ffff', 0],
  ['0a 07 00 00 00000000 ffff', 0],
  // As much padding as there is room for, and more.
  ['0a 02 30 00 00000000 ffff', 8],
  ['0a 02 31 00 00000000 ffff', 4],
];
