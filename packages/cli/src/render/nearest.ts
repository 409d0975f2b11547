/** Guessing what was meant. */
import { nearestName } from '@mtalab/transport';

/** `; did you mean X?`, or nothing. */
export function suggestion(word: string, words: readonly string[]): string {
  const near = nearestName(word, words);
  return near === undefined ? '' : `; did you mean ${near}?`;
}

/** `; did you mean N?`, of numbers: the one with the most digits in common, and of several such the nearest. */
export function nearestNumber(word: string, numbers: readonly number[]): string {
  const wanted = /^\d{1,15}$/.test(word) ? Number(word) : 0;
  const sorted = [...numbers].sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted));
  return suggestion(word, sorted.map(String));
}
