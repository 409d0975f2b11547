/** How an association comes to an end, or loses its connections for a while. */

import { rpcCall, rpcClose, rpcCloseGroup } from '../../links/rpc/runtime.js';
import type { Owner } from '../../links/rpc/state.js';
import type { Context } from '../../machine/context.js';
import type { Association, Incoming, LtabEntry, QueuedCopy } from '../../machine/state.js';
import {
  associationOf,
  countAt,
  entryAt,
  patchAssociation,
  patchEntry,
  removeAssociation,
  report,
} from '../../machine/update.js';
import { giveUp } from '../../mail/nondelivery.js';
import { availableCount, nextCopy, takeCopy } from '../../mail/queue.js';
import type { AbortReason } from '../apdu.js';
import { interruptTransfer } from '../transfer/interrupt.js';
import { becomes, turnBecomes } from '../transitions.js';

/** Small number that stands for the association's control block in event-log entries. */
export function controlBlockOf(association: Association): number {
  return association.id % 2 ** 32;
}

/** Associations that count: open, opening, or lost within Disconnect, whoever opened them. */
export function countedAssociations(entry: LtabEntry): number {
  return entry.associations.filter((association) => association.state !== 'closing').length;
}

/** Close every connection of an association. What they still carried is void, answers included. */
export function dropConnections(ctx: Context, ref: Owner): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  const { first, peerFirst, peerGroup, data, peerData } = association;
  for (const conn of [first, peerFirst, data.conn, peerData]) if (conn !== null) rpcClose(ctx, conn);
  // A data connection of the peer that has not been used yet goes too, so that the peer notices.
  if (peerGroup !== null) rpcCloseGroup(ctx, peerGroup.group);
  patchAssociation(ctx, ref, {
    first: null,
    firstGroup: null,
    peerFirst: null,
    peerGroup: null,
    data: { state: 'none', conn: null, retryAtMs: null },
    peerData: null,
    answering: null,
    held: [],
    openByMs: null,
    lifetimeAtMs: null,
    wantsClose: false,
  });
}

/** Incoming transfers of an association that is gone wait for a resumption until the Recovery Timeout. */
function interruptIncoming(ctx: Context, ref: Owner): void {
  const entry = entryAt(ctx, ref.entry);
  if (!entry.incoming.some((row) => row.association === ref.association)) return;
  const untilMs = ctx.nowMs + ctx.mta.settings.recoveryTimeoutS * 1000;
  const incoming = entry.incoming.map(
    (row): Incoming => (row.association === ref.association && row.untilMs === null ? { ...row, untilMs, unconfirmed: 0 } : row),
  );
  patchEntry(ctx, ref.entry, { incoming });
}

/** The end: no recovery. Its mail goes back to the shared queue. */
export function endAssociation(ctx: Context, ref: Owner): void {
  if (associationOf(ctx, ref) === undefined) return;
  dropConnections(ctx, ref);
  interruptTransfer(ctx, ref);
  interruptIncoming(ctx, ref);
  removeAssociation(ctx, ref);
  // There is room in the table again: MTAs that have no association for want of it may get one.
  for (const entry of ctx.mta.ltab) if (entry.limitReported && entry.associations.length === 0) ctx.evaluate.add(entry.id);
}

/**
 * A connection of an open association was lost: the others are closed, every Please is void, the mail goes back to the
 * shared queue. The initiator sets out to recover at once; the responder waits for it until Disconnect. Event 1294 (Q246278):
 * what is recovered is the same association in RTSE alone; below, it is a new one (X.228 7.7).
 */
export function loseAssociation(ctx: Context, ref: Owner, why = 'its connections were lost'): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  report(ctx, 1294, { entity: entryAt(ctx, ref.entry).name, reason: why });
  dropConnections(ctx, ref);
  interruptTransfer(ctx, ref);
  interruptIncoming(ctx, ref);
  turnBecomes(ctx, ref, 'loss', { askedPriority: null, transfersSinceAsked: 0 });
  becomes(ctx, ref, 'loss', {
    disconnectAtMs: ctx.nowMs + ctx.mta.settings.disconnectS * 1000,
    recoverAtMs: association.role === 'initiator' ? ctx.nowMs : null,
    recoverBackoffS: 1,
  });
  ctx.evaluate.add(ref.entry);
}

