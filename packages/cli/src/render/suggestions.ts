/** Guessing what was meant. */

/** Letters to be changed, added, taken away or swapped to make one word of another. */
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

/** Letters at the beginning of a word that are enough to guess it. */
const minPrefixLetters = 3;

/** The nearest of some words, or the one that begins so, unless all are far off. Case does not matter. */
function nearest(word: string, words: readonly string[]): string | undefined {
  if (word.length > 100) return undefined;
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const candidate of words) {
    const away = distance(word.toLowerCase(), candidate.toLowerCase());
    if (best === undefined || away < best.distance) best = { word: candidate, distance: away };
  }
  // As many changes as it has letters make any word of any other.
  const maxDistance = best === undefined ? 0 : Math.min(best.word.length - 1, Math.max(2, Math.floor(best.word.length / 3)));
  if (best !== undefined && best.distance <= maxDistance) return best.word;
  return word.length < minPrefixLetters
    ? undefined
    : words.find((candidate) => candidate.toLowerCase().startsWith(word.toLowerCase()));
}

/** `; did you mean X?`, or nothing. */
export function suggestion(word: string, words: readonly string[]): string {
  const near = nearest(word, words);
  return near === undefined ? '' : `; did you mean ${near}?`;
}

/** `; did you mean N?`, of numbers: the one with the most digits in common, and of several such the nearest. */
export function nearestNumber(word: string, numbers: readonly number[]): string {
  const wanted = /^\d{1,15}$/.test(word) ? Number(word) : 0;
  const sorted = [...numbers].sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted));
  return suggestion(word, sorted.map(String));
}
