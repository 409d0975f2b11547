/** The two MTAs of a pair, and their domains. */
import { UsageError } from '../errors.js';
import { excerpt } from '../option-values.js';
import { suggestion } from '../render/suggestions.js';

export const pairNames = ['MTA-A', 'MTA-B'] as const;
export const pairDomains = ['a.example', 'b.example'] as const;

/** `TEXT` for both MTAs, whose name is empty here, or `MTA-A=TEXT` for one. @throws UsageError when there is no such MTA. */
export function mtaAndText(option: string, word: string): { readonly name: string; readonly text: string } {
  const [, name, text = ''] = /^(?:([^=]*)=)?(.*)$/s.exec(word) ?? [];
  if (name !== undefined) requireMtaOfPair(option, name);
  return { name: name ?? '', text };
}

/** @throws UsageError when there is no such MTA. */
export function requireMtaOfPair(option: string, name: string): void {
  if ((pairNames as readonly string[]).includes(name)) return;
  const there = pairNames.join(', ');
  throw new UsageError(`${option}: no MTA ${excerpt(name)} in a pair (there: ${there})${suggestion(name, pairNames)}`);
}
