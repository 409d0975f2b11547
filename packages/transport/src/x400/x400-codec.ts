/** Frames to octets and back, for one end of one connection of the X.400 connector. */
import type { X400Frame } from '@mtalab/mta-core';
import { MalformedFrame } from '../net/frame-codec.js';
import type { OutgoingOctets } from '../net/outgoing-octets.js';
import type { KeepContent, LoadContent } from '../rpc/content-octets.js';
import { Unreadable } from '../rpc/field-checks.js';
import type { StubBudget } from '../rpc/memory-limits.js';
import { X400Conversation } from './conversation.js';
import { X400Encoder } from './frame-encoder.js';
import { SessionDecoder } from './session-decoder.js';
import { TpktSplitter, tpktBytes } from './tpkt.js';
import { agreedSize, dataHeaderBytes, lastOfTsdu, readConnectionTpdu, readDisconnectTpdu, tpduCode } from './transport-tpdus.js';
import { TsduAssembly } from './tsdu-assembly.js';

export type X400CodecOptions = {
  /** Shared with the codec that reads the other direction of a connection that passes a proxy. Default: its own. */
  readonly conversation?: X400Conversation;
  /** The longest TSDU. */
  readonly maxTsduBytes: number;
  /** The longest before the session is open. */
  readonly maxStrangerBytes: number;
  readonly budget: StubBudget;
  readonly loadContent: LoadContent;
  readonly keepContent: KeepContent;
};

/** Takes the frames of both directions, with their octets in TPKTs. The octets are valid during the call only. */
export type FrameListener = (direction: 'sent' | 'received', frame: X400Frame, octets: Uint8Array) => void;

export class X400Codec {
  readonly #options: X400CodecOptions;
  readonly #conversation: X400Conversation;
  readonly #encoder: X400Encoder;
  readonly #splitter = new TpktSplitter();
  readonly #assembly: TsduAssembly;
  readonly #session: SessionDecoder;
  readonly #each: (octets: Uint8Array, at: number, end: number) => boolean;
  #deliver: (frame: X400Frame) => boolean = () => true;
  #listener: FrameListener | null = null;
  /** While somebody listens: the packets of the frame that arrives. */
  #packets: Uint8Array[] = [];

  constructor(options: X400CodecOptions) {
    this.#options = options;
    this.#conversation = options.conversation ?? new X400Conversation();
    this.#encoder = new X400Encoder(this.#conversation, options.loadContent);
    this.#assembly = new TsduAssembly(options.budget);
    this.#session = new SessionDecoder(options.keepContent, options.budget);
    this.#each = (octets, at, end) => {
      if (this.#listener !== null) this.#packets.push(Uint8Array.from(octets.subarray(at - tpktBytes, end)));
      const frame = this.#read(octets, at, end);
      if (frame === null) return true;
      this.#listener?.('received', frame, Buffer.concat(this.#packets.splice(0)));
      return this.#deliver(frame);
    };
  }

  /** Report each frame to this listener from now on; null for none, which costs nothing. */
  traceFrames(listener: FrameListener | null): void {
    this.#listener = listener;
    this.#packets = [];
  }

  /**
   * Write a frame that this end sends behind what `out` holds.
   * @throws RangeError when it cannot be written, UnreadableContent when its content cannot be read; `out` is as before then.
   */
  encodeInto(out: OutgoingOctets, frame: X400Frame): void {
    const before = out.sizeBytes;
    this.#encoder.encode(out, frame);
    const { buf, pos } = out.writer;
    this.#listener?.('sent', frame, buf.subarray(pos - (out.sizeBytes - before), pos));
  }

  /**
   * Take what one read brought.
   * @param deliver called for each frame that is complete; returns whether to go on.
   * @throws MalformedFrame when the octets are no frame; nothing more can be read then. The link itself knows how to abort.
   */
  decode(chunk: Uint8Array, deliver: (frame: X400Frame) => boolean): void {
    this.#deliver = deliver;
    try {
      this.#splitter.push(chunk, this.#each);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      throw new MalformedFrame(error.message);
    }
  }

  /** Nothing more is read: drop what has arrived of an unfinished frame. */
  release(): void {
    this.#assembly.release();
    this.#session.release();
  }

  /** Reads a TPDU. @throws Unreadable */
  #read(octets: Uint8Array, at: number, end: number): X400Frame | null {
    const code = octets[at + 1] as number;
    switch (code) {
      case tpduCode.data:
        return this.#readData(octets, at, end);
      case tpduCode.connectionRequest:
        return this.#readRequest(octets, at, end);
      case tpduCode.connectionConfirm:
        return this.#readConfirm(octets, at, end);
      case tpduCode.disconnectRequest:
        return { type: 'disconnect-request', ...readDisconnectTpdu(octets, at, end) };
      default:
        throw new Unreadable(`TPDU ${code} is not known`);
    }
  }

  #readRequest(octets: Uint8Array, at: number, end: number): X400Frame {
    if (this.#conversation.offer !== null) throw new Unreadable('there is a second CR');
    const { source, size } = readConnectionTpdu(octets, at, end);
    this.#conversation.offer = size;
    return { type: 'connection-request', source };
  }

  #readConfirm(octets: Uint8Array, at: number, end: number): X400Frame {
    const conversation = this.#conversation;
    if (conversation.offer === null || conversation.tpduBytes !== null) throw new Unreadable('CC does not answer a CR');
    const { source, destination, size } = readConnectionTpdu(octets, at, end);
    conversation.tpduBytes = agreedSize(size).bytes;
    return { type: 'connection-confirm', source, destination };
  }

  #readData(octets: Uint8Array, at: number, end: number): X400Frame | null {
    const conversation = this.#conversation;
    const mark = octets[at + 2] as number;
    if (octets[at] !== dataHeaderBytes - 1 || (mark & ~lastOfTsdu) !== 0) throw new Unreadable('DT is not of class 0');
    if (conversation.tpduBytes === null) throw new Unreadable('there is DT before the transport connection');
    if (end - at > conversation.tpduBytes) throw new Unreadable(`DT is longer than ${conversation.tpduBytes} octets`);
    const { maxTsduBytes, maxStrangerBytes } = this.#options;
    const limitBytes = conversation.hasSession ? maxTsduBytes : maxStrangerBytes;
    const tsdu = this.#assembly.take(octets, at + dataHeaderBytes, end, mark === lastOfTsdu, limitBytes);
    if (tsdu === null) return null;
    const frame = this.#session.read(tsdu.octets, tsdu.at, tsdu.end);
    if (frame?.type === 'accept') conversation.hasSession = true;
    return frame;
  }
}
