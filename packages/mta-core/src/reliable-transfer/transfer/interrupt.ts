/** Handles an outgoing activity that is interrupted with its association, or that fails. */

import { putRow } from '../../collections/tree.js';
import type { Context } from '../../machine/context.js';
import type { AssociationRef, QueuedCopy, Transfer } from '../../machine/state.js';
import { associationOf, entryAt, patchAssociation, patchEntry } from '../../machine/update.js';
import { giveUp, setAside } from '../../mail/nondelivery.js';
import { returnCopy, waitingDue } from '../../mail/queue.js';

/**
 * Losses in a row that one copy may meet before the peer confirms any more of it. After that the copy waits for the Transfer
 * Interval: perhaps it causes the losses, and the mail behind it must move.
 */
const maxInterruptions = 3;

/** The activity stops with its association: the copy goes back to its old place, and keeps the confirmed octets. */
export function interruptTransfer(ctx: Context, ref: AssociationRef): void {
  const transfer = endTransfer(ctx, ref);
  if (transfer === null) return;
  const { copy: sent, ended, confirmedUpTo, discarding } = transfer;
  const copy: QueuedCopy = {
    ...sent,
    confirmedUpTo,
    confirmedUntilMs: ctx.nowMs + entryAt(ctx, ref.entry).settings.recoveryTimeoutS * 1000,
    sentWhole: sent.sentWhole || ended,
    ...(ended ? { strayed: true } : {}),
  };
  const interruptions = (sent.interruptions ?? 0) + 1;
  if (sent.damage !== undefined) setAside(ctx, ref.entry, copy, sent.damage);
  else if (discarding) copyFailed(ctx, ref.entry, copy, 'The transfer took too long.');
  else if (interruptions <= maxInterruptions) returnCopy(ctx, ref.entry, { ...copy, interruptions });
  else copyFailed(ctx, ref.entry, copy, 'The association was lost each time this message was sent.');
}

/**
 * A transfer failed while its association lives: the copy waits the Transfer Interval, or is reported on when its retries have
 * ended.
 * @param refused the receiver said that it does not have the message, so the outcome is known.
 * @param suspicion the receiver found the content damaged: after the last retry the message is set aside for this reason.
 */
export function transferFailed(ctx: Context, ref: AssociationRef, why: string, refused = false, suspicion?: string): void {
  const transfer = endTransfer(ctx, ref);
  if (transfer === null) return;
  const sentWhole = !refused && (transfer.copy.sentWhole || transfer.ended);
  const copy: QueuedCopy = { ...transfer.copy, sentWhole, confirmedUpTo: 0, confirmedUntilMs: null };
  if (copy.damage !== undefined) setAside(ctx, ref.entry, copy, copy.damage);
  else copyFailed(ctx, ref.entry, !refused && transfer.ended ? { ...copy, strayed: true } : copy, why, suspicion);
}

function endTransfer(ctx: Context, ref: AssociationRef): Transfer | null {
  const transfer = associationOf(ctx, ref)?.transfer ?? null;
  if (transfer !== null) patchAssociation(ctx, ref, { transfer: null });
  return transfer;
}

function copyFailed(ctx: Context, entryId: number, failed: QueuedCopy, why: string, suspicion?: string): void {
  const { settings } = entryAt(ctx, entryId);
  const { interruptions: _, ...copy } = failed;
  if (copy.failures >= settings.maxTransferRetries) {
    if (suspicion === undefined) giveUp(ctx, entryId, copy, 'maximum-time-expired', why);
    else setAside(ctx, entryId, copy, suspicion);
    return;
  }
  const untilMs = ctx.nowMs + settings.transferRetryIntervalS * 1000;
  const entry = entryAt(ctx, entryId);
  patchEntry(ctx, entryId, {
    waiting: putRow(entry.waiting, { ...copy, failures: copy.failures + 1, problem: why, untilMs }, waitingDue),
  });
}
