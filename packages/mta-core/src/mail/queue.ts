/** The queues of a locality table entry: one per priority, first in first out. */

import { giveBack, peek, push, shift } from '../collections/fifo.js';
import type { Context } from '../machine/context.js';
import type { LtabEntry, QueuedCopy } from '../machine/state.js';
import { entryAt, entryNamed, patchEntry, patchMta } from '../machine/update.js';
import { addMailboxCopy } from './mailboxes.js';
import { type Priority, priorities, type StoredMessage } from './message.js';

/** The copy an association would send next, or nothing. */
export function nextCopy(entry: LtabEntry, urgentOnly: boolean): QueuedCopy | undefined {
  for (const priority of priorities) {
    if (urgentOnly && priority !== 'urgent') return undefined;
    const copy = peek(entry.queues[priority]);
    if (copy !== undefined) return copy;
  }
  return undefined;
}

/** Copies that no association has taken and that need not wait: what an association is opened for. */
export function availableCount(entry: LtabEntry): number {
  let count = 0;
  for (const priority of priorities) count += entry.queues[priority].size;
  return count;
}

/**
 * Put the copies of messages that are on disk where they belong.
 * @param sentWhole they may have been sent before, nobody knows.
 */
export function enqueue(ctx: Context, messages: readonly StoredMessage[], sentWhole = false): Set<number> {
  const touched = new Set<number>();
  for (const message of messages) {
    const { content, envelope } = message;
    for (const { id, recipients, destination } of message.copies) {
      const entry = destination.to === 'mta' ? entryNamed(ctx.mta, destination.mta) : undefined;
      if (entry !== undefined) {
        enqueueAt(ctx, entry.id, freshCopy(id, message, recipients, sentWhole));
        touched.add(entry.id);
      } else {
        // Mail of an adjacent MTA that has left the configuration is kept for the operator.
        const place = destination.to === 'mta' ? ({ to: 'dead-letter' } as const) : destination;
        addMailboxCopy(ctx, { id, content, envelope, recipients, destination: place, entry: null, failures: 0, untilMs: null });
      }
    }
  }
  return touched;
}

function freshCopy(
  id: number,
  { content, envelope }: StoredMessage,
  recipients: readonly string[],
  sentWhole: boolean,
): QueuedCopy {
  return { id, content, envelope, recipients, failures: 0, confirmedUpTo: 0, confirmedUntilMs: null, sentWhole };
}

function enqueueAt(ctx: Context, at: number, copy: QueuedCopy): void {
  const entry = entryAt(ctx, at);
  patchEntry(ctx, at, {
    queues: withQueue(entry, copy.envelope.priority, push(entry.queues[copy.envelope.priority], copy)),
    queued: entry.queued + 1,
    queuedBytes: entry.queuedBytes + copy.envelope.sizeBytes,
  });
}

/** Take the next copy out of its queue. It stays counted as queued until it is confirmed. */
export function takeCopy(ctx: Context, at: number, copy: QueuedCopy): void {
  const entry = entryAt(ctx, at);
  patchEntry(ctx, at, { queues: withQueue(entry, copy.envelope.priority, shift(entry.queues[copy.envelope.priority])) });
}

/** Give a copy back to its old place in the queue. */
export function returnCopy(ctx: Context, at: number, copy: QueuedCopy): void {
  const entry = entryAt(ctx, at);
  patchEntry(ctx, at, { queues: withQueue(entry, copy.envelope.priority, giveBack(entry.queues[copy.envelope.priority], copy)) });
}

/** A copy has left the entry for good: confirmed, or reported on. */
export function countOut(ctx: Context, at: number, copy: QueuedCopy): void {
  const entry = entryAt(ctx, at);
  patchEntry(ctx, at, { queued: entry.queued - 1, queuedBytes: entry.queuedBytes - copy.envelope.sizeBytes });
}

/** Change the number of copies this MTA holds in all. */
export function countCopies(ctx: Context, change: number): void {
  patchMta(ctx, { queuedCopies: ctx.mta.queuedCopies + change });
}

function withQueue(entry: LtabEntry, priority: Priority, queue: LtabEntry['queues'][Priority]): LtabEntry['queues'] {
  const { urgent, normal, 'non-urgent': nonUrgent } = entry.queues;
  if (priority === 'urgent') return { urgent: queue, normal, 'non-urgent': nonUrgent };
  if (priority === 'normal') return { urgent, normal: queue, 'non-urgent': nonUrgent };
  return { urgent, normal, 'non-urgent': queue };
}
