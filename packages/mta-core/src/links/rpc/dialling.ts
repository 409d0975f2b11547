/** Dials the first connection of an opening: tries each remote string binding in turn, from each local address in turn. */
import type { Context } from '../../machine/context.js';
import type { AssociationRef } from '../../machine/state.js';
import { type DialWay, orderedPaths } from '../dial-order.js';
import { mayDialFrom } from '../local-bindings.js';
import { carrierOf, patchCarrier } from './carrier.js';
import { rpcBind } from './runtime.js';

/** Dials the first of these string bindings, and keeps the other paths in case that fails. */
export function dialFrom(ctx: Context, ref: AssociationRef, way: DialWay, endpoints: readonly string[]): void {
  const openByMs = ctx.nowMs + ctx.mta.settings.openTimeoutS * 1000;
  patchCarrier(ctx, ref, { openByMs, pathsLeft: orderedPaths(ctx, ref.entry, way, endpoints) });
  dialNext(ctx, ref);
}

/**
 * Dials the next path.
 * @returns false if no path is left.
 */
export function dialNext(ctx: Context, ref: AssociationRef): boolean {
  const left = carrierOf(ctx.mta, ref)?.pathsLeft.filter((each) => mayDialFrom(ctx.mta, each)) ?? [];
  const [path, ...pathsLeft] = left;
  if (path === undefined) return false;
  patchCarrier(ctx, ref, { pathsLeft, path });
  const ownFirst = rpcBind(ctx, { owner: ref, ...path, group: 0 });
  patchCarrier(ctx, ref, { ownFirst });
  return true;
}
