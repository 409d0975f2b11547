/**
 * The services of the RPC runtime itself: the management interface (C706 appendix Q) on every listening address, and the endpoint
 * mapper (C706 appendix O) on addresses of its own. It defines the arguments and results of their operations as plain data.
 */
import { managementInterface, mapperInterface, mtaInterface, type Syntax } from './pdu.js';

/** The interfaces that a presentation context may be for. */
export type RpcInterface = 'mta' | 'management' | 'mapper';

/** The interface that has this abstract syntax; undefined if it is unknown. Minor versions must be the same. */
export function interfaceOf({ uuid, version }: Syntax): RpcInterface | undefined {
  switch (uuid) {
    case mtaInterface.uuid:
      return version === mtaInterface.version ? 'mta' : undefined;
    case managementInterface.uuid:
      return version === managementInterface.version ? 'management' : undefined;
    case mapperInterface.uuid:
      return version === mapperInterface.version ? 'mapper' : undefined;
    default:
      return undefined;
  }
}

/** The protocol tower of an interface over TCP: its location, layer by layer. */
export type Tower = {
  readonly abstract: Syntax;
  readonly transfer: Syntax;
  /** 0 in a query. */
  readonly port: number;
  /** IPv4 address in dotted decimal; 0.0.0.0 in a query, and for an endpoint without an IPv4 address. */
  readonly address: string;
};

/** Where a lookup continues; all nil at its beginning and its end. */
export type LookupHandle = { readonly attributes: number; readonly uuid: string };

export const nilUuid = '00000000-0000-0000-0000-000000000000';
export const nilHandle: LookupHandle = { attributes: 0, uuid: nilUuid };

/** A registered endpoint. */
export type MapperEntry = { readonly object: string; readonly tower: Tower; readonly annotation: string };

export type ServiceArgument =
  | { readonly op: 'inq_if_ids' | 'is_server_listening' | 'stop_server_listening' }
  /** `most`: counters that the answer may hold. */
  | { readonly op: 'inq_stats'; readonly most: number }
  /** The server's principal name for an authentication service. `size`: characters that the answer may hold. */
  | { readonly op: 'inq_princ_name'; readonly service: number; readonly size: number }
  | {
      readonly op: 'ept_lookup';
      /** 0 all, 1 by interface, 2 by object, 3 by both. */
      readonly inquiry: number;
      readonly object: string | null;
      readonly abstract: Syntax | null;
      /** 1 all, 2 compatible, 3 exact, 4 same major number, 5 up to. */
      readonly versions: number;
      readonly handle: LookupHandle;
      /** Entries that the answer may hold. */
      readonly most: number;
    }
  | {
      readonly op: 'ept_map';
      readonly object: string | null;
      /** `none` for a null pointer, `other` for a tower that is not RPC over TCP. */
      readonly tower: Tower | 'none' | 'other';
      readonly handle: LookupHandle;
      readonly most: number;
    }
  | { readonly op: 'ept_lookup_handle_free'; readonly handle: LookupHandle };

/** `most` repeats the value of the call, because NDR returns the size of the caller's array. */
export type ServiceResult =
  | { readonly op: 'inq_if_ids'; readonly interfaces: readonly Syntax[]; readonly status: number }
  /**
   * Calls received, calls made, fragments received, fragments sent. Only the codec sees fragments, so it counts: the core says how
   * many counters it wants, and the codec puts their values into the stub.
   */
  | { readonly op: 'inq_stats'; readonly counters: number | readonly number[]; readonly status: number }
  | { readonly op: 'is_server_listening'; readonly listening: boolean; readonly status: number }
  | { readonly op: 'stop_server_listening'; readonly status: number }
  /** `size` repeats the value of the call. */
  | { readonly op: 'inq_princ_name'; readonly name: string; readonly size: number; readonly status: number }
  | {
      readonly op: 'ept_lookup';
      readonly handle: LookupHandle;
      readonly most: number;
      readonly entries: readonly MapperEntry[];
      readonly status: number;
    }
  | {
      readonly op: 'ept_map';
      readonly handle: LookupHandle;
      readonly most: number;
      readonly towers: readonly Tower[];
      readonly status: number;
    }
  | { readonly op: 'ept_lookup_handle_free'; readonly handle: LookupHandle; readonly status: number };

export type ServiceOperation = ServiceArgument['op'];

const operations: Readonly<Record<Exclude<RpcInterface, 'mta'>, Readonly<Record<number, ServiceOperation>>>> = {
  management: {
    0: 'inq_if_ids',
    1: 'inq_stats',
    2: 'is_server_listening',
    3: 'stop_server_listening',
    4: 'inq_princ_name',
  },
  mapper: { 2: 'ept_lookup', 3: 'ept_map', 4: 'ept_lookup_handle_free' },
};

/** Operation numbers. The two interfaces have no operation in common. */
export const serviceOpnumOf: Readonly<Record<ServiceOperation, number>> = {
  inq_if_ids: 0,
  inq_stats: 1,
  is_server_listening: 2,
  stop_server_listening: 3,
  inq_princ_name: 4,
  ept_lookup: 2,
  ept_map: 3,
  ept_lookup_handle_free: 4,
};

/** The operation with this number; undefined when it is not served here. */
export function serviceOperation(serves: Exclude<RpcInterface, 'mta'>, opnum: number): ServiceOperation | undefined {
  return operations[serves][opnum];
}

/** How many counters `inq_stats` can tell (C706 appendix Q, rpc_c_stats_). */
export const countersKept = 4;

/** Status codes of the mapper (C706 appendix E, ept_s_) and of the management interface, where Windows has Windows errors. */
export const serviceStatus = {
  ok: 0,
  accessDenied: 5,
  unknownAuthenticationService: 1747,
  invalidInquiryType: 0x16c9a0a9,
  invalidVersionOption: 0x16c9a0bd,
  cannotPerform: 0x16c9a0cd,
  /** Not registered; no more entries. */
  notRegistered: 0x16c9a0d6,
} as const;