/** An attempt to recover has failed: the association stays lost, and its initiator tries again a little later. */
export function recoveryFailed(ctx: Context, ref: Owner): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  dropConnections(ctx, ref);
  const { role, recoverBackoffS } = association;
  becomes(ctx, ref, 'attempt-failed', {
    statedTurn: null,
    recoverAtMs: role === 'initiator' ? ctx.nowMs + recoverBackoffS * 1000 : null,
    recoverBackoffS: Math.min(recoverBackoffS * 2, 15),
  });
}

/**
 * Is this association one that the peer is opening for the first time? It may fail as ours did, so nothing may depend on it: two
 * MTAs that cannot call each other back would try without a pause, each for as long as the other's attempt lasts.
 */
function inboundOpening({ role, recovery, state }: Association): boolean {
  return role === 'responder' && recovery === 0 && (state === 'dialling-back' || state === 'calling-back');
}

/** Opening failed: wait the Open Interval, unless another association works or is being opened by this side. */
export function openFailed(ctx: Context, at: number): void {
  countAt(ctx, at, { failedOut: 1 });
  const entry = entryAt(ctx, at);
  const inbound = entry.associations.filter(inboundOpening).length;
  if (countedAssociations(entry) > inbound) return;
  const seconds = ctx.mta.settings.openRetryIntervalS;
  report(ctx, 289, { entity: entry.name });
  if (entry.openFailures >= ctx.mta.settings.maxOpenRetries && inbound === 0) {
    giveUpMany(ctx, at);
    const { waiting } = entryAt(ctx, at);
    const left = availableCount(entryAt(ctx, at)) + waiting.length;
    // What is left has its turn when the next attempt has failed too, and that is made without a wait.
    patchEntry(ctx, at, left > 0 ? { openRetryAtMs: ctx.nowMs } : { openFailures: 0, openRetryAtMs: null });
    return;
  }
  report(ctx, 301, { entity: entry.name, controlBlock: entry.id, seconds });
  patchEntry(ctx, at, { openFailures: entry.openFailures + 1, openRetryAtMs: ctx.nowMs + seconds * 1000 });
}

/** Messages reported on in one step: each report is a write under way, and this process must not stand still for minutes. */
const mostReportsAtOnce = 2000;

/** The open retries have ended: what is queued is reported to its originators, oldest first. */
function giveUpMany(ctx: Context, at: number): void {
  const copies: QueuedCopy[] = [];
  for (let next = nextCopy(entryAt(ctx, at), false); next !== undefined && copies.length < mostReportsAtOnce; ) {
    copies.push(next);
    takeCopy(ctx, at, next);
    next = nextCopy(entryAt(ctx, at), false);
  }
  const { waiting } = entryAt(ctx, at);
  const room = mostReportsAtOnce - copies.length;
  copies.push(...waiting.slice(0, room));
  patchEntry(ctx, at, { waiting: waiting.slice(room) });
  for (const copy of copies) giveUp(ctx, at, copy, 'maximum-time-expired', 'No association with the next MTA could be opened.');
}

/**
 * Abort an association: RTAB, then the end on this side. If it had moved no message
 * that counts as an open failure, so that a quarrel about the protocol cannot turn into a busy loop.
 */
export function abortAssociation(ctx: Context, ref: Owner, reason: AbortReason, why: string): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  // A side that has not sent anything yet has no data connection: then its first one carries this last word.
  const conn = association.data.state === 'bound' ? association.data.conn : association.first;
  if (association.state === 'open' && conn !== null) {
    rpcCall(ctx, conn, { op: 'MtaSend', apdu: { kind: 'rtab', reason }, settled: [] });
  }
  abnormalEnd(ctx, ref, why);
}

/** The association has ended abnormally, by our abort or the peer's. */
export function abnormalEnd(ctx: Context, ref: Owner, why: string): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  report(ctx, 1294, { entity: entryAt(ctx, ref.entry).name, reason: why });
  endAssociation(ctx, ref);
  if (association.moved === 0 && ctx.mta.phase === 'running') openFailed(ctx, ref.entry);
}
