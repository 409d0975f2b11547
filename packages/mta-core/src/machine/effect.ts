/** Everything an MTA can ask of its driver. Effects are carried out in the order given. */
import type { ReportedEvent } from '../catalogues/events/parameters.js';
import type { LinkFrame, LinkKind } from '../links/link.js';
import type { ContentHandle, Destination, Envelope, ReportFacts, StoredMessage } from '../mail/message.js';

export type StoreEffect = {
  readonly type: 'store';
  /** Comes back in `stored` or `store-failed`. All parts of one effect are one transaction. */
  readonly token: number;
  /** Messages to be kept, each with all its copies. */
  readonly accept: readonly StoredMessage[];
  /** Reports to be rendered: the content of the accepted message with this content key. */
  readonly render?: { readonly content: number; readonly facts: ReportFacts };
  /** Octets to be kept under a content key, at an offset. */
  readonly segments: readonly { readonly content: number; readonly offset: number; readonly handle: ContentHandle }[];
  /** Submission id to be remembered with the message; if it is known already nothing is stored and `known` comes back. */
  readonly submission?: { readonly submissionId: string; readonly mtsId: string };
  /** Activity to be remembered as received, in the same transaction. */
  readonly received?: { readonly sender: string; readonly activity: number };
  /** Copies to be erased in the same transaction (a report takes the place of what it reports on). */
  readonly forget: readonly number[];
};

export type Effect =
  /** Open a listener for the binding of this id. Answer: `listening` or `listen-failed`. */
  | {
      readonly type: 'listen';
      readonly link: LinkKind;
      readonly binding: number;
      readonly address: string;
      readonly port: number;
    }
  /** Dial. `conn` is even. Answer: `connected` or `dial-failed`. */
  | {
      readonly type: 'dial';
      readonly link: LinkKind;
      readonly conn: number;
      readonly host: string;
      readonly port: number;
      readonly localAddress?: string;
    }
  /** Send a frame on a connection that is up. */
  | LinkFrame
  /** Close a connection once what was sent is written. Nothing of it is reported any more. Also gives up a dial. */
  | { readonly type: 'close'; readonly conn: number }
  | StoreEffect
  /** Erase copies (and messages whose last copy goes, with their content). Joins the next commit. Answer: `forgotten`. */
  | { readonly type: 'forget'; readonly token: number; readonly copies: readonly number[] }
  /** Erase content segments of an incoming transfer that will not be completed. Not answered. */
  | { readonly type: 'drop-content'; readonly content: number }
  /** Forget received activity ids of a sender: those listed and all below `below`. Joins the next commit. Not answered. */
  | { readonly type: 'settle'; readonly sender: string; readonly activities: readonly number[]; readonly below?: number }
  /** Put a copy into a mailbox or the dead-letter folder. Answer: `delivered` or `deliver-failed`. */
  | {
      readonly type: 'deliver';
      readonly copy: number;
      readonly content: number;
      readonly destination: Destination;
      readonly envelope: Envelope;
    }
  /** An event-log entry. */
  | { readonly type: 'report'; readonly event: ReportedEvent }
  /** The message of this submission is on disk (or was, already). */
  | { readonly type: 'submitted'; readonly submissionId: string; readonly mtsId: string; readonly known: boolean }
  | { readonly type: 'submit-refused'; readonly submissionId: string; readonly reason: string }
  /** The end of this process. `clean`: leave the clean-shutdown mark. */
  | { readonly type: 'halt'; readonly code: number; readonly clean: boolean };
export type EffectType = Effect['type'];
