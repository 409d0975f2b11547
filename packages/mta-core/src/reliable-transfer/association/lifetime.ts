/** Lifetime: how long the initiator keeps an idle association before it closes it. */
import type { Context } from '../../machine/context.js';
import type { Association } from '../../machine/state.js';
import { entryAt } from '../../machine/update.js';

/** When a Lifetime that starts now has passed; null for the responder, which does not close. */
export function lifetimeFromNow(ctx: Context, entryId: number, { role }: Association): number | null {
  return role === 'initiator' ? ctx.nowMs + entryAt(ctx, entryId).settings.associationLifetimeS * 1000 : null;
}
