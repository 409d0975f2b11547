/** Errors that end a command, with the exit codes of `mtalab`. */

/** 0: done. 1: failed. 2: wrong usage. 130: ended by Ctrl-C, as a shell expects. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** A failure that ends a command. Its message says what is wrong, where, and what to do. Exit code 1, no stack. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
  readonly exitCode: number = exitCodes.failed;
}

/** The command line or a file makes no sense. Exit code 2. */
export class UsageError extends CliError {
  override readonly name: string = 'UsageError';
  override readonly exitCode: number = exitCodes.usage;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
