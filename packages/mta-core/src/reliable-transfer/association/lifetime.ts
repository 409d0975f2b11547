/** Lifetime: how long an idle association is kept by the side that will close it. */
import type { Context } from '../../machine/context.js';
import type { Association } from '../../machine/state.js';

/** When Lifetime has passed, if it runs anew from now: at the initiator alone. */
export function lifetimeFromNow(ctx: Context, { role }: Association): number | null {
  return role === 'initiator' ? ctx.nowMs + ctx.mta.settings.associationLifetimeS * 1000 : null;
}
