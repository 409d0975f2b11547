/** TPKT (RFC 1006 section 6): a TCP stream cut into TPDUs. */
import { Unreadable } from '../rpc/field-checks.js';

/** Octets of the header: version 3, a reserved octet, and the length with the header. */
export const tpktBytes = 4;
const version = 3;
/** A header and the shortest TPDU, an empty DT. */
const shortestBytes = tpktBytes + 3;

export function putTpkt(octets: Uint8Array, at: number, length: number): void {
  octets[at] = version;
  octets[at + 1] = 0;
  octets[at + 2] = length >>> 8;
  octets[at + 3] = length;
}

/** @returns the length of the packet. @throws Unreadable */
function checkHeader(octets: Uint8Array, at: number): number {
  if (octets[at] !== version || octets[at + 1] !== 0)
    throw new Unreadable(`no TPKT begins with ${octets[at]}, ${octets[at + 1]}`);
  const length = ((octets[at + 2] as number) << 8) | (octets[at + 3] as number);
  if (length < shortestBytes) throw new Unreadable(`TPKT of ${length} octets is too short`);
  return length;
}

/** Called for each TPDU: the octets from `at` to `end`. Says whether to go on. */
export type EachTpdu = (octets: Uint8Array, at: number, end: number) => boolean;

export class TpktSplitter {
  /** The beginning of a packet: a header or less until the header is complete, then room for the whole packet. */
  #partial: Uint8Array | null = null;
  #partialBytes = 0;

  /**
   * Takes what one read brought.
   * @throws Unreadable; nothing more can be read from this stream then.
   */
  push(chunk: Uint8Array, each: EachTpdu): void {
    let at = 0;
    while (this.#partial !== null) {
      const taken = Math.min(this.#partial.length - this.#partialBytes, chunk.length - at);
      this.#partial.set(chunk.subarray(at, at + taken), this.#partialBytes);
      this.#partialBytes += taken;
      at += taken;
      if (this.#partialBytes < this.#partial.length) return;
      const octets = this.#partial;
      const length = checkHeader(octets, 0);
      if (length === octets.length) {
        this.#partial = null;
        if (!each(octets, tpktBytes, length)) return;
      } else {
        this.#partial = new Uint8Array(length);
        this.#partial.set(octets);
      }
    }
    while (chunk.length - at >= tpktBytes) {
      const length = checkHeader(chunk, at);
      if (chunk.length - at < length) {
        this.#hold(chunk, at, length);
        return;
      }
      at += length;
      if (!each(chunk, at - length + tpktBytes, at)) return;
    }
    if (at < chunk.length) this.#hold(chunk, at, tpktBytes);
  }

  /** The beginning of a packet whose rest has not come. */
  get heldBack(): Uint8Array {
    return this.#partial?.subarray(0, this.#partialBytes) ?? new Uint8Array();
  }

  #hold(chunk: Uint8Array, at: number, length: number): void {
    this.#partial = new Uint8Array(length);
    this.#partial.set(chunk.subarray(at));
    this.#partialBytes = chunk.length - at;
  }
}
