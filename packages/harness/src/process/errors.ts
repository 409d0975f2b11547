/** A lab could not do something. The message names the process, what was expected, and what to do. */
export class HarnessError extends Error {
  /** Also the name of the classes made of this one. */
  override readonly name = 'HarnessError';
}

/** A limit in real time passed. The expected thing may still happen. */
export class HarnessTimeout extends HarnessError {}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
