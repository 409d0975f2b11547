/** The DCE/RPC link for the network: a codec for each connection, and the limits that all of them share. */
import type { Pdu } from '@mtalab/mta-core';
import type { ConnectionEnd, FrameCodec, FrameCodecs } from '../net/frame-codec.js';
import type { OutgoingOctets } from '../net/outgoing-octets.js';
import { AssociatedGroups } from './associated-groups.js';
import type { KeepContent, LoadContent } from './content-octets.js';
import { StubBudget } from './memory-limits.js';
import { defaultMaxStubBytes, PduCodec } from './pdu-codec.js';
import type { StubTrace } from './stub-trace.js';
import { noTraffic } from './traffic-counts.js';

export type RpcCodecsOptions = {
  /** The longest stub that is put together from fragments, in octets: the largest message and room for its envelope. */
  readonly maxStubBytes?: number;
  /** Octets that all stubs of which some fragments are missing may take up. Default: ten of the longest. */
  readonly maxPartialBytes?: number;
  /** Finds the octets of a stretch of a stored content, when its RTTR is sent. */
  readonly loadContent: LoadContent;
  /** Puts the octets of an RTTR that arrived aside. */
  readonly keepContent: KeepContent;
};

/**
 * Longest call of a peer without an association here, and longest answer, in octets. The longest honest one is an MtaBind
 * with its names and addresses, a few thousand octets. A stranger cannot make an MTA hold more than that.
 */
export const maxStrangerBytes = 65_536;
/**
 * Largest messages of which some part may be here at once. A peer sends a segment in a call, 30 K by default and 1 M at most,
 * or the whole message if either side has a checkpoint size of 0. It has nine associations by default and one more for
 * urgent mail, each sends one call after the other: ten whole messages never meet the limit.
 */
export const partialMessages = 10;

export class RpcCodecs implements FrameCodecs<'rpc'> {
  readonly maxFrameBytes: number;
  readonly #options: RpcCodecsOptions;
  readonly #groups = new AssociatedGroups();
  readonly #counts = noTraffic();
  readonly #budget: StubBudget;
  readonly #open = new Map<ConnectionEnd, PduCodec>();
  #trace: StubTrace | null = null;

  constructor(options: RpcCodecsOptions) {
    this.#options = options;
    this.maxFrameBytes = options.maxStubBytes ?? defaultMaxStubBytes;
    this.#budget = new StubBudget(options.maxPartialBytes ?? partialMessages * this.maxFrameBytes);
  }

  open(end: ConnectionEnd): FrameCodec<'rpc'> {
    const { loadContent, keepContent } = this.#options;
    const codec = new PduCodec({
      maxStubBytes: this.maxFrameBytes,
      maxStrangerBytes,
      isAssociated: () => this.#groups.has(end.conn),
      budget: this.#budget,
      loadContent,
      keepContent,
      secondaryPort: end.acceptedAt ?? 0,
      counts: this.#counts,
    });
    this.#open.set(end, codec);
    if (this.#trace !== null) traceEnd(end, codec, this.#trace);
    return {
      encodeInto: (out: OutgoingOctets, pdu: Pdu): void => {
        codec.encodeInto(out, pdu);
        if (end.acceptedAt !== null) this.#groups.sent(end.conn, pdu);
      },
      decode: (chunk, deliver) => codec.decode(chunk, deliver),
      release: () => {
        codec.release();
        this.#groups.left(end.conn);
        this.#open.delete(end);
      },
    };
  }

  /** From now on, report each stub of the MTA interface on every connection; null for none, which costs nothing. */
  traceStubs(trace: StubTrace | null): void {
    this.#trace = trace;
    for (const [end, codec] of this.#open) traceEnd(end, codec, trace);
  }
}

function traceEnd(end: ConnectionEnd, codec: PduCodec, trace: StubTrace | null): void {
  if (trace === null) codec.traceStubs(null);
  else {
    codec.traceStubs((direction, pdu, operation, stub) => {
      const { conn, local, remote } = end;
      trace({ direction, conn, local, remote, operation, pdu, stub });
    });
  }
}
