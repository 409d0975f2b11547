/** Turn-Please and Turn-Give: when they are sent, and what is done when they come. */

import { behaviourOf } from '../../catalogues/quirks/index.js';
import type { Owner } from '../../links/rpc/state.js';
import type { Context } from '../../machine/context.js';
import type { Association, LtabEntry } from '../../machine/state.js';
import { associationOf, countAt } from '../../machine/update.js';
import { turnPriority } from '../../mail/message.js';
import { nextCopy } from '../../mail/queue.js';
import { answerSend, type Call } from '../transfer/receive.js';
import { lifetime, protocolError, sendApdu } from '../transfer/send.js';
import { turnBecomes } from '../transitions.js';

/** A Turn-Please has come. */
export function pleaseCalled(ctx: Context, ref: Owner, to: Call, priority: number): void {
  const association = associationOf(ctx, ref) as Association;
  // A Please that crosses our close is discarded: its mail will go by a new association.
  if (association.state === 'closing') {
    answerSend(ctx, to, { kind: 'please-noted' });
    return;
  }
  const possible = association.dialogueMode === 'two-way-alternate' && Number.isInteger(priority) && priority >= 0;
  if (!possible) return protocolError(ctx, ref, association, `turn-please with priority ${priority}`);
  const activity = priority > 0 ? { wantsClose: false, ...lifetime(ctx, association) } : {};
  if (turnBecomes(ctx, ref, 'please-received', { askedPriority: priority, transfersSinceAsked: 0, ...activity })) {
    answerSend(ctx, to, { kind: 'please-noted' });
    return;
  }
  const mine = association.turn === 'asked-of';
  if (!mine && behaviourOf(ctx.mta.legacy).pleaseWithoutTurn() === 'ignore') {
    answerSend(ctx, to, { kind: 'please-noted' });
    return;
  }
  protocolError(ctx, ref, association, 'turn-please');
}

/** The Turn has come. */
export function giveCalled(ctx: Context, ref: Owner, to: Call): void {
  const association = associationOf(ctx, ref) as Association;
  if (!turnBecomes(ctx, ref, 'give-received')) {
    protocolError(ctx, ref, association, 'turn-give');
    return;
  }
  countAt(ctx, ref.entry, { turnsReceived: 1 });
  answerSend(ctx, to, { kind: 'turn-give-ack' });
}

/** Hand the Turn over. From this moment it is the peer's. */
export function give(ctx: Context, ref: Owner): void {
  if (sendApdu(ctx, ref, { kind: 'turn-give' }) === null) return;
  turnBecomes(ctx, ref, 'give-sent', { askedPriority: null, transfersSinceAsked: 0 });
  countAt(ctx, ref.entry, { turnsGiven: 1 });
}

/** Ask for the Turn. */
export function please(ctx: Context, ref: Owner, priority: number): void {
  const association = associationOf(ctx, ref) as Association;
  if (sendApdu(ctx, ref, { kind: 'turn-please', priority }) === null) return;
  turnBecomes(ctx, ref, 'please-sent', priority > 0 ? { wantsClose: false, ...lifetime(ctx, association) } : {});
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
export function wantedPriority(entry: LtabEntry, association: Association): number | null {
  if (association.dialogueMode !== 'two-way-alternate') return null;
  const next = nextCopy(entry, association.urgentOnly);
  if (next === undefined) return null;
  const urgent = next.envelope.priority === 'urgent';
  const served = entry.associations.some(
    (each) =>
      each.state === 'open' &&
      (each.turn === 'held' || each.turn === 'asked-of') &&
      each.data.state !== 'refused' &&
      (!each.urgentOnly || urgent),
  );
  return served ? null : turnPriority[next.envelope.priority];
}
