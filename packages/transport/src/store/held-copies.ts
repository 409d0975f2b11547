/**
 * The copies that a store keeps, by their ids. A message with one copy, which is nearly every message, takes some twenty octets in
 * typed arrays: a backlog of 200,000 messages must not cost a process its memory. Ids rise, so a search by bisection finds a copy.
 */

/** What the store remembers of the message of a copy. */
export type Held = {
  readonly content: number;
  /** What it adds to the size of the store, in octets. */
  readonly bytes: number;
  /** Is the content in pieces? */
  readonly pieces: boolean;
  /** Copies still here. */
  left: number;
  /** Copies noted as erased while others are left. */
  gone: number[];
};

const firstRows = 1024;
const dead = 0;
const inRow = 1;
const inPieces = 2;

export class HeldCopies {
  #ids = new Float64Array(firstRows);
  #contents = new Float64Array(firstRows);
  #bytes = new Float64Array(firstRows);
  /** `dead`, or where the content is. */
  #states = new Uint8Array(firstRows);
  #rows = 0;
  #live = 0;
  /** Copies of messages with several copies, and copies whose id is below that of an earlier one. */
  readonly #others = new Map<number, Held>();

  get size(): number {
    return this.#live + this.#others.size;
  }

  has(id: number): boolean {
    return this.#others.has(id) || this.#placeOf(id) >= 0;
  }

  /** The message of a copy. Writing to it changes what is kept only if the message has several copies. */
  get(id: number): Held | undefined {
    const other = this.#others.get(id);
    if (other !== undefined) return other;
    const at = this.#placeOf(id);
    if (at < 0) return undefined;
    return {
      content: this.#contents[at] as number,
      bytes: this.#bytes[at] as number,
      pieces: this.#states[at] === inPieces,
      left: 1,
      gone: [],
    };
  }

  set(id: number, held: Held): void {
    const at = this.#search(id);
    const isAlone = held.left <= 1 && held.gone.length === 0;
    if (isAlone && at < this.#rows && this.#ids[at] === id) {
      // A transaction is taken back.
      if (this.#states[at] === dead) this.#live += 1;
      this.#write(at, id, held);
    } else if (isAlone && at === this.#rows) {
      if (this.#rows === this.#ids.length) this.#resize(this.#rows * 2, this.#rows);
      this.#write(this.#rows, id, held);
      this.#rows += 1;
      this.#live += 1;
    } else this.#others.set(id, held);
  }

  delete(id: number): void {
    if (this.#others.delete(id)) return;
    const at = this.#placeOf(id);
    if (at < 0) return;
    this.#states[at] = dead;
    this.#live -= 1;
  }

  /** Give back the room of erased copies. Not to be called within a transaction, which may bring them back. */
  compact(): void {
    if (this.#rows < firstRows || this.#live > this.#rows / 2) return;
    let kept = 0;
    for (let at = 0; at < this.#rows; at += 1) {
      if (this.#states[at] === dead) continue;
      this.#ids[kept] = this.#ids[at] as number;
      this.#contents[kept] = this.#contents[at] as number;
      this.#bytes[kept] = this.#bytes[at] as number;
      this.#states[kept] = this.#states[at] as number;
      kept += 1;
    }
    this.#rows = kept;
    if (this.#ids.length > 4 * Math.max(firstRows, kept)) this.#resize(Math.max(firstRows, 2 * kept), kept);
  }

  #write(at: number, id: number, { content, bytes, pieces }: Held): void {
    this.#ids[at] = id;
    this.#contents[at] = content;
    this.#bytes[at] = bytes;
    this.#states[at] = pieces ? inPieces : inRow;
  }

  /** Index of the first row whose id is not below this one. */
  #search(id: number): number {
    const ids = this.#ids;
    let high = this.#rows;
    if (high === 0 || id > (ids[high - 1] as number)) return high;
    let low = 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ids[middle] as number) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Index of a copy that is here, or -1. */
  #placeOf(id: number): number {
    const at = this.#search(id);
    return at < this.#rows && this.#ids[at] === id && this.#states[at] !== dead ? at : -1;
  }

  #resize(rows: number, kept: number): void {
    const larger = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const fresh = new Float64Array(rows);
      fresh.set(old.subarray(0, kept));
      return fresh;
    };
    this.#ids = larger(this.#ids);
    this.#contents = larger(this.#contents);
    this.#bytes = larger(this.#bytes);
    const states = new Uint8Array(rows);
    states.set(this.#states.subarray(0, kept));
    this.#states = states;
  }
}
