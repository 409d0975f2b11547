/** Deadlines: an enumerated set that lives in the state. A firing that comes too early or twice does no harm. */

import { withoutRow } from '../collections/table.js';
import { bindData } from '../links/rpc/data-connection.js';
import { ntError } from '../links/rpc/pdu.js';
import type { Owner } from '../links/rpc/state.js';
import { rpcDeadline, rpcTimer } from '../links/rpc/timer.js';
import { mailboxDeadline, wakeMailboxes } from '../mail/mailboxes.js';
import { returnCopy } from '../mail/queue.js';
import { wayBackFailed } from '../reliable-transfer/association/answer.js';
import { endAssociation } from '../reliable-transfer/association/end.js';
import { openTimedOut, recoverAssociation } from '../reliable-transfer/association/open.js';
import { dropIncoming } from '../reliable-transfer/transfer/receive.js';
import { discardTransfer, lifetime } from '../reliable-transfer/transfer/send.js';
import type { Context } from './context.js';
import type { Association, LtabEntry, Mta } from './state.js';
import { associationOf, entryAt, patchAssociation, patchEntry, report } from './update.js';

function earlier(one: number | null, other: number | null): number | null {
  if (one === null) return other;
  return other === null || one < other ? one : other;
}

/** Every deadline of an association, under its name. */
function associationDeadlines(association: Association): Readonly<Record<string, number | null>> {
  const { transfer, state } = association;
  return {
    lifetime: association.lifetimeAtMs,
    opening: association.openByMs,
    disconnect: state === 'open' || state === 'closing' ? null : association.disconnectAtMs,
    recovery: association.recoverAtMs,
    dataRetry: association.data.retryAtMs,
    transfer: transfer === null || transfer.discarding ? null : transfer.deadlineMs,
  };
}

/** The earliest deadline of an entry. */
export function entryDeadline(entry: LtabEntry): number | null {
  let earliest = entry.openRetryAtMs;
  for (const copy of entry.waiting) earliest = earlier(earliest, copy.untilMs);
  for (const row of entry.incoming) earliest = earlier(earliest, row.untilMs);
  for (const association of entry.associations) {
    const { transfer, state } = association;
    earliest = earlier(earliest, association.lifetimeAtMs);
    earliest = earlier(earliest, association.openByMs);
    if (state !== 'open' && state !== 'closing') earliest = earlier(earliest, association.disconnectAtMs);
    earliest = earlier(earliest, association.recoverAtMs);
    earliest = earlier(earliest, association.data.retryAtMs);
    if (transfer !== null && !transfer.discarding) earliest = earlier(earliest, transfer.deadlineMs);
  }
  return earliest;
}

/**
 * When this MTA next needs a `timer` input, in milliseconds of the lab's clock, or null when only the world outside can make
 * it do anything.
 */
export function nextDeadline(mta: Mta): number | null {
  let earliest = mta.stopAtMs;
  for (const entry of mta.ltab) earliest = earlier(earliest, entry.deadlineMs);
  earliest = earlier(earliest, mailboxDeadline(mta));
  return earlier(earliest, rpcDeadline(mta.rpc));
}

/** Fire everything that is due. */
export function fireTimers(ctx: Context): void {
  rpcTimer(ctx);
  for (const entry of ctx.mta.ltab) if (isDue(ctx, entry.deadlineMs)) fireEntry(ctx, entry.id);
  if (isDue(ctx, mailboxDeadline(ctx.mta))) wakeMailboxes(ctx, false);
}

function isDue(ctx: Context, atMs: number | null): boolean {
  return atMs !== null && atMs <= ctx.nowMs;
}

function fireEntry(ctx: Context, at: number): void {
  const entry = entryAt(ctx, at);
  if (isDue(ctx, entry.openRetryAtMs)) {
    patchEntry(ctx, at, { openRetryAtMs: null });
    ctx.evaluate.add(at);
  }
  wakeWaiting(ctx, at, false);
  for (const row of entry.incoming) if (isDue(ctx, row.untilMs)) dropIncoming(ctx, at, row);
  for (const { id } of entry.associations) fireAssociation(ctx, { entry: at, association: id });
}

/** Queue again the copies whose Transfer Interval has passed (or all, when the operator says so). */
export function wakeWaiting(ctx: Context, at: number, everything: boolean): void {
  for (const { untilMs, ...copy } of entryAt(ctx, at).waiting) {
    if (!everything && untilMs > ctx.nowMs) continue;
    patchEntry(ctx, at, { waiting: withoutRow(entryAt(ctx, at).waiting, copy.id) });
    returnCopy(ctx, at, copy);
    ctx.evaluate.add(at);
  }
}

function fireAssociation(ctx: Context, ref: Owner): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  const due = associationDeadlines(association);
  if (isDue(ctx, due['disconnect'] ?? null)) {
    report(ctx, 1294, { entity: entryAt(ctx, ref.entry).name, reason: 'not recovered before Disconnect had passed' });
    return endAssociation(ctx, ref);
  }
  if (isDue(ctx, due['opening'] ?? null)) {
    if (association.state === 'dialling') openTimedOut(ctx, ref, ntError.serverUnavailable);
    else if (association.state === 'dialling-back') wayBackFailed(ctx, ref, ntError.serverUnavailable);
    return;
  }
  if (isDue(ctx, due['lifetime'] ?? null)) {
    // Mail may be queued that this association cannot carry (the Turn is lost): it lives on while that lasts.
    if (entryAt(ctx, ref.entry).queued === 0 && association.transfer === null) {
      patchAssociation(ctx, ref, { lifetimeAtMs: null, wantsClose: true });
    } else {
      patchAssociation(ctx, ref, lifetime(ctx, association));
    }
  }
  if (isDue(ctx, due['recovery'] ?? null)) recoverAssociation(ctx, ref);
  if (isDue(ctx, due['dataRetry'] ?? null)) bindData(ctx, ref);
  if (isDue(ctx, due['transfer'] ?? null)) discardTransfer(ctx, ref);
}
