/**
 * Control blocks. Each transport connection needs one, in either direction, and one more belongs to the listener (Q229643). When
 * none is free, event 9156 is logged and nothing is connected.
 */
import { rowOf, withoutRow, withRow } from '../../collections/table.js';
import type { Context } from '../../machine/context.js';
import type { Mta } from '../../machine/state.js';
import { report } from '../../machine/update.js';
import type { X400Connection } from './state.js';
import { patchX400 } from './update.js';

/** The network type that event 9156 names: TCP/IP. */
const tcpIp = 1;

/** How many control blocks connections may have. */
function available({ settings, x400 }: Mta): number {
  return Math.max(0, settings.controlBlocks - (x400.listeners.length > 0 ? 1 : 0));
}

/** How many control blocks belong to connections that are gone, if none is free; null if one is. */
export function leakedOfNoneFree(mta: Mta): number | null {
  const { controlBlocks } = mta.x400;
  return controlBlocks.length < available(mta) ? null : controlBlocks.filter(({ conn }) => conn === null).length;
}

/** Takes the free control block of the lowest index for a connection. @returns its index, from 1; null if none is free. */
export function takeControlBlock(ctx: Context, conn: number): number | null {
  const { controlBlocks } = ctx.mta.x400;
  if (controlBlocks.length >= available(ctx.mta)) {
    report(ctx, 9156, { networkType: tcpIp, configured: ctx.mta.settings.controlBlocks });
    return null;
  }
  let id = 1;
  while (rowOf(controlBlocks, id) !== undefined) id += 1;
  patchX400(ctx, { controlBlocks: withRow(controlBlocks, { id, conn, leakedFor: null }) });
  return id;
}

export function freeControlBlock(ctx: Context, { controlBlock, id }: X400Connection): void {
  const { controlBlocks } = ctx.mta.x400;
  if (rowOf(controlBlocks, controlBlock)?.conn === id) patchX400(ctx, { controlBlocks: withoutRow(controlBlocks, controlBlock) });
}

/** The lower layer is not told that a connection has ended: its control block stays in use until the MTA restarts. */
export function leakControlBlock(ctx: Context, id: number, leakedFor: number): void {
  patchX400(ctx, { controlBlocks: withRow(ctx.mta.x400.controlBlocks, { id, conn: null, leakedFor }) });
}
