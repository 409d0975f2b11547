/** Runs one command line. Tests run it in their own process too, with their own output. */
import { CommanderError } from 'commander';
import type { CommandIo } from './command-io.js';
import { buildProgram } from './command-tree/program.js';
import { CliError, exitCodes, messageOf } from './errors.js';

/** Runs a command line, given without node and script name. Resolves with the exit code, and never throws. */
export async function runCommand(argv: readonly string[], io: CommandIo): Promise<number> {
  let code: number = exitCodes.ok;
  const program = buildProgram(io, (exitCode) => {
    code = exitCode;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    // Commander has printed its message. A wish for help is no error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (error instanceof CliError) {
      io.err(`mtalab: ${error.message}`);
      return error.exitCode;
    }
    // The other packages write their errors for people too. Any other error is a bug, and its stack helps.
    const known = error instanceof Error && error.name !== 'Error' && !/^(Type|Range|Reference|Syntax)Error$/.test(error.name);
    io.err(`mtalab: ${messageOf(error)}`);
    if (!known && error instanceof Error && process.env['MTALAB_DEBUG'] !== undefined) io.err(error.stack ?? '');
    return exitCodes.failed;
  }
}
