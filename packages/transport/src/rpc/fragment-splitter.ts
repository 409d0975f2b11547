/** A TCP stream cut into fragments. */
import { checkHeader, headerBytes } from './pdu-header.js';

/**
 * Called for each fragment: `length` octets of `octets` from `at`, valid for as long as the callee keeps `octets`.
 * Says whether to go on.
 */
export type EachFragment = (octets: Buffer, at: number, length: number) => boolean;

export class FragmentSplitter {
  /** The beginning of a fragment: a whole header or less until the header is complete, then room for the whole fragment. */
  #partial: Buffer | null = null;
  #partialBytes = 0;

  /** The beginning of a fragment whose rest has not come. */
  get heldBack(): Buffer {
    return this.#partial?.subarray(0, this.#partialBytes) ?? Buffer.alloc(0);
  }

  /**
   * Take what one read brought.
   * @throws MalformedPdu; nothing more can be read from this stream then.
   */
  push(chunk: Buffer, each: EachFragment): void {
    let at = 0;
    while (this.#partial !== null) {
      const wanted = this.#partial.length - this.#partialBytes;
      const taken = chunk.copy(this.#partial, this.#partialBytes, at, at + wanted);
      this.#partialBytes += taken;
      at += taken;
      if (taken < wanted) return;
      const octets = this.#partial;
      const length = checkHeader(octets, 0);
      if (length === octets.length) {
        this.#partial = null;
        if (!each(octets, 0, length)) return;
      } else {
        this.#partial = Buffer.allocUnsafe(length);
        octets.copy(this.#partial);
      }
    }
    while (chunk.length - at >= headerBytes) {
      const length = checkHeader(chunk, at);
      if (chunk.length - at < length) {
        this.#hold(chunk, at, length);
        return;
      }
      at += length;
      if (!each(chunk, at - length, length)) return;
    }
    if (at < chunk.length) this.#hold(chunk, at, headerBytes);
  }

  #hold(chunk: Buffer, at: number, length: number): void {
    this.#partial = Buffer.allocUnsafe(length);
    this.#partialBytes = chunk.copy(this.#partial, 0, at);
  }
}
