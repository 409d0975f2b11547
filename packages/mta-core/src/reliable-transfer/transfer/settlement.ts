/**
 * Decides which activity ids sender and receiver may forget. A receiver remembers each activity it has stored, so that a second
 * copy of a message does no harm. It forgets one when the sender names it as settled: the sender has the confirmation, and has
 * erased the copy. Each APDU can name some; each introduction carries a watermark below which everything is settled.
 */

import { parkedCopies } from '../../collections/copy-queue.js';
import { firstFresh, rowsOf } from '../../collections/fifo.js';
import { contains, excludingAll, from, type Intervals, including, sizeOf } from '../../collections/intervals.js';
import { dropRow, findRow, firstRow, putRow, rowsIn } from '../../collections/tree.js';
import type { Context } from '../../machine/context.js';
import type { Mta } from '../../machine/state.js';
import { draftEntry, emit, entryAt } from '../../machine/update.js';
import { priorities } from '../../mail/message.js';
import { maxSettledNamed } from '../apdu.js';

/** Most ids kept for naming. The watermark of the next introduction covers the rest. */
const maxKept = 4096;

export function takeSettled(ctx: Context, entryId: number): readonly number[] {
  const { settling } = entryAt(ctx, entryId);
  if (settling.length === 0) return settling;
  draftEntry(ctx, entryId).settling = settling.slice(maxSettledNamed);
  return settling.length > maxSettledNamed ? settling.slice(0, maxSettledNamed) : settling;
}

/** These copies are erased from disk: later APDUs name them as settled. */
export function nameLater(ctx: Context, entryId: number, copies: readonly number[]): void {
  const entry = draftEntry(ctx, entryId);
  const settling = [...entry.settling, ...copies];
  entry.settling = settling.length > maxKept ? settling.slice(0, maxKept) : settling;
}

/** The lowest activity id that may still be sent to this entry: all below it is settled. */
export function settledBelow(ctx: Context, entryId: number): number {
  const entry = entryAt(ctx, entryId);
  let lowest = ctx.mta.nextNumber;
  const consider = (id: number | undefined): void => {
    if (id !== undefined && id < lowest) lowest = id;
  };
  for (const priority of priorities) {
    const queue = entry.queues[priority];
    consider(firstRow(queue.front.returned)?.id);
    consider(firstFresh(queue.front)?.id);
    consider(parkedCopies(queue, 1)[0]?.id);
  }
  consider(firstRow(entry.waiting)?.id);
  for (const { transfers, sending } of entry.associations) {
    consider(firstRow(transfers)?.id);
    consider(sending ?? undefined);
  }
  for (const pending of rowsIn(ctx.mta.forgets)) if (pending.entry === entryId) for (const id of pending.copies) consider(id);
  const { mailboxes } = ctx.mta;
  for (const copy of [...rowsOf(mailboxes.queue), ...mailboxes.delivering, ...rowsIn(mailboxes.waiting)])
    if (copy.entry === entryId) consider(copy.id);
  for (const pending of rowsIn(ctx.mta.stores)) {
    if (pending.purpose === 'segment') continue;
    for (const message of pending.messages) for (const copy of message.copies) consider(copy.id);
    if (pending.purpose === 'report') consider(pending.subject.id);
  }
  return lowest;
}

/**
 * Most unsettled ids remembered per sender. This stops a peer that never settles, and is more than any sender may have queued.
 */
const maxUnsettled = 1_000_000;
/** Most senders with unsettled ids. A peer has a new name with each new store. */
const maxSenders = 1000;

const nothing: Intervals = [];

/** The number of a sender. Its name comes from the network: `constructor` must find nothing. */
function numberOf({ senders }: Mta, sender: string): number | undefined {
  return Object.hasOwn(senders, sender) ? senders[sender] : undefined;
}

/** The activities received from a sender and not settled yet. */
function receivedFrom(mta: Mta, sender: string): Intervals {
  const number = numberOf(mta, sender);
  return (number === undefined ? undefined : findRow(mta.received, number)?.activities) ?? nothing;
}

export function wasReceived(mta: Mta, sender: string, activity: number): boolean {
  return contains(receivedFrom(mta, sender), activity);
}

/** Is there no room to remember another activity of this sender? Then none may be accepted. */
export function cannotRemember(mta: Mta, sender: string): boolean {
  const known = receivedFrom(mta, sender);
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined) return mta.received.size >= maxSenders;
  // Only a set that spans this many ids needs to be counted.
  return last[1] - first[0] >= maxUnsettled && sizeOf(known) >= maxUnsettled;
}

/** Remembers an activity whose message is on disk. */
export function remember(ctx: Context, sender: string, activity: number): void {
  keep(ctx, sender, including(receivedFrom(ctx.mta, sender), activity));
}

/** Where a peer's ids come from: its entry in the locality table, and its present store. */
export type Origin = { readonly entry: number; readonly sender: string };

/** Marks an activity that is being written as settled. @returns false if it is not being written. */
function settledUnderWay(ctx: Context, { entry, sender }: Origin, activity: number): boolean {
  const token = findRow(entryAt(ctx, entry).storing, activity)?.token;
  const pending = token === undefined ? undefined : findRow(ctx.mta.stores, token);
  if (pending?.purpose !== 'reception' || pending.sender !== sender) return false;
  ctx.mta.stores = putRow(ctx.mta.stores, { ...pending, settled: true });
  return true;
}

/** The sender has named copies as settled: this MTA forgets their ids. */
export function settled(ctx: Context, { entry, sender }: Origin, activities: readonly number[], below?: number): void {
  const before = receivedFrom(ctx.mta, sender);
  // A settled activity may still be on its way to disk: its sender has given the copy up, or moved it. The `settle` effect follows
  // it there, and `receptionStored` does not remember it.
  const named = activities.filter((activity) => settledUnderWay(ctx, { entry, sender }, activity));
  const storing =
    named.length > 0 ||
    (below !== undefined &&
      rowsIn(ctx.mta.stores).some((each) => each.purpose === 'reception' && each.sender === sender && each.activity < below));
  if (before.length === 0 && !storing) return;
  const without = excludingAll(before, activities);
  const after = below === undefined ? without : from(without, below);
  if (after === before && !storing) return;
  keep(ctx, sender, after);
  emit(ctx, { type: 'settle', sender, activities, ...(below === undefined ? {} : { below }) });
}

function keep(ctx: Context, sender: string, activities: Intervals): void {
  const { mta } = ctx;
  const number = numberOf(mta, sender) ?? newSender(ctx, sender);
  mta.received = activities.length === 0 ? dropRow(mta.received, number) : putRow(mta.received, { id: number, activities });
}

/**
 * Numbers a sender. If there are too many, senders without unsettled ids are dropped: a peer has a new name with each new store.
 */
function newSender(ctx: Context, sender: string): number {
  const { mta } = ctx;
  const known = Object.entries(mta.senders);
  const kept = known.length < 2 * maxSenders ? known : known.filter(([, number]) => findRow(mta.received, number) !== undefined);
  const number = 1 + Math.max(0, ...kept.map(([, each]) => each));
  mta.senders = Object.fromEntries([...kept, [sender, number]]);
  return number;
}
