/** The types of an MTA's views: plain objects with stable names. Instants are milliseconds of the lab's clock, or null. */

import type { TurnSide } from '../catalogues/behaviour.js';
import type { Activation, ConnectorSettings } from '../catalogues/settings.js';
import type { LinkKind, LinkPhase } from '../links/link.js';
import type { Priority } from '../mail/message.js';
import type { AssociationId, DialogueMode, RefuseReason, Role } from '../reliable-transfer/apdu.js';
import type { AssociationState, EntryCounters, OpenFailureReason, TurnState } from './state.js';

/** A state as people read it. While an association opens, it says how far the link has come. */
export type ShownState = Exclude<AssociationState, 'opening' | 'answering'> | Exclude<LinkPhase, 'up' | 'down'>;

/** Performance counters of one adjacent MTA, under the names of the object MSExchangeMTA Connections. */
export type ConnectionCounters = {
  readonly 'Queue Length': number;
  readonly 'Queued Bytes': number;
  readonly Associations: number;
  readonly 'Current Inbound Associations': number;
  readonly 'Cumulative Inbound Associations': number;
  readonly 'Current Outbound Associations': number;
  readonly 'Cumulative Outbound Associations': number;
  readonly 'Failed Outbound Associations': number;
  readonly 'Inbound Rejected Total': number;
  /** Why this MTA last refused an opening of the peer; null if it never did. */
  readonly 'Inbound Reject Reason': RefuseReason | null;
  /** Why an opening of this MTA last failed; null if none did. */
  readonly 'Outbound Failure Reason': OpenFailureReason | null;
  /** When the latest association opened that the peer initiated. */
  readonly 'Last Inbound Association': number | null;
  /** When the latest association opened that this MTA initiated. */
  readonly 'Last Outbound Association': number | null;
  readonly 'Inbound Messages Total': number;
  readonly 'Outbound Messages Total': number;
  readonly 'Inbound Bytes Total': number;
  readonly 'Outbound Bytes Total': number;
  /** When the next opening is tried after a failure. */
  readonly 'Next Association Retry': number | null;
  /** Submission time of the oldest message that is queued. */
  readonly 'Oldest Message Queued': number | null;
  readonly 'Connector Index': number;
};

/** A local binding. */
export type BindingView = {
  /** Its place in the configuration. It stays the same when the order changes. */
  readonly id: number;
  /** IPv4 or IPv6 address. */
  readonly address: string;
  /** The port of its listener; the configured port while there is no listener. */
  readonly port: number;
  /** A name for commands, or empty. */
  readonly label: string;
  /** Does the MTA dial from it, and listen on it after the next start? */
  readonly enabled: boolean;
  /** Its place in the dialling order, from 1; null if no dial leaves from it. */
  readonly dialOrder: number | null;
  /** `off`: was not enabled at the start. */
  readonly listening: 'opening' | 'up' | 'failed' | 'off';
  /** The operating system's error where listening has failed. */
  readonly osError: string | null;
  /** Port of the endpoint mapper at this address; null without one. */
  readonly mapperPort: number | null;
  /** Port of the X.400 connector at this address; null without one. */
  readonly x400Port: number | null;
};

/** An entry of the locality table. */
export type LtabView = {
  /** The LTAB index that events print. */
  readonly ltabIndex: number;
  /** Name of the adjacent MTA. */
  readonly peer: string;
  /** The kind of link that leads to it. */
  readonly link: LinkKind;
  /** Remote string bindings, in the order they are tried. */
  readonly endpoints: readonly string[];
  /** Settings of this X.400 connector that differ from those of the MTA. */
  readonly overrides: Partial<ConnectorSettings>;
  /** When this MTA opens associations with it. */
  readonly activation: Extract<Activation, string> | 'selected-times';
  /** When the next selected time begins for which this MTA waits; null if it waits for none. Lab time. */
  readonly activeAtMs: number | null;
  /** Associations by their state; states without one are absent. */
  readonly associations: Readonly<Partial<Record<ShownState, number>>>;
  /** Copies accepted for it and not yet confirmed. */
  readonly queued: number;
  /** Those of them that wait for the Transfer Interval. */
  readonly waiting: number;
  /** Incoming transfers that have arrived in part. */
  readonly incoming: number;
  /** Openings that have failed in a row. */
  readonly openFailures: number;
  /** When the next association is tried after a failed opening; null if none waits. Lab time. */
  readonly openRetryAtMs: number | null;
  /** What the adjacent MTA last said about itself. */
  readonly peerIncarnation: number | null;
  /** The store of the adjacent MTA; null if unknown. */
  readonly peerStoreUuid: string | null;
  /** The next timer of the entry; null without one. Lab time. */
  readonly deadlineMs: number | null;
  /** The counters that Exchange shows in its Performance Monitor. */
  readonly performance: ConnectionCounters;
  /** This project's own counts, beside those of Exchange. */
  readonly counters: EntryCounters;
};

