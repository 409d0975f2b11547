/** Frames to octets, for one end of one connection. */
import type { X400Frame } from '@mtalab/mta-core';
import type { OutgoingOctets } from '../net/outgoing-octets.js';
import { contentOf, type LoadContent } from '../rpc/content-octets.js';
import { headOctets } from './activity-head.js';
import { lengthBytes, putHeader } from './ber-writer.js';
import type { X400Conversation } from './conversation.js';
import { checkSerial, serialDigits } from './identifiers.js';
import { simplyEncoded } from './rtse-values.js';
import { plainTsdu } from './session-encoder.js';
import { pi, si } from './spdu.js';
import { putTpkt, tpktBytes } from './tpkt.js';
import {
  agreedSize,
  connectionTpdu,
  dataBytes,
  dataHeaderBytes,
  disconnectTpdu,
  lastOfTsdu,
  offeredSize,
  partHeaderBytes,
  tpduCode,
} from './transport-tpdus.js';

type Data = Extract<X400Frame, { type: 'data' }>;

/** GIVE TOKENS and the header of DATA TRANSFER. */
const dataSpduBytes = 4;
/** Octets of a synchronisation point or its acknowledgement, without the digits of the serial number. */
const syncBytes = 6;
const maxSerialDigits = 6;
const noOctets = new Uint8Array(0);

export class X400Encoder {
  readonly #conversation: X400Conversation;
  readonly #load: LoadContent;
  // The TSDU that is being written: where, octets of data in a whole DT, and octets left in this DT and in the TSDU.
  #at = 0;
  #partBytes = 0;
  #inPart = 0;
  #inTsdu = 0;

  constructor(conversation: X400Conversation, load: LoadContent) {
    this.#conversation = conversation;
    this.#load = load;
  }

  /**
   * Writes a frame behind what `out` holds.
   * @throws RangeError when it cannot be written, UnreadableContent when its content cannot be read; `out` is as before then.
   */
  encode(out: OutgoingOctets, frame: X400Frame): void {
    const conversation = this.#conversation;
    switch (frame.type) {
      case 'connection-request': {
        const { source } = frame;
        this.#tpdu(out, connectionTpdu({ code: tpduCode.connectionRequest, destination: 0, source, size: offeredSize }));
        conversation.offer = offeredSize;
        return;
      }
      case 'connection-confirm': {
        const { source, destination } = frame;
        if (conversation.offer === null) throw new RangeError('there is no CR to be confirmed');
        const size = agreedSize(conversation.offer);
        this.#tpdu(out, connectionTpdu({ code: tpduCode.connectionConfirm, destination, source, size }));
        conversation.tpduBytes = size.bytes;
        return;
      }
      case 'disconnect-request':
        this.#tpdu(out, disconnectTpdu(frame.destination, frame.reason));
        return;
      case 'data':
        this.#data(out, frame);
        return;
      case 'minor-sync-ack':
        this.#sync(out, si.minorSyncAck, frame.checkpoint);
        return;
      case 'activity-end-ack':
        this.#sync(out, si.activityEndAck, frame.checkpoint);
        return;
      default: {
        const tsdu = plainTsdu(frame);
        this.#begin(out, tsdu.length, 0);
        this.#part(out.writer.buf, tsdu);
        out.writer.pos = this.#at;
        if (frame.type === 'accept') conversation.hasSession = true;
      }
    }
  }

