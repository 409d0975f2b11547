/** Fragments to PDUs. */
import type {
  BindAckPdu,
  BindPdu,
  ContextResult,
  FaultPdu,
  NakReason,
  Pdu,
  PresentationContext,
  RequestPdu,
  ResponsePdu,
  RpcOperation,
  Syntax,
} from '@mtalab/mta-core';
import { operationOf } from '@mtalab/mta-core';
import { refuseAuthentication } from './authentication.js';
import { CallAssembly, type WholeCall } from './call-assembly.js';
import type { KeepContent } from './content-octets.js';
import type { Conversation } from './conversation.js';
import { get8, get16, get32, getUuid } from './little-endian.js';
import type { StubLimits } from './memory-limits.js';
import { readArgument, readResult } from './mta-stubs.js';
import { callAt, callHeaderBytes, flagsAt, headerBytes, MalformedPdu, pduFlag, typeAt } from './pdu-header.js';
import { readServiceArgument, readServiceResult } from './service-stubs.js';
import type { StubReport } from './stub-trace.js';
import type { TrafficCounts } from './traffic-counts.js';

/** Presentation contexts in one bind; the answer to these fits the smallest fragment. */
const contextsLimit = 64;

export class PduDecoder {
  /** Takes each whole stub of the MTA interface; null costs nothing. */
  onStub: StubReport | null = null;
  readonly #conversation: Conversation;
  readonly #assembly: CallAssembly;
  readonly #keep: KeepContent;
  readonly #counts: TrafficCounts | null;

  /**
   * @param keep puts the octets of each content aside.
   * @param counts where fragments and calls are counted; null for nowhere.
   */
  constructor(conversation: Conversation, limits: StubLimits, keep: KeepContent, counts: TrafficCounts | null = null) {
    this.#conversation = conversation;
    this.#assembly = new CallAssembly(conversation, limits);
    this.#keep = keep;
    this.#counts = counts;
  }

  /** Forget the calls of which not all fragments are here. */
  release(): void {
    this.#assembly.release();
  }

  /**
   * Read one fragment whose header has been checked.
   * @returns the PDU that it completes, or null when more fragments must come.
   * @throws MalformedPdu
   */
  read(octets: Buffer, at: number, length: number): Pdu | null {
    if (this.#counts !== null) this.#counts.fragmentsIn += 1;
    refuseAuthentication(octets, at, length);
    const type = typeAt(octets, at);
    const pdu =
      type === 'request' || type === 'response' ? this.#readCall(type, octets, at, length) : this.#readOther(octets, at, length);
    if (pdu !== null) this.#conversation.note(pdu);
    return pdu;
  }

  #readOther(octets: Buffer, at: number, length: number): Pdu {
    const type = typeAt(octets, at);
    const call = callAt(octets, at);
    switch (type) {
      case 'co_cancel':
      case 'orphaned':
      case 'shutdown':
        // As on Windows, a client that has orphaned an incomplete call goes on with its fragments.
        return { type, call };
      case 'fault':
        // A server may give up in the middle of a response.
        this.#assembly.release(call);
        return readFault(octets, at, length);
      case 'bind':
      case 'alter_context':
        return readBind(octets, at, length, type);
      case 'bind_ack':
      case 'alter_context_resp':
        return readBindAck(octets, at, length, type);
      default:
        atLeast(length, headerBytes + 2, 'bind_nak');
        return { type: 'bind_nak', call, reason: nakReason(get16(octets, at + 16)) };
    }
  }

