/** `mtalab restart`: stops or kills MTAs of a pair and starts them again. */

import { outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { CliError, exitCodes } from '../errors.js';
import { askRun, type RunFlags } from '../running-mtas.js';

/** Limit in real time. The MTAs restart one after the other, and each may take long to stop in order. */
const limitMs = 180_000;

export const run: CommandRun = async ({ io, options }) => {
  const { json, kill, ...where } = options as RunFlags & { readonly kill?: boolean };
  const done = await askRun<unknown>(where, 'restart', { kill: kill === true }, limitMs);
  if (done === undefined) {
    throw new CliError(
      'this MTA has no supervisor that could start it again; stop it with `mtalab stop` and start it with `mtalab mta --config FILE`',
    );
  }
  if (json === true) outJson(io, { restarted: done.names });
  else for (const name of done.names) io.out(`${name} runs again`);
  return exitCodes.ok;
};
