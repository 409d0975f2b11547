/** Fragments to PDUs. */
import type {
  BindAckPdu,
  BindPdu,
  ContextResult,
  FaultPdu,
  NakReason,
  Pdu,
  PresentationContext,
  RpcOperation,
  Syntax,
} from '@mtalab/mta-core';
import { operationOf } from '@mtalab/mta-core';
import type { KeepContent } from './content-octets.js';
import type { Conversation } from './conversation.js';
import { get8, get16, get32, getUuid } from './little-endian.js';
import type { StubLimits } from './memory-limits.js';
import { readArgument, readResult } from './mta-stubs.js';
import { callAt, callHeaderBytes, flagsAt, headerBytes, MalformedPdu, pduFlag, typeAt } from './pdu-header.js';
import { readServiceArgument, readServiceResult } from './service-stubs.js';
import type { StubReport } from './stub-trace.js';

/** Presentation contexts in one bind; the answer to these fits the smallest fragment. */
const contextsLimit = 64;
const firstStubBytes = 65_536;

/** A call of which some fragments, but not the last, are here. */
type PartialCall = {
  readonly type: 'request' | 'response';
  readonly call: number;
  readonly context: number;
  /** Operation number of a request, cancel count of a response. */
  readonly word: number;
  readonly limitBytes: number;
  stub: Buffer;
  stubBytes: number;
};

export class PduDecoder {
  /** Takes each whole stub of the MTA interface; null costs nothing. */
  onStub: StubReport | null = null;
  readonly #conversation: Conversation;
  readonly #limits: StubLimits;
  readonly #keep: KeepContent;
  /** One at most: the fragments of one call are never interleaved with another's. */
  #partial: PartialCall | null = null;

  /** @param keep puts the octets of each content aside. */
  constructor(conversation: Conversation, limits: StubLimits, keep: KeepContent) {
    this.#conversation = conversation;
    this.#limits = limits;
    this.#keep = keep;
  }

  /** Forget the call of which not all fragments are here. */
  release(): void {
    if (this.#partial === null) return;
    this.#limits.budget?.give(this.#partial.stub.length);
    this.#partial = null;
  }

  /**
   * Read one fragment whose header has been checked.
   * @returns the PDU that it completes, or null when more fragments must come.
   * @throws MalformedPdu
   */
  read(octets: Buffer, at: number, length: number): Pdu | null {
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
        if (type === 'orphaned' && this.#partial?.call === call) this.release();
        return { type, call };
      case 'fault':
        // A server may give up in the middle of a response.
        if (this.#partial?.call === call) this.release();
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
    const call = callAt(octets, at);
    const headBytes = callHeaderBytes + (type === 'request' && (flags & pduFlag.object) !== 0 ? 16 : 0);
    atLeast(length, headBytes, type);
    if ((flags & pduFlag.first) !== 0) {
      if (this.#partial !== null)
        throw new MalformedPdu(`${type} ${call} begins within the fragments of call ${this.#partial.call}`);
      const context = get16(octets, at + 20);
      const word = type === 'request' ? get16(octets, at + 22) : get8(octets, at + 22);
      if ((flags & pduFlag.last) !== 0) {
        const { maxStubBytes } = this.#limits;
        if (length - headBytes > maxStubBytes) tooLong(type, call, maxStubBytes);
        return this.#finish(type, call, context, word, octets, at + headBytes, at + length);
      }
      const hintBytes = Math.min(Math.max(get32(octets, at + 16), length), firstStubBytes);
      this.#limits.budget?.take(hintBytes);
      const limitBytes = this.#limitOf(type, context);
      this.#partial = { type, call, context, word, limitBytes, stub: Buffer.allocUnsafeSlow(hintBytes), stubBytes: 0 };
    }
    const partial = this.#partial;
    if (partial === null || partial.call !== call || partial.type !== type) {
      throw new MalformedPdu(`a later fragment of ${type} ${call} without its first`);
    }
    this.#append(partial, octets, at + headBytes, at + length);
    if ((flags & pduFlag.last) === 0) return null;
    this.release();
    return this.#finish(type, call, partial.context, partial.word, partial.stub, 0, partial.stubBytes);
  }

  /** Stubs are copied together: a stranger's tiny fragments must not hold on to what each read brought. */
  #append(partial: PartialCall, octets: Buffer, start: number, end: number): void {
    const neededBytes = partial.stubBytes + end - start;
    const { limitBytes } = partial;
    if (neededBytes > limitBytes) tooLong(partial.type, partial.call, limitBytes);
    if (neededBytes > partial.stub.length) {
      const largerBytes = Math.max(neededBytes, Math.min(partial.stub.length * 2, limitBytes));
      this.#limits.budget?.take(largerBytes - partial.stub.length);
      const larger = Buffer.allocUnsafeSlow(largerBytes);
      partial.stub.copy(larger, 0, 0, partial.stubBytes);
      partial.stub = larger;
    }
    partial.stubBytes += octets.copy(partial.stub, partial.stubBytes, start, end);
  }

  /** Only the calls of an association carry mail. All other calls, and all answers, are short. */
  #limitOf(type: 'request' | 'response', context: number): number {
    const { maxStubBytes, maxStrangerBytes = maxStubBytes, isAssociated } = this.#limits;
    const carriesMail = type === 'request' && this.#conversation.interfaceOf(context) === 'mta' && isAssociated?.() === true;
    return carriesMail ? maxStubBytes : Math.min(maxStrangerBytes, maxStubBytes);
  }

  #finish(
    type: 'request' | 'response',
    call: number,
    context: number,
    word: number,
    octets: Buffer,
    start: number,
    end: number,
  ): Pdu {
    if (type === 'request') {
      const serves = this.#conversation.interfaceOf(context);
      if (serves === 'management' || serves === 'mapper')
        return { type, call, context, opnum: word, body: readServiceArgument(serves, word, octets, start, end) };
      const isKnown = word < operationOf.length && serves === 'mta';
      const body = isKnown ? readArgument(word, octets, start, end, this.#keep) : ({ op: 'unread' } as const);
      const pdu = { type, call, context, opnum: word, body };
      if (this.onStub !== null && isKnown) this.onStub(pdu, operationOf[word] as RpcOperation, octets.subarray(start, end));
      return pdu;
    }
    const opnum = this.#conversation.opnumOf(call);
    if (opnum === undefined)
      return {
        type,
        call,
        context,
        cancelCount: word,
        body: { op: 'bad', detail: `answers call ${call}, which is not waiting` },
      };
    const serves = this.#conversation.calledInterface(call);
    if (serves !== 'mta')
      return { type, call, context, cancelCount: word, body: readServiceResult(serves, opnum, octets, start, end) };
    const pdu = { type, call, context, cancelCount: word, body: readResult(opnum, octets, start, end, this.#keep) };
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
  return reason === 1 || reason === 2 || reason === 4 ? reason : 0;
}

function readSyntax(octets: Buffer, at: number): Syntax {
  return { uuid: getUuid(octets, at), version: get32(octets, at + 16) };
}

function readBind(octets: Buffer, start: number, length: number, type: BindPdu['type']): BindPdu {
  atLeast(length, headerBytes + 12, type);
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
    contexts,
  };
}

function tooLong(type: string, call: number, limitBytes: number): never {
  throw new MalformedPdu(`stub of ${type} ${call} is longer than ${limitBytes} octets`);
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
    results,
  };
}
