/**
 * A set of copy ids, which are whole numbers that mostly rise. It is a bitmap in blocks, so a copy costs less than an octet, and a
 * step the same however many copies there are.
 */
const idsEach = 4096;

export class CopySet {
  readonly #blocks = new Map<number, Uint8Array>();

  has(id: number): boolean {
    const octets = this.#blocks.get(Math.floor(id / idsEach));
    const at = id % idsEach;
    return octets !== undefined && (((octets[at >>> 3] as number) >>> (at & 7)) & 1) === 1;
  }

  add(id: number): void {
    const block = Math.floor(id / idsEach);
    let octets = this.#blocks.get(block);
    if (octets === undefined) {
      octets = new Uint8Array(idsEach / 8);
      this.#blocks.set(block, octets);
    }
    const at = id % idsEach;
    octets[at >>> 3] = (octets[at >>> 3] as number) | (1 << (at & 7));
  }
}
