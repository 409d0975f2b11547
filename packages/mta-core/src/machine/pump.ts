/**
 * Lets an entry of the locality table do what it can now: open, recover, send, give the Turn, ask for it, close. Every step ends
 * with this for each entry it has changed, so no event can be missed.
 */

import { associationLimit } from '../catalogues/settings.js';
import { rowOf } from '../collections/table.js';
import { availableCount, nextCopy } from '../mail/queue.js';
import { closeAssociation } from '../reliable-transfer/association/close.js';
import { abortAssociation, countedAssociations, endAssociation } from '../reliable-transfer/association/end.js';
import { openAssociation, recoverAssociation } from '../reliable-transfer/association/open.js';
import { mayBegin } from '../reliable-transfer/transfer/outgoing.js';
import { startTransfer } from '../reliable-transfer/transfer/send.js';
import { give, givesNow, please, wantedPriority } from '../reliable-transfer/turn/turn.js';
import { isActive } from './activation.js';
import type { Context } from './context.js';
import type { Association, AssociationRef } from './state.js';
import { entryAt, linkOf, markChanged, patchAssociation, report } from './update.js';

/** Opens the first association for queued mail, unless an Open Interval must pass first or the schedule forbids it. */
function openFirst(ctx: Context, entryId: number): void {
  if (ctx.mta.phase !== 'running') return;
  const entry = entryAt(ctx, entryId);
  if (countedAssociations(entry) > 0 || availableCount(entry) === 0 || entry.openRetryAtMs !== null) return;
  if (!isActive(ctx, entry)) return;
  if (!belowTotal(ctx, entryId, isOverLimit(ctx, entryId))) return;
  setOverLimit(ctx, entryId, false);
  openAssociation(ctx, entryId, false);
}

/**
 * Evaluates the threshold: opens one more association if the queue is long enough and the limits permit it. This happens only
 * after a store, an opening, a loss and the start, so that a refused association is not retried before something has happened.
 */
export function considerOpening(ctx: Context, entryId: number): void {
  const { mta } = ctx;
  if (mta.phase !== 'running') return;
  // This comes first. Otherwise a second association for urgent mail could open, and leave none for the rest.
  levelUrgent(ctx, entryId);
  const entry = entryAt(ctx, entryId);
  const { maxAssociationsPerMta, thresholdRule } = mta.settings;
  const counted = countedAssociations(entry);
  if (counted === 0) return openFirst(ctx, entryId);
  const reported = isOverLimit(ctx, entryId);
  if (counted < maxAssociationsPerMta) setOverLimit(ctx, entryId, false);
  const enough = entry.settings.threshold * counted;
  if (thresholdRule === 'reached' ? entry.queued < enough : entry.queued <= enough) return;
  if (!isActive(ctx, entry)) return;
  if (!belowTotal(ctx, entryId, reported)) return;
  if (counted < maxAssociationsPerMta) {
    openAssociation(ctx, entryId, false);
  } else if (counted === maxAssociationsPerMta && entry.queues.urgent.size > 0) {
    openAssociation(ctx, entryId, true);
  } else if (!reported) {
    report(ctx, 57, { entity: entry.name, limit: maxAssociationsPerMta });
    setOverLimit(ctx, entryId, true);
  }
}

function isOverLimit({ mta }: Context, entryId: number): boolean {
  return mta.overLimit.includes(entryId);
}

/** Records whether a limit has been reported for this entry: it is reported once each time it is reached. */
function setOverLimit(ctx: Context, entryId: number, over: boolean): void {
  if (isOverLimit(ctx, entryId) === over) return;
  const { overLimit } = ctx.mta;
  ctx.mta.overLimit = over ? [...overLimit, entryId].sort((one, other) => one - other) : overLimit.filter((id) => id !== entryId);
  markChanged(ctx, entryId);
}

/** Is there room in the locality table for one more association? Reports the limit once. */
function belowTotal(ctx: Context, entryId: number, reported: boolean): boolean {
  if (!linkOf(ctx, entryId).isLimited || ctx.mta.associationsLimited < associationLimit(ctx.mta.settings)) return true;
  if (!reported) {
    report(ctx, 9280, {});
    setOverLimit(ctx, entryId, true);
  }
  return false;
}

