/** Finds what a mistyped name most likely meant. */
import { distance } from 'fastest-levenshtein';

/** Letters at the beginning of a name that are enough to guess it. */
const tellingLetters = 3;
/** No name here is longer. */
const maxLetters = 100;

/** Letters to be changed, added or taken away. Two neighbours that changed places count once: it is the commonest slip. */
function mistakes(word: string, name: string): number {
  let fewest = distance(word, name);
  for (let at = 1; at < word.length && fewest > 1; at += 1) {
    const swapped = `${word.slice(0, at - 1)}${word[at]}${word[at - 1]}${word.slice(at + 1)}`;
    fewest = Math.min(fewest, 1 + distance(swapped, name));
  }
  return fewest;
}

/**
 * The nearest of some names, or the first that begins with this word. Case does not matter.
 * @returns undefined when all are far off.
 */
export function nearestName(word: string, names: readonly string[]): string | undefined {
  if (word.length > maxLetters) return undefined;
  const wanted = word.toLowerCase();
  let nearest = '';
  let fewest = Number.POSITIVE_INFINITY;
  for (const name of names) {
    const made = mistakes(wanted, name.toLowerCase());
    if (made >= fewest) continue;
    nearest = name;
    fewest = made;
  }
  // As many mistakes as it has letters make any word of any other.
  if (fewest <= Math.min(nearest.length - 1, Math.max(2, Math.floor(nearest.length / 3)))) return nearest;
  return word.length < tellingLetters ? undefined : names.find((name) => name.toLowerCase().startsWith(wanted));
}
