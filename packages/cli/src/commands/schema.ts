/** `mtalab schema`: the JSON schema of an MTA's configuration file. */
import { configSchema } from '../config/index.js';
import { exitCodes } from '../errors.js';
import { outJson } from '../io.js';
import type { CommandRun } from '../tree/entry.js';

export const run: CommandRun = async ({ io }) => {
  outJson(io, configSchema());
  return exitCodes.ok;
};
