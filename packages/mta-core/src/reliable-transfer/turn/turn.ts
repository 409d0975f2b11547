/** Sends and receives Turn-Please and Turn-Give, and decides when to send them. */

import { behaviourOf } from '../../catalogues/quirks/index.js';
import type { Context } from '../../machine/context.js';
import type { Association, AssociationRef, LtabEntry } from '../../machine/state.js';
import { associationOf, countAt, linkOf } from '../../machine/update.js';
import { turnPriority } from '../../mail/message.js';
import { availableTo, nextCopy } from '../../mail/queue.js';
import { protocolError } from '../association/end.js';
import { lifetimeFromNow } from '../association/lifetime.js';
import { changeTurn } from '../transitions.js';
import { believes } from './table.js';

/** A Turn-Please has come. @returns false if it broke the protocol. */
export function pleaseReceived(ctx: Context, ref: AssociationRef, priority: number): boolean {
  const association = associationOf(ctx, ref) as Association;
  // A Please that crosses our close is discarded: its mail will go by a new association.
  if (association.state === 'closing') return true;
  const possible = association.dialogueMode === 'two-way-alternate' && Number.isInteger(priority) && priority >= 0;
  if (!possible) {
    protocolError(ctx, ref, `turn-please with priority ${priority}`);
    return false;
  }
  countAt(ctx, ref.entry, { pleasesReceived: 1 });
  const activity = priority > 0 ? { wantsClose: false, lifetimeAtMs: lifetimeFromNow(ctx, ref.entry, association) } : {};
  if (changeTurn(ctx, ref, 'please-received', { askedPriority: priority, transfersSinceAsked: 0, ...activity })) return true;
  const isSecond = association.turn === 'asked-of';
  if (!isSecond && behaviourOf(ctx.mta.legacy).pleaseWithoutTurn() === 'ignore') return true;
  protocolError(ctx, ref, 'turn-please');
  return false;
}

/** The Turn has come. The link acknowledges it. @returns false if it broke the protocol. */
export function giveReceived(ctx: Context, ref: AssociationRef): boolean {
  if (!changeTurn(ctx, ref, 'give-received')) {
    protocolError(ctx, ref, 'turn-give');
    return false;
  }
  countAt(ctx, ref.entry, { turnsReceived: 1 });
  return true;
}

/** The peer has acknowledged our Turn-Give, so this side may ask for the Turn again. */
export function giveAcknowledged(ctx: Context, ref: AssociationRef): void {
  if (associationOf(ctx, ref) === undefined) return;
  if (!changeTurn(ctx, ref, 'give-acknowledged')) protocolError(ctx, ref, 'turn-give-ack');
}

/** Hands the Turn over. From this moment it is the peer's. */
export function give(ctx: Context, ref: AssociationRef): void {
  if (linkOf(ctx, ref.entry).send(ctx, ref, { kind: 'turn-give' }) === null) return;
  changeTurn(ctx, ref, 'give-sent', { askedPriority: null, transfersSinceAsked: 0 });
  countAt(ctx, ref.entry, { turnsGiven: 1 });
}

/** Ask for the Turn. */
export function please(ctx: Context, ref: AssociationRef, priority: number): void {
  const association = associationOf(ctx, ref) as Association;
  if (linkOf(ctx, ref.entry).send(ctx, ref, { kind: 'turn-please', priority }) === null) return;
  changeTurn(
    ctx,
    ref,
    'please-sent',
    priority > 0 ? { wantsClose: false, lifetimeAtMs: lifetimeFromNow(ctx, ref.entry, association) } : {},
  );
  countAt(ctx, ref.entry, { pleasesSent: 1 });
}

/**
 * The peer has asked for the Turn: does this side give it now? It gives at once if it has nothing to send or the Please outranks
 * its mail, else after Turn-Request-Threshold further transfers. Priority 0 (close) waits until there is nothing to send.
 */
export function givesNow(entry: LtabEntry, association: Association): boolean {
  const next = nextCopy(entry, association.urgentOnly);
  // Mail whose envelope is on its way from the store waits too.
  if (next === undefined) return availableTo(entry, association.urgentOnly) === 0;
  const asked = association.askedPriority ?? 0;
  if (asked === 0) return false;
  return asked < turnPriority[next.envelope.priority] || association.transfersSinceAsked >= entry.settings.turnRequestThreshold;
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
