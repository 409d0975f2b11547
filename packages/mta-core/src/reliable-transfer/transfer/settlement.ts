/**
 * What may be forgotten, by sender and receiver. A receiver remembers each activity it has stored, so that a second copy of a message does
 * no harm. It forgets one when the sender names it as settled: the sender has the confirmation, and has erased the copy. Each APDU can
 * name some; each introduction carries a watermark below which everything is settled.
 */

import { rowsOf } from '../../collections/fifo.js';
import { contains, excludingAll, from, type Intervals, including, sizeOf } from '../../collections/intervals.js';
import type { Context } from '../../machine/context.js';
import type { Mta } from '../../machine/state.js';
import { emit, entryAt, patchEntry, patchMta } from '../../machine/update.js';
import { priorities } from '../../mail/message.js';

/** Ids named in one APDU, and ids kept for naming: what is beyond is covered by the watermark of the next MtaBind. */
const mostNamed = 256;
const mostKept = 4096;

export function takeSettled(ctx: Context, entryId: number): readonly number[] {
  const { settling } = entryAt(ctx, entryId);
  if (settling.length === 0) return settling;
  patchEntry(ctx, entryId, { settling: settling.slice(mostNamed) });
  return settling.length > mostNamed ? settling.slice(0, mostNamed) : settling;
}

/** The erasure of these copies is on disk. */
export function nameLater(ctx: Context, entryId: number, copies: readonly number[]): void {
  patchEntry(ctx, entryId, { settling: [...entryAt(ctx, entryId).settling, ...copies].slice(0, mostKept) });
}

/** The lowest activity id that may still be sent to this entry: all below it is settled. */
export function settledBelow(ctx: Context, entryId: number): number {
  const entry = entryAt(ctx, entryId);
  let lowest = ctx.mta.nextNumber;
  const consider = (id: number | undefined): void => {
    if (id !== undefined && id < lowest) lowest = id;
  };
  for (const priority of priorities) {
    consider(entry.queues[priority].returned[0]?.id);
    const queue = entry.queues[priority];
    consider(queue.chunks[0]?.[queue.headAt]?.id);
  }
  consider(entry.waiting[0]?.id);
  for (const association of entry.associations) consider(association.transfer?.copy.id);
  for (const pending of ctx.mta.forgets) if (pending.entry === entryId) for (const id of pending.copies) consider(id);
  const { mailboxes } = ctx.mta;
  for (const copy of [...rowsOf(mailboxes.queue), ...mailboxes.delivering, ...mailboxes.waiting])
    if (copy.entry === entryId) consider(copy.id);
  for (const pending of ctx.mta.stores) {
    if (pending.purpose === 'segment') continue;
    for (const message of pending.messages) for (const copy of message.copies) consider(copy.id);
    if (pending.purpose === 'report') consider(pending.subject.id);
  }
  return lowest;
}

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
