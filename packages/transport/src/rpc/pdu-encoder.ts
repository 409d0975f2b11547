/** PDUs to octets: headers, stubs, fragments. */
import {
  type BindAckPdu,
  type BindPdu,
  isMtaBody,
  maxFragmentBytes,
  type Pdu,
  type PduType,
  type RequestPdu,
  type ResponsePdu,
} from '@mtalab/mta-core';
import type { OutgoingOctets } from '../net/outgoing-octets.js';
import type { LoadContent } from './content-octets.js';
import type { Conversation } from './conversation.js';
import { nilUuid, put16, put32, putUuid } from './little-endian.js';
import { requestPrefixBytes, responsePrefixBytes, writeArgument, writeResult } from './mta-stubs.js';
import { callHeaderBytes, headerBytes, pduFlag, putHeader, wholePdu } from './pdu-header.js';
import { serviceArgumentStub, serviceResultStub } from './service-stubs.js';
import type { StubReport } from './stub-trace.js';
import { noTraffic, type TrafficCounts } from './traffic-counts.js';

/** Any value but 0 does: it only says that the pointer is not null. */
const referent = 0x0002_0000;

export class PduEncoder {
  /** Takes each whole stub of the MTA interface; null costs nothing. */
  onStub: StubReport | null = null;
  readonly #conversation: Conversation;
  readonly #load: LoadContent;
  readonly #secondaryPort: number;
  readonly #counts: TrafficCounts;

  /**
   * @param secondaryPort the listening port that a bind_ack names as secondary address.
   * @param counts where fragments and calls are counted, and what an answer to `inq_stats` tells.
   */
  constructor(conversation: Conversation, load: LoadContent, secondaryPort: number, counts = noTraffic()) {
    this.#conversation = conversation;
    this.#load = load;
    this.#secondaryPort = secondaryPort;
    this.#counts = counts;
  }

  /**
   * Write a whole PDU, in as many fragments as it takes. A request or response whose body is `bad` or `unread` is
   * written with an empty stub.
   * @throws RangeError when it cannot be put into one fragment, UnreadableContent when its content cannot be read; nothing is
   * written then.
   */
  encode(out: OutgoingOctets, pdu: Pdu): void {
    const start = out.begin(estimateBytes(pdu));
    try {
      this.#write(out, start, pdu);
    } catch (error) {
      out.abandon(start);
      throw error;
    }
    const isCall = pdu.type === 'request' || pdu.type === 'response';
    if (pdu.type === 'request') this.#counts.callsOut += 1;
    if (!isCall) this.#counts.fragmentsOut += 1;
    this.#conversation.note(pdu);
  }

  #write(out: OutgoingOctets, start: number, pdu: Pdu): void {
    switch (pdu.type) {
      case 'request':
        this.#writeRequest(out, start, pdu);
        return;
      case 'response':
        this.#writeResponse(out, start, pdu);
        return;
      case 'fault': {
        const flags = wholePdu | (pdu.didNotExecute ? pduFlag.didNotExecute : 0);
        const buf = open(out, start, 32);
        putHeader(buf, start, 'fault', flags, 32, pdu.call);
        // A fault has no stub. Windows fills in the length of the fault, and clients expect that it is not 0.
        put32(buf, start + 16, 32);
        put16(buf, start + 20, pdu.context);
        put16(buf, start + 22, pdu.cancelCount & 0xff);
        put32(buf, start + 24, pdu.status);
        put32(buf, start + 28, 0);
        return;
      }
      case 'bind':
      case 'alter_context':
        writeBind(out, start, pdu);
        return;
      case 'bind_ack':
      case 'alter_context_resp':
        writeBindAck(out, start, pdu, pdu.type === 'bind_ack' ? `${this.#secondaryPort}\0` : '');
        return;
      case 'bind_nak': {
        const buf = open(out, start, 24);
        putHeader(buf, start, 'bind_nak', wholePdu, 24, pdu.call);
        put16(buf, start + 16, pdu.reason);
        // One version: 5.0. Three octets align the end.
        put32(buf, start + 18, 0x00_05_01);
        put16(buf, start + 22, 0);
        return;
      }
      case 'co_cancel':
      case 'orphaned':
      case 'shutdown':
        putHeader(open(out, start, headerBytes), start, pdu.type, wholePdu, headerBytes, pdu.call);
        return;
    }
  }

  #writeRequest(out: OutgoingOctets, start: number, pdu: RequestPdu): void {
    const { writer } = out;
    const { body } = pdu;
    const stub = start + callHeaderBytes;
    if (body.op === 'bad' || body.op === 'unread') writer.pos = stub;
    else if (!isMtaBody(body)) putStub(out, stub, serviceArgumentStub(body));
    else {
      writer.pos = stub + requestPrefixBytes;
      writeArgument(writer, body, this.#load);
      const cb = writer.pos - stub - requestPrefixBytes;
      put32(writer.buf, stub, cb);
      put32(writer.buf, stub + 4, cb);
      if (this.onStub !== null) this.onStub(pdu, body.op, writer.buf.subarray(stub, writer.pos));
    }
    this.#split(out, start, 'request', pdu.call, pdu.context, pdu.opnum);
  }

  #writeResponse(out: OutgoingOctets, start: number, pdu: ResponsePdu): void {
    const { writer } = out;
    const stub = start + callHeaderBytes;
    if (pdu.body.op === 'bad') writer.pos = stub;
    else if (!isMtaBody(pdu.body)) putStub(out, stub, serviceResultStub(pdu.body, this.#counts));
    else {
      writer.pos = stub + responsePrefixBytes;
      const returned = writeResult(writer, pdu.body, this.#load);
      const cb = writer.pos - stub - responsePrefixBytes;
      put32(writer.buf, stub, cb);
      put32(writer.buf, stub + 4, referent);
      put32(writer.buf, stub + 8, cb);
      const padBytes = -cb & 3;
      out.reserve(padBytes + 4);
      writer.buf.fill(0, writer.pos, writer.pos + padBytes);
      put32(writer.buf, writer.pos + padBytes, returned);
      writer.pos += padBytes + 4;
      if (this.onStub !== null) this.onStub(pdu, pdu.body.op, writer.buf.subarray(stub, writer.pos));
    }
    this.#split(out, start, 'response', pdu.call, pdu.context, pdu.cancelCount & 0xff);
  }

  /** Put headers before the stub that ends at the writer's position, moving its pieces apart from the last to the first. */
  #split(out: OutgoingOctets, start: number, type: PduType, call: number, context: number, word: number): void {
    const { writer } = out;
    const { fragmentBytes } = this.#conversation;
    const pieceBytes = fragmentBytes - callHeaderBytes;
    const stub = start + callHeaderBytes;
    const stubBytes = writer.pos - stub;
    const fragments = Math.max(1, Math.ceil(stubBytes / pieceBytes));
    this.#counts.fragmentsOut += fragments;
    if (fragments > 1) out.reserve(callHeaderBytes * (fragments - 1));
    const { buf } = writer;
    for (let index = fragments - 1; index >= 0; index -= 1) {
      const at = start + index * fragmentBytes;
      const leftBytes = stubBytes - index * pieceBytes;
      const length = Math.min(leftBytes, pieceBytes);
      const source = stub + index * pieceBytes;
      if (index > 0) buf.copyWithin(at + callHeaderBytes, source, source + length);
      const flags = (index === 0 ? pduFlag.first : 0) | (index === fragments - 1 ? pduFlag.last : 0);
      putHeader(buf, at, type, flags, callHeaderBytes + length, call);
      put32(buf, at + 16, leftBytes);
      put16(buf, at + 20, context);
      put16(buf, at + 22, word);
    }
    writer.pos += callHeaderBytes * (fragments - 1);
  }
}

