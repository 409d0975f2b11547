/** The queues of a locality table entry: one per priority, first in first out. */

import {
  arrived,
  type CopyQueue,
  frontOf,
  giveBackCopy,
  parkedCopies,
  pushCopy,
  recalled,
  shiftCopy,
  toRecall,
} from '../collections/copy-queue.js';
import type { Context } from '../machine/context.js';
import type { Input } from '../machine/input.js';
import type { LtabEntry, QueuedCopy, WaitingCopy } from '../machine/state.js';
import { draftEntry, emit, entryAt, entryNamed, incarnationStride, report } from '../machine/update.js';
import { addMailboxCopy } from './mailboxes.js';
import { describeActivity, type Priority, priorities, type StoredMessage } from './message.js';

/** When the Transfer Interval of a waiting copy has passed. */
export const waitingDue = ({ untilMs }: WaitingCopy): number => untilMs;

/** The copy an association would send next. Nothing if there is none, or if the store has not given its envelope back yet. */
export function nextCopy(entry: LtabEntry, urgentOnly: boolean): QueuedCopy | undefined {
  if (entry.activation === 'never') return undefined;
  for (const priority of priorities) {
    if (urgentOnly && priority !== 'urgent') return undefined;
    const queue = entry.queues[priority];
    if (queue.size > 0) return frontOf(queue);
  }
  return undefined;
}

/** Number of copies that no association has taken and that need not wait. An association is opened for these. */
export function availableCount(entry: LtabEntry): number {
  let count = 0;
  for (const priority of priorities) count += entry.queues[priority].size;
  return count;
}

/** Number of copies in the queues that an association serves. */
export function availableTo(entry: LtabEntry, urgentOnly: boolean): number {
  return urgentOnly ? entry.queues.urgent.size : availableCount(entry);
}

/**
 * Queues the copies of messages that are on disk.
 * @param sentWhole an earlier start may have sent them.
 */
export function enqueue(ctx: Context, messages: readonly StoredMessage[], sentWhole = false): readonly number[] {
  const touched: number[] = [];
  for (const message of messages) {
    const { content, envelope } = message;
    for (const { id, recipients, destination } of message.copies) {
      const entry = destination.to === 'mta' ? entryNamed(ctx, destination.mta) : undefined;
      if (entry !== undefined) {
        enqueueAt(ctx, entry.id, freshCopy(id, message, recipients, sentWhole));
        if (!touched.includes(entry.id)) touched.push(entry.id);
      } else {
        // Mail for an adjacent MTA that has left the configuration is kept for the operator.
        const place = destination.to === 'mta' ? ({ to: 'dead-letter' } as const) : destination;
        addMailboxCopy(ctx, { id, content, envelope, recipients, destination: place, entry: null, failures: 0, untilMs: null });
      }
    }
  }
  return touched;
}

/** A copy as it gets into its queue. */
export function freshCopy(
  id: number,
  { content, envelope }: StoredMessage,
  recipients: readonly string[],
  sentWhole: boolean,
): QueuedCopy {
  return { id, content, envelope, recipients, failures: 0, confirmedUpTo: 0, confirmedUntilMs: null, sentWhole };
}

function enqueueAt(ctx: Context, entryId: number, copy: QueuedCopy): void {
  const entry = draftEntry(ctx, entryId);
  const { priority } = copy.envelope;
  entry.queues = withQueue(entry, priority, pushCopy(entry.queues[priority], copy, ctx.mta.settings.envelopesInMemory));
  countIn(ctx, entryId, copy);
}

/** Takes the next copy out of its queue. It stays counted as queued until it is confirmed. */
export function takeCopy(ctx: Context, entryId: number, copy: QueuedCopy): void {
  const entry = draftEntry(ctx, entryId);
  const { priority } = copy.envelope;
  entry.queues = withQueue(entry, priority, shiftCopy(entry.queues[priority]));
  recallNext(ctx, entryId, priority);
}

/** Asks the store for the envelopes of the next copies, when few are left in memory. */
function recallNext(ctx: Context, entryId: number, priority: Priority): void {
  const queue = entryAt(ctx, entryId).queues[priority];
  const copies = toRecall(queue, ctx.mta.settings.envelopesInMemory);
  if (copies.length === 0) return;
  const entry = draftEntry(ctx, entryId);
  entry.queues = withQueue(entry, priority, recalled(queue, copies.length));
  emit(ctx, { type: 'recall', entry: entryId, priority, copies: copies.map(({ id, content }) => ({ copy: id, content })) });
}

/** The envelopes that the store was asked for are here. A copy whose row it cannot read has left this MTA: the store has kept it aside. */
export function recallDone(
  ctx: Context,
  { entry: entryId, priority, found, missing }: Extract<Input, { type: 'recalled' }>,
): void {
  const before = entryAt(ctx, entryId).queues[priority];
  const asked = parkedCopies(before, before.recalling);
  const messages = new Map(found.map(({ copy, message }) => [copy, message]));
  const copies = asked.flatMap(({ id }) => {
    const message = messages.get(id);
    const own = message?.copies.find((copy) => copy.id === id);
    const isOlder = Math.floor(id / incarnationStride) !== ctx.mta.incarnation;
    return message === undefined || own === undefined ? [] : [freshCopy(id, message, own.recipients, isOlder)];
  });
  const entry = draftEntry(ctx, entryId);
  entry.queues = withQueue(entry, priority, arrived(before, copies));
  for (const { copy, detail } of missing) {
    entry.queued -= 1;
    entry.queuedBytes -= asked.find(({ id }) => id === copy)?.sizeBytes ?? 0;
    countCopies(ctx, -1);
    report(ctx, 2171, { databaseError: detail, object: describeActivity(copy), mtsId: 'unknown' });
  }
  recallNext(ctx, entryId, priority);
}

/** Returns a copy to its old place in the queue. */
export function returnCopy(ctx: Context, entryId: number, copy: QueuedCopy): void {
  const entry = draftEntry(ctx, entryId);
  const { priority } = copy.envelope;
  entry.queues = withQueue(entry, priority, giveBackCopy(entry.queues[priority], copy));
}

/** Stops counting a copy at its entry: it was confirmed, or reported on. */
export function countOut(ctx: Context, entryId: number, copy: QueuedCopy): void {
  const entry = draftEntry(ctx, entryId);
  entry.queued -= 1;
  entry.queuedBytes -= copy.envelope.sizeBytes;
}

/** Counts a copy at its entry again. */
export function countIn(ctx: Context, entryId: number, copy: QueuedCopy): void {
  const entry = draftEntry(ctx, entryId);
  entry.queued += 1;
  entry.queuedBytes += copy.envelope.sizeBytes;
}

/** Changes the total number of copies that this MTA holds. */
export function countCopies(ctx: Context, change: number): void {
  ctx.mta.queuedCopies += change;
}

function withQueue(entry: LtabEntry, priority: Priority, queue: CopyQueue<QueuedCopy>): LtabEntry['queues'] {
  const { urgent, normal, 'non-urgent': nonUrgent } = entry.queues;
  if (priority === 'urgent') return { urgent: queue, normal, 'non-urgent': nonUrgent };
  if (priority === 'normal') return { urgent, normal: queue, 'non-urgent': nonUrgent };
  return { urgent, normal, 'non-urgent': queue };
}
