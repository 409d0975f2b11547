/** Arbitrary PDUs for property tests, and helpers that open and read a conversation. */
import {
  type AbortReason,
  type Apdu,
  abortReason,
  mtaInterface,
  ndrSyntax,
  opnumOf,
  type Pdu,
  priorities,
  type RefuseReason,
  type RpcArgument,
  type RpcResult,
  refuseReason,
  type SendAnswer,
  type SendApdu,
} from '@mtalab/mta-core';
import { type CodecOptions, PduCodec } from '@mtalab/transport';
import fc from 'fast-check';
import { handleOf, loadOctets, octetsOf } from '../support/contents.js';

const number = fc.oneof(
  fc.nat(1000),
  fc.maxSafeNat(),
  fc.constant(Number.MAX_SAFE_INTEGER),
  fc.constant(2 ** 32),
  fc.constant(2 ** 35 - 1),
);
const u32 = fc.oneof(fc.nat(1000), fc.integer({ min: 0, max: 0xffff_ffff }));
const u16 = fc.integer({ min: 0, max: 0xffff });
const u8 = fc.integer({ min: 0, max: 0xff });
const text = fc
  .string({ unit: fc.oneof(fc.constantFrom(...'abcXYZ=;/.@-0189 '), fc.constantFrom('é', '漢', '😀', '\ufffd')), maxLength: 60 })
  .filter((value) => value.length <= 120);
const word = text.filter((value) => value !== '');
const aReason = fc.constantFrom(...(Object.keys(abortReason) as AbortReason[]));
const rReason = fc.constantFrom(...(Object.keys(refuseReason) as RefuseReason[]));

const from = fc.record({ mtaName: word, password: text, incarnation: number, storeUuid: fc.uuid(), settledBelow: number });
/** Absent if it is 1. */
const activitiesInFlight = fc.integer({ min: 2, max: 0xffffffff });
const rtorq = fc.record(
  {
    kind: fc.constant('rtorq' as const),
    checkpointSizeK: u32,
    windowSize: u32,
    activitiesInFlight,
    dialogueMode: fc.constantFrom('monologue' as const, 'two-way-alternate' as const),
    turn: fc.constantFrom('initiator' as const, 'responder' as const),
    recovery: number,
  },
  { requiredKeys: ['kind', 'checkpointSizeK', 'windowSize', 'dialogueMode', 'turn', 'recovery'] },
);
const envelope = fc.record({
  mtsId: word,
  originator: text,
  priority: fc.constantFrom(...priorities),
  contentType: word,
  submittedAtMs: number,
  sizeBytes: number,
  digest: fc.oneof(
    fc.constant(''),
    fc.uint8Array({ minLength: 32, maxLength: 32 }).map((octets) => Buffer.from(octets).toString('hex')),
  ),
  trace: fc.array(fc.record({ mta: word, atMs: number }), { maxLength: 3 }),
  recipients: fc.array(word, { minLength: 1, maxLength: 4 }),
});
const content = fc
  .tuple(fc.oneof(fc.nat(40), fc.nat(20_000)), u8)
  .map(([length, seed]) => handleOf(Buffer.from(Array.from({ length }, (_, at) => (at * 7 + seed) & 0xff))));
const rttr = fc.record(
  { kind: fc.constant('rttr' as const), activity: number, offset: number, content, last: fc.boolean(), start: envelope },
  { requiredKeys: ['kind', 'activity', 'offset', 'content', 'last'] },
);
const sendApdu: fc.Arbitrary<SendApdu> = fc.oneof(
  { arbitrary: rttr as fc.Arbitrary<SendApdu>, weight: 3 },
  { arbitrary: fc.record({ kind: fc.constant('turn-please' as const), priority: u32 }), weight: 1 },
  { arbitrary: fc.constant({ kind: 'turn-give' as const }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant('discard' as const), activity: number, reason: aReason }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant('rtab' as const), reason: aReason }), weight: 1 },
);
const sendAnswer: fc.Arbitrary<SendAnswer> = fc.oneof(
  fc.constant({ kind: 'please-noted' as const }),
  fc.constant({ kind: 'turn-give-ack' as const }),
  fc.record({ kind: fc.constant('confirm' as const), activity: number, upTo: number, stored: fc.boolean() }),
  fc.record({ kind: fc.constant('refuse' as const), activity: number, reason: aReason }),
  fc.record({ kind: fc.constant('discarded' as const), activity: number }),
);
const settled = fc.array(number, { maxLength: 5 });
const close = fc.constant({ kind: 'close' as const });
const closeAck = fc.constant({ kind: 'close-ack' as const });

