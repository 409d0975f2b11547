/** The state of an MTA: immutable plain data that JSON can hold, without classes and closures. */

import type { TurnSide } from '../catalogues/behaviour.js';
import type { ReportedEvent } from '../catalogues/events/parameters.js';
import type { Activation, ConnectorSettings, Settings } from '../catalogues/settings.js';
import type { CopyQueue } from '../collections/copy-queue.js';
import type { Fifo } from '../collections/fifo.js';
import type { Intervals } from '../collections/intervals.js';
import type { Row, Table } from '../collections/table.js';
import type { Tree } from '../collections/tree.js';
import type { DialWay } from '../links/dial-order.js';
import type { LinkKind } from '../links/link.js';
import type { Binding, DialPath } from '../links/local-bindings.js';
import type { MemoryRuntime } from '../links/memory/state.js';
import type { RpcRuntime } from '../links/rpc/state.js';
import type { X400Runtime } from '../links/x400/state.js';
import type { Destination, Envelope, Priority, StoredMessage } from '../mail/message.js';
import type { AssociationId, DialogueMode, RefuseReason, Role } from '../reliable-transfer/apdu.js';

/** A copy in a queue for an adjacent MTA. Its id is its activity id. */
export type QueuedCopy = {
  readonly id: number;
  readonly content: number;
  readonly envelope: Envelope;
  readonly recipients: readonly string[];
  /** Transfer failures so far. */
  readonly failures: number;
  /** Octets that the peer has confirmed, and until when it keeps them (null while in transfer). */
  readonly confirmedUpTo: number;
  readonly confirmedUntilMs: number | null;
  /** The whole content has been sent at least once, so the peer may have it. */
  readonly sentWhole: boolean;
  /**
   * This start sent the copy whole on an association that was lost before the answer came, so it may still reach the peer late,
   * over the old connection. A copy sent before this start cannot: the peer drops everything it held with an older incarnation.
   */
  readonly strayed?: true;
  /** Why its last transfer failed, for people. */
  readonly problem?: string;
  /** Losses of an association in a row that interrupted its transfer before the peer confirmed any more of it. Absent for none. */
  readonly interruptions?: number;
  /** What is wrong with its content, in words: it is never sent again, and waits only until it can be set aside. Absent if sound. */
  readonly damage?: string;
};

/** A copy that waits for its Transfer Interval to pass. */
export type WaitingCopy = QueuedCopy & { readonly untilMs: number };

/** A copy for a mailbox of this MTA or for its dead letters. */
export type LocalCopy = {
  readonly id: number;
  readonly content: number;
  readonly envelope: Envelope;
  readonly recipients: readonly string[];
  readonly destination: Destination;
  /** The entry whose queue it was in before it became a dead letter; null for mail for this MTA. */
  readonly entry: number | null;
  readonly failures: number;
  /** When a failed delivery is tried again; null while it is not waiting. */
  readonly untilMs: number | null;
  /** Why its last delivery failed, for people. */
  readonly problem?: string;
};

/** Mail for this MTA: queued, being written by the driver (at most `deliveringLimit` at a time), waiting for a retry. */
export type Mailboxes = {
  readonly queue: Fifo<LocalCopy>;
  readonly delivering: Table<LocalCopy>;
  readonly waiting: Tree<LocalCopy>;
};

/** Names an association by its locality table entry and its id, for links, timers and stores. */
export type AssociationRef = { readonly entry: number; readonly association: number };

/** States of an association, the same for both roles: see the transition table. The link knows how far an opening has come. */
export type AssociationState =
  /** The initiator opens or recovers it: it makes the connections, or waits for the answer to its RTORQ. */
  | 'opening'
  /** The responder has an RTORQ to answer, and its link does not work both ways yet. */
  | 'answering'
  | 'open'
  /** Its connections are lost. Both sides keep it for the time Disconnect. */
  | 'lost'
  /** RT-CLOSE was sent (initiator) or is being answered (responder). */
  | 'closing';

