/** Replaces a copy whose retries have ended with a report to its originator, in one transaction. */

import { putRow } from '../collections/tree.js';
import type { Context } from '../machine/context.js';
import type { Input } from '../machine/input.js';
import type { LocalCopy, PendingStore, QueuedCopy } from '../machine/state.js';
import { countAt, entryAt, entryNamed, incarnationStride, patchEntry, patchMta, report, storeFor } from '../machine/update.js';
import { makeReport } from './accept.js';
import { addMailboxCopy, localDue, mailboxFailed } from './mailboxes.js';
import { describeActivity, type NonDeliveryDiagnostic, type ReportFacts, type StoredMessage } from './message.js';
import { countCopies, countIn, countOut, freshCopy, waitingDue } from './queue.js';

type PendingReport = Extract<PendingStore, { purpose: 'report' }>;

/**
 * Gives a copy up. It has left all queues already, but its entry still counts it. This MTA makes no report on a report, and puts
 * the report into its dead letters instead.
 * @param entryId the entry it was queued for; null for mail of this MTA's mailboxes, which is `local`.
 */
export function giveUp(
  ctx: Context,
  entryId: number | null,
  copy: QueuedCopy,
  diagnostic: NonDeliveryDiagnostic,
  explanation: string,
  local: LocalCopy | null = null,
): void {
  if (copy.envelope.originator !== '') return replaceByReport(ctx, { copy, entryId, local, diagnostic, explanation });
  if (entryId !== null) countOut(ctx, entryId, copy);
  const { id, content, envelope, recipients } = copy;
  const destination = { to: 'dead-letter' } as const;
  addMailboxCopy(ctx, { id, content, envelope, recipients, destination, entry: entryId, failures: 0, untilMs: null });
}

/**
 * Gives up a copy whose content is damaged, and logs event 2171. The store sets the message aside: it keeps what it has of it, and
 * never delivers it. The originator gets a report, unless the message is a report itself.
 * @param entryId the entry it was queued for; null for mail of this MTA's mailboxes, which is `local`.
 */
export function setAside(
  ctx: Context,
  entryId: number | null,
  copy: QueuedCopy,
  detail: string,
  local: LocalCopy | null = null,
): void {
  report(ctx, 2171, { databaseError: detail, object: describeActivity(copy.id), mtsId: copy.envelope.mtsId });
  replaceByReport(ctx, {
    copy: { ...copy, damage: detail },
    entryId,
    local,
    diagnostic: 'content-syntax-error',
    explanation: 'The message was damaged in the message database of this MTA, which has set it aside.',
  });
}

/** A message that the store's check found damaged at the start: every copy of it is given up before it gets into a queue. */
export function setAsideAtStart(ctx: Context, message: StoredMessage, detail: string): void {
  const { content, envelope } = message;
  for (const { id, recipients, destination } of message.copies) {
    const entryId = destination.to === 'mta' ? entryNamed(ctx, destination.mta)?.id : undefined;
    const copy = freshCopy(id, message, recipients, true);
    if (entryId === undefined) {
      const local = { id, content, envelope, recipients, destination, entry: null, failures: 0, untilMs: null };
      setAside(ctx, null, copy, detail, local);
    } else {
      countIn(ctx, entryId, copy);
      setAside(ctx, entryId, copy, detail);
    }
  }
}

type GivenUp = {
  readonly copy: QueuedCopy;
  readonly entryId: number | null;
  readonly local: LocalCopy | null;
  readonly diagnostic: NonDeliveryDiagnostic;
  readonly explanation: string;
};

/** Erases a copy, and stores a report to its originator in the same transaction. A report has no originator, and gets none. */
function replaceByReport(ctx: Context, { copy, entryId, local, diagnostic, explanation }: GivenUp): void {
  if (entryId !== null) countOut(ctx, entryId, copy);
  const { id, content, envelope, recipients, damage } = copy;
  const facts: ReportFacts = {
    reportingMta: ctx.mta.name,
    subject: envelope,
    subjectContent: content,
    recipients,
    reason: 'transfer-failure',
    diagnostic,
    outcomeUnknown: copy.sentWhole,
    explanation,
    atMs: ctx.nowMs,
  };
  const made = envelope.originator === '' ? null : makeReport(ctx, facts);
  if (made !== null && entryId !== null) countAt(ctx, entryId, { reports: 1 });
  countCopies(ctx, made?.copies.length ?? 0);
  storeFor(
    ctx,
    { purpose: 'report', messages: made === null ? [] : [made], subject: copy, entry: entryId, local },
    {
      accept: made === null ? [] : [made],
      render: made === null ? undefined : { content: made.content, facts },
      forget: [id],
      setAside: damage === undefined ? undefined : { content, detail: damage },
    },
  );
}

/** The report could not be stored: keeps the copy, and gives it up again after another Transfer Interval. */
export function reportNotStored(ctx: Context, { entry: entryId, subject, local }: PendingReport): void {
  const { transferRetryIntervalS } = entryId === null ? ctx.mta.settings : entryAt(ctx, entryId).settings;
  const untilMs = ctx.nowMs + transferRetryIntervalS * 1000;
  const problem = 'The report on it could not be stored.';
  if (entryId === null) {
    if (local === null) return;
    const { mailboxes } = ctx.mta;
    patchMta(ctx, { mailboxes: { ...mailboxes, waiting: putRow(mailboxes.waiting, { ...local, problem, untilMs }, localDue) } });
    return;
  }
  countIn(ctx, entryId, subject);
  patchEntry(ctx, entryId, { waiting: putRow(entryAt(ctx, entryId).waiting, { ...subject, problem, untilMs }, waitingDue) });
}

/** A delivery has failed: the copy is tried again later, or given up. */
export function deliveryFailed(ctx: Context, failure: Extract<Input, { type: 'deliver-failed' }>): void {
  const local = mailboxFailed(ctx, failure);
  if (local === null) return;
  const { detail } = failure;
  const copy = asQueued(ctx, local);
  if (failure.damaged === true) setAside(ctx, null, copy, detail, local);
  else giveUp(ctx, null, copy, 'recipient-unavailable', `The mailbox did not take it: ${detail}`, local);
}

/**
 * A mailbox copy in the form that reports use. A copy older than this start may be in its mailbox already: the MTA may have died
 * before the driver confirmed the delivery.
 */
function asQueued(ctx: Context, copy: LocalCopy): QueuedCopy {
  const { id, content, envelope, recipients, failures } = copy;
  const sentWhole = Math.floor(id / incarnationStride) !== ctx.mta.incarnation;
  return { id, content, envelope, recipients, failures, confirmedUpTo: 0, confirmedUntilMs: null, sentWhole };
}
