/** Errors that end a command, with the exit codes of `mtalab`. */

/** 0: done. 1: it failed. 2: it was asked wrongly. 130: Ctrl-C has ended it, as a shell expects it. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** A failure to be told in one line, without a stack: what was wrong, where, and what to do. Exit code 1. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
  readonly exitCode: number = exitCodes.failed;
}

/** The command was asked for something that makes no sense. Exit code 2. */
export class UsageError extends CliError {
  override readonly name: string = 'UsageError';
  override readonly exitCode: number = exitCodes.usage;
}

/** The words of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
