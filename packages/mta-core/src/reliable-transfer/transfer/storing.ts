/**
 * The incoming activities that have arrived whole and are being written to disk. Each counts at its association until it is answered,
 * so that a peer has no more unconfirmed than agreed.
 */

import { dropRow, findRow, putRow, rowsIn } from '../../collections/tree.js';
import type { Context } from '../../machine/context.js';
import type { Association, AssociationRef, Storing } from '../../machine/state.js';
import { associationOf, entryAt, patchAssociation, patchEntry } from '../../machine/update.js';

/**
 * May this activity begin on this association? The peer sends one whole before the next; but it may find out late that a segment could not
 * be read and never left. So those that have arrived in part count as well.
 */
export function hasRoom(ctx: Context, ref: AssociationRef, activity: number): boolean {
  const { unanswered, activitiesInFlight } = associationOf(ctx, ref) as Association;
  let begun = unanswered;
  for (const { id, association, untilMs } of entryAt(ctx, ref.entry).incoming)
    if (association === ref.association && untilMs === null && id !== activity) begun += 1;
  return begun < activitiesInFlight;
}

/** The activity has arrived whole over this association, for the first time or again. */
export function nowStoring(ctx: Context, ref: AssociationRef, activity: number, token: number): void {
  noLongerAwaited(ctx, ref.entry, activity);
  const { storing } = entryAt(ctx, ref.entry);
  patchEntry(ctx, ref.entry, { storing: putRow(storing, { id: activity, token, association: ref.association }) });
  const unanswered = (associationOf(ctx, ref)?.unanswered ?? 0) + 1;
  patchAssociation(ctx, ref, { unanswered });
}

/** One activity less waits for its answer at this association. */
function uncount(ctx: Context, entry: number, association: number): void {
  const ref = { entry, association };
  const known = associationOf(ctx, ref);
  if (known !== undefined) patchAssociation(ctx, ref, { unanswered: known.unanswered - 1 });
}

/** The peer no longer waits for the answer. The write goes on. */
export function noLongerAwaited(ctx: Context, entry: number, activity: number): void {
  const { storing } = entryAt(ctx, entry);
  const row = findRow(storing, activity);
  if (row === undefined || row.association === null) return;
  patchEntry(ctx, entry, { storing: putRow(storing, { ...row, association: null }) });
  uncount(ctx, entry, row.association);
}

/** The write has ended, and its answer goes out. */
export function noLongerStoring(ctx: Context, entry: number, { id, association }: Storing): void {
  patchEntry(ctx, entry, { storing: dropRow(entryAt(ctx, entry).storing, id) });
  if (association !== null) uncount(ctx, entry, association);
}

/** The association is lost or over: nobody waits for answers over it. */
export function noneAwaited(ctx: Context, ref: AssociationRef): void {
  for (const { id, association } of rowsIn(entryAt(ctx, ref.entry).storing))
    if (association === ref.association) noLongerAwaited(ctx, ref.entry, id);
}
