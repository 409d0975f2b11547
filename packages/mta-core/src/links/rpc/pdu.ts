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
/** The 64-bit NDR transfer syntax (MS-RPCE 2.2.5). This runtime knows the name and does not speak it. */
export const ndr64Syntax: Syntax = { uuid: '71710533-beba-4937-8319-b5dbef9ccc36', version: 1 };
/**
 * Bind time feature negotiation (MS-RPCE 3.3.1.5.3): a transfer syntax whose UUID begins with this, version 1. The next octet has
 * the features that the client asks for.
 */
export const bindTimePrefix = '6cb71c2c-9812-4540-';
/** The largest fragment this runtime offers, in octets: a multiple of 8. */
export const maxFragmentBytes = 5840;

export type PresentationContext = { readonly id: number; readonly abstract: Syntax; readonly transfer: readonly Syntax[] };
/**
 * Result 0 accepted, 2 provider rejection, 3 the answer to bind time feature negotiation. Reason of 2: 1 unknown interface, 2 unknown
 * transfer syntax, 3 local limit. Reason of 3: the features that both sides have (1 security context multiplexing, 2 the connection
 * outlives an orphaned call).
 */
export type ContextResult = { readonly result: number; readonly reason: number; readonly transfer: Syntax };

/**
 * bind_nak reasons: 0 not specified, 1 temporary congestion, 2 local limit exceeded, 4 protocol version not supported, 8 authentication
 * type not recognized.
 */
export type NakReason = 0 | 1 | 2 | 4 | 8;

export type BindPdu = {
  readonly type: 'bind' | 'alter_context';
  readonly call: number;
  readonly maxXmit: number;
  readonly maxRecv: number;
  /** Association group: 0 asks for a new one. */
  readonly group: number;
  /** PFC_CONC_MPX: may several calls be outstanding? */
  readonly multiplex: boolean;
  /** PFC_SUPPORT_HEADER_SIGN: can the client sign headers? A server that can says so too; without security it has no effect. */
  readonly headerSigning: boolean;
  readonly contexts: readonly PresentationContext[];
};
export type BindAckPdu = {
  readonly type: 'bind_ack' | 'alter_context_resp';
  readonly call: number;
  readonly maxXmit: number;
  readonly maxRecv: number;
  readonly group: number;
  readonly multiplex: boolean;
  readonly headerSigning: boolean;
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

/** Fault status codes: those of C706 appendix E, and the Windows errors that servers of Windows put there. */
export const faultStatus = {
  operationOutOfRange: 0x1c010002,
  unknownInterface: 0x1c010003,
  protocolError: 0x1c01000b,
  serverTooBusy: 0x1c010014,
  cancelled: 0x1c00000d,
  contextMismatch: 0x1c00001a,
  badStubData: 0x000006f7,
  accessDenied: 0x00000005,
  noCallActive: 0x000006bd,
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
  duplicateEndpoint: 1740,
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