/** States of the Turn as one side sees it: see the transition table. */
export type TurnState =
  /** Mine; the peer has not asked. */
  | 'held'
  /** Mine; the peer has asked. */
  | 'asked-of'
  /** Given away; the acknowledgement has not come yet. */
  | 'given'
  /** Theirs; I have not asked. */
  | 'theirs'
  /** Theirs; I have asked. */
  | 'asking';

/** An outgoing activity of an association. Its id is that of the copy. */
export type Transfer = Row & {
  readonly copy: QueuedCopy;
  /** Its place among the activities that the association has begun. */
  readonly order: number;
  /** Octets put on the wire on this association, or skipped because they were confirmed before. */
  readonly sentUpTo: number;
  readonly confirmedUpTo: number;
  /** Has the last segment been sent? */
  readonly ended: boolean;
  /** Has this association carried the envelope yet? */
  readonly started: boolean;
  /** Segments that wait for their confirmation, by the numbers they were sent under, oldest first. */
  readonly unconfirmed: readonly number[];
  readonly deadlineMs: number;
  /** A discard has been sent: its answer ends the activity. */
  readonly discarding: boolean;
};

export type Association = Row & {
  /** The same on both sides, over all recoveries. */
  readonly name: AssociationId;
  readonly role: Role;
  readonly state: AssociationState;
  /** 0 for the first open, else the number of the recovery that made (or is making) the present connections. */
  readonly recovery: number;
  readonly turn: TurnState;
  /**
   * Responder, during a recovery: whose Turn the recovering RTORQ says it is. This side adopts it when the association is open
   * again.
   */
  readonly statedTurn: TurnSide | null;
  /** Priority of the peer's pending Turn-Please (`asked-of`), else null. */
  readonly askedPriority: number | null;
  /** Transfers started since that Please came. */
  readonly transfersSinceAsked: number;
  readonly dialogueMode: DialogueMode;
  readonly checkpointSizeK: number;
  readonly windowSize: number;
  /** Opened above the limit, for urgent messages only. */
  readonly urgentOnly: boolean;
  /** Activities that one side may have unconfirmed at one time: agreed at the opening, and kept over recoveries. */
  readonly activitiesInFlight: number;
  /** Outgoing activities without their last confirmation. */
  readonly transfers: Tree<Transfer>;
  /** The one of them that still has segments to send. The next begins after that. */
  readonly sending: number | null;
  /** Activities begun over it by this side. */
  readonly begun: number;
  /** Activities of the peer that have arrived whole over it and have no answer yet. */
  readonly unanswered: number;
  /** Open, initiator: when it has been idle long enough to close. */
  readonly lifetimeAtMs: number | null;
  /** Lifetime has passed: close as soon as the rules permit. Any mail cancels this. */
  readonly wantsClose: boolean;
  /** Lost: when it is given up. */
  readonly disconnectAtMs: number | null;
  /** Lost, initiator: when the next recovery is tried. */
  readonly recoverAtMs: number | null;
  /** Seconds to wait after the next recovery that fails. */
  readonly recoverBackoffS: number;
  /** Losses in a row between which neither a message nor a segment has moved, either way. */
  readonly fruitlessLosses: number;
  /** Messages moved over it, either way. */
  readonly moved: number;
  readonly openedAtMs: number;
  /** The earliest deadline of this association, kept up to date at the end of each step. */
  readonly deadlineMs: number | null;
};

/** An incoming transfer that has some of its segments, but not all. Its id is the activity id. */
export type Incoming = {
  readonly id: number;
  /** The association that carries it now. */
  readonly association: number;
  readonly content: number;
  /** Octets that have arrived, and octets that are on disk. */
  readonly arrived: number;
  readonly kept: number;
  /** Segments that have arrived and are not confirmed yet. */
  readonly unconfirmed: number;
  readonly envelope: Envelope;
  readonly recipients: readonly string[];
  /** After an interruption: when it is dropped. */
  readonly untilMs: number | null;
};

/** An activity that has arrived whole and is being written to disk. Its id is the activity id. */
export type Storing = Row & {
  /** Token of the write. */
  readonly token: number;
  /** The association that counts it as unanswered; null if the peer no longer waits for the answer. */
  readonly association: number | null;
};

