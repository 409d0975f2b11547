/** `mtalab restart`: stops MTAs of a pair in order, or kills them, and starts them again. */

import { outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { CliError, exitCodes } from '../errors.js';
import { askRun, type RunChoice } from '../running-mtas.js';

/** Each may take its time to stop in order and to start, and they go one after the other. */
const limitMs = 180_000;

export const run: CommandRun = async ({ io, options }) => {
  const { json, kill, ...where } = options as RunChoice & { readonly json?: boolean; readonly kill?: boolean };
  const done = await askRun<unknown>(where, 'restart', { kill: kill === true }, limitMs);
  if (done === undefined) {
    throw new CliError(
      'nobody supervises this MTA, who could start it again: end it with `mtalab stop`, and start it with `mtalab mta --config FILE`',
    );
  }
  if (json === true) outJson(io, { restarted: done.names });
  else for (const name of done.names) io.out(`${name} runs again`);
  return exitCodes.ok;
};
