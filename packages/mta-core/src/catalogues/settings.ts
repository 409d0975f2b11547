import type { LinkKind } from '../links/link.js';

/** Settings under their documented Exchange names (camelCase, unit last), with Exchange's defaults where it has one. */
export type Settings = {
  /** RTS-Checkpoint-Size, in units of 1024 octets; 0 = no checkpoints. */
  readonly checkpointSizeK: number;
  /** RTS-Recovery-Timeout: how long checkpoint state is kept after an interruption, in seconds. */
  readonly recoveryTimeoutS: number;
  /** RTS-Window-Size: unconfirmed segments of one transfer. */
  readonly windowSize: number;
  /**
   * Unconfirmed activities of one side on one association, if the peer agrees (own). 1, as X.228 has it: each is confirmed before the
   * next begins.
   */
  readonly activitiesInFlight: number;
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
  /** Temp-Assoc-Threshold: messages queued per association before the MTA opens another. */
  readonly threshold: number;
  /**
   * `reached`: the MTA opens at the threshold (the articles' word); `exceeded`: at one message more (the property page's word).
   */
  readonly thresholdRule: 'reached' | 'exceeded';
  /** Transfer-Timeout-Urgent, seconds per K of content. */
  readonly transferTimeoutUrgentSPerK: number;
  /** Transfer-Timeout-Normal, seconds per K of content. */
  readonly transferTimeoutNormalSPerK: number;
  /** Transfer-Timeout-Non-Urgent, seconds per K of content. */
  readonly transferTimeoutNonUrgentSPerK: number;
  /** Two-Way-Alternate-Facility: whether the Turn may pass. */
  readonly twoWayAlternate: boolean;
  /** Local-Initial-Turn: whether the initiator holds the Turn at first. */
  readonly localInitialTurn: boolean;
  /** Turn-Request-Threshold: transfers the holder may still make after a Turn-Please (own default, none documented). */
  readonly turnRequestThreshold: number;
  /** Time after which the MTA cancels an RPC call without an answer, in seconds. */
  readonly rpcCallTimeoutS: number;
  /** Dial and bind of one binding, in seconds (own). */
  readonly dialTimeoutS: number;
  /** Dial and bind of one opening over all its string bindings, in seconds; its calls have `rpcCallTimeoutS` (own). */
  readonly openTimeoutS: number;
  /** How long a stop waits for associations to close in order before it aborts them, in seconds (own). */
  readonly stopTimeoutS: number;
  /** Associations with one adjacent MTA; one more is allowed for urgent messages. */
  readonly maxAssociationsPerMta: number;
  /** LAN associations over the whole locality table. */
  readonly maxAssociations: number;
  /**
   * Copies in all queues of this MTA together (own). Above it the MTA refuses submissions, and also transfers unless all their
   * copies go to local mailboxes. Copies for local mailboxes may number as many again.
   */
  readonly maxQueuedCopies: number;
  /**
   * Copies of each queue whose envelopes are in memory (own). Of the others the MTA knows three numbers, and reads their envelopes
   * from the store when they come near the front.
   */
  readonly envelopesInMemory: number;
  /** Largest content, in octets (own). */
  readonly maxMessageBytes: number;
  /** TCP/IP control blocks of the X.400 connectors: one for each connection, and one for the listener. */
  readonly controlBlocks: number;
  /** RPC connections of this MTA, dialled and accepted together (own). */
  readonly maxConnections: number;
};

/** Settings on the Override page of an X.400 connector: there they differ from those of the MTA for one adjacent MTA. */
export const overridable = [
  'checkpointSizeK',
  'recoveryTimeoutS',
  'windowSize',
  'maxOpenRetries',
  'maxTransferRetries',
  'openRetryIntervalS',
  'transferRetryIntervalS',
  'associationLifetimeS',
  'disconnectS',
  'threshold',
  'transferTimeoutUrgentSPerK',
  'transferTimeoutNormalSPerK',
  'transferTimeoutNonUrgentSPerK',
  'twoWayAlternate',
  'localInitialTurn',
  'turnRequestThreshold',
] as const satisfies readonly (keyof Settings)[];

/** The settings that hold for one adjacent MTA. */
export type ConnectorSettings = Pick<Settings, (typeof overridable)[number]>;

/** Connections of one association: the first and the data connection of each side. */
const connectionsEach = 4;

