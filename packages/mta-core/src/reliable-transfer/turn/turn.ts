/** Turn-Please and Turn-Give: when they are sent, and what is done when they come. */

import { behaviourOf } from '../../catalogues/quirks/index.js';
import type { Context } from '../../machine/context.js';
import type { Association, AssociationRef, LtabEntry } from '../../machine/state.js';
import { associationOf, countAt, linkOf } from '../../machine/update.js';
import { turnPriority } from '../../mail/message.js';
import { nextCopy } from '../../mail/queue.js';
import { protocolError } from '../association/end.js';
import { lifetimeFromNow } from '../association/lifetime.js';
import { changeTurn } from '../transitions.js';
import { believes } from './table.js';

/** A Turn-Please has come. @returns false where it broke the protocol. */
export function pleaseReceived(ctx: Context, ref: AssociationRef, priority: number): boolean {
  const association = associationOf(ctx, ref) as Association;
  // A Please that crosses our close is discarded: its mail will go by a new association.
  if (association.state === 'closing') return true;
  const possible = association.dialogueMode === 'two-way-alternate' && Number.isInteger(priority) && priority >= 0;
  if (!possible) {
    protocolError(ctx, ref, `turn-please with priority ${priority}`);
    return false;
  }
  const activity = priority > 0 ? { wantsClose: false, lifetimeAtMs: lifetimeFromNow(ctx, association) } : {};
  if (changeTurn(ctx, ref, 'please-received', { askedPriority: priority, transfersSinceAsked: 0, ...activity })) return true;
  const isSecond = association.turn === 'asked-of';
  if (!isSecond && behaviourOf(ctx.mta.legacy).pleaseWithoutTurn() === 'ignore') return true;
  protocolError(ctx, ref, 'turn-please');
  return false;
}

/** The Turn has come. Its acknowledgement is the link's own. @returns false where that broke the protocol. */
export function giveReceived(ctx: Context, ref: AssociationRef): boolean {
  if (!changeTurn(ctx, ref, 'give-received')) {
    protocolError(ctx, ref, 'turn-give');
    return false;
  }
  countAt(ctx, ref.entry, { turnsReceived: 1 });
  return true;
}

/** The peer has acknowledged our Turn-Give: now this side may ask for the Turn again. */
export function giveAcknowledged(ctx: Context, ref: AssociationRef): void {
  if (associationOf(ctx, ref) === undefined) return;
  if (!changeTurn(ctx, ref, 'give-acknowledged')) protocolError(ctx, ref, 'turn-give-ack');
}

/** Hand the Turn over. From this moment it is the peer's. */
export function give(ctx: Context, ref: AssociationRef): void {
  if (linkOf(ctx, ref.entry).send(ctx, ref, { kind: 'turn-give' }) === null) return;
  changeTurn(ctx, ref, 'give-sent', { askedPriority: null, transfersSinceAsked: 0 });
  countAt(ctx, ref.entry, { turnsGiven: 1 });
}

/** Ask for the Turn. */
export function please(ctx: Context, ref: AssociationRef, priority: number): void {
  const association = associationOf(ctx, ref) as Association;
  if (linkOf(ctx, ref.entry).send(ctx, ref, { kind: 'turn-please', priority }) === null) return;
  changeTurn(ctx, ref, 'please-sent', priority > 0 ? { wantsClose: false, lifetimeAtMs: lifetimeFromNow(ctx, association) } : {});
}

/**
 * The peer has asked: is the Turn given now? At once when this side has nothing to send or the Please outranks it, else after
 * Turn-Request-Threshold further transfers. Priority 0 (close) waits until there is nothing to send.
 */
export function givesNow(ctx: Context, entry: LtabEntry, association: Association): boolean {
  const next = nextCopy(entry, association.urgentOnly);
  if (next === undefined) return true;
  const asked = association.askedPriority ?? 0;
  if (asked === 0) return false;
  return asked < turnPriority[next.envelope.priority] || association.transfersSinceAsked >= ctx.mta.settings.turnRequestThreshold;
}

/** The priority with which this side should ask for the Turn of an association, or null if it should not. */
export function wantedPriority(ctx: Context, entry: LtabEntry, association: Association): number | null {
  if (association.dialogueMode !== 'two-way-alternate') return null;
  const next = nextCopy(entry, association.urgentOnly);
  if (next === undefined) return null;
  const urgent = next.envelope.priority === 'urgent';
  const served = entry.associations.some(
    (each) =>
      each.state === 'open' &&
      believes(each.turn) === 'mine' &&
      linkOf(ctx, entry.id).usable(ctx.mta, { entry: entry.id, association: each.id }) &&
      (!each.urgentOnly || urgent),
  );
  return served ? null : turnPriority[next.envelope.priority];
}
