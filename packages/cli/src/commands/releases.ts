/** `mtalab releases`: shows the releases and the articles of each. */

import { exchangeReleases, ntReleases, type Release } from '@mtalab/mta-core';
import { outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { exitCodes } from '../errors.js';
import { paint } from '../render/colours.js';
import { renderReleases } from '../render/releases.js';

/** One row for each release and article. */
function rows(releases: readonly Release[]) {
  return releases.flatMap(({ version, build, servicePack, cells }) =>
    cells.map(({ article, on, because }) => ({ version, build, servicePack, article, on, because })),
  );
}

export const run: CommandRun = async ({ io, options }) => {
  const { json } = options as { readonly json?: boolean };
  if (json === true) outJson(io, { exchange: rows(exchangeReleases), nt: rows(ntReleases) });
  else io.out(renderReleases(paint(io.outColour, io.outColumns())));
  return exitCodes.ok;
};
