/** Chance from a seed: the same seed gives the same numbers on every machine. Not for secrets. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { mersenne } from 'pure-rand/generator/mersenne';

export type Chance = {
  /** A number from 0 to `limit - 1`, each as likely. `limit` is a whole number from 1 to 2^32. */
  below(limit: number): number;
};

/** The Mersenne Twister: small seeds one after the other, as people choose them, do not give similar numbers. */
export function chance(seed: number): Chance {
  const generator = mersenne(seed);
  return { below: (limit) => uniformInt(generator, 0, limit - 1) };
}