export type EntryCounters = {
  readonly messagesOut: number;
  readonly messagesIn: number;
  readonly bytesOut: number;
  readonly bytesIn: number;
  readonly associationsOut: number;
  readonly associationsIn: number;
  readonly failedOut: number;
  readonly rejectedIn: number;
  readonly turnsGiven: number;
  readonly turnsReceived: number;
  readonly pleasesSent: number;
  readonly pleasesReceived: number;
  readonly recoveries: number;
  readonly duplicates: number;
  readonly reports: number;
};

/** Why an opening failed that this MTA began: the peer's RTORJ, or what kept the association from opening or from moving a message. */
export type OpenFailureReason =
  | RefuseReason
  /** No connection could be made or bound, or it broke before the answer. */
  | 'connectionFailed'
  /** The answer does not fit the RTORQ, or comes from another MTA than expected. */
  | 'invalidAnswer'
  /** It was aborted before it had moved a message. */
  | 'aborted';

/** The latest openings with one adjacent MTA. Only views show them; no decision depends on them. */
export type LatestOpenings = {
  /** When the latest association opened that the peer, or this MTA, initiated. */
  readonly inboundAtMs: number | null;
  readonly outboundAtMs: number | null;
  /** Why this MTA last refused an opening of the peer. */
  readonly rejectReason: RefuseReason | null;
  /** Why an opening of this MTA last failed. */
  readonly failureReason: OpenFailureReason | null;
};

/** An entry of the locality table: one adjacent MTA. Its id is the LTAB index that events print, from 1. */
export type LtabEntry = Row & {
  readonly name: string;
  readonly link: LinkKind;
  readonly endpoints: readonly string[];
  readonly password: string;
  /** The MTA's settings with the overrides of this connector. They never change. */
  readonly settings: ConnectorSettings;
  readonly activation: Activation;
  readonly queues: Readonly<Record<Priority, CopyQueue<QueuedCopy>>>;
  readonly waiting: Tree<WaitingCopy>;
  /** Copies accepted and not yet confirmed, in transfer or not. */
  readonly queued: number;
  readonly queuedBytes: number;
  readonly associations: Table<Association>;
  /** Open failures since mail last moved, and until when no association is opened. */
  readonly openFailures: number;
  readonly openRetryAtMs: number | null;
  /** The path that attempts begin with, because the time limit ended an earlier attempt there; null: the first. */
  readonly dialFirst: Readonly<Record<DialWay, DialPath | null>>;
  /** When a selected time begins at which an association may be opened; null if none was wanted outside of them. */
  readonly activeAtMs: number | null;
  /** The last event about trouble with this MTA since mail last went there, for people. No decision depends on it. */
  readonly lastError: { readonly atMs: number; readonly event: ReportedEvent } | null;
  /** What the peer last said about itself. It never begins an activity below `settledBelow` again: one that comes is late. */
  readonly peer: { readonly incarnation: number; readonly storeUuid: string; readonly settledBelow: number } | null;
  /** Copies confirmed and erased. A later APDU names them as settled. */
  readonly settling: readonly number[];
  readonly incoming: Table<Incoming>;
  /** Activities of this peer that have arrived whole and are being written to disk. */
  readonly storing: Tree<Storing>;
  readonly counters: EntryCounters;
  readonly latest: LatestOpenings;
  /**
   * How long associations have been open in each state of the Turn, in whole milliseconds, less the instant at which each that is
   * in it now came into it: see `turnSeconds`. Only views show it; no decision depends on it.
   */
  readonly turnMs: Readonly<Record<TurnState, number>>;
  /** The earliest deadline of this entry, kept up to date at the end of each step. */
  readonly deadlineMs: number | null;
};

