/** Everything that can happen to an MTA. With `Effect` this is the contract between the core and its drivers. */

import type { LinkFrame, LinkKind } from '../links/link.js';
import type { BindingChange } from '../links/rpc/local-bindings.js';
import type { Priority, StoredMessage } from '../mail/message.js';

/** A message handed in by a client. Its content is in the driver's hands already, under the key `content`. */
export type Submission = {
  /** Chosen by the client: asking again with the same id never makes a second message. */
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
   * Put the local bindings into another order, enable or disable some: all of them, in the new order. Dials follow at once,
   * listeners at the next start. A change that cannot be (see `changedBindings`) changes nothing.
   */
  | { readonly op: 'bindings'; readonly bindings: readonly BindingChange[] };

export type StoreFailure = 'full' | 'io';

export type Input =
  /** A client hands in a message. Answered by the effect `submitted` or `submit-refused`. */
  | { readonly type: 'submit'; readonly submission: Submission }
  | { readonly type: 'command'; readonly command: OperatorCommand }
  /** Stop in order: close associations, then `halt`. */
  | { readonly type: 'stop' }
  /** The listen for the binding of this id is up on `port`. */
  | { readonly type: 'listening'; readonly binding: number; readonly port: number }
  | { readonly type: 'listen-failed'; readonly binding: number; readonly osError: string }
  /** A stranger's connection arrived at the binding of this id. The driver chooses a fresh, odd `conn`. */
  | {
      readonly type: 'accepted';
      readonly link: LinkKind;
      readonly conn: number;
      readonly binding: number;
      readonly remote: string;
    }
  /** The dial `conn` is up. `address`: the one that was found for its host, where that is a name. */
  | { readonly type: 'connected'; readonly conn: number; readonly address?: string }
  /** The dial `conn` failed; `error` is the NT error. */
  | { readonly type: 'dial-failed'; readonly conn: number; readonly error: number; readonly osError: string }
  /** A whole frame arrived (on an RPC link a PDU, its fragments joined). */
  | LinkFrame
  /** Octets arrived that are no frame this link can answer in kind: the driver has stopped reading from `conn`. */
  | { readonly type: 'malformed'; readonly conn: number; readonly version: boolean; readonly detail: string }
  /** The connection is gone, by the peer or the network. Never sent after the core closed it. */
  | { readonly type: 'lost'; readonly conn: number; readonly error: number }
  /** The `store` effect with this token is on disk. `known`: its submission id was there already, nothing was stored. */
  | {
      readonly type: 'stored';
      readonly token: number;
      readonly known?: string;
      /** Length of the report that was rendered for this effect; the store has put it into the report's envelope. */
      readonly renderedBytes?: number;
    }
  | { readonly type: 'store-failed'; readonly token: number; readonly failure: StoreFailure; readonly detail: string }
  /** The `forget` effect with this token is on disk. */
  | { readonly type: 'forgotten'; readonly token: number }
  /** The `deliver` effect of this copy is done, durably. */
  | { readonly type: 'delivered'; readonly copy: number }
  | { readonly type: 'deliver-failed'; readonly copy: number; readonly detail: string }
  /** Time has come: everything whose deadline is at or before `now` fires. Harmless when nothing is due. */
  | { readonly type: 'timer' };
export type InputType = Input['type'];

/** What a store gives back at start. */
export type Recovered = {
  /** Counts the starts on this store, from 1. */
  readonly incarnation: number;
  readonly storeUuid: string;
  /** Was the last stop in order? If not, the store has been checked. */
  readonly clean: boolean;
  /** Every message with copies still to be confirmed or delivered, oldest first. */
  readonly messages: readonly StoredMessage[];
  /** Activity ids received and not yet settled, per sender's store UUID. */
  readonly received: readonly { readonly sender: string; readonly activities: readonly number[] }[];
  /** What an internal check really looked at: one entry per queue, and where its details were written. */
  readonly check?: {
    readonly queues: readonly { readonly queue: string; readonly file: string }[];
    readonly detailsPath: string;
  };
};
