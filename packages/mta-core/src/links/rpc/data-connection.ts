/** The data connection: the second one of a side, bound with the group of its first, on which its APDUs travel. */
import type { Context } from '../../machine/context.js';
import { associationOf, patchAssociation, report } from '../../machine/update.js';
import { rpcBind } from './runtime.js';
import type { Owner } from './state.js';

/** Open the data connection between the addresses that the first connection used. */
export function bindData(ctx: Context, ref: Owner): void {
  const association = associationOf(ctx, ref);
  if (association === undefined || association.path === null || association.firstGroup === null) return;
  const conn = rpcBind(ctx, { owner: ref, ...association.path, group: association.firstGroup });
  patchAssociation(ctx, ref, { data: { state: 'binding', conn, retryAtMs: null } });
}

/** The data bind was refused: no data can be sent on this association; it is tried again at the Transfer Interval. */
export function dataBindFailed(ctx: Context, ref: Owner, error: number): void {
  report(ctx, 9316, { ltabIndex: ref.entry, ntError: error });
  const retryAtMs = ctx.nowMs + ctx.mta.settings.transferRetryIntervalS * 1000;
  patchAssociation(ctx, ref, { data: { state: 'refused', conn: null, retryAtMs } });
}
