/** Delivers mail to this MTA's mailboxes and its dead letters through the driver, a bounded number at a time. */

import { peek, push, shift } from '../collections/fifo.js';
import { rowOf, withoutRow, withRow } from '../collections/table.js';
import { dropRow, dueRows, putRow, rowsIn } from '../collections/tree.js';
import type { Context } from '../machine/context.js';
import type { Input } from '../machine/input.js';
import type { LocalCopy, Mta } from '../machine/state.js';
import { count, emit, forgetCopies, patchMta } from '../machine/update.js';

type DeliveryFailure = Extract<Input, { type: 'deliver-failed' }>;

/** When a failed delivery is tried again. */
export const localDue = ({ untilMs }: LocalCopy): number | null => untilMs;

/** Longest reason that is kept with a copy, in characters. */
const maxProblemLength = 512;

/** Most deliveries that the driver has under way at one time. */
const deliveringLimit = 64;

export function addMailboxCopy(ctx: Context, copy: LocalCopy): void {
  const { queue, delivering, waiting } = ctx.mta.mailboxes;
  ctx.mta.mailboxes = { queue: push(queue, copy), delivering, waiting };
  deliverNext(ctx);
}

/** Hands queued copies to the driver, as far as the limit permits. */
export function deliverNext(ctx: Context): void {
  const { phase, stopAtMs } = ctx.mta;
  if (phase === 'starting' || phase === 'halted') return;
  // The stop timeout has passed. The process would end before the driver confirms a delivery, and the next start would repeat it.
  if (phase === 'stopping' && stopAtMs === null) return;
  for (;;) {
    const { queue, delivering, waiting } = ctx.mta.mailboxes;
    const copy = peek(queue);
    if (copy === undefined || delivering.length >= deliveringLimit) return;
    ctx.mta.mailboxes = { queue: shift(queue), delivering: withRow(delivering, copy), waiting };
    emit(ctx, {
      type: 'deliver',
      copy: copy.id,
      content: copy.content,
      destination: copy.destination,
      envelope: copy.envelope,
    });
  }
}

/** The copy is in its mailbox, so it can leave the store. */
export function mailboxDelivered(ctx: Context, id: number): void {
  const { queue, delivering, waiting } = ctx.mta.mailboxes;
  const copy = rowOf(delivering, id);
  if (copy === undefined) return;
  ctx.mta.mailboxes = { queue, delivering: withoutRow(delivering, id), waiting };
  ctx.mta.queuedCopies -= 1;
  forgetCopies(ctx, copy.entry, [id]);
  count(ctx, copy.destination.to === 'dead-letter' ? 'deadLetters' : 'delivered');
  deliverNext(ctx);
}

/**
 * A delivery has failed.
 * @returns the copy when it has left the mailboxes, because its retries have ended, none would help, or it is damaged: the caller
 * must report on it.
 */
export function mailboxFailed(ctx: Context, failure: DeliveryFailure): LocalCopy | null {
  const { copy: id, detail, damaged = false, permanent = false } = failure;
  const copy = rowOf(ctx.mta.mailboxes.delivering, id);
  if (copy === undefined) return null;
  const { mailboxes, settings } = ctx.mta;
  const delivering = withoutRow(mailboxes.delivering, id);
  // A dead letter has no other place to go, so it is retried for ever.
  const isOver = permanent || copy.failures >= settings.maxTransferRetries;
  if (damaged || (isOver && copy.destination.to !== 'dead-letter')) {
    patchMta(ctx, { mailboxes: { ...mailboxes, delivering } });
    return copy;
  }
  const untilMs = ctx.nowMs + settings.transferRetryIntervalS * 1000;
  const problem = detail.slice(0, maxProblemLength);
  const waiting = putRow(mailboxes.waiting, { ...copy, failures: copy.failures + 1, untilMs, problem }, localDue);
  patchMta(ctx, { mailboxes: { ...mailboxes, delivering, waiting } });
  return null;
}

/** Requeues the copies that have waited long enough, or all of them when the operator says so. */
export function wakeMailboxes(ctx: Context, everything: boolean): void {
  const { waiting } = ctx.mta.mailboxes;
  for (const copy of everything ? rowsIn(waiting) : dueRows(waiting, ctx.nowMs, localDue)) {
    const { mailboxes } = ctx.mta;
    patchMta(ctx, { mailboxes: { ...mailboxes, waiting: dropRow(mailboxes.waiting, copy.id, localDue) } });
    addMailboxCopy(ctx, { ...copy, untilMs: null });
  }
}

/** Number of copies still on their way into mailboxes of this MTA. */
export function mailboxCopies({ mailboxes }: Mta): number {
  return mailboxes.queue.size + mailboxes.delivering.length + mailboxes.waiting.size;
}
