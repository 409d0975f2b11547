/** The glossary: the source of `docs/glossary.md`, of `mtalab explain`, and of the legend under a ladder. */
import { termsAToL } from './a-to-l.js';
import { termsMToZ } from './m-to-z.js';
import type { Term } from './term.js';

/** All terms, in the order of the alphabet. */
export const glossary: readonly Term[] = [...termsAToL, ...termsMToZ];

/** Case, hyphens, underscores and blanks do not matter: `turn give` is `Turn-Give`. */
function folded(word: string): string {
  return word.toLowerCase().replace(/[-_ ]+/g, '');
}

const byWord = new Map<string, Term>();
// The names of one entry win over the further words of another.
for (const term of glossary) for (const name of term.names) if (!byWord.has(folded(name))) byWord.set(folded(name), term);
for (const term of glossary) for (const word of term.also ?? []) if (!byWord.has(folded(word))) byWord.set(folded(word), term);

/** The entry for a word, or undefined. */
export function termOf(word: string): Term | undefined {
  return byWord.get(folded(word));
}

/** All words that find an entry. */
export const glossaryWords: readonly string[] = glossary.flatMap(({ names, also }) => [...names, ...(also ?? [])]);
