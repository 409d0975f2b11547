/** The command `mtalab`. */
import { CommanderError } from 'commander';
import { processIo } from './command-io.js';
import { buildProgram } from './command-tree/program.js';
import { CliError, exitCodes, messageOf } from './errors.js';

/** Runs a command line (without node and script name). Resolves with the exit code; never throws. */
async function main(argv: readonly string[]): Promise<number> {
  const io = processIo();
  let code: number = exitCodes.ok;
  const program = buildProgram(io, (exitCode) => {
    code = exitCode;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    // Commander has printed its own message; help that was asked for is no error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (error instanceof CliError) {
      io.err(`mtalab: ${error.message}`);
      return error.exitCode;
    }
    // Errors of the packages below are written for people too. Anything else is a bug, and its stack is wanted.
    const known = error instanceof Error && error.name !== 'Error' && !/^(Type|Range|Reference|Syntax)Error$/.test(error.name);
    io.err(`mtalab: ${messageOf(error)}`);
    if (!known && error instanceof Error && process.env['MTALAB_DEBUG'] !== undefined) io.err(error.stack ?? '');
    return exitCodes.failed;
  }
}

process.exitCode = await main(process.argv.slice(2));