export type TransferView = {
  /** Copy id as `incarnation-counter`. */
  readonly copy: string;
  readonly mtsId: string;
  readonly priority: Priority;
  readonly sizeBytes: number;
  readonly sentBytes: number;
  readonly confirmedBytes: number;
  /** Segments that wait for their confirmation. */
  readonly unconfirmedSegments: number;
  readonly deadlineMs: number;
};

/** An association as this side sees it. */
export type AssociationView = {
  /** The same on both sides. */
  readonly name: AssociationId;
  /** Name of the adjacent MTA. */
  readonly peer: string;
  readonly ltabIndex: number;
  readonly role: Role;
  readonly state: ShownState;
  readonly turn: TurnState;
  /** Whose Turn this side believes it to be. */
  readonly believes: TurnSide;
  /** This side has asked for the Turn and has not got it yet. */
  readonly pleaseOutstanding: boolean;
  /** Priority of the adjacent MTA's Turn-Please that waits here; null without one. */
  readonly askedPriority: number | null;
  /** Recoveries so far. */
  readonly recovery: number;
  readonly dialogueMode: DialogueMode;
  readonly checkpointSizeK: number;
  readonly windowSize: number;
  /** Activities of one side that may be unconfirmed at one time, as both sides have agreed. */
  readonly activitiesInFlight: number;
  /** Activities of this side that are. */
  readonly unconfirmedActivities: number;
  readonly urgentOnly: boolean;
  /** TCP connections it has now. When open: two to four between servers of a site, one on an X.400 connector. */
  readonly connections: number;
  /** The connection on which this side's APDUs travel. */
  readonly dataConnection: 'none' | 'binding' | 'bound' | 'refused';
  readonly dataRetryAtMs: number | null;
  /** String binding it was dialled at. */
  readonly endpoint: string | null;
  /** Local address it is dialled from; null where the system chooses. */
  readonly localAddress: string | null;
  /** Messages moved over it, either way. */
  readonly moved: number;
  /** The oldest of them. */
  readonly transfer: TransferView | null;
  readonly openedAtMs: number;
  /** When it closes for lack of traffic. */
  readonly lifetimeAtMs: number | null;
  /** Its Lifetime has passed: it closes as soon as the rules permit. */
  readonly wantsClose: boolean;
  /** When its opening or closing must be over. */
  readonly openByMs: number | null;
  /** Lost: when it is given up, and when its initiator tries again. */
  readonly disconnectAtMs: number | null;
  readonly recoverAtMs: number | null;
};

/** Why mail waits. */
export type WaitReason =
  | 'starting'
  | 'stopping'
  /** An association carries a message of the queue now. */
  | 'in-transfer'
  | 'opening'
  | 'recovering'
  | 'closing'
  /** The data connection is being made. */
  | 'binding-data'
  /** The peer's RPC runtime refused the data connection. */
  | 'data-refused'
  /** This side believes that the peer has the Turn. */
  | 'turn'
  | 'urgent-only'
  /** Opening has failed, and the Open Interval runs: for a reason that is known, or another one. */
  | 'no-endpoint'
  | 'no-common-family'
  /** The X.400 connector addresses the control block of a connection that the network lost (Q232602). */
  | 'lost-control-block'
  /** The X.400 connectors have used up the control blocks (event 9156). */
  | 'no-control-block'
  | 'refused'
  | 'open-interval'
  /** A transfer has failed, and the Transfer Interval runs. */
  | 'transfer-interval'
  /** The schedule of the connector permits no opening now. */
  | 'schedule'
  /** The MTA may have no further association. */
  | 'limit'
  | 'mailbox'
  | 'delivering'
  /** Nothing keeps the mail back: it goes in a moment. */
  | 'next-step';

