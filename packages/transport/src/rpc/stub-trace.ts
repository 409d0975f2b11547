/** Reports of the stubs of the MTA interface that a connection has sent or received. */
import type { RequestPdu, ResponsePdu, RpcOperation } from '@mtalab/mta-core';

/** A call or an answer of the MTA interface, read. */
export type StubPdu = RequestPdu | ResponsePdu;

/** Takes a whole stub, before its fragments are made or after they are joined. The octets are valid during the call only. */
export type StubReport = (pdu: StubPdu, operation: RpcOperation, stub: Uint8Array) => void;

/** Takes the stubs of both directions of one codec. */
export type StubListener = (direction: 'sent' | 'received', ...stub: Parameters<StubReport>) => void;

/** A stub, and the connection it passed. */
export type TracedStub = {
  readonly direction: 'sent' | 'received';
  readonly conn: number;
  /** `address:port` of this end and of the other. */
  readonly local: string;
  readonly remote: string;
  readonly operation: RpcOperation;
  readonly pdu: StubPdu;
  /** The whole stub. Valid during the call only. */
  readonly stub: Uint8Array;
};

/** Takes each stub of each connection. It must not throw. */
export type StubTrace = (traced: TracedStub) => void;
