/** Says which known name a user probably meant. */
import { nearestName } from '@mtalab/transport';

/** `; did you mean X?`, or nothing. */
export function suggestion(word: string, words: readonly string[]): string {
  const near = nearestName(word, words);
  return near === undefined ? '' : `; did you mean ${near}?`;
}

/** `; did you mean X?`, or all there are: `; the MTAs are A, B`. */
export function suggestionOrList(word: string, words: readonly string[], what: string): string {
  return suggestion(word, words) || `; ${what} are ${words.join(', ')}`;
}

/** `unknown MTA C (known: A, B); did you mean A?` */
export function unknownName(what: string, name: string, known: readonly string[]): string {
  return `unknown ${what} ${name} (known: ${known.join(', ')})${suggestion(name, known)}`;
}

/** `; did you mean N?` for numbers: the one with the most digits in common, and among several the nearest. */
export function suggestedNumber(word: string, numbers: readonly number[]): string {
  const wanted = /^\d{1,15}$/.test(word) ? Number(word) : 0;
  const sorted = [...numbers].sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted));
  return suggestion(word, sorted.map(String));
}
