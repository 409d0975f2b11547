/** Lifetime: how long an idle association is kept by the side that will close it. */
import type { Context } from '../../machine/context.js';
import type { Association } from '../../machine/state.js';

/** Lifetime runs anew from now, at the initiator. */
export function lifetime(ctx: Context, association: Association): Pick<Association, 'lifetimeAtMs'> {
  const lifetimeAtMs = association.role === 'initiator' ? ctx.nowMs + ctx.mta.settings.associationLifetimeS * 1000 : null;
  return { lifetimeAtMs };
}
