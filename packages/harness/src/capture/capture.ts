/**
 * A capture: packets of connections as the octets of a pcapng file, in a bounded buffer. The proxy never waits for whoever reads
 * the buffer. Packets that do not fit are dropped, and the file says how many and where.
 */
import { enhancedPacket, interfaceDescription, interfaceStatistics, sectionHeader } from './pcapng.js';
import { packetOf, type TcpEnd, type TcpSegment } from './tcp-packets.js';

/** A segment with its connection and its time. */
export type LegSegment = {
  readonly segment: TcpSegment;
  readonly client: TcpEnd;
  readonly server: TcpEnd;
  /** The MTA at one end of the connection. */
  readonly mta: string;
  /** Since 1970, in microseconds. */
  readonly timeUs: number;
};

export type CaptureOptions = {
  /** The capture ends by itself after so many packets. Default: it does not. */
  readonly maxPackets?: number | undefined;
  /** Limit of octets that wait for the reader. Default 32 MiB. */
  readonly maxBufferedBytes?: number;
};

type Side = { readonly id: number; received: number; dropped: number; unsaid: number };

const defaultBufferedBytes = 32 * 1_048_576;
/** The interface of an MTA that has not said its name yet. */
const nameless = 'unknown';

const about =
  'Octets of the sockets of MTA Lab. Each interface shows the connections of one MTA, at its end. Octets and times are real; ' +
  'each read or write of a socket is one packet, and the numbers in its TCP header are made up.';

/** Real time, in microseconds since 1970. */
export function nowUs(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

export class Capture {
  readonly #mtas: readonly string[];
  readonly #sides = new Map<string, Side>();
  readonly #maxPackets: number;
  readonly #maxBufferedBytes: number;
  readonly #startUs = nowUs();
  readonly #onEnd: (capture: Capture) => void;
  readonly #waiters = new Set<() => void>();
  #chunks: Buffer[] = [];
  #bufferedBytes = 0;
  #packets = 0;
  #ended = false;

  /** @param mtas names of the MTAs. @param onEnd called once, when the capture ends. */
  constructor(mtas: readonly string[], options: CaptureOptions, onEnd: (capture: Capture) => void) {
    this.#maxPackets = options.maxPackets ?? Number.POSITIVE_INFINITY;
    this.#maxBufferedBytes = options.maxBufferedBytes ?? defaultBufferedBytes;
    this.#onEnd = onEnd;
    this.#put(sectionHeader('MTA Lab', about));
    this.#mtas = mtas;
    for (const name of mtas) this.#side(name);
  }

  /** Packets in the file. */
  get packets(): number {
    return this.#packets;
  }

  /** Packets that were dropped, because the reader was too slow. */
  get dropped(): number {
    return [...this.#sides.values()].reduce((sum, { dropped }) => sum + dropped, 0);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Has the capture ended, and was everything read? */
  get finished(): boolean {
    return this.#ended && this.#bufferedBytes === 0;
  }

  /** Takes a segment, or drops it. */
  take({ segment, client, server, mta, timeUs }: LegSegment): void {
    if (this.#ended) return;
    const side = this.#side(this.#mtas.includes(mta) ? mta : nameless);
    side.received += 1;
    if (this.#bufferedBytes + segment.payload.length > this.#maxBufferedBytes) {
      side.dropped += 1;
      side.unsaid += 1;
      return;
    }
    const { unsaid } = side;
    side.unsaid = 0;
    const octets = packetOf(segment, client, server);
    this.#put(enhancedPacket({ interfaceId: side.id, timeUs, octets, ...(unsaid === 0 ? {} : lossOf(unsaid)) }));
    this.#packets += 1;
    if (this.#packets >= this.#maxPackets) this.end();
  }

  /** Ends the capture: statistics of the interfaces follow the last packet. A second time is nothing. */
  end(): void {
    if (this.#ended) return;
    const endUs = nowUs();
    for (const { id, received, dropped } of this.#sides.values()) {
      const comment = dropped === 0 ? {} : { comment: lossOf(dropped).comment };
      this.#put(interfaceStatistics({ interfaceId: id, startUs: this.#startUs, endUs, received, dropped, ...comment }));
    }
    this.#ended = true;
    this.#wake();
    this.#onEnd(this);
  }

  /** Takes what waits for the reader out of the buffer: whole blocks, at least one if there is any. */
  read(maxBytes = Number.POSITIVE_INFINITY): Buffer {
    let count = 0;
    let size = 0;
    for (const chunk of this.#chunks) {
      if (count > 0 && size + chunk.length > maxBytes) break;
      count += 1;
      size += chunk.length;
    }
    this.#bufferedBytes -= size;
    return Buffer.concat(this.#chunks.splice(0, count), size);
  }

  /** Resolves when there is something to read, or when the capture has ended. */
  readable(): Promise<void> {
    if (this.#ended || this.#bufferedBytes > 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.add(resolve));
  }

  /** The interface of this name. It is described in front of its first packet. */
  #side(name: string): Side {
    const known = this.#sides.get(name);
    if (known !== undefined) return known;
    const side = { id: this.#sides.size, received: 0, dropped: 0, unsaid: 0 };
    this.#sides.set(name, side);
    this.#put(interfaceDescription(name, `sockets of ${name === nameless ? 'an MTA that has not said its name yet' : name}`));
    return side;
  }

  #put(octets: Buffer): void {
    this.#chunks.push(octets);
    this.#bufferedBytes += octets.length;
    this.#wake();
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter();
    this.#waiters.clear();
  }
}

function lossOf(dropped: number): { readonly dropped: number; readonly comment: string } {
  const packets = dropped === 1 ? '1 packet was' : `${dropped} packets were`;
  return { dropped, comment: `${packets} dropped: the file was written too slowly` };
}