/**
 * Limit of associations over the whole locality table. An association without room for its connections could be neither used
 * nor closed.
 */
export function associationLimit(settings: Settings): number {
  return Math.min(settings.maxAssociations, Math.max(1, Math.floor(settings.maxConnections / connectionsEach)));
}

export const defaultSettings: Settings = {
  checkpointSizeK: 30,
  recoveryTimeoutS: 60,
  windowSize: 5,
  activitiesInFlight: 1,
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
  envelopesInMemory: 2048,
  maxMessageBytes: 67_108_864,
  controlBlocks: 20,
  maxConnections: 1024,
};

/** The port of an X.400 connector, if none is named (RFC 1006). */
export const isoPort = 102;

/** Longest name of an MTA on an X.400 connector, in characters (ub-mta-name-length of X.411). */
export const maxConnectorNameLength = 32;

/** The links to adjacent MTAs, by their names in configurations. */
export const linkByName = { lan: 'rpc', x400: 'x400' } as const satisfies Readonly<Record<string, LinkKind>>;
export type LinkName = keyof typeof linkByName;

/** A time of each week, in minutes since Monday 00:00 UTC: from the first minute until before the last. */
export type WeeklyTime = { readonly fromMinute: number; readonly toMinute: number };

/**
 * When this MTA opens associations with an adjacent MTA. `remote-initiated`: never, and it sends over those that the other opens.
 * `never`: nor does it send. An object: at the selected times.
 */
export type Activation = 'always' | 'remote-initiated' | 'never' | { readonly times: readonly WeeklyTime[] };

/** An adjacent MTA as configured. */
export type PeerConfig = {
  readonly name: string;
  /** Remote string bindings, tried in order: `ncacn_ip_tcp:127.0.0.1[4097]` or `127.0.0.1[4097]`. */
  readonly endpoints: readonly string[];
  /** Password this MTA sends to the peer and expects from it; empty for none. */
  readonly password: string;
  /** The link to it; default RPC. */
  readonly link?: LinkKind;
  /** Settings for this adjacent MTA alone. Only an X.400 connector has them. */
  readonly overrides?: Partial<ConnectorSettings>;
  /** Default: always. */
  readonly activation?: Activation;
};

/** Mail for `domain` (or any domain, `*`) goes to the adjacent MTA `mta`. The first match wins. */
export type Route = { readonly domain: string; readonly mta: string };

/** One binding of this MTA: an address that it listens on and dials from. */
export type BindingConfig = {
  /** IPv4 or IPv6 address. With an unspecified one (`0.0.0.0`, `::`) the system chooses the address of each dial. */
  readonly address: string;
  /** TCP port to listen on; with 0 the system chooses one. The system also chooses the port of each dial. */
  readonly port: number;
  /** Name of the adapter, for people; empty for none. */
  readonly label: string;
  /** The MTA does not listen on a disabled binding (from its next start) and does not dial from it (at once). */
  readonly enabled: boolean;
};

/** What `start` needs to know. Plain data; the configuration file is read elsewhere. */
export type MtaConfig = {
  /** Name of this MTA. */
  readonly name: string;
  /** Exchange version and build printed by events 9298 and 9299. */
  readonly version: string;
  /** Such as `2653.23`. */
  readonly build: string;
  /** In the order in which the MTA dials from them. */
  readonly bindings: readonly BindingConfig[];
  /**
   * Whether this is a server of a cluster: it dials from its first binding alone, and does not start if one of its adapters
   * fails.
   */
  readonly cluster: boolean;
  /** TCP port of the endpoint mapper on each binding's address; null: none. */
  readonly mapperPort: number | null;
  /** TCP port of the X.400 connector's transport stack on each binding's address; 0: the system chooses it; absent: none. */
  readonly x400Port?: number;
  /** String bindings for call backs to this MTA. Empty: those it listens on. */
  readonly advertise: readonly string[];
  /** Timers, limits and thresholds, all of them. */
  readonly settings: Settings;
  /** The adjacent MTAs. */
  readonly peers: readonly PeerConfig[];
  /** Which adjacent MTA mail for a domain goes to. */
  readonly routes: readonly Route[];
  /** Domains whose mailboxes are here. */
  readonly localDomains: readonly string[];
  /** Articles whose legacy behaviour is on. */
  readonly legacy: readonly string[];
};
