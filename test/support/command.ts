/**
 * Runs `mtalab` in the process of the test. The start of a process takes as much CPU as ten commands, so only tests about
 * processes, signals and streams pay for one.
 */
import { type CommandIo, runCommand } from 'mtalab/internal';

export type CommandOutcome = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Runs a command line. Its output goes to no terminal, and its environment is that of this process. */
export async function command(...argv: readonly string[]): Promise<CommandOutcome> {
  const said = { stdout: '', stderr: '' };
  const io: CommandIo = {
    out: (text) => {
      said.stdout += `${text}\n`;
    },
    err: (text) => {
      said.stderr += `${text}\n`;
    },
    errRaw: (text) => {
      said.stderr += text;
    },
    outColour: false,
    errTty: false,
    errColour: false,
    errColumns: () => 80,
    errRows: () => 24,
    onErrResize: () => () => undefined,
    outColumns: () => Number.POSITIVE_INFINITY,
    readerGone: new AbortController().signal,
  };
  return { code: await runCommand(argv, io), ...said };
}
