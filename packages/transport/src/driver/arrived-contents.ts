/**
 * Octets of contents that arrived and are not in the store yet, in a table by the `ref` of their handles.
 *
 * The core sees only the handle, which is plain data. So the driver decides when the octets can go. The store takes those that
 * a store effect names. After each step the driver drops the rest, unless the core still holds the frame: so end duplicates,
 * refused segments and frames that break the protocol.
 */
import type { ContentHandle, Mta } from '@mtalab/mta-core';
import { MalformedFrame } from '../net/frame-codec.js';

export type ArrivedContentsOptions = {
  /** Refs that the core's state holds on to between two steps. */
  readonly heldBy: (mta: Mta) => ReadonlySet<string>;
  /** Octets that may be here at one time. Default: no limit. */
  readonly maxBytes?: number;
};

/** A stretch of a buffer more than this many times as large is copied, so that a small message never holds a large buffer. */
const largestShare = 4;

export class ArrivedContents {
  readonly #heldBy: ArrivedContentsOptions['heldBy'];
  readonly #maxBytes: number;
  readonly #octets = new Map<string, Uint8Array>();
  #sizeBytes = 0;
  #lastRef = 0;

  constructor(options: ArrivedContentsOptions) {
    this.#heldBy = options.heldBy;
    this.#maxBytes = options.maxBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Contents in the table. */
  get count(): number {
    return this.#octets.size;
  }

  /** Their octets together. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /**
   * Put octets into the table.
   * @param octets a stretch of a larger buffer, usually of what one read of a socket brought.
   * @throws MalformedFrame a shortage, when the table would become larger than it may be.
   */
  readonly put = (octets: Uint8Array): ContentHandle => {
    const { length } = octets;
    if (this.#sizeBytes + length > this.#maxBytes) {
      throw new MalformedFrame(`contents that wait for the store take up more than ${this.#maxBytes} octets`, {
        isShortage: true,
      });
    }
    this.#lastRef += 1;
    const ref = `r${this.#lastRef}`;
    this.#octets.set(ref, octets.buffer.byteLength > largestShare * length ? Buffer.from(octets) : octets);
    this.#sizeBytes += length;
    return { length, ref };
  };

  /** Hand the octets of a handle over to the store. @returns undefined when they are not here. */
  readonly take = (handle: ContentHandle): Uint8Array | undefined => {
    const { ref } = handle;
    const octets = ref === undefined ? undefined : this.#octets.get(ref);
    if (ref !== undefined && octets !== undefined) this.#drop(ref, octets);
    return octets;
  };

  /** A step is over: drop what the core holds no longer. What the store wanted it has taken. */
  settle(mta: Mta): void {
    if (this.#octets.size === 0) return;
    const held = this.#heldBy(mta);
    for (const [ref, octets] of this.#octets) if (!held.has(ref)) this.#drop(ref, octets);
  }

  /** Drop everything: the MTA has ended. */
  clear(): void {
    this.#octets.clear();
    this.#sizeBytes = 0;
  }

  #drop(ref: string, octets: Uint8Array): void {
    this.#octets.delete(ref);
    this.#sizeBytes -= octets.length;
  }
}
