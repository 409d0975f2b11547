/** `mtalab load compare A.json B.json`: compares the results of two load runs. */
import { compareLoads, renderComparisonHtml } from '@mtalab/load-report';
import { outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { exitCodes, UsageError } from '../errors.js';
import { readLoadResult, writeReportFile } from '../load/report.js';
import { paint } from '../render/colours.js';
import { renderComparison } from '../render/load-comparison.js';

export const run: CommandRun = async ({ io, args, options }) => {
  const { html, json } = options as { readonly html?: string; readonly json?: boolean };
  if (html !== undefined && !/\.html?$/i.test(html))
    throw new UsageError(`--html takes a file name that ends in .html, not ${html}`);
  const [a, b] = [await readLoadResult(args[0] as string), await readLoadResult(args[1] as string)];
  const comparison = compareLoads(a, b);
  if (html !== undefined) {
    await writeReportFile(html, renderComparisonHtml(a, b));
    io.err(`wrote ${html}`);
  }
  if (json === true) outJson(io, comparison);
  else io.out(renderComparison(comparison, paint(io.outColour, io.outColumns())));
  return exitCodes.ok;
};
