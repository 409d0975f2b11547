/** `mtalab schema`: prints the JSON schema of the configuration file. */

import { outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { configSchema } from '../config/index.js';
import { exitCodes } from '../errors.js';

export const run: CommandRun = async ({ io }) => {
  outJson(io, configSchema());
  return exitCodes.ok;
};
