/** Reads the articles that the command line adds to and removes from the MTAs of a pair. */
import { type Article, type LinkName, type Profile, quirkOf } from '@mtalab/mta-core';
import { knownArticle } from '../config/releases.js';
import { UsageError } from '../errors.js';
import { mtaAndText } from './pair-mtas.js';

/**
 * The articles of each MTA. `Q280449` is for the MTAs in `on`. `MTA-A=Q280449` is for one MTA, and replaces its articles of
 * the first kind.
 * @throws UsageError naming a word that makes no sense.
 */
export function articlesOf(
  option: 'legacy' | 'fixed',
  words: readonly string[],
  on: readonly string[],
): (name: string) => readonly Article[] {
  const chosen = new Map<string, readonly Article[]>();
  for (const word of words) {
    const { name, text } = mtaAndText(`--${option}`, word);
    if (text === '') throw new UsageError(`--${option}: ${name} has no article; write ${name}=Q166594`);
    const before = chosen.get(name) ?? [];
    const article = knownArticle(text);
    if (!before.includes(article)) chosen.set(name, [...before, article]);
  }
  return (name) => chosen.get(name) ?? (on.includes(name) ? chosen.get('') : undefined) ?? [];
}

/** Hints for --fixed: a line for each article that the release does not have anyway. */
export function fixedHints(
  fixed: Readonly<Record<string, readonly string[]>>,
  profiles: Readonly<Record<string, Profile>>,
): readonly string[] {
  return Object.entries(profiles).flatMap(([name, { own, release, nt }]) =>
    (fixed[name] ?? [])
      .filter((article) => !own.includes(article))
      .map((article) => {
        const product = quirkOf(article)?.product === 'nt-rpc' ? `Windows NT ${nt.name}` : `Exchange ${release.name}`;
        return `note: --fixed ${article} changes nothing at ${name}: ${product} does not have it`;
      }),
  );
}

/** Hints for --link: a line for each MTA with articles about the link that does not join the pair. */
export function linkHints(link: LinkName, legacy: Readonly<Record<string, readonly string[]>>): readonly string[] {
  return Object.entries(legacy).flatMap(([name, articles]) => {
    const foreign = articles.map(quirkOf).filter((quirk) => {
      return link === 'lan' ? quirk?.showsAt === 'an X.400 connector' : quirk?.product === 'nt-rpc';
    });
    if (foreign.length === 0) return [];
    const why =
      link === 'lan' ? 'the LAN joins the pair; --link x400 gives it an X.400 connector' : 'an X.400 connector has no RPC';
    return [`note: ${foreign.map((quirk) => quirk?.article).join(' and ')} cannot show at ${name}: ${why}`];
  });
}
