/** `mtalab runs`: lists the runs on this machine. */

import { listRuns } from '@mtalab/harness';
import { outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { exitCodes } from '../errors.js';
import { paint } from '../render/colours.js';
import { renderRuns } from '../render/views.js';

export const run: CommandRun = async ({ io, options }) => {
  const runs = await listRuns();
  if (options['json'] === true) outJson(io, runs);
  else if (runs.length === 0) io.err('nothing runs; start a pair with `mtalab pair`');
  else io.out(renderRuns(runs, paint(io.outColour, io.outColumns())));
  return exitCodes.ok;
};
