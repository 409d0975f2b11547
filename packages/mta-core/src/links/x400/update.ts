/** Small named changes of the state of the X.400 connector. */
import { findRow, putRow } from '../../collections/tree.js';
import type { Context } from '../../machine/context.js';
import type { AssociationRef, Mta } from '../../machine/state.js';
import type { X400Association, X400Runtime } from './state.js';

/** Changes the state of this link. */
export function patchX400(ctx: Context, patch: Partial<X400Runtime>): void {
  ctx.mta.x400 = { ...ctx.mta.x400, ...patch };
}

/** What this link keeps of an association. */
export function rowOfAssociation(mta: Mta, { association }: AssociationRef): X400Association | undefined {
  return findRow(mta.x400.associations, association);
}

export function putAssociation(ctx: Context, row: X400Association): void {
  patchX400(ctx, { associations: putRow(ctx.mta.x400.associations, row) });
}
