/** Something a lab was asked to do did not happen. The message names the process and what was awaited, and what to do. */
export class HarnessError extends Error {
  override readonly name = 'HarnessError';
}

/** A limit in real time passed. Nothing is known of what was awaited: it may still happen. */
export class HarnessTimeout extends HarnessError {}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
