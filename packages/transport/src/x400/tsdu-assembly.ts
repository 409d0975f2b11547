/** Joins the data of DTs to a TSDU. */
import { Unreadable } from '../rpc/field-checks.js';
import type { StubBudget } from '../rpc/memory-limits.js';

/** Octets set aside at first for a TSDU of several DTs. */
const firstTsduBytes = 65_536;

/** A whole TSDU: the octets from `at` to `end`. */
export type Tsdu = { readonly octets: Uint8Array; readonly at: number; readonly end: number };

export class TsduAssembly {
  readonly #budget: StubBudget;
  #octets: Uint8Array | null = null;
  #sizeBytes = 0;

  constructor(budget: StubBudget) {
    this.#budget = budget;
  }

  /** Forgets the DTs that are here. */
  release(): void {
    if (this.#octets !== null) this.#budget.give(this.#octets.length);
    this.#octets = null;
    this.#sizeBytes = 0;
  }

  /**
   * Takes the data of a DT.
   * @param limitBytes the longest TSDU.
   * @returns the TSDU that it completes, or null if more must come.
   * @throws Unreadable, or MalformedPdu when the budget is used up.
   */
  take(octets: Uint8Array, at: number, end: number, isLast: boolean, limitBytes: number): Tsdu | null {
    const size = this.#sizeBytes + end - at;
    if (size > limitBytes) throw new Unreadable(`a TSDU is longer than ${limitBytes} octets`);
    if (this.#octets === null && isLast) return { octets, at, end };
    if (at === end) throw new Unreadable('a DT within a TSDU has no data');
    this.#append(octets.subarray(at, end), size, limitBytes);
    if (!isLast) return null;
    const whole = { octets: this.#octets as unknown as Uint8Array, at: 0, end: size };
    this.release();
    return whole;
  }

  #append(data: Uint8Array, size: number, limitBytes: number): void {
    const before = this.#octets;
    if (before === null || before.length < size) {
      const room = Math.min(limitBytes, Math.max(size, 2 * (before?.length ?? firstTsduBytes / 2)));
      this.#budget.take(room - (before?.length ?? 0));
      const larger = new Uint8Array(room);
      if (before !== null) larger.set(before.subarray(0, this.#sizeBytes));
      this.#octets = larger;
    }
    this.#octets?.set(data, this.#sizeBytes);
    this.#sizeBytes = size;
  }
}
