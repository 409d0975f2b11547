/** The queues of a locality table entry: one per priority, first in first out. */

import { giveBack, peek, push, shift } from '../collections/fifo.js';
import type { Context } from '../machine/context.js';
import type { LtabEntry, QueuedCopy, WaitingCopy } from '../machine/state.js';
import { draftEntry, entryNamed } from '../machine/update.js';
import { addMailboxCopy } from './mailboxes.js';
import { type Priority, priorities, type StoredMessage } from './message.js';

/** When the Transfer Interval of a waiting copy has passed. */
export const waitingDue = ({ untilMs }: WaitingCopy): number => untilMs;

/** The copy an association would send next, or nothing. */
export function nextCopy(entry: LtabEntry, urgentOnly: boolean): QueuedCopy | undefined {
  if (entry.activation === 'never') return undefined;
  for (const priority of priorities) {
    if (urgentOnly && priority !== 'urgent') return undefined;
    const copy = peek(entry.queues[priority]);
    if (copy !== undefined) return copy;
  }
  return undefined;
}

/** Number of copies that no association has taken and that need not wait. An association is opened for these. */
export function availableCount(entry: LtabEntry): number {
  let count = 0;
  for (const priority of priorities) count += entry.queues[priority].size;
  return count;
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
  entry.queues = withQueue(entry, priority, push(entry.queues[priority], copy));
  countIn(ctx, entryId, copy);
}

/** Takes the next copy out of its queue. It stays counted as queued until it is confirmed. */
export function takeCopy(ctx: Context, entryId: number, copy: QueuedCopy): void {
  const entry = draftEntry(ctx, entryId);
  const { priority } = copy.envelope;
  entry.queues = withQueue(entry, priority, shift(entry.queues[priority]));
}

/** Returns a copy to its old place in the queue. */
export function returnCopy(ctx: Context, entryId: number, copy: QueuedCopy): void {
  const entry = draftEntry(ctx, entryId);
  const { priority } = copy.envelope;
  entry.queues = withQueue(entry, priority, giveBack(entry.queues[priority], copy));
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

function withQueue(entry: LtabEntry, priority: Priority, queue: LtabEntry['queues'][Priority]): LtabEntry['queues'] {
  const { urgent, normal, 'non-urgent': nonUrgent } = entry.queues;
  if (priority === 'urgent') return { urgent: queue, normal, 'non-urgent': nonUrgent };
  if (priority === 'normal') return { urgent, normal: queue, 'non-urgent': nonUrgent };
  return { urgent, normal, 'non-urgent': queue };
}
