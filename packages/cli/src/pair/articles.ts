/** The articles a pair is told to have and not to have, as the command line gives them. */
import { type Profile, quirkOf } from '@mtalab/mta-core';
import { knownArticle } from '../config/releases.js';
import { UsageError } from '../errors.js';
import { mtaAndText } from './pair-mtas.js';

/**
 * Of each MTA: `Q280449` is for those of `on`, `MTA-A=Q280449` for one, which goes before what is for all.
 * @throws UsageError naming what makes no sense.
 */
export function articlesOf(
  option: 'legacy' | 'fixed',
  words: readonly string[],
  on: readonly string[],
): (name: string) => readonly string[] {
  const given = new Map<string, readonly string[]>();
  for (const word of words) {
    const { name, text } = mtaAndText(`--${option}`, word);
    if (text === '') throw new UsageError(`--${option}: no article is named for ${name}; write ${name}=Q166594`);
    const before = given.get(name) ?? [];
    const article = knownArticle(text);
    if (!before.includes(article)) given.set(name, [...before, article]);
  }
  return (name) => given.get(name) ?? (on.includes(name) ? given.get('') : undefined) ?? [];
}

/** What to tell somebody who took away what was not there: a line for each article, or none. */
export function fixedHints(
  fixed: Readonly<Record<string, readonly string[]>>,
  profiles: Readonly<Record<string, Profile>>,
): readonly string[] {
  return Object.entries(profiles).flatMap(([name, { own, release, nt }]) =>
    (fixed[name] ?? [])
      .filter((article) => !own.includes(article))
      .map((article) => {
        const product = quirkOf(article)?.product === 'nt-rpc' ? `Windows NT ${nt.name}` : `Exchange ${release.name}`;
        return `note: --fixed ${article} changes nothing at ${name}, as ${product} does not have it`;
      }),
  );
}
