/**
 * The kinds that a fault can name: a PDU by its type (`bind`, `connect`), by the RTSE APDU in it (`turn-give`), or by the operation
 * (`MtaSend` is the call, `MtaSend-answer` its response). One PDU has several kinds at once: see `kindsIn` of the core.
 */
import { type ApduKind, type LinkName, operationOf, opnumOf, type PduType, type X400FrameType } from '@mtalab/mta-core';

/** What the first octets of a PDU show. */
export type PduStart =
  /** The PDU's type and, for a request, the operation number. */
  | { readonly link: 'rpc'; readonly type: PduType; readonly opnum: number | null }
  | { readonly link: 'x400'; readonly isData: boolean };

/** The type of the PDU that has a kind and, for a request, the operation numbers. */
type Carrier = { readonly type: PduType; readonly opnums: readonly number[] | null };

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
  ...pduTypes.map((type): [string, Carrier] => [type, { type, opnums: null }]),
  ['data-bind', { type: 'bind', opnums: null }],
  ...Object.entries(apduCarriers),
  ...operationOf.flatMap((op): [string, Carrier][] => [
    [op, request(opnumOf[op])],
    [`${op}-answer`, response],
  ]),
]);

/** Kinds of a DATA TRANSFER with the synchronisation point behind it. */
const dataKinds: ReadonlySet<string> = new Set(['any', 'rttr', 'data', 'minor-sync', 'activity-end']);

/** PDUs of the transport and the session. `refuse` is an APDU on every link, so REFUSE is known as the `rtorj` in it. */
const x400Types: readonly (Exclude<X400FrameType, 'refuse'> | 'minor-sync' | 'activity-end')[] = [
  'connection-request',
  'connection-confirm',
  'disconnect-request',
  'connect',
  'accept',
  'finish',
  'disconnect',
  'abort',
  'abort-accept',
  'please-tokens',
  'give-tokens-confirm',
  'give-tokens-ack',
  'activity-start',
  'activity-resume',
  'data',
  'minor-sync',
  'minor-sync-ack',
  'activity-end',
  'activity-end-ack',
  'exception',
  'activity-interrupt',
  'activity-interrupt-ack',
  'activity-discard',
  'activity-discard-ack',
];

type KindGroup = { readonly what: string; readonly links: readonly LinkName[]; readonly kinds: readonly string[] };

/** All kinds, and the links that have them. */
export const faultKindGroups: readonly KindGroup[] = [
  { what: 'every PDU', links: ['lan', 'x400'], kinds: ['any'] },
  {
    what: 'APDUs',
    links: ['lan', 'x400'],
    kinds: Object.keys(apduCarriers).filter((kind) => kind !== 'please-noted'),
  },
  { what: 'an APDU of the LAN: the answer to a Turn-Please', links: ['lan'], kinds: ['please-noted'] },
  { what: 'PDUs of DCE/RPC', links: ['lan'], kinds: pduTypes },
  { what: 'a bind of a data connection', links: ['lan'], kinds: ['data-bind'] },
  { what: 'operations, and their answers', links: ['lan'], kinds: operationOf.flatMap((op) => [op, `${op}-answer`]) },
  { what: 'PDUs of the transport and the session', links: ['x400'], kinds: x400Types },
];

/** Every kind that a fault may name. */
export const faultKinds: readonly string[] = faultKindGroups.flatMap(({ kinds }) => kinds);

/** The links that have this kind. */
export function linksWithKind(kind: string): readonly LinkName[] {
  return faultKindGroups.find(({ kinds }) => kinds.includes(kind))?.links ?? [];
}

/** May the PDU that begins so turn out to be of `kind`? */
export function mayBecome(kind: string, start: PduStart): boolean {
  if (start.link === 'x400') {
    if (!linksWithKind(kind).includes('x400')) return false;
    return kind === 'any' || dataKinds.has(kind) === start.isData;
  }
  if (kind === 'any') return true;
  const carrier = carriers.get(kind);
  if (carrier === undefined || carrier.type !== start.type) return false;
  return carrier.opnums === null || start.opnum === null || carrier.opnums.includes(start.opnum);
}
