/** Replaces a copy whose retries have ended with a report to its originator, in one transaction. */

import { putRow } from '../collections/tree.js';
import type { Context } from '../machine/context.js';
import type { LocalCopy, QueuedCopy } from '../machine/state.js';
import { countAt, entryAt, incarnationStride, patchEntry, patchMta, storeFor } from '../machine/update.js';
import { makeReport } from './accept.js';
import { addMailboxCopy, localDue } from './mailboxes.js';
import type { NonDeliveryDiagnostic, ReportFacts } from './message.js';
import { countCopies, countOut, waitingDue } from './queue.js';

/**
 * Gives a copy up. It has left all queues already, but its entry still counts it. This MTA makes no report on a report, and puts
 * the report into its dead letters instead.
 * @param entryId the entry it was queued for; null for mail of this MTA's mailboxes.
 */
export function giveUp(
  ctx: Context,
  entryId: number | null,
  copy: QueuedCopy,
  diagnostic: NonDeliveryDiagnostic,
  explanation: string,
): void {
  if (entryId !== null) countOut(ctx, entryId, copy);
  const { id, content, envelope, recipients } = copy;
  if (envelope.originator === '') {
    const destination = { to: 'dead-letter' } as const;
    addMailboxCopy(ctx, { id, content, envelope, recipients, destination, entry: entryId, failures: 0, untilMs: null });
    return;
  }
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
  const made = makeReport(ctx, facts);
  if (entryId !== null) countAt(ctx, entryId, { reports: 1 });
  countCopies(ctx, made.copies.length);
  storeFor(
    ctx,
    { purpose: 'report', messages: [made], subject: copy, entry: entryId },
    {
      accept: [made],
      render: { content: made.content, facts },
      forget: [id],
    },
  );
}

/** The report could not be stored: keeps the copy, and gives it up again after another Transfer Interval. */
export function reportNotStored(ctx: Context, entryId: number | null, subject: QueuedCopy): void {
  const untilMs = ctx.nowMs + ctx.mta.settings.transferRetryIntervalS * 1000;
  if (entryId === null) {
    const local = localOf(subject);
    patchMta(ctx, {
      mailboxes: { ...ctx.mta.mailboxes, waiting: putRow(ctx.mta.mailboxes.waiting, { ...local, untilMs }, localDue) },
    });
    return;
  }
  const entry = entryAt(ctx, entryId);
  patchEntry(ctx, entryId, {
    waiting: putRow(entry.waiting, { ...subject, untilMs }, waitingDue),
    queued: entry.queued + 1,
    queuedBytes: entry.queuedBytes + subject.envelope.sizeBytes,
  });
}

/**
 * A mailbox copy in the form that reports use. A copy older than this start may be in its mailbox already: the MTA may have died
 * before the driver confirmed the delivery.
 */
export function asQueued(ctx: Context, copy: LocalCopy): QueuedCopy {
  const { id, content, envelope, recipients, failures } = copy;
  const sentWhole = Math.floor(id / incarnationStride) !== ctx.mta.incarnation;
  return { id, content, envelope, recipients, failures, confirmedUpTo: 0, confirmedUntilMs: null, sentWhole };
}

function localOf(copy: QueuedCopy): LocalCopy {
  const { id, content, envelope, recipients, failures } = copy;
  const destination = { to: 'mailbox', address: recipients[0] ?? '' } as const;
  return { id, content, envelope, recipients, destination, entry: null, failures, untilMs: null };
}
