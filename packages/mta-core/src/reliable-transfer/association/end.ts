/** Ends an association, or marks it lost until it is recovered. */

import { dropRow, firstRow } from '../../collections/tree.js';
import type { Context } from '../../machine/context.js';
import type { Association, AssociationRef, Incoming, LtabEntry, OpenFailureReason, QueuedCopy } from '../../machine/state.js';
import {
  associationOf,
  checkThreshold,
  countAt,
  entryAt,
  linkOf,
  noteOpening,
  patchAssociation,
  patchEntry,
  removeAssociation,
  report,
} from '../../machine/update.js';
import { giveUp } from '../../mail/nondelivery.js';
import { availableCount, nextCopy, takeCopy, waitingDue } from '../../mail/queue.js';
import type { AbortReason } from '../apdu.js';
import { interruptTransfers } from '../transfer/interrupt.js';
import { noneAwaited } from '../transfer/storing.js';
import { changeState, changeTurn } from '../transitions.js';

/** Losses in a row without any progress that are recovered at once. Before each further recovery there is a pause. */
const lossesAtOnce = 3;
/** Longest pause before a recovery, in seconds. */
const longestBackoffS = 15;

/** Small number that stands for the association's control block in event-log entries. */
export function controlBlockOf(association: Association): number {
  return association.id % 2 ** 32;
}

/** Number of associations that count: open, opening, or lost within Disconnect, whichever side opened them. */
export function countedAssociations(entry: LtabEntry): number {
  let count = 0;
  for (const { state } of entry.associations) if (state !== 'closing') count += 1;
  return count;
}

/** Drops the connections of an association. APDUs and answers still under way on them are void. */
export function dropConnections(ctx: Context, ref: AssociationRef): void {
  if (associationOf(ctx, ref) === undefined) return;
  linkOf(ctx, ref.entry).drop(ctx, ref);
  patchAssociation(ctx, ref, { lifetimeAtMs: null, wantsClose: false });
}

/**
 * Lets the incoming transfers of a lost or ended association wait until the Recovery Timeout for a resumption.
 * @param activity this one alone; the association lives.
 */
export function interruptIncoming(ctx: Context, ref: AssociationRef, activity?: number): void {
  const entry = entryAt(ctx, ref.entry);
  const isMeant = ({ id, association, untilMs }: Incoming): boolean =>
    association === ref.association && untilMs === null && (activity === undefined || id === activity);
  if (activity === undefined) noneAwaited(ctx, ref);
  if (!entry.incoming.some(isMeant)) return;
  const untilMs = ctx.nowMs + entry.settings.recoveryTimeoutS * 1000;
  const incoming = entry.incoming.map((row): Incoming => (isMeant(row) ? { ...row, untilMs, unconfirmed: 0 } : row));
  patchEntry(ctx, ref.entry, { incoming });
}

/** Ends an association without recovery. Its mail goes back to the shared queue. */
export function endAssociation(ctx: Context, ref: AssociationRef): void {
  if (associationOf(ctx, ref) === undefined) return;
  dropConnections(ctx, ref);
  interruptTransfers(ctx, ref);
  interruptIncoming(ctx, ref);
  removeAssociation(ctx, ref);
  linkOf(ctx, ref.entry).forget(ctx, ref);
  // The table has room again: adjacent MTAs that got no association because it was full may get one.
  for (const entryId of ctx.mta.overLimit) if (entryAt(ctx, entryId).associations.length === 0) checkThreshold(ctx, entryId);
}

/**
 * An open association has lost a connection: closes the others, voids every Please, and returns the mail to the shared queue. The
 * initiator starts to recover at once; the responder waits for that until Disconnect. It logs event 1294 (Q246278): RTSE recovers
 * the same association, but the layers below make a new one (X.228 7.7). If nothing moves
 * between several losses, a pause comes before the next recovery.
 */
export function loseAssociation(ctx: Context, ref: AssociationRef, why = 'its connections were lost'): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  const { name: entity, settings } = entryAt(ctx, ref.entry);
  report(ctx, 1294, { entity, reason: why });
  dropConnections(ctx, ref);
  interruptTransfers(ctx, ref);
  interruptIncoming(ctx, ref);
  changeTurn(ctx, ref, 'loss', { askedPriority: null, transfersSinceAsked: 0 });
  changeState(ctx, ref, 'loss', {
    disconnectAtMs: ctx.nowMs + settings.disconnectS * 1000,
    recoverAtMs: association.role === 'initiator' ? ctx.nowMs + pauseS(association) * 1000 : null,
    recoverBackoffS: 1,
    fruitlessLosses: association.fruitlessLosses + 1,
  });
  checkThreshold(ctx, ref.entry);
}

/** Seconds to wait before the recovery: none at first, but what ends the association may end it again and again. */
function pauseS({ fruitlessLosses }: Association): number {
  const beyond = fruitlessLosses - lossesAtOnce;
  return beyond < 0 ? 0 : Math.min(2 ** beyond, longestBackoffS);
}

