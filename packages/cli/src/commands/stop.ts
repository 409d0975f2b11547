/** `mtalab stop`: stops a run in order, or with --mta some of its MTAs. Kills what does not stop in time, and says so. */

import type { RunEntry } from '@mtalab/harness';
import { outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { exitCodes } from '../errors.js';
import { chosenMtas, chosenRun, isSupervised, type RunFlags } from '../running-mtas.js';
import { endMta, endRun, type MtaOutcome } from '../stop-processes.js';

export const run: CommandRun = async ({ io, options }) => {
  const { json, ...where } = options as RunFlags;
  const found: RunEntry = await chosenRun(io, where, 'act');
  const whole = where.mta === undefined && isSupervised(found);
  const chosen = chosenMtas(found, where.mta);
  if (json !== true)
    io.err(`${whole ? `the run in ${found.dir} stops: ` : 'stopping '}${chosen.map(({ mta }) => mta).join(', ')}`);
  const mtas: readonly MtaOutcome[] = whole
    ? await endRun(found, where)
    : await Promise.all(chosen.map((one) => endMta(one, where)));
  const killed = mtas.filter((one) => one.killed !== null);
  if (json === true) outJson(io, { dir: found.dir, mtas });
  else for (const one of mtas) if (one.killed === null) io.err(`${one.mta} has ended`);
  for (const one of killed) io.err(`mtalab: ${one.killed}`);
  return killed.length === 0 ? exitCodes.ok : exitCodes.failed;
};
