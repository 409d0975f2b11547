/**
 * The inputs of an MTA: everything that can happen to it. `Input` and `Effect` are the contract between the core and its drivers.
 */

import type { Frames, LinkFrame, LinkKind } from '../links/link.js';
import type { BindingChange } from '../links/local-bindings.js';
import type { Priority, StoredMessage } from '../mail/message.js';

/** A message that a client submits. The driver already holds its content, under the key `content`. */
export type Submission = {
  /** The client chooses it. A second submission with the same id never makes a second message. */
  readonly submissionId: string;
  readonly originator: string;
  readonly recipients: readonly string[];
  readonly priority: Priority;
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Key under which the driver has put the content into the store (uncommitted or committed). */
  readonly content: number;
};

export type OperatorCommand =
  /** Switch a quirk on (`legacy`) or off (`fixed`), live. */
  | { readonly op: 'set'; readonly article: string; readonly mode: 'legacy' | 'fixed' }
  /** End the Open and Transfer Interval waits for one adjacent MTA, or for all. */
  | { readonly op: 'retry'; readonly mta?: string }
  /** Replace the remote string bindings of an adjacent MTA; used at the next dial. */
  | { readonly op: 'endpoints'; readonly mta: string; readonly endpoints: readonly string[] }
  /**
   * Reorder, enable or disable the local bindings. The list names all of them in the new order. Dials follow it at once,
   * listeners at the next start. An invalid change (see `changedBindings`) has no effect.
   */
  | { readonly op: 'bindings'; readonly bindings: readonly BindingChange[] };

/** Why a store refuses new data. `damaged`: the octets do not match their digest, or octets stored before cannot be read. */
export type StoreFailure = 'full' | 'io' | 'damaged';

/** What a store measures of a content when it keeps the message. */
export type MeasuredContent = {
  readonly content: number;
  /** Length in octets. */
  readonly sizeBytes: number;
  /** SHA-256 in hexadecimal. */
  readonly digest: string;
};

type UnreadableFrame = {
  readonly [Kind in LinkKind]: {
    readonly type: 'unreadable';
    readonly link: Kind;
    readonly conn: number;
    readonly frame: Frames[Kind];
    readonly detail: string;
  };
}[LinkKind];

export type Input =
  /** A client submits a message. The answer is the effect `submitted` or `submit-refused`. */
  | { readonly type: 'submit'; readonly submission: Submission }
  | { readonly type: 'command'; readonly command: OperatorCommand }
  /** Stop in an orderly way: close associations, then `halt`. */
  | { readonly type: 'stop' }
  /** The listener of this binding is up on `port`. */
  | { readonly type: 'listening'; readonly link: LinkKind; readonly binding: number; readonly port: number }
  | { readonly type: 'listen-failed'; readonly link: LinkKind; readonly binding: number; readonly osError: string }
  /** The listener of this binding accepted a connection. The driver chooses a fresh, odd `conn`. */
  | {
      readonly type: 'accepted';
      readonly link: LinkKind;
      readonly conn: number;
      readonly binding: number;
      readonly remote: string;
    }
  /** The dial `conn` is up. `address`: the address found for its host, if the host is a name. */
  | { readonly type: 'connected'; readonly conn: number; readonly address?: string }
  /** The dial `conn` failed; `error` is the NT error. */
  | { readonly type: 'dial-failed'; readonly conn: number; readonly error: number; readonly osError: string }
  /** A whole frame arrived (on an RPC link a PDU, its fragments joined). */
  | LinkFrame
  /**
   * The octets that arrived are no valid frame, and the driver has stopped reading from `conn`. `answer`: the frame that tells a
   * client what is wrong with them; null if the protocol has none.
   */
  | {
      readonly type: 'malformed';
      readonly conn: number;
      readonly answer: Frames[LinkKind] | null;
      readonly detail: string;
    }
  /** The peer or the network has ended the connection. Never sent after the core closed it. */
  | { readonly type: 'lost'; readonly conn: number; readonly error: number }
  /**
   * The `store` effect with this token is on disk. `known`: the store already had its submission id, under this MTS identifier,
   * and stored nothing.
   */
  | {
      readonly type: 'stored';
      readonly token: number;
      readonly known?: string;
      /** The accepted contents whose envelopes had no digest. The store has put length and digest into these envelopes. */
      readonly measured?: readonly MeasuredContent[];
    }
  | { readonly type: 'store-failed'; readonly token: number; readonly failure: StoreFailure; readonly detail: string }
  /**
   * The answer to a `recall`. Each copy that was asked for is in one of the lists: `found` with its message, `missing` with what is
   * wrong with its row. The store keeps what it has of a missing one aside, and the next start checks everything.
   */
  | {
      readonly type: 'recalled';
      readonly entry: number;
      readonly priority: Priority;
      readonly found: readonly { readonly copy: number; readonly message: StoredMessage }[];
      readonly missing: readonly { readonly copy: number; readonly detail: string }[];
    }
  /** The `forget` effect with this token is on disk. */
  | { readonly type: 'forgotten'; readonly token: number }
  /** The `deliver` effect of this copy is done, durably. */
  | { readonly type: 'delivered'; readonly copy: number }
  /**
   * `damaged`: its content cannot be read from the store, or does not match its digest. `permanent`: another try would fail in the
   * same way, because the next system has refused the message for good.
   */
  | {
      readonly type: 'deliver-failed';
      readonly copy: number;
      readonly detail: string;
      readonly damaged?: boolean;
      readonly permanent?: boolean;
    }
  /**
   * This frame has not left: the driver cannot read the content it carries, or what the store has is damaged. Frames of the same
   * connection that would carry more of the content are held back too, each with an input of its own.
   */
  | UnreadableFrame
  /** Fires everything whose deadline is at or before `now`. Harmless when nothing is due. */
  | { readonly type: 'timer' };
export type InputType = Input['type'];

/** What a store returns at start. */
export type Recovered = {
  /** Counts the starts on this store, from 1. */
  readonly incarnation: number;
  readonly storeUuid: string;
  /** Did the last run stop in an orderly way? If not, the store has been checked. */
  readonly clean: boolean;
  /**
   * Every message with copies still to be confirmed or delivered, oldest first. It can be gone through more than once. A store may
   * read them as they are asked for, so that a long backlog is never in memory as a whole.
   */
  readonly messages: Iterable<StoredMessage>;
  /** Activity ids received and not yet settled, per sender's store UUID. */
  readonly received: readonly { readonly sender: string; readonly activities: readonly number[] }[];
  /**
   * What the store check found damaged. A message that is in `messages` too is given up: its content is damaged and its envelope
   * sound. Of the others the store can say no more than this, and not even the content's key where that is null. It has set them
   * aside itself.
   */
  readonly damaged?: readonly { readonly content: number | null; readonly detail: string }[];
  /** What the store check examined: one entry per queue, and the path of the details. */
  readonly check?: {
    readonly queues: readonly { readonly queue: string; readonly file: string }[];
    readonly detailsPath: string;
  };
};
