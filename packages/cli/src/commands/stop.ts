/** `mtalab stop`: stops a run in order, or with --mta some of its MTAs. */

import { outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { exitCodes } from '../errors.js';
import { reportFailures } from '../print-answers.js';
import { askEach, chosenRun, type RunFlags, withChannel } from '../running-mtas.js';

export const run: CommandRun = async ({ io, options }) => {
  const { json, ...where } = options as RunFlags;
  const entry = await chosenRun(where);
  const { lab } = entry;
  if (lab !== undefined && where.mta === undefined) {
    await withChannel(lab, (client) => client.request('stop'));
    if (json === true) outJson(io, { dir: entry.dir, stopping: entry.processes.map((one) => one.name) });
    else io.err(`the run in ${entry.dir} stops: ${entry.processes.map((one) => one.name).join(', ')}`);
    return exitCodes.ok;
  }
  const answers = await askEach(where, 'stop');
  const stopping = answers.flatMap((answer) => (answer.ok ? [answer.mta] : []));
  if (json === true) outJson(io, { dir: entry.dir, stopping });
  else for (const name of stopping) io.err(`${name} stops`);
  return reportFailures(io, answers);
};