/** Lets every association of an entry do what it can. */
export function pumpEntry(ctx: Context, entryId: number): void {
  openFirst(ctx, entryId);
  levelUrgent(ctx, entryId);
  const { associations } = entryAt(ctx, entryId);
  for (const each of associations) {
    const now = entryAt(ctx, entryId).associations;
    const association = now === associations ? each : rowOf(now, each.id);
    if (association === undefined) continue;
    if (ctx.mta.phase === 'stopping') pumpStopping(ctx, { entry: entryId, association: each.id }, association);
    else if (association.state === 'lost') pumpLost(ctx, { entry: entryId, association: each.id }, association);
    else if (association.state === 'open') pumpOpen(ctx, entryId, association);
  }
}

/** Makes the association for urgent mail an ordinary one once the entry is no longer above its limit. */
function levelUrgent(ctx: Context, entryId: number): void {
  const entry = entryAt(ctx, entryId);
  if (entry.associations.length === 0) return;
  const above = entry.associations.find((association) => association.urgentOnly);
  if (above === undefined || countedAssociations(entry) > ctx.mta.settings.maxAssociationsPerMta) return;
  patchAssociation(ctx, { entry: entryId, association: above.id }, { urgentOnly: false });
}

function pumpLost(ctx: Context, ref: AssociationRef, association: Association): void {
  if (association.recoverAtMs !== null && association.recoverAtMs <= ctx.nowMs) recoverAssociation(ctx, ref);
}

function pumpOpen(ctx: Context, entryId: number, association: Association): void {
  if (!mayBegin(association)) return;
  const entry = entryAt(ctx, entryId);
  // Without the Turn it can only ask for it: for mail, or to close.
  if (association.turn === 'theirs' && entry.queued === 0 && !association.wantsClose) return;
  const ref: AssociationRef = { entry: entryId, association: association.id };
  if (association.turn === 'held' || association.turn === 'asked-of') {
    if (association.turn === 'asked-of' && givesNow(entry, association)) {
      // The Turn passes only when everything is confirmed: a loss then leaves nothing of this side behind.
      if (association.transfers.size === 0 && linkOf(ctx, ref.entry).ready(ctx, ref)) give(ctx, ref);
      return;
    }
    const copy = nextCopy(entry, association.urgentOnly);
    if (copy !== undefined) {
      if (mayBegin(association, copy) && linkOf(ctx, ref.entry).ready(ctx, ref)) startTransfer(ctx, ref, copy);
    } else if (
      association.wantsClose &&
      association.turn === 'held' &&
      entry.queued === 0 &&
      linkOf(ctx, ref.entry).quiet(ctx, ref)
    ) {
      closeAssociation(ctx, ref);
    }
    return;
  }
  if (association.turn !== 'theirs') return;
  const mine = association.wantsClose && association.role === 'initiator' && association.dialogueMode === 'two-way-alternate';
  const priority = wantedPriority(ctx, entry, association) ?? (mine && entry.queued === 0 ? 0 : null);
  if (priority !== null && linkOf(ctx, ref.entry).ready(ctx, ref)) please(ctx, ref, priority);
}

/**
 * While the MTA stops, activities finish, then the initiator closes the association. `stopNow` aborts what is left when the time
 * is up.
 */
function pumpStopping(ctx: Context, ref: AssociationRef, association: Association): void {
  if (association.state === 'closing') return;
  if (association.state !== 'open') return endAssociation(ctx, ref);
  const incoming = entryAt(ctx, ref.entry).incoming.some((row) => row.association === ref.association && row.untilMs === null);
  if (association.transfers.size > 0 || incoming) return;
  if (association.role === 'responder') {
    // The initiator needs the Turn to close.
    if (association.turn === 'asked-of' && linkOf(ctx, ref.entry).ready(ctx, ref)) give(ctx, ref);
    return;
  }
  if (!linkOf(ctx, ref.entry).quiet(ctx, ref)) return;
  if (association.turn === 'held') closeAssociation(ctx, ref);
  else if (association.turn === 'asked-of') abortAssociation(ctx, ref, 'localSystemProblem', 'this MTA is stopping');
  else if (
    association.turn === 'theirs' &&
    association.dialogueMode === 'two-way-alternate' &&
    linkOf(ctx, ref.entry).ready(ctx, ref)
  ) {
    please(ctx, ref, 0);
  }
}
