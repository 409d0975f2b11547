/** Accepts a message: splits it into one copy per destination, and reports on recipients without a route. */

import type { Context } from '../machine/context.js';
import type { Mutable } from '../machine/copies.js';
import { count, report, takeNumber } from '../machine/update.js';
import {
  type Copy,
  describeActivity,
  type Envelope,
  type NonDeliveryDiagnostic,
  type NonDeliveryReason,
  type ReportFacts,
  type StoredMessage,
} from './message.js';
import { routeOf } from './routing.js';

/** What one arrival puts into the store. */
export type Acceptance = {
  readonly messages: readonly StoredMessage[];
  readonly render?: { readonly content: number; readonly facts: ReportFacts };
  /** No copy of the message itself is kept, so its content can be dropped. */
  readonly contentUnused: boolean;
};

/** No sane route has this many hops: it is a loop through MTAs that do not write traces. */
const longestTrace = 64;

export function mtsIdentifier(mtaName: string, number: number): string {
  return `c=lab;mta=${mtaName};${describeActivity(number)}`;
}

/** One copy per adjacent MTA and one per mailbox; recipients without a route are left over. */
function split(ctx: Context, recipients: readonly string[]): { copies: Copy[]; unroutable: string[] } {
  const copies: Mutable<Copy>[] = [];
  const unroutable: string[] = [];
  const seen = recipients.length > 1 ? new Set<string>() : null;
  /** The index in `copies` of the copy for each adjacent MTA. */
  const ways = recipients.length > 1 ? new Map<string, number>() : null;
  for (const recipient of recipients) {
    if (seen?.has(recipient) === true) continue;
    seen?.add(recipient);
    const destination = routeOf(ctx.mta, recipient);
    if (destination === null) {
      unroutable.push(recipient);
      continue;
    }
    const known = destination.to === 'mta' ? ways?.get(destination.mta) : undefined;
    const copy = known === undefined ? undefined : copies[known];
    if (copy !== undefined) copy.recipients = [...copy.recipients, recipient];
    else {
      if (destination.to === 'mta') ways?.set(destination.mta, copies.length);
      copies.push({ id: 0, destination, recipients: [recipient] });
    }
  }
  for (const copy of copies) copy.id = takeNumber(ctx);
  return { copies, unroutable };
}

export function hasLoop(ctx: Context, envelope: Envelope): boolean {
  return envelope.trace.length >= longestTrace || envelope.trace.some((step) => step.mta === ctx.mta.name);
}

/**
 * Turns a message that has arrived (by submission or from an adjacent MTA) into what the store must keep.
 * @param envelope already with this MTA in its trace.
 * @param looped the message has been here before: it goes no further, and its originator gets a report.
 */
export function acceptMessage(
  ctx: Context,
  envelope: Envelope,
  recipients: readonly string[],
  content: number,
  looped: boolean,
): Acceptance {
  const { copies, unroutable } = looped ? { copies: [], unroutable: [...recipients] } : split(ctx, recipients);
  const messages: StoredMessage[] = copies.length > 0 ? [{ content, envelope, copies }] : [];
  if (unroutable.length === 0) return { messages, contentUnused: false };
  if (envelope.originator === '') {
    // This MTA makes no report on a report: it keeps the report for the operator as a dead letter.
    const dead: Copy = { id: takeNumber(ctx), destination: { to: 'dead-letter' }, recipients: unroutable };
    return { messages: [{ content, envelope, copies: [...copies, dead] }], contentUnused: false };
  }
  const facts: ReportFacts = {
    reportingMta: ctx.mta.name,
    subject: envelope,
    subjectContent: content,
    recipients: unroutable,
    reason: 'unable-to-transfer',
    diagnostic: looped ? 'loop-detected' : 'unrecognised-OR-name',
    outcomeUnknown: false,
    explanation: looped
      ? 'The message came back to an MTA that it had already passed.'
      : 'This MTA has no route for the domain of the recipient.',
    atMs: ctx.nowMs,
  };
  const made = makeReport(ctx, facts);
  return { messages: [...messages, made], render: { content: made.content, facts }, contentUnused: copies.length === 0 };
}

/** Makes the report on a message, as a new message to the originator, and logs event 290. */
export function makeReport(ctx: Context, facts: ReportFacts): StoredMessage {
  const content = takeNumber(ctx);
  const envelope: Envelope = {
    mtsId: mtsIdentifier(ctx.mta.name, content),
    originator: '',
    priority: facts.subject.priority,
    contentType: 'multipart/report',
    submittedAtMs: ctx.nowMs,
    sizeBytes: 0,
    digest: '',
    trace: [{ mta: ctx.mta.name, atMs: ctx.nowMs }],
  };
  count(ctx, 'reports');
  reportNonDelivery(ctx, facts.reason, facts.diagnostic, facts.subject, facts.recipients);
  const destination = routeOf(ctx.mta, facts.subject.originator) ?? { to: 'dead-letter' };
  return { content, envelope, copies: [{ id: takeNumber(ctx), destination, recipients: [facts.subject.originator] }] };
}

function reportNonDelivery(
  ctx: Context,
  reason: NonDeliveryReason,
  diagnostic: NonDeliveryDiagnostic,
  subject: Envelope,
  recipients: readonly string[],
): void {
  report(ctx, 290, { reason, diagnostic, mtsId: subject.mtsId, destination: recipients.join(', ') });
}
