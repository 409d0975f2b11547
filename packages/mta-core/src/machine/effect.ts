/** The effects of an MTA: everything it can ask of its driver. The driver carries them out in order. */
import type { ReportedEvent } from '../catalogues/events/parameters.js';
import type { LinkFrame, LinkKind } from '../links/link.js';
import type { ContentHandle, Destination, Envelope, Priority, ReportFacts, StoredMessage } from '../mail/message.js';

export type StoreEffect = {
  readonly type: 'store';
  /** The answer, `stored` or `store-failed`, repeats it. All parts of one effect are one transaction. */
  readonly token: number;
  /** Messages to keep, each with all its copies. */
  readonly accept: readonly StoredMessage[];
  /** A report to render as the content of the accepted message with this content key. */
  readonly render?: { readonly content: number; readonly facts: ReportFacts };
  /** Octets to keep under a content key, at an offset. */
  readonly segments: readonly { readonly content: number; readonly offset: number; readonly handle: ContentHandle }[];
  /** Submission id to remember with the message. If the store has it already, it stores nothing and answers with `known`. */
  readonly submission?: { readonly submissionId: string; readonly mtsId: string };
  /** Activity to remember as received, in the same transaction. */
  readonly received?: { readonly sender: string; readonly activity: number };
  /** Copies to erase in the same transaction (a report replaces the copy it reports on). */
  readonly forget: readonly number[];
  /**
   * A damaged content to set aside in the same transaction: the store keeps what it has of the message where a person can look at
   * it, and never delivers it. A report on it quotes nothing of it.
   */
  readonly setAside?: { readonly content: number; readonly detail: string };
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
  /** Close a connection once everything sent is written, or give up a dial. The driver reports nothing more about it. */
  | { readonly type: 'close'; readonly conn: number }
  | StoreEffect
  /** Erase copies, and each message with its content when its last copy goes. Joins the next commit. Answer: `forgotten`. */
  | { readonly type: 'forget'; readonly token: number; readonly copies: readonly number[] }
  /** Read the messages of these copies of one queue back from the store: only their numbers are in memory. Answer: `recalled`. */
  | {
      readonly type: 'recall';
      readonly entry: number;
      readonly priority: Priority;
      readonly copies: readonly { readonly copy: number; readonly content: number }[];
    }
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
  /** The message of this submission is on disk. `known`: an earlier submission with the same id stored it. */
  | { readonly type: 'submitted'; readonly submissionId: string; readonly mtsId: string; readonly known: boolean }
  /** `reason`: the same in words for the client. */
  | {
      readonly type: 'submit-refused';
      readonly submissionId: string;
      readonly refusal: SubmitRefusal;
      readonly reason: string;
    }
  /** End this process. `clean`: leave the clean-shutdown mark. */
  | { readonly type: 'halt'; readonly code: number; readonly clean: boolean };

/**
 * Why an MTA does not take a submission. `envelope`: an address or the submission id is wrong. `too-long`: the content is larger than
 * the largest message. These two last; the others pass: `not-running`, `full` (the queues or the store), `store` (it cannot write).
 */
export type SubmitRefusal = 'envelope' | 'too-long' | 'not-running' | 'full' | 'store';
export type EffectType = Effect['type'];
