/** The command line that runs one MTA as a process. */
import { fileURLToPath } from 'node:url';

/**
 * Half of the young generation of an MTA's heap, MiB; Node's own choice is 16. What an MTA allocates for a message dies young, so
 * a small one costs no time that could be measured, and 10 to 60 MiB less.
 */
const semiSpaceMiB = 2;

/** Program and first arguments. The caller appends `--config FILE`. */
export const mtaCommand: readonly string[] = [
  process.execPath,
  `--max-semi-space-size=${semiSpaceMiB}`,
  fileURLToPath(new URL('../bin/mtalab.js', import.meta.url)),
  'mta',
];
