/** The X.400 connector for the network: a codec for each connection, and the limits that all of them share. */
import type { X400Frame } from '@mtalab/mta-core';
import type { ConnectionEnd, FrameCodec, FrameCodecs } from '../net/frame-codec.js';
import type { OutgoingOctets } from '../net/outgoing-octets.js';
import type { KeepContent, LoadContent } from '../rpc/content-octets.js';
import { StubBudget } from '../rpc/memory-limits.js';
import { defaultMaxStubBytes } from '../rpc/pdu-codec.js';
import { maxStrangerBytes, partialMessages } from '../rpc/rpc-codecs.js';
import { X400Codec } from './x400-codec.js';

export type X400CodecsOptions = {
  /** The longest TSDU that is put together from DTs, in octets: the largest message and room for its envelope. */
  readonly maxTsduBytes?: number;
  /** Octets that all TSDUs of which some DTs are missing may take up. Default: ten of the longest. */
  readonly maxPartialBytes?: number;
  /** Finds the octets of a stretch of a stored content, when its segment is sent. */
  readonly loadContent: LoadContent;
  /** Puts the octets of a segment that arrived aside. */
  readonly keepContent: KeepContent;
};

/** A frame, and the connection it passed. */
export type TracedFrame = {
  readonly direction: 'sent' | 'received';
  readonly conn: number;
  /** `address:port` of this end and of the other. */
  readonly local: string;
  readonly remote: string;
  readonly frame: X400Frame;
  /** The frame as on the wire, in its TPKTs. Valid during the call only. */
  readonly octets: Uint8Array;
};

/** Takes each frame of each connection. It must not throw. */
export type FrameTrace = (traced: TracedFrame) => void;

export class X400Codecs implements FrameCodecs<'x400'> {
  readonly maxFrameBytes: number;
  readonly #options: X400CodecsOptions;
  readonly #budget: StubBudget;
  readonly #open = new Map<ConnectionEnd, X400Codec>();
  #trace: FrameTrace | null = null;

  constructor(options: X400CodecsOptions) {
    this.#options = options;
    this.maxFrameBytes = options.maxTsduBytes ?? defaultMaxStubBytes;
    this.#budget = new StubBudget(options.maxPartialBytes ?? partialMessages * this.maxFrameBytes);
  }

  open(end: ConnectionEnd): FrameCodec<'x400'> {
    const { loadContent, keepContent } = this.#options;
    const codec = new X400Codec({
      maxTsduBytes: this.maxFrameBytes,
      maxStrangerBytes,
      budget: this.#budget,
      loadContent,
      keepContent,
    });
    this.#open.set(end, codec);
    if (this.#trace !== null) traceEnd(end, codec, this.#trace);
    return {
      encodeInto: (out: OutgoingOctets, frame: X400Frame): void => codec.encodeInto(out, frame),
      decode: (chunk, deliver) => codec.decode(chunk, deliver),
      release: () => {
        codec.release();
        this.#open.delete(end);
      },
    };
  }

  /** From now on, report each frame on every connection; null for none, which costs nothing. */
  traceFrames(trace: FrameTrace | null): void {
    this.#trace = trace;
    for (const [end, codec] of this.#open) traceEnd(end, codec, trace);
  }
}

function traceEnd(end: ConnectionEnd, codec: X400Codec, trace: FrameTrace | null): void {
  if (trace === null) codec.traceFrames(null);
  else {
    codec.traceFrames((direction, frame, octets) => {
      const { conn, local, remote } = end;
      trace({ direction, conn, local, remote, frame, octets });
    });
  }
}
