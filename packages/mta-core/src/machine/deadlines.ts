/** The deadlines of an MTA, all kept in its state. A timer that fires too early or twice does no harm. */

import { dropRow, dueRows, earlier, rowsIn } from '../collections/tree.js';
import { allLinks } from '../links/all.js';
import { wakeMailboxes } from '../mail/mailboxes.js';
import { setAside } from '../mail/nondelivery.js';
import { returnCopy, waitingDue } from '../mail/queue.js';
import { endAssociation } from '../reliable-transfer/association/end.js';
import { lifetimeFromNow } from '../reliable-transfer/association/lifetime.js';
import { recoverAssociation } from '../reliable-transfer/association/open.js';
import { transferDue } from '../reliable-transfer/transfer/outgoing.js';
import { dropIncoming } from '../reliable-transfer/transfer/receive.js';
import { discardTransfer } from '../reliable-transfer/transfer/send.js';
import type { Context } from './context.js';
import type { Association, AssociationRef, LtabEntry, Mta } from './state.js';
import { associationOf, checkThreshold, entryAt, entryDue, patchAssociation, patchEntry, report } from './update.js';

/** The deadlines of an association: the instant of each (null: not armed), and the action when it is due. */
const associationDeadlines: readonly {
  readonly atMs: (association: Association) => number | null;
  readonly fire: (ctx: Context, ref: AssociationRef, association: Association) => void;
}[] = [
  {
    atMs: ({ state, disconnectAtMs }) => (state === 'open' || state === 'closing' ? null : disconnectAtMs),
    fire: (ctx, ref) => {
      report(ctx, 1294, { entity: entryAt(ctx, ref.entry).name, reason: 'not recovered before Disconnect had passed' });
      endAssociation(ctx, ref);
    },
  },
  { atMs: ({ lifetimeAtMs }) => lifetimeAtMs, fire: lifetimePassed },
  { atMs: ({ recoverAtMs }) => recoverAtMs, fire: (ctx, ref) => recoverAssociation(ctx, ref) },
  {
    atMs: ({ transfers }) => transfers.dueMs,
    fire: (ctx, ref, { transfers }) => {
      for (const { id } of dueRows(transfers, ctx.nowMs, transferDue)) discardTransfer(ctx, ref, id);
    },
  },
];

function lifetimePassed(ctx: Context, ref: AssociationRef, association: Association): void {
  // The queue may hold mail that this association cannot carry because the Turn is lost. It stays open as long as that lasts.
  const idle = entryAt(ctx, ref.entry).queued === 0 && association.transfers.size === 0;
  patchAssociation(
    ctx,
    ref,
    idle ? { lifetimeAtMs: null, wantsClose: true } : { lifetimeAtMs: lifetimeFromNow(ctx, ref.entry, association) },
  );
}

export function associationDeadline(association: Association): number | null {
  let earliest: number | null = null;
  for (const { atMs } of associationDeadlines) earliest = earlier(earliest, atMs(association));
  return earliest;
}

/** The earliest deadline of an entry, whose associations have theirs. */
export function entryDeadline(entry: LtabEntry): number | null {
  let earliest = earlier(entry.openRetryAtMs, entry.activeAtMs);
  earliest = earlier(earliest, entry.waiting.dueMs);
  for (const row of entry.incoming) earliest = earlier(earliest, row.untilMs);
  for (const { deadlineMs } of entry.associations) earliest = earlier(earliest, deadlineMs);
  return earliest;
}

/**
 * When this MTA next needs a `timer` input, in milliseconds of the lab's clock, or null when only another input can make it act.
 */
export function nextDeadline(mta: Mta): number | null {
  let earliest = mta.stopAtMs;
  earliest = earlier(earliest, mta.ltab.dueMs);
  earliest = earlier(earliest, mta.mailboxes.waiting.dueMs);
  for (const link of allLinks) earliest = earlier(earliest, link.deadline(mta));
  return earliest;
}

/** Fire everything that is due. */
export function fireTimers(ctx: Context): void {
  for (const link of allLinks) link.timer(ctx);
  for (const { id } of dueRows(ctx.mta.ltab, ctx.nowMs, entryDue)) fireEntry(ctx, id);
  if (isDue(ctx, ctx.mta.mailboxes.waiting.dueMs)) wakeMailboxes(ctx, false);
}

function isDue(ctx: Context, atMs: number | null): boolean {
  return atMs !== null && atMs <= ctx.nowMs;
}

function fireEntry(ctx: Context, entryId: number): void {
  const entry = entryAt(ctx, entryId);
  if (isDue(ctx, entry.openRetryAtMs)) {
    patchEntry(ctx, entryId, { openRetryAtMs: null });
    checkThreshold(ctx, entryId);
  }
  if (isDue(ctx, entry.activeAtMs)) {
    patchEntry(ctx, entryId, { activeAtMs: null });
    checkThreshold(ctx, entryId);
  }
  wakeWaiting(ctx, entryId, false);
  for (const row of entry.incoming) if (isDue(ctx, row.untilMs)) dropIncoming(ctx, entryId, row);
  for (const { id } of entry.associations) fireAssociation(ctx, { entry: entryId, association: id });
}

/** Requeues the copies whose Transfer Interval has passed, or all copies when the operator says so. */
export function wakeWaiting(ctx: Context, entryId: number, everything: boolean): void {
  const { waiting } = entryAt(ctx, entryId);
  for (const { untilMs: _, ...copy } of everything ? rowsIn(waiting) : dueRows(waiting, ctx.nowMs, waitingDue)) {
    patchEntry(ctx, entryId, { waiting: dropRow(entryAt(ctx, entryId).waiting, copy.id, waitingDue) });
    if (copy.damage === undefined) returnCopy(ctx, entryId, copy);
    else setAside(ctx, entryId, copy, copy.damage);
    checkThreshold(ctx, entryId);
  }
}

/** Fires the deadlines that were due at the call. If one ends the association, the rest do not fire. */
function fireAssociation(ctx: Context, ref: AssociationRef): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  for (const { atMs, fire } of associationDeadlines) {
    if (!isDue(ctx, atMs(association))) continue;
    fire(ctx, ref, association);
    if (associationOf(ctx, ref) === undefined) return;
  }
}
