/** Explains a word of the glossary. */
import { glossaryWords, termOf } from '@mtalab/mta-core';
import type { TermExplanation } from '../render/explain.js';
import { suggestion } from '../render/suggestions.js';

/** Markdown as plain text: a link becomes the path of its page, and emphasis is left out. */
function plainText(markdown: string): string {
  return markdown
    .replace(/\[([^\]]*)\]\(([^)#]*)(?:#[^)]*)?\)/g, (_, label: string, page: string) =>
      page.endsWith(label) ? `docs/${page}` : `${label} (docs/${page})`,
    )
    .replace(/(?<![A-Za-z0-9])_([^_]+)_(?![A-Za-z0-9])/g, '$1');
}

/** The entry for a word, or for several words that are one term. Undefined for an unknown word. */
export function explainTerm(word: string): TermExplanation | undefined {
  const term = termOf(word);
  if (term === undefined) return undefined;
  const [name, ...others] = term.names;
  return {
    kind: 'term',
    term: name,
    also: [...others, ...(term.also ?? [])],
    text: plainText(term.text),
    source: term.source === null ? null : plainText(term.source),
  };
}

/** `; did you mean Turn-Give?`, or nothing. */
export function suggestedTerm(word: string): string {
  return suggestion(word, glossaryWords);
}
