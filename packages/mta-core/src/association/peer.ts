/** What is known of an adjacent MTA: which store it has and which of its starts this is. */
import type { MtaCredentials } from '../apdu.js';
import type { Context } from '../context.js';
import { excluding, from as fromValue } from '../intervals.js';
import { emit, entryAt, patchEntry, patchMta } from '../update.js';
import { endAssociation } from './end.js';

/**
 * Take note of an introduction. A new incarnation (or a new store) voids all that was held with an older one.
 * @param keep the association in whose course it came.
 * @returns false when the introduction comes from an older start than one seen before, or with the wrong password.
 */
export function meetPeer(ctx: Context, at: number, credentials: MtaCredentials, keep: number | null): boolean {
  const entry = entryAt(ctx, at);
  if (credentials.mtaName !== entry.name || credentials.password !== entry.password) return false;
  const { storeUuid, incarnation } = credentials;
  const known = entry.peer;
  if (known !== null && known.storeUuid === storeUuid) {
    if (incarnation < known.incarnation) return false;
    if (incarnation === known.incarnation) {
      settled(ctx, storeUuid, [], credentials.settledBelow);
      return true;
    }
  }
  if (known !== null) {
    for (const association of entry.associations) {
      // An opening that has not reached the peer yet belongs to no incarnation of it.
      const unmet = association.recovery === 0 && (association.state === 'dialling' || association.state === 'calling');
      if (association.id !== keep && !unmet) endAssociation(ctx, { entry: at, association: association.id });
    }
    for (const row of entryAt(ctx, at).incoming) emit(ctx, { type: 'drop-content', content: row.content });
    patchEntry(ctx, at, { incoming: [] });
  }
  patchEntry(ctx, at, { peer: { incarnation, storeUuid } });
  settled(ctx, storeUuid, [], credentials.settledBelow);
  return true;
}

/** The sender has named copies as settled: their ids need not be remembered any longer. */
export function settled(ctx: Context, sender: string, activities: readonly number[], below?: number): void {
  const before = ctx.mta.received[sender];
  if (before === undefined || before.length === 0) return;
  let after = before;
  for (const activity of activities) after = excluding(after, activity);
  if (below !== undefined) after = fromValue(after, below);
  if (after === before) return;
  patchMta(ctx, { received: { ...ctx.mta.received, [sender]: after } });
  emit(ctx, { type: 'settle', sender, activities, ...(below === undefined ? {} : { below }) });
}
