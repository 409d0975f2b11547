/** The names and domains of the two MTAs of a pair, and option words that name one of them. */
import { UsageError } from '../errors.js';
import { excerpt } from '../option-values.js';
import { unknownName } from '../render/suggestions.js';

export const pairNames = ['MTA-A', 'MTA-B'] as const;
export const pairDomains = ['a.example', 'b.example'] as const;

/** Splits `MTA-A=TEXT`. The name is empty in `TEXT`, which is for both MTAs. @throws UsageError if a pair has no such MTA. */
export function mtaAndText(option: string, word: string): { readonly name: string; readonly text: string } {
  const [, name, text = ''] = /^(?:([^=]*)=)?(.*)$/s.exec(word) ?? [];
  if (name !== undefined) requireMtaOfPair(option, name);
  return { name: name ?? '', text };
}

/** @throws UsageError if a pair has no such MTA. */
export function requireMtaOfPair(option: string, name: string): void {
  if ((pairNames as readonly string[]).includes(name)) return;
  throw new UsageError(`${option}: ${unknownName('MTA', excerpt(name), pairNames)}`);
}
