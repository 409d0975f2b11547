/** What the processes of a lab say of themselves over their control channels, as the control contract has it. */

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

/** One TCP connection as one end sees it, with whole PDUs counted. */
export type SocketCount = {
  /** `ip:port` of this end and of the other end. */
  readonly local: string;
  readonly remote: string;
  readonly sent: number;
  readonly received: number;
};

/** Answer of the control command `status`. */
export type MtaStatus = {
  readonly name: string;
  readonly pid: number;
  readonly phase: string;
  /** Mail domains whose mailboxes are there. */
  readonly domains: readonly string[];
  readonly incarnation: number;
  readonly version: string;
  readonly build: string;
  /** The Windows NT it is said to run on: `4.0 SP6a`; null when nobody said. */
  readonly nt: string | null;
  /** Lab clock, ms. */
  readonly nowMs: number;
  readonly timeScale: number;
  readonly endpoints: readonly string[];
  /** Where its endpoint mapper listens; nowhere when it has none. */
  readonly mapper: readonly string[];
  readonly legacy: readonly string[];
  readonly queuedCopies: number;
  /** Store, delivery and dial work under way; 0 when idle. */
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
  /** Copy id: unique within the node's store, for ever. */
  readonly copy: number;
  readonly mtsId: string;
  readonly mailbox: string;
  readonly submittedAtMs: number;
  readonly delayMs: number;
  readonly sizeBytes: number;
};

/** One side's view of an association (a row of the control command `associations`). */
export type AssociationRow = {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly turn: string;
  /** Whose Turn this side believes it is. */
  readonly believes: 'mine' | 'theirs';
  readonly pleaseOutstanding: unknown;
  readonly moved: number;
  readonly recovery: number;
  /** Name of the adjacent MTA. */
  readonly peer: string;
  readonly [more: string]: unknown;
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
