/** Reads both directions of a connection that passes a proxy. */
import type { Pdu, PduType } from '@mtalab/mta-core';
import { Conversation } from './conversation.js';
import { FragmentSplitter } from './fragment-splitter.js';
import { defaultMaxStubBytes, lengthOnly } from './pdu-codec.js';
import { PduDecoder } from './pdu-decoder.js';
import { callAt, flagsAt, MalformedPdu, pduFlag, typeAt } from './pdu-header.js';

export type TapFragment = {
  /** The fragment's octets as they came, to be passed on. */
  readonly raw: Buffer;
  /** Null for octets that are no PDU. */
  readonly type: PduType | null;
  readonly call: number;
  readonly first: boolean;
  readonly last: boolean;
  /** The whole PDU, with the last fragment of it. */
  readonly pdu: Pdu | null;
  /** Why these octets, and all that follow in this direction, are no PDU. */
  readonly malformed?: string;
};

/** One direction: octets in, fragments out. */
export class PduSplitter {
  readonly #splitter: FragmentSplitter;
  readonly #decoder: PduDecoder;
  #malformed: string | null = null;

  constructor(conversation: Conversation, maxStubBytes: number = defaultMaxStubBytes) {
    this.#splitter = new FragmentSplitter();
    this.#decoder = new PduDecoder(conversation, { maxStubBytes }, lengthOnly);
  }

  /**
   * Take what one read brought. Never throws: octets that are no PDU come out as they are, with the reason.
   * @returns the fragments that are complete now, in order; together they are all the octets there were, except the
   *   beginning of a fragment whose rest has not come.
   */
  push(chunk: Buffer): TapFragment[] {
    if (this.#malformed !== null) return [notPdu(chunk, this.#malformed)];
    const found: TapFragment[] = [];
    const { heldBack } = this.#splitter;
    let passedBytes = 0;
    try {
      this.#splitter.push(chunk, (octets, at, length) => {
        const pdu = this.#decoder.read(octets, at, length);
        const flags = flagsAt(octets, at);
        const type = typeAt(octets, at);
        // Only requests and responses come in several fragments.
        const isCall = type === 'request' || type === 'response';
        found.push({
          raw: octets.subarray(at, at + length),
          type,
          call: callAt(octets, at),
          first: !isCall || (flags & pduFlag.first) !== 0,
          last: !isCall || (flags & pduFlag.last) !== 0,
          pdu,
        });
        passedBytes += length;
        return true;
      });
    } catch (error) {
      if (!(error instanceof MalformedPdu)) throw error;
      this.#malformed = error.message;
      found.push(notPdu(Buffer.concat([heldBack, chunk]).subarray(passedBytes), error.message));
    }
    return found;
  }

  /** The beginning of a fragment whose rest has not come: what is left to pass on when the stream ends here. */
  get heldBack(): Buffer {
    return this.#splitter.heldBack;
  }
}

/**
 * Splits both directions of one connection, so that responses can be read by the operation they answer. Feed it in the
 * order in which octets arrive, before passing them on.
 */
export class ConnectionTap {
  readonly #client: PduSplitter;
  readonly #server: PduSplitter;

  /** @param options.maxStubBytes the longest stub that is put together from fragments. */
  constructor(options: { readonly maxStubBytes?: number } = {}) {
    const conversation = new Conversation();
    this.#client = new PduSplitter(conversation, options.maxStubBytes);
    this.#server = new PduSplitter(conversation, options.maxStubBytes);
  }

  /** What the side that dialled sent. */
  fromClient(chunk: Buffer): TapFragment[] {
    return this.#client.push(chunk);
  }

  /** What the side that listens sent. */
  fromServer(chunk: Buffer): TapFragment[] {
    return this.#server.push(chunk);
  }

  /** Beginnings of fragments whose rest has not come, by direction. */
  get heldBack(): { readonly client: Buffer; readonly server: Buffer } {
    return { client: this.#client.heldBack, server: this.#server.heldBack };
  }
}

function notPdu(raw: Buffer, malformed: string): TapFragment {
  return { raw, type: null, call: 0, first: false, last: false, pdu: null, malformed };
}
