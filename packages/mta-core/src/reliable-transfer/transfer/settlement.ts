/**
 * What may be forgotten, by sender and receiver. A receiver remembers each activity it has stored, so that a second copy of a message does
 * no harm. It forgets one when the sender names it as settled: the sender has the confirmation, and has erased the copy. Each APDU can
 * name some; each introduction carries a watermark below which everything is settled.
 */

import { rowsOf } from '../../collections/fifo.js';
import { contains, excludingAll, from, type Intervals, including, sizeOf } from '../../collections/intervals.js';
import { dropRow, findRow, firstRow, putRow, rowsIn } from '../../collections/tree.js';
import type { Context } from '../../machine/context.js';
import type { Mta } from '../../machine/state.js';
import { draftEntry, emit, entryAt } from '../../machine/update.js';
import { priorities } from '../../mail/message.js';

/** Ids named in one APDU, and ids kept for naming: what is beyond is covered by the watermark of the next introduction. */
const maxNamed = 256;
const maxKept = 4096;

export function takeSettled(ctx: Context, entryId: number): readonly number[] {
  const { settling } = entryAt(ctx, entryId);
  if (settling.length === 0) return settling;
  draftEntry(ctx, entryId).settling = settling.slice(maxNamed);
  return settling.length > maxNamed ? settling.slice(0, maxNamed) : settling;
}

/** The erasure of these copies is on disk. */
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
    consider(entry.queues[priority].returned[0]?.id);
    const queue = entry.queues[priority];
    consider(queue.chunks[0]?.[queue.headAt]?.id);
  }
  consider(firstRow(entry.waiting)?.id);
  for (const association of entry.associations) consider(association.transfer?.copy.id);
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

/** Received and unsettled ids per sender: a peer that never settles is stopped here. More than any sender may have queued. */
const maxUnsettled = 1_000_000;
/** Senders of which something is remembered. A peer has a new name with each new store. */
const maxSenders = 1000;

const nothing: Intervals = [];

/** The number of a sender. Its name comes from the network: `constructor` must find nothing. */
function numberOf({ senders }: Mta, sender: string): number | undefined {
  return Object.hasOwn(senders, sender) ? senders[sender] : undefined;
}

/** What is remembered of a sender. */
function receivedFrom(mta: Mta, sender: string): Intervals {
  const number = numberOf(mta, sender);
  return (number === undefined ? undefined : findRow(mta.received, number)?.activities) ?? nothing;
}

export function wasReceived(mta: Mta, sender: string, activity: number): boolean {
  return contains(receivedFrom(mta, sender), activity);
}

/** Can no further activity of this sender be remembered? Then none may be accepted. */
export function cannotRemember(mta: Mta, sender: string): boolean {
  const known = receivedFrom(mta, sender);
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined) return mta.received.size >= maxSenders;
  // Few sets reach so far that they need to be counted.
  return last[1] - first[0] >= maxUnsettled && sizeOf(known) >= maxUnsettled;
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
    rowsIn(ctx.mta.stores).some((each) => each.purpose === 'reception' && each.sender === sender && each.activity < below);
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

/** Numbers a sender. Those of which nothing is remembered give way when there are too many: a peer has a new name with each new store. */
function newSender(ctx: Context, sender: string): number {
  const { mta } = ctx;
  const known = Object.entries(mta.senders);
  const kept = known.length < 2 * maxSenders ? known : known.filter(([, number]) => findRow(mta.received, number) !== undefined);
  const number = 1 + Math.max(0, ...kept.map(([, each]) => each));
  mta.senders = Object.fromEntries([...kept, [sender, number]]);
  return number;
}
