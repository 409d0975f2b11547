/**
 * The application protocol data units of the Reliable Transfer Service Element (X.218, X.228) as plain data. Each link carries
 * them in its own way; the transport package encodes them.
 */
import type { ContentHandle, TransferEnvelope } from '../mail/message.js';

/** The two sides of an association: the MTA that opened it, and the MTA that answered. */
export type Role = 'initiator' | 'responder';

/**
 * Names an association for its whole life, over every recovery (the SessionConnectionIdentifier of X.225): the MTA that
 * opened it, that MTA's incarnation, and a number within the incarnation. One line of text, such as `MTA-A/3/17`.
 */
export type AssociationId = string;

/** RefuseReason of X.228: why an open or a recovery was refused. */
export const refuseReason = {
  rtsBusy: 0,
  cannotRecover: 1,
  validationFailure: 2,
  unacceptableDialogueMode: 3,
} as const;
export type RefuseReason = keyof typeof refuseReason;

/** AbortReason of X.228: why an association was aborted, or an activity refused or discarded. */
export const abortReason = {
  localSystemProblem: 0,
  invalidParameter: 1,
  unrecognizedActivity: 2,
  temporaryProblem: 3,
  protocolError: 4,
  permanentProblem: 5,
  userError: 6,
  transferCompleted: 7,
} as const;
export type AbortReason = keyof typeof abortReason;

/** Dialogue mode of X.218: may the Turn pass (two-way alternate), or does the initial holder keep it (monologue)? */
export type DialogueMode = 'monologue' | 'two-way-alternate';

/** Most settled copies named at one time. The watermark of the next introduction covers the rest. */
export const maxSettledNamed = 256;

/** Window size when an RTORQ or RTOAC names none (X.228). The value 0 means none, as no window has size 0. */
export const defaultWindowSize = 3;

/** Most unconfirmed activities that both sides can agree to. */
export const mostActivities = 256;

/** RT-OPEN request. */
export type Rtorq = {
  readonly kind: 'rtorq';
  /** Segment size in units of 1024 octets; 0 means no checkpoints, the whole message in one segment. */
  readonly checkpointSizeK: number;
  /** Segments of one activity that may be unconfirmed at one time; 0 if not named. */
  readonly windowSize: number;
  /** Activities that may be unconfirmed at one time, as the initiator offers (own extension). Absent: 1, as X.228 has it. */
  readonly activitiesInFlight?: number;
  readonly dialogueMode: DialogueMode;
  /** The holder of the Turn from now on, as the initiator remembers it. */
  readonly turn: Role;
  /** 0 for a first open; else the number of this recovery, counted by the initiator from 1. */
  readonly recovery: number;
};
/** RT-OPEN accepted, with the values both sides will use. */
export type Rtoac = {
  readonly kind: 'rtoac';
  readonly checkpointSizeK: number;
  readonly windowSize: number;
  /** What the RTORQ offered, or less (own extension). Absent: 1. */
  readonly activitiesInFlight?: number;
};
/** RT-OPEN refused. */
export type Rtorj = { readonly kind: 'rtorj'; readonly reason: RefuseReason };
/** Turn-Please. Priority 0 is the highest and asks for the Turn to close; 1 urgent, 2 normal, 3 non-urgent. */
export type Rttp = { readonly kind: 'turn-please'; readonly priority: number };
/** Hands the Turn over. The giver stops holding it when it sends this. */
export type TurnGive = { readonly kind: 'turn-give' };
/** One segment of a transfer. The first segment of an activity on an association carries the envelope (start or resume). */
export type Rttr = {
  readonly kind: 'rttr';
  /** The copy's durable activity id: the same on whatever association the copy travels. */
  readonly activity: number;
  /** Where this segment starts within the content, in octets. */
  readonly offset: number;
  readonly content: ContentHandle;
  /** True for the segment that ends the content. */
  readonly last: boolean;
  /** Present in the first segment on this association; with an offset above 0 it resumes an interrupted activity. */
  readonly start?: TransferEnvelope;
};
/** The answer to an RTTR: everything below `upTo` octets is kept; `stored` means the whole message is on disk. */
export type Confirm = {
  readonly kind: 'confirm';
  readonly activity: number;
  readonly upTo: number;
  readonly stored: boolean;
};
/** The answer to an RTTR whose activity the receiver will not continue. The association lives. */
export type Refuse = { readonly kind: 'refuse'; readonly activity: number; readonly reason: AbortReason };
/** The sender gives an activity up (S-ACTIVITY-DISCARD), for instance at the transfer timeout. The association lives. */
export type Discard = { readonly kind: 'discard'; readonly activity: number; readonly reason: AbortReason };
/** The answer to a discard. */
export type Discarded = { readonly kind: 'discarded'; readonly activity: number };
/** RT-ABORT: the association ends at once on both sides, without recovery. */
export type Rtab = { readonly kind: 'rtab'; readonly reason: AbortReason };

/** APDUs that one side sends to the other on an association that is open. */
export type SendApdu = Rttp | TurnGive | Rttr | Discard | Rtab;
/** A receiver's answer to an RTTR or a discard. */
export type TransferAnswer = Confirm | Refuse | Discarded;
export type Apdu = Rtorq | Rtoac | Rtorj | SendApdu | TransferAnswer;

/** How an MTA introduces itself when an association is opened or recovered. */
export type MtaCredentials = {
  readonly mtaName: string;
  /** Empty when none is configured. */
  readonly password: string;
  /** Counts the starts of this MTA on this store. A higher number voids everything held with a lower one. */
  readonly incarnation: number;
  /** Names the sender's store; activity ids are unique within it. */
  readonly storeUuid: string;
  /** Activity ids below this one will never be sent again: the receiver may forget them. */
  readonly settledBelow: number;
};
