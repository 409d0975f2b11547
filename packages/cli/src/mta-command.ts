/** How this package runs an MTA as a process of its own. */
import { fileURLToPath } from 'node:url';

/** Program and leading arguments; `--config FILE` is appended. */
export const mtaCommand: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL('../bin/mtalab.js', import.meta.url)),
  'mta',
];
