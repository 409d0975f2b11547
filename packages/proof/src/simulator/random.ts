/**
 * The only randomness of the simulator: 32-bit integer mixing, the same on every machine. It has two forms: a generator, which
 * draws a plan from front to back, and a hash, for decisions that must stay the same in a run without the others.
 */

/** A part in a whole, such as 1 of 200: how often something happens. */
export type Ratio = { readonly n: number; readonly of: number };

/** The finaliser of MurmurHash3: every bit of the input reaches every bit of the result. */
function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Hashes three whole numbers to 32 bits. All bits of seeds up to 2^53 count. */
export function hash(seed: number, stream: number, index: number): number {
  const high = Math.floor(seed / 0x100000000);
  const start = mix((seed >>> 0) ^ Math.imul(high + 1, 0x9e3779b9));
  return mix(mix(start + Math.imul(stream, 0x632be5ab)) + Math.imul(index + 1, 0x9e3779b1));
}

/** A generator over the hash: the n-th number of a stream. */
export class Random {
  readonly #seed: number;
  readonly #stream: number;
  #drawn = 0;

  constructor(seed: number, stream: number) {
    this.#seed = seed;
    this.#stream = stream;
  }

  #next(): number {
    const value = hash(this.#seed, this.#stream, this.#drawn);
    this.#drawn += 1;
    return value;
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return this.#next() % count;
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance({ n, of }: Ratio): boolean {
    return this.below(of) < n;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}
