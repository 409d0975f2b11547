/** Reads both directions of a connection of the X.400 connector that passes a proxy. Keeps no contents. */
import type { X400Frame } from '@mtalab/mta-core';
import { MalformedFrame } from '../net/frame-codec.js';
import { Unreadable } from '../rpc/field-checks.js';
import { StubBudget } from '../rpc/memory-limits.js';
import { lengthOnly } from '../rpc/pdu-codec.js';
import { X400Conversation } from './conversation.js';
import { si } from './spdu.js';
import { TpktSplitter, tpktBytes } from './tpkt.js';
import { dataHeaderBytes, tpduCode } from './transport-tpdus.js';
import { X400Codec } from './x400-codec.js';

export type TapPacket = {
  /** The octets of a TPKT as they came, to be passed on. */
  readonly raw: Buffer;
  /** Does it begin with a DATA TRANSFER? */
  readonly isData: boolean;
  /** The frame that it completes. */
  readonly frame: X400Frame | null;
  /** Why these octets, and all that follow in this direction, are no frames. */
  readonly malformed?: string;
};

/** One direction: octets in, packets out. */
class PacketSplitter {
  readonly #splitter = new TpktSplitter();
  readonly #codec: X400Codec;
  #malformed: string | null = null;

  constructor(conversation: X400Conversation, maxTsduBytes: number) {
    this.#codec = new X400Codec({
      conversation,
      maxTsduBytes,
      maxStrangerBytes: maxTsduBytes,
      budget: new StubBudget(Number.POSITIVE_INFINITY),
      loadContent: () => new Uint8Array(),
      keepContent: lengthOnly,
    });
  }

  /** Takes what one read brought. Never throws: octets that are no packets come out as they are, with the reason. */
  push(chunk: Buffer): TapPacket[] {
    if (this.#malformed !== null) return [noPacket(chunk, this.#malformed)];
    const found: TapPacket[] = [];
    const { heldBack } = this;
    let passedBytes = 0;
    try {
      this.#splitter.push(chunk, (octets, at, end) => {
        const raw = Buffer.from(octets.buffer, octets.byteOffset + at - tpktBytes, end - at + tpktBytes);
        const packet = { raw, isData: isData(octets, at, end), frame: this.#read(raw) };
        found.push(packet);
        passedBytes += raw.length;
        return true;
      });
    } catch (error) {
      if (!(error instanceof MalformedFrame || error instanceof Unreadable)) throw error;
      this.#malformed = error.message;
      this.#codec.release();
      found.push(noPacket(Buffer.concat([heldBack, chunk]).subarray(passedBytes), error.message));
    }
    return found;
  }

  #read(raw: Buffer): X400Frame | null {
    let found: X400Frame | null = null;
    this.#codec.decode(raw, (frame) => {
      found = frame;
      return true;
    });
    return found;
  }

  /** The beginning of a packet whose rest has not come: what is left to pass on when the stream ends here. */
  get heldBack(): Buffer {
    return Buffer.from(this.#splitter.heldBack);
  }
}

/** Feed it in the order in which octets arrive, before passing them on. */
export class X400Tap {
  readonly #client: PacketSplitter;
  readonly #server: PacketSplitter;

  /** @param maxTsduBytes the longest segment that is put together. */
  constructor(maxTsduBytes: number) {
    const conversation = new X400Conversation();
    this.#client = new PacketSplitter(conversation, maxTsduBytes);
    this.#server = new PacketSplitter(conversation, maxTsduBytes);
  }

  /** What the side that dialled sent. */
  fromClient(chunk: Buffer): TapPacket[] {
    return this.#client.push(chunk);
  }

  /** What the side that listens sent. */
  fromServer(chunk: Buffer): TapPacket[] {
    return this.#server.push(chunk);
  }

  /** Beginnings of packets whose rest has not come, by direction. */
  get heldBack(): { readonly client: Buffer; readonly server: Buffer } {
    return { client: this.#client.heldBack, server: this.#server.heldBack };
  }
}

/** A DATA TRANSFER stands behind an empty GIVE TOKENS, and has the same code. */
function isData(octets: Uint8Array, at: number, end: number): boolean {
  const from = at + dataHeaderBytes;
  if (octets[at + 1] !== tpduCode.data || end - from < 3) return false;
  return octets[from] === si.giveTokens && octets[from + 1] === 0 && octets[from + 2] === si.dataTransfer;
}

function noPacket(raw: Buffer, malformed: string): TapPacket {
  return { raw, isData: false, frame: null, malformed };
}
