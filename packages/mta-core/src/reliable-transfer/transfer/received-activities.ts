/** Which activities of which sender are here already: the memory that makes a second copy of a message harmless. */

import { contains, excludingAll, from, type Intervals, including, sizeOf } from '../../collections/intervals.js';
import type { Context } from '../../machine/context.js';
import type { Mta } from '../../machine/state.js';
import { emit, patchMta } from '../../machine/update.js';

/** Received and unsettled ids per sender: a peer that never settles is stopped here. More than any sender may have queued. */
const mostUnsettled = 1_000_000;
/** Senders of which something is remembered. A peer has a new name with each new store. */
const mostSenders = 1000;

const nothing: Intervals = [];

/** What is remembered of a sender. Its name comes from the network: `constructor` must find nothing. */
function receivedFrom(mta: Mta, sender: string): Intervals {
  return (Object.hasOwn(mta.received, sender) ? mta.received[sender] : undefined) ?? nothing;
}

export function wasReceived(mta: Mta, sender: string, activity: number): boolean {
  return contains(receivedFrom(mta, sender), activity);
}

/** Can no further activity of this sender be remembered? Then none may be accepted. */
export function cannotRemember(mta: Mta, sender: string): boolean {
  const known = receivedFrom(mta, sender);
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined) return Object.keys(mta.received).length >= mostSenders;
  // Few sets reach so far that they need to be counted.
  return last[1] - first[0] >= mostUnsettled && sizeOf(known) >= mostUnsettled;
}

/** A message is on disk, and its activity with it. */
export function remember(ctx: Context, sender: string, activity: number): void {
  keep(ctx, sender, including(receivedFrom(ctx.mta, sender), activity));
}

/** The sender has named copies as settled: their ids need not be remembered any longer. */
export function settled(ctx: Context, sender: string, activities: readonly number[], below?: number): void {
  const before = receivedFrom(ctx.mta, sender);
  // What is on its way to the disk is settled there, behind itself, and is not remembered when it arrives.
  const storing =
    below !== undefined &&
    ctx.mta.stores.some((each) => each.purpose === 'reception' && each.sender === sender && each.activity < below);
  if (before.length === 0 && !storing) return;
  const without = excludingAll(before, activities);
  const after = below === undefined ? without : from(without, below);
  if (after === before && !storing) return;
  keep(ctx, sender, after);
  emit(ctx, { type: 'settle', sender, activities, ...(below === undefined ? {} : { below }) });
}

function keep(ctx: Context, sender: string, set: Intervals): void {
  const received: Record<string, Intervals> = { ...ctx.mta.received, [sender]: set };
  if (set.length === 0) delete received[sender];
  patchMta(ctx, { received });
}