/** One reason why mail of a queue waits. */
export type WaitView = {
  readonly reason: WaitReason;
  /** A sentence without a full stop and without instants. */
  readonly says: string;
  /** When the MTA goes on by itself, at the latest; null if no timer of its own ends the wait. */
  readonly untilMs: number | null;
  /** The association that the reason is about. */
  readonly association: string | null;
  /** A command that may help. */
  readonly advice: string | null;
};

/** The last event that told of trouble with an adjacent MTA. */
export type LastErrorView = {
  readonly loggedAtMs: number;
  readonly event: number;
  readonly text: string;
  /** What its error number means; null without one. */
  readonly meaning: string | null;
};

/** A queue whose mail waits. */
export type QueueWaitView = Pick<
  QueueView,
  'queue' | 'queued' | 'oldestSubmittedAtMs' | 'waits' | 'lastError' | 'nextAssociationThreshold'
>;

/** A queue: one for each adjacent MTA, and `mailboxes` for mail to this MTA's mailboxes. */
export type QueueView = {
  /** Name of the adjacent MTA, or `mailboxes`. */
  readonly queue: string;
  /** LTAB index; null for `mailboxes`. */
  readonly ltabIndex: number | null;
  /** Copies accepted and not yet confirmed (or delivered): the sum of the fields below. */
  readonly queued: number;
  /** Their contents together, in octets. */
  readonly queuedBytes: number;
  /** Ready to go, of priority urgent. */
  readonly urgent: number;
  /** Ready to go, of priority normal. */
  readonly normal: number;
  /** Ready to go, of priority non-urgent. */
  readonly nonUrgent: number;
  /** In transfer on an association, or being written into a mailbox. */
  readonly inTransfer: number;
  /** Waiting for the Transfer Interval (or the next try at a mailbox). */
  readonly waiting: number;
  /** Submission time of the oldest message. */
  readonly oldestSubmittedAtMs: number | null;
  /** When the next association is tried after a failed opening. */
  readonly openRetryAtMs: number | null;
  /** When the first waiting copy is tried again. */
  readonly transferRetryAtMs: number | null;
  /** Why its mail waits, the weightiest reason first. Empty if nothing is queued. */
  readonly waits: readonly WaitView[];
  /** The last event about trouble with the adjacent MTA since mail last went there. */
  readonly lastError: LastErrorView | null;
  /** Number of queued messages at which another association opens; null if none opens for that. */
  readonly nextAssociationThreshold: number | null;
};

/** One copy of a message that this MTA holds. */
export type MessageView = {
  /** Copy id as `incarnation-counter`. */
  readonly copy: string;
  /** MTS identifier of the message. */
  readonly mtsId: string;
  /** Address of the sender. Empty for a report. */
  readonly originator: string;
  /** Addresses that this copy is for. */
  readonly recipients: readonly string[];
  /** As it was submitted. */
  readonly priority: Priority;
  /** Length of the content, in octets. */
  readonly sizeBytes: number;
  /** When an MTA accepted the message from its sender. Lab time. */
  readonly submittedAtMs: number;
  /** When it reached this MTA. */
  readonly sinceMs: number;
  /** Name of the adjacent MTA, address of the mailbox here, or `dead-letters`. */
  readonly destination: string;
  /** `delivering`: being written into its mailbox here. */
  readonly state: 'queued' | 'in-transfer' | 'waiting' | 'delivering';
  /** Transfers or deliveries that have failed. */
  readonly failures: number;
  /** When it is tried again; null if it does not wait. Lab time. */
  readonly retryAtMs: number | null;
  /** Why it waits; null while it moves. */
  readonly why: string | null;
};
