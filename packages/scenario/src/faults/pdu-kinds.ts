/**
 * The kinds of PDU that a fault can name: by type (`bind`), by the RTSE APDU in it (`turn-give`), or by the operation
 * (`MtaSend` is the call, `MtaSend-answer` its response). One PDU has several kinds at once.
 */
import { type ApduKind, operationOf, opnumOf, type Pdu, type PduType } from '@mtalab/mta-core';

/** What the first fragment of a call shows: the PDU's type and, for a request, the operation numbers. */
type Carrier = { readonly type: PduType | null; readonly opnums: readonly number[] | null };

const request = (...opnums: number[]): Carrier => ({ type: 'request', opnums });
const response: Carrier = { type: 'response', opnums: null };

const apduCarriers: Readonly<Record<ApduKind, Carrier>> = {
  rtorq: request(opnumOf.MtaBind),
  rtoac: response,
  rtorj: response,
  'turn-please': request(opnumOf.MtaSend),
  'please-noted': response,
  'turn-give': request(opnumOf.MtaSend),
  'turn-give-ack': response,
  rttr: request(opnumOf.MtaSend),
  confirm: response,
  refuse: response,
  discard: request(opnumOf.MtaSend),
  discarded: response,
  close: request(opnumOf.MtaUnBind, opnumOf.MtaUnBindBack),
  'close-ack': response,
  rtab: request(opnumOf.MtaSend),
};

const pduTypes: readonly PduType[] = [
  'bind',
  'bind_ack',
  'bind_nak',
  'alter_context',
  'alter_context_resp',
  'request',
  'response',
  'fault',
  'co_cancel',
  'orphaned',
  'shutdown',
];

const carriers: ReadonlyMap<string, Carrier> = new Map<string, Carrier>([
  ['any', { type: null, opnums: null }],
  ...pduTypes.map((type): [string, Carrier] => [type, { type, opnums: null }]),
  ...Object.entries(apduCarriers),
  ...operationOf.flatMap((op): [string, Carrier][] => [
    [op, request(opnumOf[op])],
    [`${op}-answer`, response],
  ]),
]);

/** Every kind a fault may name; `any` is every PDU. */
export const faultKinds: readonly string[] = [...carriers.keys()];

/**
 * The kinds of this PDU. A call or an answer whose stub cannot be read is only a `request` or a `response`, even if its
 * operation number is known, because nobody will execute it.
 */
export function kindsOf(pdu: Pdu): readonly string[] {
  const kinds: string[] = ['any', pdu.type];
  if (pdu.type !== 'request' && pdu.type !== 'response') return kinds;
  const body = pdu.body;
  if (body.op === 'bad' || body.op === 'unread') return kinds;
  kinds.push(pdu.type === 'request' ? body.op : `${body.op}-answer`);
  if ('rtorq' in body) kinds.push('rtorq');
  if ('apdu' in body) kinds.push(body.apdu.kind);
  return kinds;
}

/** Whether a call that starts with a fragment of this type (and operation number, for a request) may turn out to be of `kind`. */
export function mayBecome(kind: string, type: PduType | null, opnum: number | null): boolean {
  const carrier = carriers.get(kind);
  if (carrier === undefined) return false;
  if (carrier.type !== null && carrier.type !== type) return false;
  return carrier.opnums === null || opnum === null || carrier.opnums.includes(opnum);
}
