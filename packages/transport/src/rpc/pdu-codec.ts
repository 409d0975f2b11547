/** PDUs to octets and back, for one end of one connection. */
import type { ContentHandle, Pdu } from '@mtalab/mta-core';
import { OutgoingOctets } from '../net/outgoing-octets.js';
import type { KeepContent, LoadContent } from './content-octets.js';
import { Conversation } from './conversation.js';
import { FragmentSplitter } from './fragment-splitter.js';
import type { StubLimits } from './memory-limits.js';
import { PduDecoder } from './pdu-decoder.js';
import { PduEncoder } from './pdu-encoder.js';
import type { StubListener } from './stub-trace.js';
import { noTraffic, type TrafficCounts } from './traffic-counts.js';

/** The largest content by default (64 MiB), and a mebibyte for its envelope. */
export const defaultMaxStubBytes = 67_108_864 + 1_048_576;

/** `maxStubBytes`: by default room for the largest message. */
export type CodecOptions = Partial<StubLimits> & {
  /** Finds the octets of a content that is sent. Default: there are none to be sent. */
  readonly loadContent?: LoadContent;
  /** Puts the octets of a content that arrived aside. Default: only their number is kept. */
  readonly keepContent?: KeepContent;
  /** The listening port that a bind_ack names as secondary address. */
  readonly secondaryPort?: number;
  /** Where fragments and calls are counted. Default: for this connection alone. */
  readonly counts?: TrafficCounts;
};

export class PduCodec {
  readonly #encoder: PduEncoder;
  readonly #splitter: FragmentSplitter;
  readonly #decoder: PduDecoder;
  readonly #each: (octets: Buffer, at: number, length: number) => boolean;
  #deliver: (pdu: Pdu) => boolean = () => true;

  constructor(options: CodecOptions = {}) {
    const conversation = new Conversation();
    const { loadContent = nothingStored, secondaryPort = 0, counts = noTraffic() } = options;
    this.#encoder = new PduEncoder(conversation, loadContent, secondaryPort, counts);
    this.#splitter = new FragmentSplitter();
    this.#decoder = new PduDecoder(
      conversation,
      { ...options, maxStubBytes: options.maxStubBytes ?? defaultMaxStubBytes },
      options.keepContent ?? lengthOnly,
      counts,
    );
    this.#each = (octets, at, length) => {
      const pdu = this.#decoder.read(octets, at, length);
      return pdu === null || this.#deliver(pdu);
    };
  }

  /** Report each stub of the MTA interface to this listener from now on; null for none, which costs nothing. */
  traceStubs(listener: StubListener | null): void {
    this.#encoder.onStub = listener === null ? null : (...stub) => listener('sent', ...stub);
    this.#decoder.onStub = listener === null ? null : (...stub) => listener('received', ...stub);
  }

  /**
   * Write a PDU that this end sends behind what `out` holds.
   * @throws RangeError when it cannot be written; `out` is as before then.
   */
  encodeInto(out: OutgoingOctets, pdu: Pdu): void {
    this.#encoder.encode(out, pdu);
  }

  /** The octets of a PDU that this end sends. */
  encode(pdu: Pdu): Buffer {
    const out = new OutgoingOctets();
    this.#encoder.encode(out, pdu);
    return Buffer.concat(out.take());
  }

  /**
   * Take what one read brought.
   * @param deliver called for each PDU that is complete; returns whether to go on.
   * @throws MalformedPdu when the octets are no PDU; nothing more can be read then.
   */
  decode(chunk: Buffer, deliver: (pdu: Pdu) => boolean): void {
    this.#deliver = deliver;
    this.#splitter.push(chunk, this.#each);
  }

  /** Nothing more is read: drop what has arrived of an unfinished call. */
  release(): void {
    this.#decoder.release();
  }
}

function nothingStored(): never {
  throw new RangeError('this codec has no contents to send');
}

/** Keeps no octets: for readers that look at calls only. */
export function lengthOnly(octets: Uint8Array): ContentHandle {
  return { length: octets.length };
}
