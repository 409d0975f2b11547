/** The command line that runs one MTA as a process. */
import { fileURLToPath } from 'node:url';

/**
 * Half of the young generation of an MTA's heap, MiB; Node's own choice is 16. With 8 an MTA with 256 messages in flight is as fast as
 * with 16 and takes less memory; with 4 it takes 11 MiB less when it is idle, and is a tenth slower. The figures are in
 * `docs/benchmarks.md`.
 */
const semiSpaceMiB = 8;

/** Program and first arguments. The caller appends `--config FILE`. */
export const mtaCommand: readonly string[] = [
  process.execPath,
  `--max-semi-space-size=${semiSpaceMiB}`,
  fileURLToPath(new URL('../bin/mtalab.js', import.meta.url)),
  'mta',
];
