/** Chance from a seed: the same seed gives the same numbers on every machine. Not for secrets. */
export type Chance = {
  /** A number from 0 to `limit - 1`, each as likely. `limit` is a whole number from 1 to 2^32. */
  below(limit: number): number;
};

const range = 2 ** 32;

/** SplitMix32: a counter with a strong mixing function, all in 32-bit integers. */
export function chance(seed: number): Chance {
  let counter = seed >>> 0;
  const next = (): number => {
    counter = (counter + 0x9e3779b9) >>> 0;
    let mixed = counter ^ (counter >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  return {
    below(limit) {
      // Numbers above the last whole multiple of the limit would favour the small results.
      const fair = range - (range % limit);
      let drawn = next();
      while (drawn >= fair) drawn = next();
      return drawn % limit;
    },
  };
}
