/**
 * What an entry of the locality table can do now: open what is needed, recover what is lost, send, give, ask, close. Called
 * at the end of a step for every entry the step has changed, so no event can be forgotten.
 */

import { mostAssociations } from '../catalogues/settings.js';
import { bindData } from '../links/rpc/data-connection.js';
import { callsOn } from '../links/rpc/runtime.js';
import type { Owner } from '../links/rpc/state.js';
import { availableCount, nextCopy } from '../mail/queue.js';
import { closeAssociation } from '../reliable-transfer/association/close.js';
import { abortAssociation, countedAssociations, endAssociation } from '../reliable-transfer/association/end.js';
import { openAssociation, recoverAssociation } from '../reliable-transfer/association/open.js';
import { startTransfer } from '../reliable-transfer/transfer/send.js';
import { give, givesNow, please, wantedPriority } from '../reliable-transfer/turn/turn.js';
import type { Context } from './context.js';
import type { Association, LtabEntry } from './state.js';
import { associationOf, entryAt, patchAssociation, patchEntry, report } from './update.js';

/** Something is queued and there is no association to use: one is opened, unless an Open Interval has to pass first. */
function openFirst(ctx: Context, at: number): void {
  if (ctx.mta.phase !== 'running') return;
  const entry = entryAt(ctx, at);
  if (countedAssociations(entry) > 0 || availableCount(entry) === 0 || entry.openRetryAtMs !== null) return;
  if (!belowTotal(ctx, entry)) return;
  if (entry.limitReported) patchEntry(ctx, at, { limitReported: false });
  openAssociation(ctx, at, false);
}

/**
 * The threshold: one more association, if the queue calls for it and the limits permit it. Asked at each stored, open, loss
 * and start, and only then: a further association that was refused is not tried again before something has happened.
 */
export function considerOpening(ctx: Context, at: number): void {
  const { mta } = ctx;
  if (mta.phase !== 'running') return;
  // First, or a second one for urgent mail could be opened, and none be left for the rest.
  levelUrgent(ctx, at);
  const entry = entryAt(ctx, at);
  const { settings } = mta;
  const counted = countedAssociations(entry);
  if (counted === 0) return openFirst(ctx, at);
  if (counted < settings.maxAssociationsPerMta && entry.limitReported) patchEntry(ctx, at, { limitReported: false });
  const enough = settings.threshold * counted;
  if (settings.thresholdRule === 'reached' ? entry.queued < enough : entry.queued <= enough) return;
  if (!belowTotal(ctx, entry)) return;
  if (counted < settings.maxAssociationsPerMta) {
    openAssociation(ctx, at, false);
  } else if (counted === settings.maxAssociationsPerMta && entry.queues.urgent.size > 0) {
    openAssociation(ctx, at, true);
  } else if (!entry.limitReported) {
    report(ctx, 57, { entity: entry.name, limit: settings.maxAssociationsPerMta });
    patchEntry(ctx, at, { limitReported: true });
  }
}

/** Is there room in the locality table for one more association? Reports the limit once. */
function belowTotal(ctx: Context, entry: LtabEntry): boolean {
  const all = ctx.mta.ltab.reduce((sum, each) => sum + each.associations.length, 0);
  if (all < mostAssociations(ctx.mta.settings)) return true;
  if (!entry.limitReported) {
    report(ctx, 9280, { associations: all });
    patchEntry(ctx, entry.id, { limitReported: true });
  }
  return false;
}

/** Let every association of an entry do what it can. */
export function pumpEntry(ctx: Context, at: number): void {
  openFirst(ctx, at);
  levelUrgent(ctx, at);
  for (const { id } of entryAt(ctx, at).associations) {
    const ref: Owner = { entry: at, association: id };
    const association = associationOf(ctx, ref);
    if (association === undefined) continue;
    if (ctx.mta.phase === 'stopping') pumpStopping(ctx, ref, association);
    else if (association.state === 'lost') pumpLost(ctx, ref, association);
    else if (association.state === 'open') pumpOpen(ctx, ref, association);
  }
}

/** The one above the limit is for urgent mail only while there are others up to the limit; else it is one of those. */
function levelUrgent(ctx: Context, at: number): void {
  const entry = entryAt(ctx, at);
  const above = entry.associations.find((association) => association.urgentOnly);
  if (above === undefined || countedAssociations(entry) > ctx.mta.settings.maxAssociationsPerMta) return;
  patchAssociation(ctx, { entry: at, association: above.id }, { urgentOnly: false });
}

function pumpLost(ctx: Context, ref: Owner, association: Association): void {
  if (association.recoverAtMs !== null && association.recoverAtMs <= ctx.nowMs) recoverAssociation(ctx, ref);
}

function pumpOpen(ctx: Context, ref: Owner, association: Association): void {
  if (association.transfer !== null) return;
  const entry = entryAt(ctx, ref.entry);
  if (association.turn === 'held' || association.turn === 'asked-of') {
    if (association.turn === 'asked-of' && givesNow(ctx, entry, association)) {
      if (hasData(ctx, ref, association)) give(ctx, ref);
      return;
    }
    const copy = nextCopy(entry, association.urgentOnly);
    if (copy !== undefined) {
      if (hasData(ctx, ref, association)) startTransfer(ctx, ref, copy);
    } else if (association.wantsClose && association.turn === 'held' && entry.queued === 0 && isAnswered(ctx, association)) {
      closeAssociation(ctx, ref);
    }
    return;
  }
  if (association.turn !== 'theirs') return;
  const mine = association.wantsClose && association.role === 'initiator' && association.dialogueMode === 'two-way-alternate';
  const priority = wantedPriority(entry, association) ?? (mine && entry.queued === 0 ? 0 : null);
  if (priority !== null && hasData(ctx, ref, association)) please(ctx, ref, priority);
}

/** Is the data connection bound? If there is none yet it is opened, and what waits for it comes later. */
function hasData(ctx: Context, ref: Owner, association: Association): boolean {
  if (association.data.state === 'bound') return true;
  if (association.data.state === 'none') bindData(ctx, ref);
  return false;
}

/**
 * Has everything on the data connection been answered? The close travels on another connection: it must not overtake what
 * is left of an activity that was answered early.
 */
function isAnswered(ctx: Context, association: Association): boolean {
  return association.data.conn === null || callsOn(ctx.mta, association.data.conn) === 0;
}

/** Stopping: activities end, then the initiator closes in order; what cannot be closed is aborted when the time is up. */
function pumpStopping(ctx: Context, ref: Owner, association: Association): void {
  if (association.state === 'closing') return;
  if (association.state !== 'open') return endAssociation(ctx, ref);
  const incoming = entryAt(ctx, ref.entry).incoming.some((row) => row.association === ref.association && row.untilMs === null);
  if (association.transfer !== null || incoming) return;
  if (association.role === 'responder') {
    // The initiator needs the Turn to close.
    if (association.turn === 'asked-of' && hasData(ctx, ref, association)) give(ctx, ref);
    return;
  }
  if (!isAnswered(ctx, association)) return;
  if (association.turn === 'held') closeAssociation(ctx, ref);
  else if (association.turn === 'asked-of') abortAssociation(ctx, ref, 'localSystemProblem', 'this MTA is stopping');
  else if (association.turn === 'theirs' && association.dialogueMode === 'two-way-alternate' && hasData(ctx, ref, association)) {
    please(ctx, ref, 0);
  }
}