  #readCall(type: 'request' | 'response', octets: Buffer, at: number, length: number): Pdu | null {
    const flags = flagsAt(octets, at);
    const headBytes = callHeaderBytes + (type === 'request' && (flags & pduFlag.object) !== 0 ? 16 : 0);
    atLeast(length, headBytes, type);
    const whole = this.#assembly.take({
      type,
      flags,
      call: callAt(octets, at),
      context: get16(octets, at + 20),
      word: type === 'request' ? get16(octets, at + 22) : get8(octets, at + 22),
      hintBytes: get32(octets, at + 16),
      octets,
      start: at + headBytes,
      end: at + length,
    });
    if (whole === null) return null;
    return type === 'request' ? this.#readRequest(whole) : this.#readResponse(whole);
  }

  #readRequest({ call, context, word, octets, start, end }: WholeCall): RequestPdu {
    const type = 'request';
    if (this.#counts !== null) this.#counts.callsIn += 1;
    const serves = this.#conversation.interfaceOf(context);
    if (serves === 'management' || serves === 'mapper')
      return { type, call, context, opnum: word, body: readServiceArgument(serves, word, octets, start, end) };
    const isKnown = word < operationOf.length && serves === 'mta';
    const body = isKnown ? readArgument(word, octets, start, end, this.#keep) : ({ op: 'unread' } as const);
    const pdu: RequestPdu = { type, call, context, opnum: word, body };
    if (this.onStub !== null && isKnown) this.onStub(pdu, operationOf[word] as RpcOperation, octets.subarray(start, end));
    return pdu;
  }

  #readResponse({ call, context, word: cancelCount, octets, start, end }: WholeCall): ResponsePdu {
    const head = { type: 'response', call, context, cancelCount } as const;
    const opnum = this.#conversation.opnumOf(call);
    if (opnum === undefined) return { ...head, body: { op: 'bad', detail: `answers call ${call}, which is not waiting` } };
    const serves = this.#conversation.calledInterface(call);
    if (serves !== 'mta') return { ...head, body: readServiceResult(serves, opnum, octets, start, end) };
    const pdu: ResponsePdu = { ...head, body: readResult(opnum, octets, start, end, this.#keep) };
    if (this.onStub !== null) this.onStub(pdu, operationOf[opnum] as RpcOperation, octets.subarray(start, end));
    return pdu;
  }
}

function atLeast(length: number, bytes: number, what: string): void {
  if (length < bytes) throw new MalformedPdu(`${what} of ${length} octets is cut off`);
}

function readFault(octets: Buffer, at: number, length: number): FaultPdu {
  atLeast(length, 28, 'fault');
  return {
    type: 'fault',
    call: callAt(octets, at),
    context: get16(octets, at + 20),
    cancelCount: get8(octets, at + 22),
    status: get32(octets, at + 24),
    didNotExecute: (flagsAt(octets, at) & pduFlag.didNotExecute) !== 0,
  };
}

/** Reasons that this runtime never gives mean no more to it than "not specified". */
function nakReason(reason: number): NakReason {
  return reason === 1 || reason === 2 || reason === 4 || reason === 8 ? reason : 0;
}

function readSyntax(octets: Buffer, at: number): Syntax {
  return { uuid: getUuid(octets, at), version: get32(octets, at + 16) };
}

function readBind(octets: Buffer, start: number, length: number, type: BindPdu['type']): BindPdu {
  // A list of no contexts may end with its length.
  atLeast(length, headerBytes + 9, type);
  const end = start + length;
  const contextCount = get8(octets, start + 24);
  if (contextCount > contextsLimit)
    throw new MalformedPdu(`${type} with ${contextCount} presentation contexts, more than ${contextsLimit}`);
  const contexts: PresentationContext[] = [];
  let at = start + headerBytes + 12;
  for (let count = 0; count < contextCount; count += 1) {
    atLeast(end - at, 24, `presentation context in ${type}`);
    const id = get16(octets, at);
    const syntaxCount = get8(octets, at + 2);
    const abstract = readSyntax(octets, at + 4);
    at += 24;
    atLeast(end - at, 20 * syntaxCount, `list of transfer syntaxes in ${type}`);
    const transfer: Syntax[] = [];
    for (let index = 0; index < syntaxCount; index += 1, at += 20) transfer.push(readSyntax(octets, at));
    contexts.push({ id, abstract, transfer });
  }
  return {
    type,
    call: callAt(octets, start),
    maxXmit: get16(octets, start + 16),
    maxRecv: get16(octets, start + 18),
    group: get32(octets, start + 20),
    multiplex: (flagsAt(octets, start) & pduFlag.multiplex) !== 0,
    headerSigning: (flagsAt(octets, start) & pduFlag.headerSigning) !== 0,
    contexts,
  };
}

function readBindAck(octets: Buffer, start: number, length: number, type: BindAckPdu['type']): BindAckPdu {
  atLeast(length, headerBytes + 10, type);
  const resultsAt = (headerBytes + 10 + get16(octets, start + 24) + 3) & ~3;
  atLeast(length, resultsAt + 4, type);
  const resultCount = get8(octets, start + resultsAt);
  if (resultCount > contextsLimit) throw new MalformedPdu(`${type} with ${resultCount} results, more than ${contextsLimit}`);
  atLeast(length, resultsAt + 4 + 24 * resultCount, type);
  const results: ContextResult[] = [];
  for (let index = 0, at = start + resultsAt + 4; index < resultCount; index += 1, at += 24) {
    results.push({ result: get16(octets, at), reason: get16(octets, at + 2), transfer: readSyntax(octets, at + 4) });
  }
  return {
    type,
    call: callAt(octets, start),
    maxXmit: get16(octets, start + 16),
    maxRecv: get16(octets, start + 18),
    group: get32(octets, start + 20),
    multiplex: (flagsAt(octets, start) & pduFlag.multiplex) !== 0,
    headerSigning: (flagsAt(octets, start) & pduFlag.headerSigning) !== 0,
    results,
  };
}
