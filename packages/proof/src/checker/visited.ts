/** The set of visited states: 64-bit fingerprints in typed arrays, with the parent of each state. */

/** A growing list of numbers. */
export class Numbers {
  #values: Uint32Array;
  length = 0;

  constructor(capacity = 1 << 16) {
    this.#values = new Uint32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Uint32Array(this.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  at(index: number): number {
    return this.#values[index] as number;
  }
}

export const none = 0xffffffff;

export class Visited {
  readonly #high = new Numbers();
  readonly #low = new Numbers();
  /** The parent of each state, and the move from the parent. */
  readonly #parents = new Numbers();
  readonly #moves = new Numbers();
  /** Open addressing: index + 1, or 0. */
  #slots = new Uint32Array(1 << 17);

  get size(): number {
    return this.#high.length;
  }

  parent(state: number): number {
    return this.#parents.at(state);
  }

  move(state: number): number {
    return this.#moves.at(state);
  }

  /** @returns the number of the state; `isNew` says whether the state is new. */
  add(high: number, low: number, parent: number, move: number): number {
    const mask = this.#slots.length - 1;
    let slot = low & mask;
    for (let entry = this.#slots[slot] as number; entry !== 0; entry = this.#slots[slot] as number) {
      if (this.#low.at(entry - 1) === low && this.#high.at(entry - 1) === high) {
        this.isNew = false;
        return entry - 1;
      }
      slot = (slot + 1) & mask;
    }
    const state = this.size;
    this.#slots[slot] = state + 1;
    this.#high.push(high);
    this.#low.push(low);
    this.#parents.push(parent);
    this.#moves.push(move);
    this.isNew = true;
    if (this.size * 2 > this.#slots.length) this.#grow();
    return state;
  }

  isNew = false;

  #grow(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let state = 0; state < this.size; state += 1) {
      let slot = this.#low.at(state) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = state + 1;
    }
    this.#slots = slots;
  }
}
