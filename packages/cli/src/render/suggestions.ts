/** Says which known name a user probably meant. */

/** Edits that turn one word into another: change, add, remove or swap letters. */
function distance(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const same = from[i - 1] === to[j - 1] ? 0 : 1;
      let best = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      next.push(best);
    }
    before = row;
    row = next;
  }
  return row[to.length] ?? 0;
}

/** Fewer letters at the beginning of a word do not show which word is meant. */
const minPrefixLetters = 3;
const maxWordLetters = 100;

/** The nearest of some words, else the first that begins with the given one. Ignores case. Undefined if all are far off. */
function nearest(word: string, words: readonly string[]): string | undefined {
  if (word.length > maxWordLetters) return undefined;
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const candidate of words) {
    const away = distance(word.toLowerCase(), candidate.toLowerCase());
    if (best === undefined || away < best.distance) best = { word: candidate, distance: away };
  }
  // A word changed in every letter is another word.
  const maxDistance = best === undefined ? 0 : Math.min(best.word.length - 1, Math.max(2, Math.floor(best.word.length / 3)));
  if (best !== undefined && best.distance <= maxDistance) return best.word;
  if (word.length < minPrefixLetters) return undefined;
  return words.find((candidate) => candidate.toLowerCase().startsWith(word.toLowerCase()));
}

/** `; did you mean X?`, or nothing. */
export function suggestion(word: string, words: readonly string[]): string {
  const near = nearest(word, words);
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
