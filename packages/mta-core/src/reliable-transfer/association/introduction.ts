/** Records what an adjacent MTA says about itself: its store, and its incarnation (which of its starts this is). */

import type { Context } from '../../machine/context.js';
import { emit, entryAt, entryIdsOf, patchEntry } from '../../machine/update.js';
import type { MtaCredentials } from '../apdu.js';
import { settled } from '../transfer/settlement.js';
import { endAssociation } from './end.js';

/**
 * Records an introduction. A new incarnation (or a new store) voids everything held with an older one.
 * @param keep the association that brought it.
 * @returns false when the introduction comes from an older start than one seen before, with the store of another MTA, or with the
 * wrong password.
 */
export function meetPeer(ctx: Context, entryId: number, credentials: MtaCredentials, keep: number | null): boolean {
  const entry = entryAt(ctx, entryId);
  if (credentials.mtaName !== entry.name || credentials.password !== entry.password) return false;
  const { storeUuid, incarnation } = credentials;
  const known = entry.peer;
  // Two MTAs with one store (a copied data folder) would use the same activity ids, and lose mail as false duplicates.
  const others = entryIdsOf(ctx.mta).filter((id) => id !== entryId);
  if (others.some((id) => entryAt(ctx, id).peer?.storeUuid === storeUuid)) return false;
  if (known !== null && known.storeUuid === storeUuid) {
    if (incarnation < known.incarnation) return false;
    if (incarnation === known.incarnation) {
      const settledBelow = Math.max(known.settledBelow, credentials.settledBelow);
      patchEntry(ctx, entryId, { peer: { incarnation, storeUuid, settledBelow } });
      settled(ctx, { entry: entryId, sender: storeUuid }, [], settledBelow);
      return true;
    }
  }
  if (known !== null) {
    for (const association of entry.associations) {
      // An opening that has not reached the peer yet belongs to no incarnation of it.
      const unmet = association.recovery === 0 && association.state === 'opening';
      if (association.id !== keep && !unmet) endAssociation(ctx, { entry: entryId, association: association.id });
    }
    for (const row of entryAt(ctx, entryId).incoming) emit(ctx, { type: 'drop-content', content: row.content });
    patchEntry(ctx, entryId, { incoming: [] });
  }
  patchEntry(ctx, entryId, { peer: { incarnation, storeUuid, settledBelow: credentials.settledBelow } });
  settled(ctx, { entry: entryId, sender: storeUuid }, [], credentials.settledBelow);
  return true;
}
