/** What the bench and its client processes say to each other, and the contents that the clients exchange. */
import { randomBytes } from 'node:crypto';

export const contentBytes = 1024;

export type ClientRole = 'producer' | 'consumer';
/** The kinds of client that `client.ts` can be. */
export type ClientKind = 'redis' | 'rabbitmq-classic' | 'rabbitmq-quorum' | 'nats';

/** What a client shall do. */
export type ClientTask = {
  readonly kind: ClientKind;
  readonly role: ClientRole;
  readonly port: number;
  /** Messages without a confirmation that the producer may have, or that the consumer may hold. */
  readonly inFlight: number;
  readonly messages: number;
};

/** To a client. */
export type Order =
  /** The producer may send messages whose index is below this. */
  | { readonly type: 'allow'; readonly below: number }
  /** The producer sends no further message. */
  | { readonly type: 'cut' }
  /** The consumer ends when it has acknowledged so many. */
  | { readonly type: 'expect'; readonly messages: number };

/** From a client. */
export type Notice =
  | { readonly type: 'ready' }
  /** Confirmed to the producer, or acknowledged by the consumer, at an instant of the machine's monotonic clock. */
  | { readonly type: 'progress'; readonly count: number; readonly atMs: number }
  /** The last notice. `wrong`: messages that came twice or are damaged. */
  | { readonly type: 'done'; readonly count: number; readonly wrong: number };

const indexBytes = 4;
const random = randomBytes(contentBytes);

/** The content of a message: random octets, as mail cannot be compressed much, with its index in front. */
export function contentOf(index: number): Buffer {
  const octets = Buffer.from(random);
  octets.writeUInt32LE(index);
  return octets;
}

/** Counts arrivals, and finds those that came twice or are damaged. */
export class Arrivals {
  readonly #seen: Uint8Array;
  wrong = 0;

  constructor(messages: number) {
    this.#seen = new Uint8Array(messages);
  }

  take(octets: Uint8Array): void {
    const index = octets.length < indexBytes ? -1 : Buffer.from(octets.buffer, octets.byteOffset).readUInt32LE();
    if (octets.length !== contentBytes || this.#seen[index] !== 0) this.wrong += 1;
    else this.#seen[index] = 1;
  }
}
