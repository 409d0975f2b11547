/** What follows when the store has done its part, or could not. */

import { rowOf, withoutRow } from '../collections/table.js';
import { dropRow, findRow } from '../collections/tree.js';
import { describeActivity, type StoredMessage } from '../mail/message.js';
import { reportNotStored } from '../mail/nondelivery.js';
import { countCopies, enqueue } from '../mail/queue.js';
import { reply, segmentNotStored, segmentStored } from '../reliable-transfer/transfer/receive.js';
import { countMoved } from '../reliable-transfer/transfer/send.js';
import { nameLater, remember } from '../reliable-transfer/transfer/settlement.js';
import type { Context } from './context.js';
import type { Input } from './input.js';
import type { PendingStore } from './state.js';
import { checkThreshold, count, draftCounters, emit, entryAt, patchEntry, report } from './update.js';

function take(ctx: Context, token: number): PendingStore | undefined {
  const pending = findRow(ctx.mta.stores, token);
  if (pending === undefined) return undefined;
  ctx.mta.stores = dropRow(ctx.mta.stores, token);
  if (pending.purpose === 'reception') {
    const { storing } = entryAt(ctx, pending.entry);
    // Another store of the peer may have begun an activity of the same number meanwhile.
    if (rowOf(storing, pending.activity)?.token === token)
      patchEntry(ctx, pending.entry, { storing: withoutRow(storing, pending.activity) });
  }
  return pending;
}

function copiesIn(messages: readonly StoredMessage[]): number {
  return messages.reduce((sum, message) => sum + message.copies.length, 0);
}

/** The rendered report's length is known only now. */
function measured(messages: readonly StoredMessage[], bytes: number | undefined): readonly StoredMessage[] {
  if (bytes === undefined) return messages;
  return messages.map((message) =>
    message.envelope.sizeBytes === 0 && message.envelope.contentType === 'multipart/report'
      ? { ...message, envelope: { ...message.envelope, sizeBytes: bytes } }
      : message,
  );
}

function queueUp(ctx: Context, messages: readonly StoredMessage[]): void {
  for (const entryId of enqueue(ctx, messages)) checkThreshold(ctx, entryId);
}

export function storeDone(ctx: Context, input: Extract<Input, { type: 'stored' }>): void {
  const pending = take(ctx, input.token);
  if (pending === undefined) return;
  if (pending.purpose === 'segment') return segmentStored(ctx, pending);
  const messages = measured(pending.messages, input.renderedBytes);
  if (pending.purpose === 'submission') {
    if (input.known !== undefined) {
      countCopies(ctx, -copiesIn(messages));
      emit(ctx, { type: 'submitted', submissionId: pending.submissionId, mtsId: input.known, known: true });
      return;
    }
    count(ctx, 'submitted');
    emit(ctx, { type: 'submitted', submissionId: pending.submissionId, mtsId: pending.mtsId, known: false });
  } else if (pending.purpose === 'reception') {
    receptionStored(ctx, pending);
  } else {
    countCopies(ctx, -1);
  }
  queueUp(ctx, messages);
}

/** A message from an adjacent MTA is on disk: now, and not before, it is confirmed. */
function receptionStored(ctx: Context, pending: Extract<PendingStore, { purpose: 'reception' }>): void {
  const { sender, activity, entry, envelope } = pending;
  if (activity >= (entryAt(ctx, entry).peer?.settledBelow ?? 0)) remember(ctx, sender, activity);
  const { priority, mtsId, sizeBytes } = envelope;
  const counters = draftCounters(ctx, entry);
  counters.messagesIn += 1;
  counters.bytesIn += sizeBytes;
  for (const to of pending.replies) {
    reply(ctx, pending.entry, to, { kind: 'confirm', activity, upTo: sizeBytes, stored: true });
    countMoved(ctx, { entry, association: to.association });
  }
  const { name } = entryAt(ctx, entry);
  const object = describeActivity(pending.messages[0]?.copies[0]?.id ?? 0);
  report(ctx, 272, { object, entity: name, priority, mtsId, length: sizeBytes, count: counters.messagesIn });
}

export function storeFailed(ctx: Context, input: Extract<Input, { type: 'store-failed' }>): void {
  const pending = take(ctx, input.token);
  if (pending === undefined) return;
  if (pending.purpose === 'segment') return segmentNotStored(ctx, pending);
  countCopies(ctx, -copiesIn(pending.messages));
  const why = input.failure === 'full' ? 'the store is full' : 'the store cannot write';
  if (pending.purpose === 'submission') {
    const reason = `${why}: ${input.detail}`;
    emit(ctx, { type: 'submit-refused', submissionId: pending.submissionId, reason });
    for (const message of pending.messages) emit(ctx, { type: 'drop-content', content: message.content });
  } else if (pending.purpose === 'reception') {
    for (const message of pending.messages) emit(ctx, { type: 'drop-content', content: message.content });
    for (const to of pending.replies) {
      reply(ctx, pending.entry, to, { kind: 'refuse', activity: pending.activity, reason: 'temporaryProblem' });
    }
  } else {
    reportNotStored(ctx, pending.entry, pending.subject);
  }
}

/** Copies are erased for good: the receiver may be told to forget their ids. */
export function forgetDone(ctx: Context, token: number): void {
  const pending = findRow(ctx.mta.forgets, token);
  if (pending === undefined) return;
  ctx.mta.forgets = dropRow(ctx.mta.forgets, token);
  if (pending.entry !== null && pending.named) nameLater(ctx, pending.entry, pending.copies);
}
