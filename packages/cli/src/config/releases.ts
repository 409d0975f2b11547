/** Releases of Exchange and Windows NT as somebody has written them. */
import {
  exchangeReleases,
  ntReleases,
  quirkOf,
  quirks,
  releaseArticles,
  resolveNt,
  resolveRelease,
  UnknownReleaseError,
} from '@mtalab/mta-core';
import { UsageError } from '../errors.js';
import { suggestion } from '../render/suggestions.js';

const products = {
  release: { resolve: resolveRelease, releases: exchangeReleases },
  nt: { resolve: resolveNt, releases: ntReleases },
} as const;

/** What is wrong with the name of a release, and what may have been meant; nothing when there is such a release. */
export function releaseProblem(product: keyof typeof products, text: string): string | undefined {
  const { resolve, releases } = products[product];
  try {
    resolve(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof UnknownReleaseError)) throw error;
    const known = releases.map((release) => release.short);
    const hint = error.nearest.length === 0 ? suggestion(text, known) : '';
    return `${error.message}${hint === '' ? '; `mtalab releases` lists them all' : hint}`;
  }
}

/** Said of an article that the table of releases has, and for which there is no quirk; nothing of any other text. */
export function notEmulated(text: string): string | undefined {
  const article = text.toUpperCase();
  if (quirkOf(article) !== undefined || releaseArticles.every((each) => each.article !== article)) return undefined;
  return `${article} is an article of some releases, but not emulated here`;
}

/**
 * The article as the quirks write it.
 * @throws UsageError that lists what there is.
 */
export function knownArticle(text: string): string {
  const articles = quirks.map((quirk) => quirk.article);
  const article = text.toUpperCase();
  if (articles.includes(article)) return article;
  const problem = notEmulated(text) ?? `no article ${text}`;
  throw new UsageError(`${problem} (there: ${articles.join(', ')})${suggestion(text, articles)}`);
}

/** Said where an MTA is not wholly what its release was. */
export function withoutQuirkWords(name: string, release: string, articles: readonly string[]): string {
  return `${name}: Exchange ${release} also has ${articles.join(', ')}, which is not emulated here`;
}
