/**
 * The seam between the reliable transfer and the links that carry it. The reliable transfer (associations, the Turn, transfers)
 * is the same on every link and imports none of them: it calls a `Link`, and a link calls it as its `LinkUser`. A link brings its
 * own connections, frames, timers and log entries. Only the reliable transfer decides what an association means and whose Turn it
 * is.
 *
 * `Link` hides how links differ: the X.400 connector and the memory link have one connection, and of the two Turn
 * APDUs they acknowledge only the Give; the RPC link has two connections each way (see `rpc/carrier.ts`) and answers every call.
 */
import type { Context } from '../machine/context.js';
import type { Input } from '../machine/input.js';
import type { AssociationRef, LtabEntry, Mta } from '../machine/state.js';
import type { TransferEnvelope } from '../mail/message.js';
import type {
  AbortReason,
  AssociationId,
  MtaCredentials,
  RefuseReason,
  Rtoac,
  Rtorj,
  Rtorq,
  SendApdu,
  TransferAnswer,
} from '../reliable-transfer/apdu.js';
import type { MemoryFrame } from './memory/frame.js';
import type { Pdu } from './rpc/pdu.js';
import type { X400Frame } from './x400/frame.js';

/** The frame type of each link: the unit that the driver encodes, sends and receives. */
export type Frames = {
  /** DCE/RPC over TCP, as between servers of one site. */
  readonly rpc: Pdu;
  /** An X.400 connector: RTSE in X.410-1984 mode over session and transport class 0, over TCP. */
  readonly x400: X400Frame;
  /** In memory, in order: for tests and the browser. */
  readonly memory: MemoryFrame;
};
export type LinkKind = keyof Frames;

/** A frame on a connection, typed by the kind of its link: an input where it arrives, an effect where it is sent. */
export type LinkFrame = {
  readonly [Kind in LinkKind]: {
    readonly type: 'frame';
    readonly link: Kind;
    readonly conn: number;
    readonly frame: Frames[Kind];
  };
}[LinkKind];

/** Where the answer to an RTTR or a discard goes: the connection it came on, and its number there. */
export type ReplyTo = { readonly conn: number; readonly serial: number };

/** How far an opening or a recovery has come, in the link's own words: `up` once the association is open, `down` while it is lost. */
export type LinkPhase = 'dialling' | 'calling' | 'dialling-back' | 'calling-back' | 'up' | 'down';

/** What a link shows of the connections of one association. */
export type LinkView = {
  readonly phase: LinkPhase;
  /** Connections it has now. */
  readonly connections: number;
  /** The connection on which this side's APDUs travel. */
  readonly dataConnection: 'none' | 'binding' | 'bound' | 'refused';
  readonly dataRetryAtMs: number | null;
  /** The string binding it was dialled at, and the local address; null if there is none, or if the system chooses. */
  readonly endpoint: string | null;
  readonly localAddress: string | null;
  /** When the opening must be over. */
  readonly openByMs: number | null;
};

/** Can the MTA run on this link's listeners? `waiting` while one is neither up nor failed. */
export type Readiness = 'waiting' | 'ready' | 'impossible';

/** Why a link can open no association, in words for a view. */
export type LinkObstacle = {
  readonly reason: 'lost-control-block' | 'no-control-block';
  readonly says: string;
  /** Does nothing but a restart of this MTA end it? If not, it ends with another association. */
  readonly needsRestart: boolean;
};

/**
 * What a link does for the reliable transfer. Each function changes the present step (`ctx`) and nothing else. All are total:
 * they ignore an association that is gone.
 */
export type Link = {
  /** Do its associations count towards the limit of LAN associations (event 9280)? */
  readonly isLimited: boolean;
  /** Most activities of one side that an association of this link may have unconfirmed. */
  readonly maxActivities: number;
  /** Opens the listeners. Called once, at start. */
  readonly listen: (ctx: Context) => void;
  readonly readiness: (mta: Mta) => Readiness;
  /** Handles an input from the network. It ignores connections of other links, and those that are gone. */
  readonly input: (ctx: Context, input: Input) => void;
  /** Passes the events of this step on to the reliable transfer. */
  readonly drain: (ctx: Context) => void;
  /** Does an event of this step still wait for `drain`? */
  readonly pending: (ctx: Context) => boolean;
  /** Puts the rows that the step has changed into their tables. Called last. */
  readonly finish: (ctx: Context) => void;
  /** Fires the timers of the link that are due. */
  readonly timer: (ctx: Context) => void;
  /** The link's earliest deadline, in milliseconds of the lab's clock; null for none. */
  readonly deadline: (mta: Mta) => number | null;

  /**
   * Opens or recovers an association: makes the connections, then sends the user's RTORQ. Ends in `openAnswered` or
   * `attemptFailed`.
   */
  readonly open: (ctx: Context, ref: AssociationRef) => void;
  /** Can APDUs be sent now? If not, the link makes the missing connection, and marks the entry as changed once it is up. */
  readonly ready: (ctx: Context, ref: AssociationRef) => boolean;
  /** As far as is known, can this side send APDUs at all? */
  readonly usable: (mta: Mta, ref: AssociationRef) => boolean;
  /** The octets that the envelope of an activity takes up, on this link, of its first segment. */
  readonly headRoom: (ctx: Context, ref: AssociationRef, start: TransferEnvelope) => number;
  /**
   * Sends an APDU.
   * @returns the APDU's number, which its answer repeats; null if it cannot be sent now.
   */
  readonly send: (ctx: Context, ref: AssociationRef, apdu: SendApdu) => number | null;
  /** Answers an RTTR or a discard. */
  readonly answer: (ctx: Context, to: ReplyTo, answer: TransferAnswer) => void;
  /** Has the peer answered everything that this side sent? A close must not overtake the rest of an activity. */
  readonly quiet: (ctx: Context, ref: AssociationRef) => boolean;
  /** Closes in order (RT-CLOSE); ends in `closed` or `ended`. */
  readonly close: (ctx: Context, ref: AssociationRef) => void;
  /** Sends an RTAB as the last APDU. */
  readonly abort: (ctx: Context, ref: AssociationRef, reason: AbortReason) => void;
  /** Closes every connection of an association. APDUs and answers still under way on them are void. */
  readonly drop: (ctx: Context, ref: AssociationRef) => void;
  /** Forgets an association that is over. Its connections have been dropped before. */
  readonly forget: (ctx: Context, ref: AssociationRef) => void;
  /** The operator ends the waits of an association. */
  readonly retryNow: (ctx: Context, ref: AssociationRef) => void;
  /** A quirk of this link's own product was switched. */
  readonly behaviourSwitched: (ctx: Context) => void;
  /** What keeps the link from opening any association with this entry now; null for nothing. */
  readonly obstacle: (mta: Mta, entry: LtabEntry) => LinkObstacle | null;
  readonly view: (mta: Mta, ref: AssociationRef) => LinkView | null;
};

