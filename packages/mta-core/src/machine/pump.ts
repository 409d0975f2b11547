/**
 * What an entry of the locality table can do now: open what is needed, recover what is lost, send, give, ask, close. Called
 * at the end of a step for every entry the step has changed, so no event can be forgotten.
 */

import { mostAssociations } from '../catalogues/settings.js';
import { rowOf } from '../collections/table.js';
import { availableCount, nextCopy } from '../mail/queue.js';
import { closeAssociation } from '../reliable-transfer/association/close.js';
import { abortAssociation, countedAssociations, endAssociation } from '../reliable-transfer/association/end.js';
import { openAssociation, recoverAssociation } from '../reliable-transfer/association/open.js';
import { startTransfer } from '../reliable-transfer/transfer/send.js';
import { give, givesNow, please, wantedPriority } from '../reliable-transfer/turn/turn.js';
import type { Context } from './context.js';
import type { Association, AssociationRef } from './state.js';
import { entryAt, linkOf, markChanged, patchAssociation, report } from './update.js';

/** Something is queued and there is no association to use: one is opened, unless an Open Interval has to pass first. */
function openFirst(ctx: Context, entryId: number): void {
  if (ctx.mta.phase !== 'running') return;
  const entry = entryAt(ctx, entryId);
  if (countedAssociations(entry) > 0 || availableCount(entry) === 0 || entry.openRetryAtMs !== null) return;
  if (!belowTotal(ctx, entryId, isOverLimit(ctx, entryId))) return;
  setOverLimit(ctx, entryId, false);
  openAssociation(ctx, entryId, false);
}

/**
 * The threshold: one more association, if the queue calls for it and the limits permit it. Asked at each stored, open, loss
 * and start, and only then: a further association that was refused is not tried again before something has happened.
 */
export function considerOpening(ctx: Context, entryId: number): void {
  const { mta } = ctx;
  if (mta.phase !== 'running') return;
  // First, or a second one for urgent mail could be opened, and none be left for the rest.
  levelUrgent(ctx, entryId);
  const entry = entryAt(ctx, entryId);
  const { settings } = mta;
  const counted = countedAssociations(entry);
  if (counted === 0) return openFirst(ctx, entryId);
  const reported = isOverLimit(ctx, entryId);
  if (counted < settings.maxAssociationsPerMta) setOverLimit(ctx, entryId, false);
  const enough = settings.threshold * counted;
  if (settings.thresholdRule === 'reached' ? entry.queued < enough : entry.queued <= enough) return;
  if (!belowTotal(ctx, entryId, reported)) return;
  if (counted < settings.maxAssociationsPerMta) {
    openAssociation(ctx, entryId, false);
  } else if (counted === settings.maxAssociationsPerMta && entry.queues.urgent.size > 0) {
    openAssociation(ctx, entryId, true);
  } else if (!reported) {
    report(ctx, 57, { entity: entry.name, limit: settings.maxAssociationsPerMta });
    setOverLimit(ctx, entryId, true);
  }
}

function isOverLimit({ mta }: Context, entryId: number): boolean {
  return mta.overLimit.includes(entryId);
}

/** Has a limit been reported of this entry? It is reported once each time it is reached. */
function setOverLimit(ctx: Context, entryId: number, over: boolean): void {
  if (isOverLimit(ctx, entryId) === over) return;
  const { overLimit } = ctx.mta;
  ctx.mta.overLimit = over ? [...overLimit, entryId].sort((one, other) => one - other) : overLimit.filter((id) => id !== entryId);
  markChanged(ctx, entryId);
}

/** Is there room in the locality table for one more association? Reports the limit once. */
function belowTotal(ctx: Context, entryId: number, reported: boolean): boolean {
  const all = ctx.mta.associationsInAll;
  if (all < mostAssociations(ctx.mta.settings)) return true;
  if (!reported) {
    report(ctx, 9280, { associations: all });
    setOverLimit(ctx, entryId, true);
  }
  return false;
}

/** Let every association of an entry do what it can. */
export function pumpEntry(ctx: Context, entryId: number): void {
  openFirst(ctx, entryId);
  levelUrgent(ctx, entryId);
  for (const { id } of entryAt(ctx, entryId).associations) {
    const association = rowOf(entryAt(ctx, entryId).associations, id);
    // One that is busy sending has nothing to decide.
    if (association === undefined || (association.transfer !== null && ctx.mta.phase !== 'stopping')) continue;
    const ref: AssociationRef = { entry: entryId, association: id };
    if (ctx.mta.phase === 'stopping') pumpStopping(ctx, ref, association);
    else if (association.state === 'lost') pumpLost(ctx, ref, association);
    else if (association.state === 'open') pumpOpen(ctx, ref, association);
  }
}

/** The one above the limit is for urgent mail only while there are others up to the limit; else it is one of those. */
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

function pumpOpen(ctx: Context, ref: AssociationRef, association: Association): void {
  if (association.transfer !== null) return;
  const entry = entryAt(ctx, ref.entry);
  if (association.turn === 'held' || association.turn === 'asked-of') {
    if (association.turn === 'asked-of' && givesNow(ctx, entry, association)) {
      if (linkOf(ctx, ref.entry).ready(ctx, ref)) give(ctx, ref);
      return;
    }
    const copy = nextCopy(entry, association.urgentOnly);
    if (copy !== undefined) {
      if (linkOf(ctx, ref.entry).ready(ctx, ref)) startTransfer(ctx, ref, copy);
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

/** Stopping: activities end, then the initiator closes in order; what cannot be closed is aborted when the time is up. */
function pumpStopping(ctx: Context, ref: AssociationRef, association: Association): void {
  if (association.state === 'closing') return;
  if (association.state !== 'open') return endAssociation(ctx, ref);
  const incoming = entryAt(ctx, ref.entry).incoming.some((row) => row.association === ref.association && row.untilMs === null);
  if (association.transfer !== null || incoming) return;
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
