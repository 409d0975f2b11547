/** Renders the table of releases and articles, and the reason for each cell. */

import { exchangeReleases, ntReleases, type Release, releaseArticles, releaseReasons } from '@mtalab/mta-core';
import type { Paint } from './colours.js';
import { table } from './table.js';

function matrix(product: string, releases: readonly Release[], style: Paint): string {
  const articles = releases[0]?.cells.map((cell) => cell.article) ?? [];
  return table(
    [product, 'SERVICE PACK', 'BUILD', ...articles].map((title) => ({ title })),
    releases.map(({ version, servicePack, build, cells }) => [
      style.bold(version),
      servicePack,
      build,
      ...cells.map(({ on }) => (on ? style.yellow('on') : '-')),
    ]),
    style,
  );
}

function reasons(style: Paint): string {
  const rows = releaseArticles.flatMap(({ article }) =>
    releaseReasons(article).map(({ on, because, first, last }) => [
      article,
      on ? style.yellow('on') : '-',
      first.product,
      first === last ? first.name : `${first.name} to ${last.name}`,
      because.slice(article.length + 2),
    ]),
  );
  return table(
    [
      { title: 'ARTICLE' },
      { title: 'CELL' },
      { title: 'PRODUCT' },
      { title: 'RELEASES', wraps: true },
      { title: 'BECAUSE', wraps: true },
    ],
    rows,
    style,
  );
}

/** A table for each product, then what each article says about their releases. */
export function renderReleases(style: Paint): string {
  return [matrix('EXCHANGE', exchangeReleases, style), matrix('WINDOWS NT', ntReleases, style), reasons(style)].join('\n\n');
}