/** One link of each kind. */
export type Links = Readonly<Record<LinkKind, Link>>;

/** An RTORQ as it has arrived. */
export type OpenRequest = {
  readonly link: LinkKind;
  readonly from: MtaCredentials;
  readonly association: AssociationId;
  readonly rtorq: Rtorq;
  /** The remote address, and a number for the log entries of this attempt. */
  readonly remote: string;
  readonly controlBlock: number;
};

/**
 * The reliable transfer's decision on an RTORQ: the accepted association, or the refusal and the entry it goes to (null: a
 * stranger).
 */
export type OpenVerdict =
  | { readonly accepted: AssociationRef }
  | { readonly refused: RefuseReason; readonly entryId: number | null };

/** What the reliable transfer does for a link. */
export type LinkUser = {
  /** The RTORQ of an opening or a recovery. The link takes it when it can send it. */
  readonly openRequest: (ctx: Context, ref: AssociationRef) => Pick<OpenRequest, 'from' | 'association' | 'rtorq'>;
  /** How this MTA introduces itself to an adjacent MTA. A stranger (null) gets neither password nor store. */
  readonly credentials: (ctx: Context, entryId: number | null) => MtaCredentials;
  /** The peer has introduced itself during an attempt of ours. @returns false if that attempt must not go on. */
  readonly introduced: (ctx: Context, ref: AssociationRef, from: MtaCredentials) => boolean;

  /** An RTORQ has come. */
  readonly openRequested: (ctx: Context, request: OpenRequest) => OpenVerdict;
  /** The responder's link works both ways: the association is open. @returns the RTOAC to send. */
  readonly agreed: (ctx: Context, ref: AssociationRef) => Rtoac;
  /** The responder's link cannot be made. @returns the RTORJ to send. */
  readonly refuses: (ctx: Context, ref: AssociationRef, reason: RefuseReason, controlBlock: number) => Rtorj;
  /** RTOAC or RTORJ has come. */
  readonly openAnswered: (ctx: Context, ref: AssociationRef, from: MtaCredentials, answer: Rtoac | Rtorj) => void;
  /** The attempt to open or recover has failed. */
  readonly attemptFailed: (ctx: Context, ref: AssociationRef) => void;

  /**
   * An APDU has come, with the copies that the peer names as settled. @returns false if it ended the association: a breach or an
   * RTAB.
   */
  readonly received: (ctx: Context, ref: AssociationRef, to: ReplyTo, apdu: SendApdu, settled: readonly number[]) => boolean;
  /** Takes the copies that the frame sent now names as settled. */
  readonly takeSettled: (ctx: Context, entryId: number) => readonly number[];
  /** The answer to an RTTR or a discard has come. */
  readonly answered: (ctx: Context, ref: AssociationRef, serial: number, answer: TransferAnswer) => void;
  /** An RTTR has not left, because its content cannot be read. `settled`: the copies that it would have named as settled. */
  readonly unreadable: (ctx: Context, ref: AssociationRef, serial: number, settled: readonly number[], detail: string) => void;
  /** The peer has acknowledged a Turn-Give. */
  readonly giveAcknowledged: (ctx: Context, ref: AssociationRef) => void;
  /**
   * The peer cannot execute a transfer, or does not answer it.
   * @param serial the number of the RTTR; without one, the oldest activity fails.
   */
  readonly transferFailed: (ctx: Context, ref: AssociationRef, why: string, serial?: number) => void;

  /** The peer interrupts its activity on a living association: what is here waits for a resumption. */
  readonly interrupted: (ctx: Context, ref: AssociationRef, activity: number) => void;

  /** The peer closes in order. @returns false, with nothing changed, if it may not. */
  readonly closeRequested: (ctx: Context, ref: AssociationRef, settled: readonly number[]) => boolean;
  /** The association has closed in order, on both sides. */
  readonly closed: (ctx: Context, ref: AssociationRef) => void;
  /** A connection of an open association was lost. */
  readonly lost: (ctx: Context, ref: AssociationRef) => void;
  /** The association ends here, without recovery and without an APDU. */
  readonly ended: (ctx: Context, ref: AssociationRef) => void;
  /** The peer broke the protocol: aborts the association, and logs the association's state at that moment. */
  readonly breached: (ctx: Context, ref: AssociationRef, what: string) => void;
  /** The peer cannot do what the protocol requires: aborts the association for this reason. */
  readonly aborts: (ctx: Context, ref: AssociationRef, why: string) => void;
};