  #tpdu(out: OutgoingOctets, tpdu: Uint8Array): void {
    const at = out.begin(tpktBytes + tpdu.length);
    putTpkt(out.writer.buf, at, tpktBytes + tpdu.length);
    out.writer.buf.set(tpdu, at + tpktBytes);
    out.writer.pos = at + tpktBytes + tpdu.length;
  }

  #data(out: OutgoingOctets, { head, content, checkpoint, end }: Data): void {
    checkSerial(checkpoint);
    const prefix = head === undefined ? noOctets : headOctets(head);
    const octets = contentOf(content, this.#load);
    if (head !== undefined && octets.length > head.envelope.sizeBytes)
      throw new RangeError(`a segment of ${octets.length} octets begins a content of ${head.envelope.sizeBytes}`);
    const size = prefix.length + octets.length;
    const headerBytes = dataSpduBytes + 1 + lengthBytes(size);
    this.#begin(out, headerBytes + size, partHeaderBytes + syncBytes + maxSerialDigits);
    const { buf } = out.writer;
    const start = this.#at;
    buf[start] = si.giveTokens;
    buf[start + 1] = 0;
    buf[start + 2] = si.dataTransfer;
    buf[start + 3] = 0;
    this.#at = putHeader(buf, start + dataSpduBytes, simplyEncoded, size);
    this.#inPart -= headerBytes;
    this.#inTsdu -= headerBytes;
    this.#part(buf, prefix);
    this.#part(buf, octets);
    const at = putDataHeader(buf, this.#at, syncBytes + serialDigits(checkpoint), true);
    out.writer.pos = putSync(buf, at, end ? si.activityEnd : si.minorSync, checkpoint);
  }

  #sync(out: OutgoingOctets, code: number, serial: number): void {
    checkSerial(serial);
    this.#begin(out, syncBytes + serialDigits(serial), 0);
    out.writer.pos = putSync(out.writer.buf, this.#at, code, serial);
  }

  /** Makes room for a TSDU of this size and for `moreBytes` behind it, and begins its first DT. */
  #begin(out: OutgoingOctets, size: number, moreBytes: number): void {
    const { tpduBytes } = this.#conversation;
    if (tpduBytes === null) throw new RangeError('there is no transport connection');
    this.#partBytes = dataBytes(tpduBytes);
    const parts = Math.ceil(size / this.#partBytes);
    this.#at = out.begin(size + parts * partHeaderBytes + moreBytes);
    this.#inTsdu = size;
    this.#beginPart(out.writer.buf);
  }

  #beginPart(buf: Uint8Array): void {
    this.#inPart = Math.min(this.#inTsdu, this.#partBytes);
    this.#at = putDataHeader(buf, this.#at, this.#inPart, this.#inPart === this.#inTsdu);
  }

  /** Writes some octets of the TSDU. */
  #part(buf: Uint8Array, octets: Uint8Array): void {
    for (let from = 0; from < octets.length; ) {
      if (this.#inPart === 0) this.#beginPart(buf);
      const count = Math.min(this.#inPart, octets.length - from);
      buf.set(count === octets.length ? octets : octets.subarray(from, from + count), this.#at);
      this.#at += count;
      this.#inPart -= count;
      this.#inTsdu -= count;
      from += count;
    }
  }
}

/** The header of a DT with this many octets of data. @returns where the data starts. */
function putDataHeader(octets: Uint8Array, at: number, size: number, isLast: boolean): number {
  putTpkt(octets, at, partHeaderBytes + size);
  octets[at + tpktBytes] = dataHeaderBytes - 1;
  octets[at + tpktBytes + 1] = tpduCode.data;
  octets[at + tpktBytes + 2] = isLast ? lastOfTsdu : 0;
  return at + partHeaderBytes;
}

/** A synchronisation point or its acknowledgement. @returns its end. */
function putSync(octets: Uint8Array, at: number, code: number, serial: number): number {
  const digits = serialDigits(serial);
  octets[at] = si.giveTokens;
  octets[at + 1] = 0;
  octets[at + 2] = code;
  octets[at + 3] = 2 + digits;
  octets[at + 4] = pi.serialNumber;
  octets[at + 5] = digits;
  const end = at + syncBytes + digits;
  for (let place = end - 1, rest = serial; place >= at + syncBytes; place -= 1, rest = Math.floor(rest / 10))
    octets[place] = 0x30 + (rest % 10);
  return end;
}