/** Any argument with any result of the same operation. */
export const anyCall: fc.Arbitrary<{ argument: RpcArgument; result: RpcResult }> = fc.oneof(
  fc.record({
    argument: fc.record({
      op: fc.constant('MtaBind' as const),
      from,
      endpoints: fc.array(word, { maxLength: 4 }),
      association: word,
      rtorq,
    }),
    result: fc.record({
      op: fc.constant('MtaBind' as const),
      from,
      apdu: fc.oneof(
        fc.record(
          { kind: fc.constant('rtoac' as const), checkpointSizeK: u32, windowSize: u32, activitiesInFlight },
          { requiredKeys: ['kind', 'checkpointSizeK', 'windowSize'] },
        ),
        fc.record({ kind: fc.constant('rtorj' as const), reason: rReason }),
      ),
    }),
  }),
  fc.record({
    argument: fc.record({ op: fc.constant('MtaBindBack' as const), from, association: word, recovery: number }),
    result: fc.record({ op: fc.constant('MtaBindBack' as const), accepted: fc.boolean() }),
  }),
  fc.record({
    argument: fc.record({ op: fc.constant('MtaSend' as const), apdu: sendApdu, settled }),
    result: fc.record({ op: fc.constant('MtaSend' as const), apdu: sendAnswer }),
  }),
  fc.record({
    argument: fc.record({ op: fc.constant('MtaUnBind' as const), association: word, apdu: close, settled }),
    result: fc.record({ op: fc.constant('MtaUnBind' as const), apdu: closeAck }),
  }),
  fc.record({
    argument: fc.record({ op: fc.constant('MtaUnBindBack' as const), association: word, apdu: close }),
    result: fc.record({ op: fc.constant('MtaUnBindBack' as const), apdu: closeAck }),
  }),
);

const syntax = fc.oneof(fc.constant(mtaInterface), fc.constant(ndrSyntax), fc.record({ uuid: fc.uuid(), version: u32 }));
const offers = { call: u32, maxXmit: u16, maxRecv: u16, group: u32, multiplex: fc.boolean(), headerSigning: fc.boolean() };

/** Any PDU except requests and responses, which need an earlier bind. */
export const anyOtherPdu: fc.Arbitrary<Pdu> = fc.oneof(
  fc.record({
    type: fc.constantFrom('bind' as const, 'alter_context' as const),
    ...offers,
    contexts: fc.array(fc.record({ id: u16, abstract: syntax, transfer: fc.array(syntax, { maxLength: 3 }) }), { maxLength: 4 }),
  }),
  fc.record({
    type: fc.constantFrom('bind_ack' as const, 'alter_context_resp' as const),
    ...offers,
    results: fc.array(
      fc.oneof(
        fc.record({ result: fc.constant(0), reason: fc.constant(0), transfer: syntax }),
        fc.record({
          result: fc.constantFrom(1, 2),
          reason: u16,
          transfer: fc.constant({ uuid: '00000000-0000-0000-0000-000000000000', version: 0 }),
        }),
      ),
      { maxLength: 4 },
    ),
  }),
  fc.record({
    type: fc.constant('bind_nak' as const),
    call: u32,
    reason: fc.constantFrom(0 as const, 1 as const, 2 as const, 4 as const),
  }),
  fc.record({
    type: fc.constant('fault' as const),
    call: u32,
    context: u16,
    cancelCount: u8,
    status: u32,
    didNotExecute: fc.boolean(),
  }),
  fc.record({ type: fc.constantFrom('co_cancel' as const, 'orphaned' as const, 'shutdown' as const), call: u32 }),
);

export function request(call: number, argument: RpcArgument, context = 0): Pdu {
  return { type: 'request', call, context, opnum: opnumOf[argument.op], body: argument };
}

export function response(call: number, result: RpcResult, context = 0): Pdu {
  return { type: 'response', call, context, cancelCount: 0, body: result };
}

/** The bind that opens every conversation here. */
export function bindPdu(maxBytes = 5840): Pdu {
  const contexts = [{ id: 0, abstract: mtaInterface, transfer: [ndrSyntax] }];
  return {
    type: 'bind',
    call: 1,
    maxXmit: maxBytes,
    maxRecv: maxBytes,
    group: 0,
    multiplex: true,
    headerSigning: false,
    contexts,
  };
}

export function bindAckPdu(maxBytes = 5840): Pdu {
  const results = [{ result: 0, reason: 0, transfer: ndrSyntax }];
  return {
    type: 'bind_ack',
    call: 1,
    maxXmit: maxBytes,
    maxRecv: maxBytes,
    group: 0x17,
    multiplex: true,
    headerSigning: false,
    results,
  };
}

/** Everything that a codec reads from these pieces of octets. */
export function readAll(codec: PduCodec, ...chunks: Buffer[]): Pdu[] {
  const pdus: Pdu[] = [];
  for (const chunk of chunks) {
    codec.decode(chunk, (pdu) => {
      pdus.push(pdu);
      return true;
    });
  }
  return pdus;
}

/** Two codecs at the ends of one connection, bound to the MTA interface. */
export function boundPair(
  maxBytes = 5840,
  options: CodecOptions = {},
): { client: PduCodec; server: PduCodec; bind: Buffer; ack: Buffer } {
  const contents = { keepContent: handleOf, loadContent: loadOctets };
  const client = new PduCodec({ ...contents, ...options });
  const server = new PduCodec({ secondaryPort: 4097, ...contents, ...options });
  const bind = client.encode(bindPdu(maxBytes));
  readAll(server, bind);
  const ack = server.encode(bindAckPdu(maxBytes));
  readAll(client, ack);
  return { client, server, bind, ack };
}

/** A comparable form of a PDU: octets in place of content handles. */
export function comparable(pdu: Pdu): unknown {
  if (pdu.type !== 'request' || pdu.body.op !== 'MtaSend' || (pdu.body.apdu as Apdu).kind !== 'rttr') return pdu;
  const apdu = pdu.body.apdu as Extract<SendApdu, { kind: 'rttr' }>;
  const octets = Buffer.from(octetsOf(apdu.content) ?? []).toString('latin1');
  return { ...pdu, body: { ...pdu.body, apdu: { ...apdu, content: octets } } };
}
