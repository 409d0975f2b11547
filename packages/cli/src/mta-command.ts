/** The command line that runs one MTA as a process. */
import { fileURLToPath } from 'node:url';

/** Program and first arguments. The caller appends `--config FILE`. */
export const mtaCommand: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL('../bin/mtalab.js', import.meta.url)),
  'mta',
];
