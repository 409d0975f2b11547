/** Messages as the core sees them: envelopes and references. The octets of a content never enter the core. */

/** X.411 priority of a message. Each has a queue of its own. */
export type Priority = 'urgent' | 'normal' | 'non-urgent';
export const priorities: readonly Priority[] = ['urgent', 'normal', 'non-urgent'];
/** The integer a Turn-Please for mail of this priority carries (0 is kept for closing). */
export const turnPriority: Readonly<Record<Priority, number>> = { urgent: 1, normal: 2, 'non-urgent': 3 };

/** One MTA that a message has passed. An MTA that finds itself in a trace has found a loop. */
export type TraceStep = {
  readonly mta: string;
  /** When the message reached it, in milliseconds of the lab's clock. */
  readonly atMs: number;
};

/** What every hop needs to know of a message: the MTS message transfer envelope, cut down to this project's needs. */
export type Envelope = {
  /** MTS identifier: unique over the network, such as `c=lab;mta=MTA-A;3-17`. */
  readonly mtsId: string;
  /** Originator's address, `user@domain`; empty for a report, which must never be reported on. */
  readonly originator: string;
  readonly priority: Priority;
  /** Such as `message/rfc822`. */
  readonly contentType: string;
  /** Submission time in milliseconds of the lab's clock. */
  readonly submittedAtMs: number;
  /** Content length in octets. */
  readonly sizeBytes: number;
  /**
   * SHA-256 of the content in hexadecimal, from the first MTA's acceptance on. Empty until the store has made it, and in mail from
   * a peer that sends none.
   */
  readonly digest: string;
  /** MTAs passed so far, the submitting one first. */
  readonly trace: readonly TraceStep[];
};

/** The envelope that travels in the first RTTR of an activity: it includes the recipients of this copy. */
export type TransferEnvelope = Envelope & { readonly recipients: readonly string[] };

/** The envelope for the next hop, with the recipients of this copy. */
export function transferEnvelope(envelope: Envelope, recipients: readonly string[]): TransferEnvelope {
  const { mtsId, originator, priority, contentType, submittedAtMs, sizeBytes, digest, trace } = envelope;
  return { mtsId, originator, priority, contentType, submittedAtMs, sizeBytes, digest, trace, recipients };
}

/** The envelope without recipients, with this trace. */
export function withTrace(envelope: Envelope, trace: Envelope['trace']): Envelope {
  const { mtsId, originator, priority, contentType, submittedAtMs, sizeBytes, digest } = envelope;
  return { mtsId, originator, priority, contentType, submittedAtMs, sizeBytes, digest, trace };
}

/**
 * A piece of content, by reference. On sockets the sender's handle names a part of a stored content (`content` is its key), and
 * the receiver's handle names octets that the driver has put aside (`ref`). The simulator passes handles through.
 */
export type ContentHandle = {
  /** Length of this piece in octets. */
  readonly length: number;
  /** Sender's side: the content's key in the sender's store. Absent on what came from the network. */
  readonly content?: number;
  /** Sender's side: where in the content this piece starts, in octets. */
  readonly offset?: number;
  /**
   * Receiver's side: names the octets that the driver has put aside. The driver drops them after a step that neither stores them
   * nor leaves this handle in the state.
   */
  readonly ref?: string;
};

/** Where a copy goes: to an adjacent MTA, by name, or into a mailbox here, or to this MTA's dead-letter folder. */
export type Destination =
  | { readonly to: 'mta'; readonly mta: string }
  | { readonly to: 'mailbox'; readonly address: string }
  | { readonly to: 'dead-letter' };

/** One copy of a message on its way to one destination. Queues hold copies, and the receiver confirms each by itself. */
export type Copy = {
  /**
   * The durable activity id, made when the copy was queued: incarnation * 2^32 + counter, so it rises for ever within one
   * store and is never used again. Two copies of one message have two ids.
   */
  readonly id: number;
  readonly destination: Destination;
  readonly recipients: readonly string[];
};

/** Copies are numbered incarnation * 2^32 + counter. */
const counterRange = 2 ** 32;

/** A copy's id (its activity id) as people read it: the incarnation that made it, then its number, such as `3-17`. */
export function describeActivity(id: number): string {
  return `${Math.floor(id / counterRange)}-${id % counterRange}`;
}

/** A message with its copies, as the store keeps it in one transaction. */
export type StoredMessage = {
  /** Key of the content in the store, also the key of the message: rises within one store. */
  readonly content: number;
  readonly envelope: Envelope;
  readonly copies: readonly Copy[];
};

/** Messages as a start wants them, oldest first: the id of the first copy shows the age. */
export function byAge(messages: Iterable<StoredMessage>): StoredMessage[] {
  return [...messages].sort((one, other) => (one.copies[0]?.id ?? 0) - (other.copies[0]?.id ?? 0));
}

/** Reason and diagnostic codes of a non-delivery report, with X.411's names. */
export type NonDeliveryReason = 'transfer-failure' | 'unable-to-transfer';
export type NonDeliveryDiagnostic =
  | 'unrecognised-OR-name'
  | 'mts-congestion'
  | 'loop-detected'
  | 'recipient-unavailable'
  | 'maximum-time-expired'
  | 'content-too-long'
  | 'content-syntax-error';

/** What a report must say. The driver renders it (RFC 3464) into the report's content. */
export type ReportFacts = {
  readonly reportingMta: string;
  /** The message reported on. */
  readonly subject: Envelope;
  /** Key of its content. The report may quote the head of it. */
  readonly subjectContent: number;
  readonly recipients: readonly string[];
  readonly reason: NonDeliveryReason;
  readonly diagnostic: NonDeliveryDiagnostic;
  /** The whole content was sent once and no confirmation came: it may have been delivered all the same. */
  readonly outcomeUnknown: boolean;
  /** Plain words for the person who reads the report. */
  readonly explanation: string;
  readonly atMs: number;
};
