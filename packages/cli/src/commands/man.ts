/** `mtalab man`: shows the manual page on a terminal, and prints it elsewhere. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { CommandRun } from '../command-tree/command-entry.js';
import { CliError, exitCodes, messageOf } from '../errors.js';
import { renderManual } from '../manual/manual.js';

/** The page as it comes with the package. A test compares it with the command tree. */
const page = fileURLToPath(new URL('../../man/mtalab.1', import.meta.url));

export const run: CommandRun = async ({ io, tree }) => {
  if (!Number.isFinite(io.outColumns())) {
    io.out(renderManual(tree()).trimEnd());
    return exitCodes.ok;
  }
  const viewer = spawn('man', [page], { stdio: 'inherit' });
  try {
    const [code] = (await once(viewer, 'exit')) as [number | null];
    return code === 0 ? exitCodes.ok : exitCodes.failed;
  } catch (error) {
    throw new CliError(`cannot run man to show ${page}: ${messageOf(error)}; \`mtalab man > FILE\` writes the page`);
  }
};
