import type { LinkKind } from '../links/link.js';

/** Settings under their documented Exchange names (camelCase, unit last), with Exchange's defaults where it has one. */
export type Settings = {
  /** RTS-Checkpoint-Size, in units of 1024 octets; 0 = no checkpoints. */
  readonly checkpointSizeK: number;
  /** RTS-Recovery-Timeout: how long checkpoint state is kept after an interruption, in seconds. */
  readonly recoveryTimeoutS: number;
  /** RTS-Window-Size: unconfirmed segments of one transfer. */
  readonly windowSize: number;
  /** Num-Of-Open-Retries. */
  readonly maxOpenRetries: number;
  /** Num-Of-Transfer-Retries. */
  readonly maxTransferRetries: number;
  /** Open-Retry-Interval, in seconds. */
  readonly openRetryIntervalS: number;
  /** Transfer-Retry-Interval, in seconds. */
  readonly transferRetryIntervalS: number;
  /** Association-Lifetime: idle time with empty queues before the initiator closes, in seconds. */
  readonly associationLifetimeS: number;
  /** Session-Disconnect-Timer: how long a lost association is kept for recovery, in seconds. */
  readonly disconnectS: number;
  /** Temp-Assoc-Threshold: messages queued per association before one more is opened. */
  readonly threshold: number;
  /** `reached`: opened at the threshold (the articles' word); `exceeded`: at one more (the property page's word). */
  readonly thresholdRule: 'reached' | 'exceeded';
  /** Transfer-Timeout-Urgent, seconds per K of content. */
  readonly transferTimeoutUrgentSPerK: number;
  /** Transfer-Timeout-Normal, seconds per K of content. */
  readonly transferTimeoutNormalSPerK: number;
  /** Transfer-Timeout-Non-Urgent, seconds per K of content. */
  readonly transferTimeoutNonUrgentSPerK: number;
  /** Two-Way-Alternate-Facility: may the Turn pass? */
  readonly twoWayAlternate: boolean;
  /** Local-Initial-Turn: does the initiator hold the Turn at first? */
  readonly localInitialTurn: boolean;
  /** Turn-Request-Threshold: transfers the holder may still make after a Turn-Please (own default, none documented). */
  readonly turnRequestThreshold: number;
  /** An RPC call without an answer is cancelled after this, in seconds. */
  readonly rpcCallTimeoutS: number;
  /** Dial and bind of one binding, in seconds (own). */
  readonly dialTimeoutS: number;
  /** Dialling and binding of one opening over all its string bindings, in seconds; its calls have `rpcCallTimeoutS` (own). */
  readonly openTimeoutS: number;
  /** How long a stop waits for associations to close in order before it aborts them, in seconds (own). */
  readonly stopTimeoutS: number;
  /** Associations with one adjacent MTA; one more is allowed for urgent messages. */
  readonly maxAssociationsPerMta: number;
  /** LAN associations over the whole locality table. */
  readonly maxAssociations: number;
  /**
   * Copies in all queues of this MTA together; above it a submission is refused, and a transfer unless it all goes into mailboxes
   * here, of which there may be as many again (own).
   */
  readonly maxQueuedCopies: number;
  /** Largest content, in octets (own). */
  readonly maxMessageBytes: number;
  /** RPC connections of this MTA, dialled and accepted together (own). */
  readonly maxConnections: number;
};

/** Connections of one association: the first and the data connection of either side. */
const connectionsEach = 4;

/** Associations over the whole locality table: one without room for its connections could never be used, nor closed. */
export function mostAssociations(settings: Settings): number {
  return Math.min(settings.maxAssociations, Math.max(1, Math.floor(settings.maxConnections / connectionsEach)));
}

export const defaultSettings: Settings = {
  checkpointSizeK: 30,
  recoveryTimeoutS: 60,
  windowSize: 5,
  maxOpenRetries: 144,
  maxTransferRetries: 2,
  openRetryIntervalS: 600,
  transferRetryIntervalS: 120,
  associationLifetimeS: 300,
  disconnectS: 120,
  threshold: 50,
  thresholdRule: 'reached',
  transferTimeoutUrgentSPerK: 1000,
  transferTimeoutNormalSPerK: 2000,
  transferTimeoutNonUrgentSPerK: 3000,
  twoWayAlternate: true,
  localInitialTurn: true,
  turnRequestThreshold: 10,
  rpcCallTimeoutS: 120,
  dialTimeoutS: 20,
  openTimeoutS: 100,
  stopTimeoutS: 3,
  maxAssociationsPerMta: 9,
  maxAssociations: 240,
  maxQueuedCopies: 200_000,
  maxMessageBytes: 67_108_864,
  maxConnections: 1024,
};

/** An adjacent MTA as configured. */
export type PeerConfig = {
  readonly name: string;
  /** Remote string bindings, tried in order: `ncacn_ip_tcp:127.0.0.1[4097]` or `127.0.0.1[4097]`. */
  readonly endpoints: readonly string[];
  /** Password this MTA sends to the peer and expects from it; empty for none. */
  readonly password: string;
  /** The link to it; RPC where none is named. */
  readonly link?: LinkKind;
};

/** Mail for `domain` (or any domain, `*`) goes to the adjacent MTA `mta`. The first match wins. */
export type Route = { readonly domain: string; readonly mta: string };

/** One binding of this MTA: an address it listens on, and dials from. */
export type BindingConfig = {
  /** IPv4 or IPv6 address. The unspecified ones (`0.0.0.0`, `::`) leave the choice to the system when dialling. */
  readonly address: string;
  /** TCP port listened on; 0 for one that the system chooses. Dials leave from a port of the system's choice. */
  readonly port: number;
  /** Name of the adapter, for people; empty for none. */
  readonly label: string;
  /** A binding that is disabled is neither listened on (from the next start) nor dialled from (at once). */
  readonly enabled: boolean;
};

/** What `start` needs to know. Plain data; the configuration file is read elsewhere. */
export type MtaConfig = {
  readonly name: string;
  /** Exchange version and build printed by events 9298 and 9299. */
  readonly version: string;
  readonly build: string;
  /** In the order in which they are dialled from. */
  readonly bindings: readonly BindingConfig[];
  /** Is this a server of a cluster? It uses its first binding alone to dial, and does not start on fewer adapters than it has. */
  readonly cluster: boolean;
  /** TCP port of the endpoint mapper on each binding's address; null: none. */
  readonly mapperPort: number | null;
  /** String bindings to be called back at. Empty: those this MTA listens on. */
  readonly advertise: readonly string[];
  readonly settings: Settings;
  readonly peers: readonly PeerConfig[];
  readonly routes: readonly Route[];
  /** Domains whose mailboxes are here. */
  readonly localDomains: readonly string[];
  /** Articles whose legacy behaviour is on. */
  readonly legacy: readonly string[];
};
