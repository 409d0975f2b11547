/** Checks names of releases and articles that a user gives. */
import {
  type Article,
  exchangeReleases,
  ntReleases,
  quirkOf,
  quirks,
  resolveNt,
  resolveRelease,
  UnknownReleaseError,
} from '@mtalab/mta-core';
import { UsageError } from '../errors.js';
import { suggestion, unknownName } from '../render/suggestions.js';

const products = {
  release: { resolve: resolveRelease, releases: exchangeReleases },
  nt: { resolve: resolveNt, releases: ntReleases },
} as const;

/** Says what is wrong with the name of a release, and suggests one. Undefined if the release exists. */
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

/** The articles that MTA Lab emulates. */
export const emulatedArticles: readonly string[] = quirks.map((quirk) => quirk.article);

/**
 * Reads the name of an article.
 * @throws UsageError that lists the articles, if MTA Lab does not emulate it.
 */
export function knownArticle(text: string): Article {
  const article = quirkOf(text.toUpperCase())?.article;
  if (article === undefined) throw new UsageError(unknownName('article', text, emulatedArticles));
  return article;
}