/** Octets that are ready, as the stub that starts there. */
function putStub(out: OutgoingOctets, stub: number, octets: Uint8Array): void {
  const { writer } = out;
  writer.pos = stub;
  out.reserve(octets.length);
  writer.buf.set(octets, stub);
  writer.pos += octets.length;
}

/** The block, with the writer behind a PDU of this length. */
function open(out: OutgoingOctets, start: number, length: number): Uint8Array {
  const { writer } = out;
  if (length > maxFragmentBytes) throw new RangeError(`PDU of ${length} octets does not fit one fragment`);
  out.reserve(start + length - writer.pos);
  writer.pos = start + length;
  return writer.buf;
}

function estimateBytes(pdu: Pdu): number {
  if (pdu.type !== 'request' || pdu.body.op !== 'MtaSend' || pdu.body.apdu.kind !== 'rttr') return 512;
  const { length } = pdu.body.apdu.content;
  // The envelope, and a header for each fragment of at least 2048 octets.
  return 1024 + length + callHeaderBytes * (length >>> 10);
}

function flagsOf({ multiplex, headerSigning }: BindPdu | BindAckPdu): number {
  return wholePdu | (multiplex ? pduFlag.multiplex : 0) | (headerSigning ? pduFlag.headerSigning : 0);
}

function writeBind(out: OutgoingOctets, start: number, pdu: BindPdu): void {
  let length = headerBytes + 12;
  for (const context of pdu.contexts) length += 24 + 20 * context.transfer.length;
  const buf = open(out, start, length);
  putHeader(buf, start, pdu.type, flagsOf(pdu), length, pdu.call);
  put16(buf, start + 16, pdu.maxXmit);
  put16(buf, start + 18, pdu.maxRecv);
  put32(buf, start + 20, pdu.group);
  put32(buf, start + 24, pdu.contexts.length & 0xff);
  let at = start + headerBytes + 12;
  for (const context of pdu.contexts) {
    put16(buf, at, context.id);
    put16(buf, at + 2, context.transfer.length & 0xff);
    at += 4;
    for (const syntax of [context.abstract, ...context.transfer]) {
      putUuid(buf, at, syntax.uuid);
      put32(buf, at + 16, syntax.version);
      at += 20;
    }
  }
}

function writeBindAck(out: OutgoingOctets, start: number, pdu: BindAckPdu, secondaryAddress: string): void {
  const resultsAt = (headerBytes + 10 + secondaryAddress.length + 3) & ~3;
  const length = resultsAt + 4 + 24 * pdu.results.length;
  const buf = open(out, start, length);
  putHeader(buf, start, pdu.type, flagsOf(pdu), length, pdu.call);
  put16(buf, start + 16, pdu.maxXmit);
  put16(buf, start + 18, pdu.maxRecv);
  put32(buf, start + 20, pdu.group);
  put16(buf, start + 24, secondaryAddress.length);
  buf.fill(0, start + 26, start + resultsAt);
  for (let index = 0; index < secondaryAddress.length; index += 1) buf[start + 26 + index] = secondaryAddress.charCodeAt(index);
  put32(buf, start + resultsAt, pdu.results.length & 0xff);
  let at = start + resultsAt + 4;
  for (const { result, reason, transfer } of pdu.results) {
    put16(buf, at, result);
    put16(buf, at + 2, reason);
    putUuid(buf, at + 4, result === 0 ? transfer.uuid : nilUuid);
    put32(buf, at + 20, result === 0 ? transfer.version : 0);
    at += 24;
  }
}