/** What the core does when the store answers a `store` effect. */
export type PendingStore = Row &
  (
    | {
        readonly purpose: 'submission';
        readonly submissionId: string;
        readonly mtsId: string;
        readonly messages: readonly StoredMessage[];
      }
    | {
        readonly purpose: 'reception';
        readonly entry: number;
        readonly sender: string;
        readonly activity: number;
        /** The envelope as received, even if the MTA keeps only a report on it. */
        readonly envelope: Envelope;
        readonly messages: readonly StoredMessage[];
        /** The sender has named it as settled meanwhile: it is not remembered. */
        readonly settled: boolean;
        /** Where the confirmations go: to the last segment, and to repetitions that came meanwhile. */
        readonly replies: readonly { readonly association: number; readonly conn: number; readonly serial: number }[];
      }
    | {
        readonly purpose: 'segment';
        readonly entry: number;
        readonly activity: number;
        /** Content key of the segment. An activity that begins again gets a new one. */
        readonly content: number;
        readonly upTo: number;
        readonly association: number;
        readonly conn: number;
        readonly serial: number;
      }
    | {
        readonly purpose: 'report';
        readonly messages: readonly StoredMessage[];
        /** The copy that the report is about. It is erased when the report is on disk, and tried again later if that fails. */
        readonly subject: QueuedCopy;
        readonly entry: number | null;
        /** The same copy, if it was mail for this MTA. */
        readonly local: LocalCopy | null;
      }
  );

/** Copies of one adjacent MTA that are being erased from disk. */
export type PendingForget = Row & {
  readonly entry: number | null;
  readonly copies: readonly number[];
  /** May an APDU name them as settled? Not if they may still be under way on a lost association. */
  readonly named: boolean;
};

/** The activities received from one sender and not settled yet. */
export type ReceivedActivities = Row & { readonly activities: Intervals };

/** Where mail for a domain goes: the name of an adjacent MTA. */
export type Routes = {
  readonly byDomain: Readonly<Record<string, string>>;
  /** The adjacent MTA for all other domains; null for none. */
  readonly other: string | null;
};

export type MtaCounters = {
  readonly submitted: number;
  readonly delivered: number;
  readonly deadLetters: number;
  readonly loopsDetected: number;
  readonly reports: number;
  /** Damaged copies that were set aside. */
  readonly setAside: number;
};

export type Mta = {
  readonly name: string;
  readonly version: string;
  readonly build: string;
  readonly settings: Settings;
  /** In dialling order. */
  readonly bindings: readonly Binding[];
  readonly cluster: boolean;
  readonly mapperPort: number | null;
  /** TCP port of the X.400 connector's transport stack on each binding's address; null: none. */
  readonly x400Port: number | null;
  readonly advertise: readonly string[];
  readonly routes: Routes;
  readonly localDomains: readonly string[];
  /** Articles whose legacy behaviour is on. */
  readonly legacy: readonly string[];
  readonly incarnation: number;
  readonly storeUuid: string;
  readonly phase: 'starting' | 'running' | 'stopping' | 'halted';
  /** `stopping`: when the remaining associations are aborted. */
  readonly stopAtMs: number | null;
  readonly rpc: RpcRuntime;
  readonly x400: X400Runtime;
  readonly memory: MemoryRuntime;
  /** Dialled connections have even numbers, over all links; the driver gives accepted ones odd numbers. */
  readonly nextConnection: number;
  /** By LTAB index, from 1. */
  readonly ltab: Tree<LtabEntry>;
  /** LTAB indexes by name. */
  readonly entryIds: Readonly<Record<string, number>>;
  /** Associations over the whole locality table. */
  readonly associationsInAll: number;
  /** Those of them that count towards the limit of LAN associations. */
  readonly associationsLimited: number;
  /** Entries for which event 57 or 9280 has been reported since the limit was reached. */
  readonly overLimit: readonly number[];
  /** Counter behind copy ids, content keys, MTS identifiers and association names. */
  readonly nextNumber: number;
  readonly nextToken: number;
  readonly stores: Tree<PendingStore>;
  readonly forgets: Tree<PendingForget>;
  readonly mailboxes: Mailboxes;
  /** A number for each sender's store UUID. */
  readonly senders: Readonly<Record<string, number>>;
  /** Activities received and not yet settled, by the number of their sender. A sender with none has no row. */
  readonly received: Tree<ReceivedActivities>;
  /** Copies in all queues together. */
  readonly queuedCopies: number;
  readonly counters: MtaCounters;
};
