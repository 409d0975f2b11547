/** Types of the messages that MTA processes send over IPC and their control channels. */

/** The IPC message of an MTA that is up. */
export type ReadyMessage = {
  readonly type: 'ready';
  readonly name: string;
  readonly pid: number;
  /** String bindings that the MTA listens on: `127.0.0.1[4097]`. */
  readonly endpoints: readonly string[];
  /** String bindings of its endpoint mapper. Empty without one. */
  readonly mapper: readonly string[];
  readonly ports: readonly number[];
  /** Address of its control channel: `ws://127.0.0.1:PORT`. */
  readonly control: string;
  /** File with the token of the control channel. */
  readonly tokenFile: string;
};

/** One end of a TCP connection, with its counts of whole PDUs. */
export type SocketCount = {
  /** `ip:port` of this end and of the other end. */
  readonly local: string;
  readonly remote: string;
  readonly sent: number;
  readonly received: number;
};

/** The answer to the control command `status`. */
export type MtaStatus = {
  readonly name: string;
  readonly pid: number;
  readonly phase: string;
  /** Mail domains whose mailboxes are at this MTA. */
  readonly domains: readonly string[];
  readonly incarnation: number;
  readonly version: string;
  readonly build: string;
  /** Its Windows NT: `4.0 SP6a`. Null if unknown. */
  readonly nt: string | null;
  /** Lab clock, ms. */
  readonly nowMs: number;
  readonly timeScale: number;
  readonly endpoints: readonly string[];
  /** String bindings of its endpoint mapper. Empty without one. */
  readonly mapper: readonly string[];
  readonly legacy: readonly string[];
  readonly queuedCopies: number;
  /** Store writes, deliveries and dials under way. */
  readonly pendingWork: number;
  readonly nextDeadlineMs: number | null;
  readonly counters: {
    readonly submitted: number;
    readonly delivered: number;
    readonly deadLetters: number;
    readonly loopsDetected: number;
    readonly reports: number;
  };
  readonly delays: { readonly count: number; readonly meanMs: number; readonly maxMs: number };
  readonly turnsGiven: number;
  readonly associationsOpened: number;
  readonly memory: { readonly rssBytes: number };
  readonly cpu: { readonly userS: number; readonly systemS: number };
  readonly sockets: readonly SocketCount[];
};

/** A line of the `deliveries` stream. */
export type DeliveryLine = {
  readonly t: number;
  readonly node: string;
  /** Copy id, unique for ever in the store of the MTA. */
  readonly copy: number;
  readonly mtsId: string;
  readonly mailbox: string;
  readonly submittedAtMs: number;
  readonly delayMs: number;
  readonly sizeBytes: number;
};

/** One side's view of an association: a row of the control command `associations`. */
export type AssociationRow = {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly turn: string;
  /** Which side has the Turn, as this side believes. */
  readonly believes: 'mine' | 'theirs';
  readonly pleaseOutstanding: unknown;
  readonly moved: number;
  readonly recovery: number;
  /** Name of the adjacent MTA. */
  readonly peer: string;
  readonly [more: string]: unknown;
};

/** Is this IPC message the ready message of an MTA? */
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
