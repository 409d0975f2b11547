/**
 * The only source of chance in a run: the same on every machine. A generator draws a plan from front to back. Decisions within a run
 * are stateless draws instead: each must stay the same when a fault or a message before it is left out, or no plan could be shrunk.
 */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** A part in a whole, such as 1 of 200: how often something happens. */
export type Ratio = { readonly n: number; readonly of: number };

const range = 2 ** 32;

/** The finaliser of MurmurHash3: every bit of the input reaches every bit of the result. */
function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/**
 * Three whole numbers in one of 32 bits. Seeds up to 2^53 count in full. A generator of pure-rand cannot take its place: to be
 * stateless, each draw would have to set up a generator of its own, which takes many times as long.
 */
export function hash(seed: number, stream: number, index: number): number {
  const high = Math.floor(seed / range);
  const start = mix((seed >>> 0) ^ Math.imul(high + 1, 0x9e3779b9));
  return mix(mix(start + Math.imul(stream, 0x632be5ab)) + Math.imul(index + 1, 0x9e3779b1));
}

/** A whole number from 0 to `count` - 1, each as likely, that depends on nothing but these numbers. `count`: 1 to 2^32. */
export function drawn(seed: number, stream: number, index: number, count: number): number {
  // Numbers above the last whole multiple of the count would favour the small results.
  const fair = range - (range % count);
  let value = hash(seed, stream, index);
  while (value >= fair) value = mix(value + 0x9e3779b9);
  return value % count;
}

/** A generator for one stream of a seed. */
export class Random {
  readonly #generator: ReturnType<typeof xoroshiro128plusFromState>;

  constructor(seed: number, stream: number) {
    this.#generator = xoroshiro128plusFromState([0, 1, 2, 3].map((word) => hash(seed, stream, word) | 0));
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return uniformInt(this.#generator, 0, count - 1);
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return uniformInt(this.#generator, least, most);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}
