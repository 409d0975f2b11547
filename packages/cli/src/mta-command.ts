/** The command line that runs one MTA as a process. */
import { fileURLToPath } from 'node:url';

/**
 * Half of the young generation of an MTA's heap, MiB; Node's own choice is 16. With 4 an MTA that
 * receives under load has some 30 MiB less resident, at a rate about a twentieth lower; with 2 the rate would be a seventh lower.
 * The figures are in `docs/benchmarks.md`.
 */
const semiSpaceMiB = 4;

/** Program and first arguments. The caller appends `--config FILE`. */
export const mtaCommand: readonly string[] = [
  process.execPath,
  `--max-semi-space-size=${semiSpaceMiB}`,
  fileURLToPath(new URL('../bin/mtalab.js', import.meta.url)),
  'mta',
];
