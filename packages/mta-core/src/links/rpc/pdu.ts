/**
 * Connection-oriented DCE/RPC PDUs (C706 chapter 12, MS-RPCE) as plain data, with whole calls in place of fragments. The
 * transport package splits and joins the fragments.
 */
import type { RpcArgument, RpcResult } from './operations.js';
import type { ServiceArgument, ServiceResult } from './services.js';

/** `version`: the major number in the lower 16 bits, the minor one in the upper. */
export type Syntax = { readonly uuid: string; readonly version: number };
/** The LAN interface of the Exchange MTA. */
export const mtaInterface: Syntax = { uuid: '9e8ee830-4459-11ce-979b-00aa005ffebe', version: 2 };
/** The management interface of C706 (appendix Q). Every server has it, and tools ask it which interfaces the server serves. */
export const managementInterface: Syntax = { uuid: 'afa8bd80-7d8a-11c9-bef4-08002b102989', version: 1 };
/** The endpoint mapper of C706 (appendix O): which port serves an interface? */
export const mapperInterface: Syntax = { uuid: 'e1af8308-5d1f-11c9-91a4-08002b14a0fa', version: 3 };
/** The NDR transfer syntax. */
export const ndrSyntax: Syntax = { uuid: '8a885d04-1ceb-11c9-9fe8-08002b104860', version: 2 };
/** The largest fragment this runtime offers, in octets: a multiple of 8. */
export const maxFragmentBytes = 5840;

export type PresentationContext = { readonly id: number; readonly abstract: Syntax; readonly transfer: readonly Syntax[] };
/** Result 0 accepted, 2 provider rejection; reason 1 unknown interface, 2 unknown transfer syntax, 3 local limit. */
export type ContextResult = { readonly result: number; readonly reason: number; readonly transfer: Syntax };

/** bind_nak reasons: 0 not specified, 1 temporary congestion, 2 local limit exceeded, 4 protocol version not supported. */
export type NakReason = 0 | 1 | 2 | 4;

export type BindPdu = {
  readonly type: 'bind' | 'alter_context';
  readonly call: number;
  readonly maxXmit: number;
  readonly maxRecv: number;
  /** Association group: 0 asks for a new one. */
  readonly group: number;
  /** PFC_CONC_MPX: may several calls be outstanding? */
  readonly multiplex: boolean;
  readonly contexts: readonly PresentationContext[];
};
export type BindAckPdu = {
  readonly type: 'bind_ack' | 'alter_context_resp';
  readonly call: number;
  readonly maxXmit: number;
  readonly maxRecv: number;
  readonly group: number;
  readonly multiplex: boolean;
  readonly results: readonly ContextResult[];
};
export type BindNakPdu = { readonly type: 'bind_nak'; readonly call: number; readonly reason: NakReason };
export type RequestPdu = {
  readonly type: 'request';
  readonly call: number;
  readonly context: number;
  readonly opnum: number;
  /** The decoded stub; `bad` if it cannot be read (fault 000006f7), `unread` if the opnum is unknown. */
  readonly body: RpcArgument | ServiceArgument | { readonly op: 'bad'; readonly detail: string } | { readonly op: 'unread' };
};
export type ResponsePdu = {
  readonly type: 'response';
  readonly call: number;
  readonly context: number;
  readonly cancelCount: number;
  readonly body: RpcResult | ServiceResult | { readonly op: 'bad'; readonly detail: string };
};
export type FaultPdu = {
  readonly type: 'fault';
  readonly call: number;
  readonly context: number;
  readonly cancelCount: number;
  readonly status: number;
  /** PFC_DID_NOT_EXECUTE: the call surely had no effect. */
  readonly didNotExecute: boolean;
};
export type BareCallPdu = { readonly type: 'co_cancel' | 'orphaned' | 'shutdown'; readonly call: number };
export type Pdu = BindPdu | BindAckPdu | BindNakPdu | RequestPdu | ResponsePdu | FaultPdu | BareCallPdu;
export type PduType = Pdu['type'];

/** Fault status codes (C706 appendix E; 000006f7 is the stub's own RPC_X_BAD_STUB_DATA). */
export const faultStatus = {
  operationOutOfRange: 0x1c010002,
  unknownInterface: 0x1c010003,
  protocolError: 0x1c01000b,
  serverTooBusy: 0x1c010014,
  cancelled: 0x1c00000d,
  contextMismatch: 0x1c00001a,
  badStubData: 0x000006f7,
} as const;

/** Windows NT error numbers, as event log entries print them. */
export const ntError = {
  accessDenied: 5,
  outOfMemory: 14,
  unknownInterface: 1717,
  serverUnavailable: 1722,
  serverTooBusy: 1723,
  callFailed: 1726,
  callFailedDidNotExecute: 1727,
  protocolError: 1728,
  unsupportedTransferSyntax: 1730,
  operationOutOfRange: 1745,
  mapperCannot: 1752,
  notRegistered: 1753,
  badStubData: 1783,
  callCancelled: 1818,
  connectionReset: 10054,
  timedOut: 10060,
  connectionRefused: 10061,
  noData: 11004,
} as const;
