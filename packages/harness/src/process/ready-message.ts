/** The IPC message of an MTA that is up. */
export type ReadyMessage = {
  readonly type: 'ready';
  readonly mta: string;
  readonly pid: number;
  /** String bindings that the MTA listens on: `127.0.0.1[4097]`. */
  readonly endpoints: readonly string[];
  /** Where its X.400 connector listens. Empty without one. */
  readonly x400: readonly string[];
  /** String bindings of its endpoint mapper. Empty without one. */
  readonly mapper: readonly string[];
  /** Where its SMTP listener listens. Empty without one. */
  readonly smtp: readonly string[];
  /** Where its metrics are: `http://127.0.0.1:9464/metrics`. Null without them. */
  readonly metrics: string | null;
  readonly ports: readonly number[];
  /** Address of its control channel: `ws://127.0.0.1:PORT`. */
  readonly control: string;
  /** File with the token of the control channel. */
  readonly tokenFile: string;
};

/** Is this IPC message the ready message of an MTA? */
export function isReady(message: unknown): message is ReadyMessage {
  if (typeof message !== 'object' || message === null) return false;
  const ready = message as Partial<Record<keyof ReadyMessage, unknown>>;
  return (
    ready.type === 'ready' &&
    typeof ready.mta === 'string' &&
    typeof ready.control === 'string' &&
    typeof ready.tokenFile === 'string' &&
    Array.isArray(ready.endpoints)
  );
}
