/** Closes an association in order (RT-CLOSE): the initiator closes, the responder agrees, and both sides drop it. */
import type { Context } from '../../machine/context.js';
import type { AssociationRef } from '../../machine/state.js';
import { associationOf, entryAt, linkOf, patchEntry } from '../../machine/update.js';
import { settled } from '../transfer/settlement.js';
import { changeState } from '../transitions.js';
import { believes } from '../turn/table.js';
import { endAssociation } from './end.js';
import { permits } from './table.js';

/** The initiator closes. The caller has checked the rules that permit it. */
export function closeAssociation(ctx: Context, ref: AssociationRef): void {
  changeState(ctx, ref, 'close', { lifetimeAtMs: null, wantsClose: false });
  linkOf(ctx, ref.entry).close(ctx, ref);
}

/**
 * The initiator's RT-CLOSE has come.
 * @returns false, with nothing changed, if the peer may not close. It must be the initiator and hold the Turn, and no activity
 * may be under way.
 */
export function closeRequested(ctx: Context, ref: AssociationRef, named: readonly number[]): boolean {
  const association = associationOf(ctx, ref);
  if (association === undefined) return false;
  const busy = entryAt(ctx, ref.entry).incoming.some((row) => row.association === ref.association && row.untilMs === null);
  const holds = believes(association.turn) === 'mine';
  if (association.role !== 'responder' || !permits(association, 'close') || holds || busy) return false;
  const sender = entryAt(ctx, ref.entry).peer?.storeUuid;
  if (sender !== undefined) settled(ctx, { entry: ref.entry, sender }, named);
  changeState(ctx, ref, 'close');
  return true;
}

/** The association has closed in order. That shows that both sides understand each other, even if no mail moved. */
export function closed(ctx: Context, ref: AssociationRef): void {
  patchEntry(ctx, ref.entry, { openFailures: 0 });
  endAssociation(ctx, ref);
}
