/** State of the X.400 connector: its listeners, its connections, and the activities that a loss has interrupted. */
import type { Row, Table } from '../../collections/table.js';
import { emptyTree, type Tree } from '../../collections/tree.js';
import type { AssociationRef } from '../../machine/state.js';
import type { SendApdu } from '../../reliable-transfer/apdu.js';
import type { DialPath } from '../local-bindings.js';
import type { ActivityHead } from './frame.js';

/** A checkpoint of an activity: its number, and the octets of the content in front of it. */
export type Checkpoint = { readonly number: number; readonly offset: number };

/** An RTTR of this side that the peer has not confirmed. `number`: of the checkpoint at its end. */
type SentSegment = { readonly serial: number; readonly number: number; readonly upTo: number; readonly end: boolean };

/** The activity that this side sends. */
export type SentActivity = {
  readonly activity: number;
  /** `ending`: this side has sent an ACTIVITY INTERRUPT or DISCARD, and waits for the answer. */
  readonly state: 'sending' | 'ending';
  /** The discard of the reliable transfer that waits for this answer; null if the link itself ends the activity. */
  readonly discard: number | null;
  /** Number of the last checkpoint sent. */
  readonly sent: number;
  readonly unconfirmed: readonly SentSegment[];
  readonly confirmed: Checkpoint;
};

/** The activity that this side receives. */
export type ReceivedActivity = {
  readonly activity: number;
  /**
   * Data have a number of their own on the connection: that of the checkpoint behind them, plus this. The checkpoints themselves count
   * from 1 again after each ACTIVITY START (X.225). So by their numbers, a late answer of the disk to an activity that was discarded
   * would look like an answer to its next attempt.
   */
  readonly shift: number;
  /** `refused`: this side has sent an EXCEPTION, and ignores all data until the sender ends the activity. */
  readonly state: 'receiving' | 'refused';
  /** The last checkpoints received. The sender may resume from any that is not older than a window before the last one answered. */
  readonly points: readonly Checkpoint[];
  /** Number of the last checkpoint answered. */
  readonly answered: number;
  /** Numbers of the checkpoints on disk that cannot be answered yet, because an earlier one is not there. */
  readonly early: readonly number[];
  /** What the next data follows: an ACTIVITY START or RESUME; null if it follows other data. */
  readonly follows: 'start' | 'resume' | null;
  /** The number of ACTIVITY END, once it has come. */
  readonly end: number | null;
};

export type X400Phase =
  /** The TCP connection is being made. */
  | 'dialling'
  /** CR is sent. */
  | 'connecting'
  /** CONNECT is sent. */
  | 'calling'
  /** An accepted connection waits for CR, then for CONNECT. */
  | 'accepted'
  | 'answering'
  | 'up';

/** A transport connection. Each has a control block of its own. */
export type X400Connection = Row & {
  readonly phase: X400Phase;
  /** The string binding dialled, or the remote address. */
  readonly remote: string;
  /** The local address dialled from; null if the system chose it. */
  readonly from: string | null;
  /** Index of its control block, from 1. */
  readonly controlBlock: number;
  /** The peer's transport reference; 0 until it is known. */
  readonly peerReference: number;
  /** When the present phase must be over, or the next answer must have come; null if neither is due. */
  readonly deadlineMs: number | null;
  /** Null until its CONNECT has come. */
  readonly owner: AssociationRef | null;
  readonly nextSerial: number;
  /** The number of the last data received; the answer to them repeats it. */
  readonly lastData: number;
  /** This side has sent FINISH. */
  readonly leaving: boolean;
  /** A GIVE TOKENS CONFIRM of this side has not been acknowledged. */
  readonly giving: boolean;
  readonly sent: SentActivity | null;
  readonly received: ReceivedActivity | null;
  /** What this side sends once the activity that ends has ended. */
  readonly held: readonly { readonly serial: number; readonly apdu: SendApdu; readonly head: ActivityHead | null }[];
};

/** What this link keeps of an association for its whole life. Its id is the association's. */
export type X400Association = Row & {
  /** When it was first opened, by the initiator's clock: the common reference of its session connection identifier. */
  readonly openedAtMs: number;
  /** What the present attempt to open or recover it may still dial. */
  readonly pathsLeft: readonly DialPath[];
  /** The control block of its last connection; 0 if it had none. */
  readonly lastControlBlock: number;
  /** When the present attempt must have dialled. */
  readonly openByMs: number;
};

/** An activity whose connection was lost, until the Recovery Timeout. */
export type InterruptedActivity = Row & {
  readonly entry: number;
  readonly direction: 'sent' | 'received';
  readonly activity: number;
  readonly points: readonly Checkpoint[];
  /** The association on which it was interrupted. */
  readonly association: string;
  readonly openedAtMs: number;
  readonly untilMs: number;
};

/** Ids of these listeners begin here, so that they differ from those of the RPC link. */
export const firstX400Binding = 2_000_000;

export type X400Listener = Row & {
  readonly address: string;
  /** The configured port, or the one it listens on. */
  readonly port: number;
  readonly state: 'opening' | 'up' | 'failed';
};

/** A control block in use. */
export type ControlBlock = Row & {
  /** Its connection. A leaked one has none: nothing frees it before the next start. */
  readonly conn: number | null;
  /** LTAB index of the MTA for whose connection it was leaked; null for one that is not. */
  readonly leakedFor: number | null;
};

/** A locality whose attempts still go to the control block of a connection that is lost (Q232602). Its id is the LTAB index. */
type LostLocality = Row & { readonly controlBlock: number };

export type X400Runtime = {
  readonly listeners: Table<X400Listener>;
  readonly controlBlocks: Table<ControlBlock>;
  readonly lostLocalities: Table<LostLocality>;
  readonly connections: Tree<X400Connection>;
  readonly associations: Tree<X400Association>;
  readonly interrupted: Tree<InterruptedActivity>;
  readonly nextInterrupted: number;
};

export const idleX400: X400Runtime = {
  listeners: [],
  controlBlocks: [],
  lostLocalities: [],
  connections: emptyTree(),
  associations: emptyTree(),
  interrupted: emptyTree(),
  nextInterrupted: 1,
};
