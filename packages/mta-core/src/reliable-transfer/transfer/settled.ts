/** Copies that were confirmed and erased are named in a later APDU, so that the receiver may forget their ids. */
import type { Context } from '../../machine/context.js';
import { entryAt, patchEntry } from '../../machine/update.js';

/** Ids named in one APDU, and ids kept for naming: what is beyond is covered by the watermark of the next MtaBind. */
const mostNamed = 256;
const mostKept = 4096;

export function takeSettled(ctx: Context, at: number): readonly number[] {
  const { settling } = entryAt(ctx, at);
  if (settling.length === 0) return settling;
  patchEntry(ctx, at, { settling: settling.slice(mostNamed) });
  return settling.length > mostNamed ? settling.slice(0, mostNamed) : settling;
}

/** The erasure of these copies is on disk. */
export function nameLater(ctx: Context, at: number, copies: readonly number[]): void {
  patchEntry(ctx, at, { settling: [...entryAt(ctx, at).settling, ...copies].slice(0, mostKept) });
}
