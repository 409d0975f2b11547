/** Changes the state of an association or its Turn, only along an edge of its table. All other code changes them through here. */
import type { Context } from '../machine/context.js';
import type { Mutable } from '../machine/copies.js';
import type { Association, AssociationRef } from '../machine/state.js';
import { associationOf, draftAssociation, noteTurn, openTurn } from '../machine/update.js';
import { type AssociationEvent, associationTable } from './association/table.js';
import { type TurnEvent, turnTable } from './turn/table.js';

/** Moves an association along an edge of its table. A blank cell here is a fault of this program, not of the peer. */
export function changeState(ctx: Context, ref: AssociationRef, event: AssociationEvent, patch: Partial<Association> = {}): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) throw new Error(`no association ${ref.association} for ${event}`);
  const state = associationTable[association.state][event];
  if (state === undefined) throw new Error(`association ${association.name}: no edge for ${event} in state ${association.state}`);
  const was = openTurn(association);
  const draft = draftAssociation(ctx, ref) as Mutable<Association>;
  Object.assign(draft, patch);
  draft.state = state;
  noteTurn(ctx, ref.entry, was, openTurn(draft));
}

/**
 * Moves the Turn along an edge of its table.
 * @returns false, with nothing changed, for a blank cell.
 */
export function changeTurn(ctx: Context, ref: AssociationRef, event: TurnEvent, patch?: Partial<Association>): boolean {
  const association = associationOf(ctx, ref);
  if (association === undefined) return false;
  const turn = turnTable[association.turn][event];
  if (turn === undefined) return false;
  const was = openTurn(association);
  const draft = draftAssociation(ctx, ref) as Mutable<Association>;
  if (patch !== undefined) Object.assign(draft, patch);
  draft.turn = turn;
  noteTurn(ctx, ref.entry, was, openTurn(draft));
  return true;
}
