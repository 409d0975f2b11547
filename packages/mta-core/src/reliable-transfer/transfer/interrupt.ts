/** Handles an outgoing activity that is interrupted with its association, or that fails. */

import { putRow } from '../../collections/tree.js';
import type { Context } from '../../machine/context.js';
import type { AssociationRef, QueuedCopy } from '../../machine/state.js';
import { associationOf, entryAt, patchAssociation, patchEntry } from '../../machine/update.js';
import { giveUp } from '../../mail/nondelivery.js';
import { returnCopy, waitingDue } from '../../mail/queue.js';

/** The activity stops with its association: the copy goes back to its old place, and keeps the confirmed octets. */
export function interruptTransfer(ctx: Context, ref: AssociationRef): void {
  const transfer = associationOf(ctx, ref)?.transfer;
  if (transfer === undefined || transfer === null) return;
  patchAssociation(ctx, ref, { transfer: null });
  const copy: QueuedCopy = {
    ...transfer.copy,
    confirmedUpTo: transfer.confirmedUpTo,
    confirmedUntilMs: ctx.nowMs + ctx.mta.settings.recoveryTimeoutS * 1000,
    sentWhole: transfer.copy.sentWhole || transfer.ended,
    ...(transfer.ended ? { strayed: true } : {}),
  };
  if (transfer.discarding) copyFailed(ctx, ref.entry, copy, 'The transfer took too long.');
  else returnCopy(ctx, ref.entry, copy);
}

/**
 * A transfer failed while its association lives: the copy waits the Transfer Interval, or is reported on when its retries have
 * ended.
 * @param refused the receiver said that it does not have the message, so the outcome is known.
 */
export function transferFailed(ctx: Context, ref: AssociationRef, why: string, refused = false): void {
  const transfer = associationOf(ctx, ref)?.transfer;
  if (transfer === undefined || transfer === null) return;
  patchAssociation(ctx, ref, { transfer: null });
  const sentWhole = !refused && (transfer.copy.sentWhole || transfer.ended);
  const copy: QueuedCopy = { ...transfer.copy, sentWhole, confirmedUpTo: 0, confirmedUntilMs: null };
  copyFailed(ctx, ref.entry, !refused && transfer.ended ? { ...copy, strayed: true } : copy, why);
}

function copyFailed(ctx: Context, entryId: number, copy: QueuedCopy, why: string): void {
  const { settings } = ctx.mta;
  if (copy.failures >= settings.maxTransferRetries) {
    giveUp(ctx, entryId, copy, 'maximum-time-expired', why);
    return;
  }
  const untilMs = ctx.nowMs + settings.transferRetryIntervalS * 1000;
  const entry = entryAt(ctx, entryId);
  patchEntry(ctx, entryId, {
    waiting: putRow(entry.waiting, { ...copy, failures: copy.failures + 1, problem: why, untilMs }, waitingDue),
  });
}
