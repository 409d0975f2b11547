/** What a process says over IPC when it is running. */

/** The IPC message of an MTA that is running. */
export type ReadyMessage = {
  readonly type: 'ready';
  readonly name: string;
  readonly pid: number;
  /** String bindings it listens on: `127.0.0.1[4097]`. */
  readonly endpoints: readonly string[];
  /** Where its endpoint mapper listens, in the same form; nowhere when it has none. */
  readonly mapper: readonly string[];
  readonly ports: readonly number[];
  /** `ws://127.0.0.1:PORT` of its control channel. */
  readonly control: string;
  /** File with the control channel's token. */
  readonly tokenFile: string;
};

/** Is this IPC message the sign that an MTA is running? */
export function isReady(message: unknown): message is ReadyMessage {
  if (typeof message !== 'object' || message === null) return false;
  const ready = message as Partial<Record<keyof ReadyMessage, unknown>>;
  return (
    ready.type === 'ready' &&
    typeof ready.name === 'string' &&
    typeof ready.control === 'string' &&
    typeof ready.tokenFile === 'string' &&
    Array.isArray(ready.endpoints)
  );
}
