/** TSDUs to frames: the SPDUs of one direction, and which of them may follow which (X.225 chapter 8 and 7). */
import type { ActivityHead, X400Frame } from '@mtalab/mta-core';
import type { KeepContent } from '../rpc/content-octets.js';
import { known, name, Unreadable } from '../rpc/field-checks.js';
import type { StubBudget } from '../rpc/memory-limits.js';
import { readHead } from './activity-head.js';
import { BerReader } from './ber-reader.js';
import { readActivityIdentifier, readCommonReference, readReference, readSerial } from './identifiers.js';
import { readAccept, readConnect, readRefuse, userDataOf } from './opening-decoder.js';
import { readAbortData, readPleaseData, simplyEncoded } from './rtse-values.js';
import { allTokens, released, userAbort } from './session-encoder.js';
import { reasonOfCode } from './session-reasons.js';
import { ParameterReader, pi, si } from './spdu.js';

/** A segment whose synchronisation point has not come. */
type Segment = { readonly octets: Uint8Array; readonly at: number; readonly end: number; readonly head: ActivityHead | null };

export class SessionDecoder {
  readonly #keep: KeepContent;
  readonly #budget: StubBudget;
  /** `started`: the first segment, with the head, must come. `going`: further segments, or the first after a resume. */
  #activity: 'none' | 'started' | 'going' = 'none';
  #segment: Segment | null = null;

  constructor(keep: KeepContent, budget: StubBudget) {
    this.#keep = keep;
    this.#budget = budget;
  }

  /** Forgets a segment whose synchronisation point has not come. */
  release(): void {
    if (this.#segment !== null) this.#budget.give(this.#segment.octets.length);
    this.#segment = null;
  }

  /**
   * Reads a TSDU.
   * @returns null for a DATA TRANSFER, which becomes a frame with the SPDU that follows.
   * @throws Unreadable, or MalformedFrame when there is no room for its content.
   */
  read(octets: Uint8Array, at: number, end: number): X400Frame | null {
    const isBehindTokens = end - at > 2 && octets[at] === si.giveTokens && octets[at + 1] === 0;
    const start = isBehindTokens ? at + 2 : at;
    if (end - start < 2) throw new Unreadable(`a TSDU of ${end - at} octets has no SPDU`);
    const code = octets[start] as number;
    let length = octets[start + 1] as number;
    let from = start + 2;
    if (length === 255) {
      if (end - from < 2) throw new Unreadable('the length of an SPDU is cut off');
      length = ((octets[from] as number) << 8) | (octets[from + 1] as number);
      from += 2;
    }
    if (isBehindTokens && code === si.dataTransfer) {
      if (length !== 0) throw new Unreadable('a DATA TRANSFER has parameters: it is a part of an SSDU');
      this.#takeData(octets, from, end);
      return null;
    }
    if (from + length !== end) throw new Unreadable(`SPDU ${code} says it has ${length} octets, but it has ${end - from}`);
    return isBehindTokens ? this.#readActivity(code, octets, from, end) : readKernel(code, octets, from, end);
  }

  #takeData(octets: Uint8Array, at: number, end: number): void {
    if (this.#activity === 'none') throw new Unreadable('there is DATA TRANSFER outside an activity');
    if (this.#segment !== null) throw new Unreadable('a DATA TRANSFER follows another without a synchronisation point');
    const reader = new BerReader(octets, at, end);
    const size = reader.header(simplyEncoded, 'user data of DATA TRANSFER');
    if (size !== end - reader.at) throw new Unreadable(`user data of DATA TRANSFER has ${end - reader.at} octets, not ${size}`);
    let head: ActivityHead | null = null;
    let contentAt = reader.at;
    if (this.#activity === 'started') ({ head, contentAt } = readHead(octets, reader.at, end));
    this.#budget.take(octets.length);
    this.#segment = { octets, at: contentAt, end, head };
  }

  #synchronized(checkpoint: number, end: boolean): X400Frame {
    const segment = this.#segment;
    if (segment === null) throw new Unreadable('a synchronisation point does not follow DATA TRANSFER');
    this.release();
    this.#activity = end ? 'none' : 'going';
    const content = this.#keep(segment.octets.subarray(segment.at, segment.end));
    if (segment.head === null) return { type: 'data', content, checkpoint, end };
    return { type: 'data', head: segment.head, content, checkpoint, end };
  }

  #begin(activity: 'started' | 'going'): void {
    if (this.#activity !== 'none') throw new Unreadable('an activity begins within another');
    this.#activity = activity;
  }

  #over(): void {
    this.release();
    this.#activity = 'none';
  }

  #readActivity(code: number, octets: Uint8Array, at: number, end: number): X400Frame {
    switch (code) {
      case si.minorSync:
        return this.#synchronized(onlySerial(octets, at, end), false);
      case si.activityEnd:
        return this.#synchronized(onlySerial(octets, at, end), true);
      case si.minorSyncAck:
        return { type: 'minor-sync-ack', checkpoint: onlySerial(octets, at, end) };
      case si.activityEndAck:
        return { type: 'activity-end-ack', checkpoint: onlySerial(octets, at, end) };
      case si.activityStart: {
        const reader = new ParameterReader(octets, at, end, 'ACTIVITY START');
        const activity = readActivityIdentifier(reader.value(pi.activityIdentifier));
        reader.finish();
        this.#begin('started');
        return { type: 'activity-start', activity };
      }
      case si.activityResume: {
        const frame = readResume(new ParameterReader(octets, at, end, 'ACTIVITY RESUME'));
        this.#begin('going');
        return frame;
      }
      case si.exceptionData:
        return { type: 'exception', reason: onlyReason(octets, at, end, 'EXCEPTION DATA') };
      case si.activityInterrupt: {
        const reason = onlyReason(octets, at, end, 'ACTIVITY INTERRUPT');
        this.#over();
        return { type: 'activity-interrupt', reason };
      }
      case si.activityDiscard: {
        const reason = onlyReason(octets, at, end, 'ACTIVITY DISCARD');
        this.#over();
        return { type: 'activity-discard', reason };
      }
      case si.activityInterruptAck:
        nothing(at, end, 'ACTIVITY INTERRUPT ACK');
        return { type: 'activity-interrupt-ack' };
      case si.activityDiscardAck:
        nothing(at, end, 'ACTIVITY DISCARD ACK');
        return { type: 'activity-discard-ack' };
      default:
        throw new Unreadable(`SPDU ${code} behind GIVE TOKENS is not known`);
    }
  }
}