/** An attempt to recover has failed: the association stays lost, and its initiator tries again a little later. */
export function recoveryFailed(ctx: Context, ref: AssociationRef): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  dropConnections(ctx, ref);
  const { role, recoverBackoffS } = association;
  changeState(ctx, ref, 'attempt-failed', {
    statedTurn: null,
    recoverAtMs: role === 'initiator' ? ctx.nowMs + recoverBackoffS * 1000 : null,
    recoverBackoffS: Math.min(recoverBackoffS * 2, longestBackoffS),
  });
}

/**
 * Is the peer opening this association for the first time? Its attempt may fail as ours did, so nothing may depend on it.
 * Otherwise two MTAs that can never agree would retry without a pause, each while the other's attempt lasts.
 */
function isInboundOpening({ recovery, state }: Association): boolean {
  return recovery === 0 && state === 'answering';
}

/** An opening has failed: waits the Open Interval, unless another association works or this side is opening one. */
export function openFailed(ctx: Context, entryId: number, reason: OpenFailureReason): void {
  countAt(ctx, entryId, { failedOut: 1 });
  noteOpening(ctx, entryId, { failureReason: reason });
  const entry = entryAt(ctx, entryId);
  const inbound = entry.associations.filter(isInboundOpening).length;
  if (countedAssociations(entry) > inbound) return;
  const { openRetryIntervalS: seconds, maxOpenRetries } = entry.settings;
  report(ctx, 289, { entity: entry.name });
  if (entry.openFailures >= maxOpenRetries && inbound === 0) {
    const givenUp = giveUpMany(ctx, entryId);
    const { waiting } = entryAt(ctx, entryId);
    const left = availableCount(entryAt(ctx, entryId)) + waiting.size;
    // The remaining copies are given up when the next attempt fails too. That attempt follows without a wait, unless they are still
    // on their way from the store: an attempt that fails at once would follow another without end.
    const pauseMs = givenUp > 0 ? 0 : seconds * 1000;
    patchEntry(ctx, entryId, left > 0 ? { openRetryAtMs: ctx.nowMs + pauseMs } : { openFailures: 0, openRetryAtMs: null });
    return;
  }
  report(ctx, 301, { entity: entry.name, controlBlock: entry.id, seconds });
  patchEntry(ctx, entryId, { openFailures: entry.openFailures + 1, openRetryAtMs: ctx.nowMs + seconds * 1000 });
}

/** Most messages reported on in one step. Each report is a pending write, and this process must not stand still for minutes. */
const maxReportsAtOnce = 2000;

/**
 * The open retries have ended: reports on the queued copies to their originators, oldest first.
 * @returns how many were given up.
 */
function giveUpMany(ctx: Context, entryId: number): number {
  const copies: QueuedCopy[] = [];
  for (let next = nextCopy(entryAt(ctx, entryId), false); next !== undefined && copies.length < maxReportsAtOnce; ) {
    copies.push(next);
    takeCopy(ctx, entryId, next);
    next = nextCopy(entryAt(ctx, entryId), false);
  }
  let { waiting } = entryAt(ctx, entryId);
  for (let next = firstRow(waiting); next !== undefined && copies.length < maxReportsAtOnce; next = firstRow(waiting)) {
    copies.push(next);
    waiting = dropRow(waiting, next.id, waitingDue);
  }
  patchEntry(ctx, entryId, { waiting });
  for (const copy of copies)
    giveUp(ctx, entryId, copy, 'maximum-time-expired', 'No association with the next MTA could be opened.');
  return copies.length;
}

/**
 * Aborts an association: sends an RTAB, then ends it on this side. If it had moved no message, that counts as an open failure, so
 * that a dispute about the protocol cannot become a busy loop.
 */
export function abortAssociation(ctx: Context, ref: AssociationRef, reason: AbortReason, why: string): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  if (association.state === 'open') linkOf(ctx, ref.entry).abort(ctx, ref, reason);
  abnormalEnd(ctx, ref, why);
}

/** The association has ended abnormally, by our abort or the peer's. */
export function abnormalEnd(ctx: Context, ref: AssociationRef, why: string): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  report(ctx, 1294, { entity: entryAt(ctx, ref.entry).name, reason: why });
  endAssociation(ctx, ref);
  if (association.moved === 0 && ctx.mta.phase === 'running') openFailed(ctx, ref.entry, 'aborted');
}

/** The peer broke the protocol: aborts the association, and logs the state in which that happened. */
export function protocolError(ctx: Context, ref: AssociationRef, what: string): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  abortAssociation(ctx, ref, 'protocolError', `${what} in state ${shownState(ctx, ref, association)}, Turn ${association.turn}`);
}

/** The state in words. For an opening, it says how far the link has come. */
function shownState(ctx: Context, ref: AssociationRef, { state }: Association): string {
  if (state !== 'opening' && state !== 'answering') return state;
  return linkOf(ctx, ref.entry).view(ctx.mta, ref)?.phase ?? state;
}
