/** Control blocks of connections that are gone, and that a documented bug goes on addressing, or never frees. */
import { behaviourOf } from '../../catalogues/quirks/index.js';
import { rowOf, withoutRow, withRow } from '../../collections/table.js';
import type { Context } from '../../machine/context.js';
import type { AssociationRef, Mta } from '../../machine/state.js';
import { entryAt, entryNamed, report } from '../../machine/update.js';
import type { Rtorq } from '../../reliable-transfer/apdu.js';
import { connectionFor } from './connections.js';
import { patchX400, rowOfAssociation } from './update.js';

/** The logical process id that event 1209 names. The first control block has the one that Q232602 shows. */
function lpiOf(controlBlock: number): string {
  return `1-16-${63 + controlBlock}`;
}

/**
 * RTSE could not recover an association. If mail waits, the connector now addresses the control block of its lost connection
 * (Q232602), or it takes a new one for the next attempt.
 */
export function noteFailedRecovery(ctx: Context, ref: AssociationRef): void {
  if (behaviourOf(ctx.mta.legacy).afterNetworkFailure() === 'new control block' || entryAt(ctx, ref.entry).queued === 0) return;
  const { lostLocalities } = ctx.mta.x400;
  if (rowOf(lostLocalities, ref.entry) !== undefined) return;
  const controlBlock = rowOfAssociation(ctx.mta, ref)?.lastControlBlock ?? 0;
  patchX400(ctx, { lostLocalities: withRow(lostLocalities, { id: ref.entry, controlBlock }) });
}

/**
 * Do messages from or to this locality go to a control block that no longer exists? Then they come to nothing.
 * @param isLogged whether event 1209 tells of it.
 */
export function addressesLostBlock(ctx: Context, entryId: number, isLogged: boolean): boolean {
  const { lostLocalities } = ctx.mta.x400;
  const lost = rowOf(lostLocalities, entryId);
  if (lost === undefined) return false;
  if (behaviourOf(ctx.mta.legacy).afterNetworkFailure() === 'new control block') {
    patchX400(ctx, { lostLocalities: withoutRow(lostLocalities, entryId) });
    return false;
  }
  const { controlBlock } = lost;
  if (isLogged) report(ctx, 1209, { lpi: lpiOf(controlBlock), controlBlock });
  return true;
}

/** The control block of a lost connection that the connector to this locality goes on addressing (Q232602); null for none. */
export function lostControlBlockOf({ legacy, x400 }: Mta, entryId: number): number | null {
  if (behaviourOf(legacy).afterNetworkFailure() === 'new control block') return null;
  return rowOf(x400.lostLocalities, entryId)?.controlBlock ?? null;
}

/** The control block that the recovery of this association will leak; null for none (Q229643). */
export function leakedByRecovery(ctx: Context, name: string, { recovery }: Rtorq): number | null {
  if (recovery === 0 || behaviourOf(ctx.mta.legacy).freedByRecovery() === 'both layers') return null;
  const entry = entryNamed(ctx, name.slice(0, name.indexOf('/')));
  const association = entry?.associations.find((each) => each.name === name);
  if (entry === undefined || association?.state !== 'open' || association.turn !== 'asking') return null;
  return connectionFor(ctx.mta, { entry: entry.id, association: association.id })?.controlBlock ?? null;
}

/**
 * Does the lower layer believe that it still has a connection of this MTA, because its control block was leaked? Then it drops
 * another opening as a duplicate, and never frees the control block of that one either (Q229643).
 */
export function isTakenForDuplicate(ctx: Context, entryId: number): boolean {
  if (behaviourOf(ctx.mta.legacy).freedByRecovery() === 'both layers') return false;
  return ctx.mta.x400.controlBlocks.some(({ leakedFor }) => leakedFor === entryId);
}