/** SPDUs that stand alone. */
function readKernel(code: number, octets: Uint8Array, at: number, end: number): X400Frame {
  switch (code) {
    case si.connect:
      return readConnect(new ParameterReader(octets, at, end, 'CONNECT'));
    case si.accept:
      return readAccept(new ParameterReader(octets, at, end, 'ACCEPT'));
    case si.refuse:
      return readRefuse(new ParameterReader(octets, at, end, 'REFUSE'));
    case si.finish: {
      const reader = new ParameterReader(octets, at, end, 'FINISH');
      reader.fixed(pi.transportDisconnect, released);
      reader.finish();
      return { type: 'finish' };
    }
    case si.disconnect:
      nothing(at, end, 'DISCONNECT');
      return { type: 'disconnect' };
    case si.abort: {
      const reader = new ParameterReader(octets, at, end, 'ABORT');
      reader.fixed(pi.transportDisconnect, released | userAbort);
      const reason = readAbortData(userDataOf(reader));
      reader.finish();
      return { type: 'abort', reason };
    }
    case si.abortAccept:
      nothing(at, end, 'ABORT ACCEPT');
      return { type: 'abort-accept' };
    case si.pleaseTokens: {
      const reader = new ParameterReader(octets, at, end, 'PLEASE TOKENS');
      reader.fixed(pi.tokenItem, allTokens);
      const priority = readPleaseData(userDataOf(reader));
      reader.finish();
      return { type: 'please-tokens', priority };
    }
    case si.giveTokensConfirm:
      nothing(at, end, 'GIVE TOKENS CONFIRM');
      return { type: 'give-tokens-confirm' };
    case si.giveTokensAck:
      nothing(at, end, 'GIVE TOKENS ACK');
      return { type: 'give-tokens-ack' };
    default:
      throw new Unreadable(`SPDU ${code} is not known`);
  }
}

function nothing(at: number, end: number, what: string): void {
  if (at < end) throw new Unreadable(`${what} has parameters`);
}

function onlySerial(octets: Uint8Array, at: number, end: number): number {
  if (octets[at] !== pi.serialNumber || octets[at + 1] !== end - at - 2)
    throw new Unreadable('a synchronisation point or its acknowledgement has not exactly a serial number');
  return readSerial(octets, at + 2, end);
}

function onlyReason(octets: Uint8Array, at: number, end: number, what: string) {
  const reader = new ParameterReader(octets, at, end, what);
  const reason = known(reasonOfCode, reader.octet(pi.reasonCode), `reason of ${what}`);
  reader.finish();
  return reason;
}

function readResume(reader: ParameterReader): X400Frame {
  const link = reader.group(pi.linkingInformation);
  const association = name(readReference(link.value(pi.callingReference), 'association'), 'association');
  const openedAtMs = readCommonReference(link.value(pi.commonReference));
  const old = readActivityIdentifier(link.value(pi.activityIdentifier));
  link.value(pi.serialNumber);
  const checkpoint = readSerial(link.octets, link.start, link.end);
  link.finish();
  const activity = readActivityIdentifier(reader.value(pi.activityIdentifier));
  reader.finish();
  if (old !== activity) throw new Unreadable('ACTIVITY RESUME gives the activity a new identifier');
  return { type: 'activity-resume', activity, checkpoint, association, openedAtMs };
}
