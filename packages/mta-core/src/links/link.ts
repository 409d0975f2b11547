/**
 * The seam between the reliable transfer and the links that carry it. The reliable transfer (associations, the Turn, transfers) is
 * the same on every link and imports none of them: it calls a `Link`, and a link calls it as its `LinkUser`. A link brings its own
 * connections, frames, timers and log entries; what an association means, and whose Turn it is, is the reliable transfer's alone.
 *
 * A session (X.225) and the memory link have one connection and answer nothing but a Turn-Give. The RPC link has two connections each
 * way and answers every call. Both hide that behind these functions.
 */
import type { Context } from '../machine/context.js';
import type { Input } from '../machine/input.js';
import type { AssociationRef, Mta } from '../machine/state.js';
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

/** What one frame of a link is: the unit that the driver encodes, sends and receives. */
export type Frames = {
  /** DCE/RPC over TCP, as servers of one site talk. */
  readonly rpc: Pdu;
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
  /** Where it was dialled, and the local address it is dialled from; null where there is none, or the system chooses. */
  readonly endpoint: string | null;
  readonly localAddress: string | null;
  /** When the opening must be over. */
  readonly openByMs: number | null;
};

/** Can the MTA run on what this link listens on? `waiting` while a listener has not been answered yet. */
export type Readiness = 'waiting' | 'ready' | 'impossible';

/**
 * What a link does for the reliable transfer. Each function changes the step in the making (`ctx`) and nothing else. All are total: an
 * association that is gone is passed over.
 */
export type Link = {
  /** Asks for the listeners. Once, at start. */
  readonly listen: (ctx: Context) => void;
  readonly readiness: (mta: Mta) => Readiness;
  /** Takes in what the network did. Inputs of other links, and of connections that are gone, change nothing. */
  readonly input: (ctx: Context, input: Input) => void;
  /** Passes the events that this step has brought about on to the reliable transfer. */
  readonly drain: (ctx: Context) => void;
  /** Fires the timers of the link that are due. */
  readonly timer: (ctx: Context) => void;
  /** The earliest of its deadlines, in milliseconds of the lab's clock. */
  readonly deadline: (mta: Mta) => number | null;

  /**
   * Opens or recovers an association: makes the connections, then sends the RTORQ that the user has for it. Ends in
   * `openAnswered` or `attemptFailed`.
   */
  readonly open: (ctx: Context, ref: AssociationRef) => void;
  /** May APDUs be sent now? If not, the link makes what is missing; the entry counts as changed once it is there. */
  readonly ready: (ctx: Context, ref: AssociationRef) => boolean;
  /** As far as is known, can this side send APDUs at all? */
  readonly usable: (mta: Mta, ref: AssociationRef) => boolean;
  /**
   * Sends an APDU.
   * @returns its number, which the answer will bear; null where it cannot be sent now.
   */
  readonly send: (ctx: Context, ref: AssociationRef, apdu: SendApdu) => number | null;
  /** Answers an RTTR or a discard. */
  readonly answer: (ctx: Context, to: ReplyTo, answer: TransferAnswer) => void;
  /** Has the peer answered all that this side sent? A close must not overtake what is left of an activity. */
  readonly quiet: (ctx: Context, ref: AssociationRef) => boolean;
  /** Closes in order (RT-CLOSE); ends in `closed` or `ended`. */
  readonly close: (ctx: Context, ref: AssociationRef, settled: readonly number[]) => void;
  /** Sends an RTAB as the last word. */
  readonly abort: (ctx: Context, ref: AssociationRef, reason: AbortReason) => void;
  /** Closes every connection of an association. What they still carried is void, answers included. */
  readonly drop: (ctx: Context, ref: AssociationRef) => void;
  /** The association is over: forgets what the link knows of it. Its connections have been dropped. */
  readonly forget: (ctx: Context, ref: AssociationRef) => void;
  /** The operator ends the waits of an association. */
  readonly retryNow: (ctx: Context, ref: AssociationRef) => void;
  /** A quirk of this link's own product was switched. */
  readonly behaviourSwitched: (ctx: Context) => void;
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

/** The reliable transfer's word on an RTORQ: the association to be answered for, or the refusal and the entry it goes to (null: a stranger). */
export type OpenVerdict =
  | { readonly accepted: AssociationRef }
  | { readonly refused: RefuseReason; readonly entryId: number | null };

/** What the reliable transfer does for a link. */
export type LinkUser = {
  /** The RTORQ of an opening or a recovery, taken when the link can send it. */
  readonly openRequest: (ctx: Context, ref: AssociationRef) => Pick<OpenRequest, 'from' | 'association' | 'rtorq'>;
  /** How this MTA introduces itself to an adjacent one; to a stranger (null) it gives its name and nothing else. */
  readonly credentials: (ctx: Context, entryId: number | null) => MtaCredentials;
  /** The peer has introduced itself in the course of an attempt of ours. @returns false where that attempt must not go on. */
  readonly introduced: (ctx: Context, ref: AssociationRef, from: MtaCredentials) => boolean;

  /** An RTORQ has come. */
  readonly openRequested: (ctx: Context, request: OpenRequest) => OpenVerdict;
  /** The responder's link is there both ways: the association is open. @returns the RTOAC to be sent. */
  readonly agreed: (ctx: Context, ref: AssociationRef) => Rtoac;
  /** The responder's link cannot be made. @returns the RTORJ to be sent. */
  readonly refuses: (ctx: Context, ref: AssociationRef, reason: RefuseReason, controlBlock: number) => Rtorj;
  /** RTOAC or RTORJ has come. */
  readonly openAnswered: (ctx: Context, ref: AssociationRef, from: MtaCredentials, answer: Rtoac | Rtorj) => void;
  /** This attempt is over, without an association. */
  readonly attemptFailed: (ctx: Context, ref: AssociationRef) => void;

  /** An APDU has come, with the copies that the peer names as settled. @returns false where it broke the protocol and ended the association. */
  readonly received: (ctx: Context, ref: AssociationRef, to: ReplyTo, apdu: SendApdu, settled: readonly number[]) => boolean;
  /** Copies to be named as settled in the APDU that is sent now. */
  readonly takeSettled: (ctx: Context, entryId: number) => readonly number[];
  /** The answer to an RTTR or a discard has come. */
  readonly answered: (ctx: Context, ref: AssociationRef, serial: number, answer: TransferAnswer) => void;
  /** The peer has acknowledged a Turn-Give. */
  readonly giveAcknowledged: (ctx: Context, ref: AssociationRef) => void;
  /** A transfer cannot be executed by the peer, or is not answered. */
  readonly transferFailed: (ctx: Context, ref: AssociationRef, why: string) => void;

  /** The peer closes in order. @returns false, with nothing changed, where it may not. */
  readonly closeRequested: (ctx: Context, ref: AssociationRef, settled: readonly number[]) => boolean;
  /** Closed in order, on both sides. */
  readonly closed: (ctx: Context, ref: AssociationRef) => void;
  /** A connection of an open association was lost. */
  readonly lost: (ctx: Context, ref: AssociationRef) => void;
  /** The association ends here, without recovery and without a word. */
  readonly ended: (ctx: Context, ref: AssociationRef) => void;
  /** The peer broke the protocol: aborts the association, and logs in which state that was. */
  readonly breached: (ctx: Context, ref: AssociationRef, what: string) => void;
  /** The peer cannot do what the protocol asks of it: aborts the association for this reason. */
  readonly aborts: (ctx: Context, ref: AssociationRef, why: string) => void;
};
