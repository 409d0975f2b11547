/** Handles outgoing activities that are interrupted with their association, or that fail. */

import { putRow } from '../../collections/tree.js';
import type { Context } from '../../machine/context.js';
import type { AssociationRef, QueuedCopy, Transfer } from '../../machine/state.js';
import { associationOf, entryAt, patchEntry } from '../../machine/update.js';
import { giveUp, setAside } from '../../mail/nondelivery.js';
import { returnCopy, waitingDue } from '../../mail/queue.js';
import { dropTransfer, inOrder, withSegment } from './outgoing.js';

/**
 * Losses in a row that one copy may meet before the peer confirms any more of it. After that the copy waits for the Transfer
 * Interval: perhaps it causes the losses, and the mail behind it must move.
 */
const maxInterruptions = 3;

/**
 * The activities stop with their association: each copy goes back to its old place, and keeps the confirmed octets. Each counts the loss,
 * as its message may be the cause. From then on it travels alone, so a further loss is counted only by the copy that may cause it.
 */
export function interruptTransfers(ctx: Context, ref: AssociationRef): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  for (const transfer of inOrder(association)) interrupt(ctx, ref, transfer);
}

function interrupt(ctx: Context, ref: AssociationRef, transfer: Transfer): void {
  dropTransfer(ctx, ref, transfer.id);
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
export function transferFailed(
  ctx: Context,
  ref: AssociationRef,
  transfer: Transfer,
  why: string,
  refused = false,
  suspicion?: string,
): void {
  dropTransfer(ctx, ref, transfer.id);
  const sentWhole = !refused && (transfer.copy.sentWhole || transfer.ended);
  const copy: QueuedCopy = { ...transfer.copy, sentWhole, confirmedUpTo: 0, confirmedUntilMs: null };
  if (copy.damage !== undefined) setAside(ctx, ref.entry, copy, copy.damage);
  else copyFailed(ctx, ref.entry, !refused && transfer.ended ? { ...copy, strayed: true } : copy, why, suspicion);
}

/** The activity of an RTTR has failed at its link; without a number, the oldest activity has. */
export function activityFailed(ctx: Context, ref: AssociationRef, why: string, serial?: number): void {
  const association = associationOf(ctx, ref);
  if (association === undefined || association.transfers.size === 0) return;
  const named = serial === undefined ? undefined : withSegment(association, serial);
  transferFailed(ctx, ref, named ?? (inOrder(association)[0] as Transfer), why);
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
