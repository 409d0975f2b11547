/** Handles the store's answers: a write is done or has failed, copies are erased. */

import { dropRow, findRow } from '../collections/tree.js';
import { describeActivity, type StoredMessage } from '../mail/message.js';
import { reportNotStored } from '../mail/nondelivery.js';
import { countCopies, enqueue } from '../mail/queue.js';
import { reply, segmentNotStored, segmentStored } from '../reliable-transfer/transfer/receive.js';
import { countMoved } from '../reliable-transfer/transfer/send.js';
import { nameLater, remember } from '../reliable-transfer/transfer/settlement.js';
import { noLongerStoring } from '../reliable-transfer/transfer/storing.js';
import type { Context } from './context.js';
import type { Input, MeasuredContent, StoreFailure } from './input.js';
import type { PendingStore } from './state.js';
import { checkThreshold, count, draftCounters, emit, entryAt, report } from './update.js';

function take(ctx: Context, token: number): PendingStore | undefined {
  const pending = findRow(ctx.mta.stores, token);
  if (pending === undefined) return undefined;
  ctx.mta.stores = dropRow(ctx.mta.stores, token);
  if (pending.purpose === 'reception') {
    // Meanwhile the peer may have begun an activity of the same number with another store.
    const row = findRow(entryAt(ctx, pending.entry).storing, pending.activity);
    if (row?.token === token) noLongerStoring(ctx, pending.entry, row);
  }
  return pending;
}

function copiesIn(messages: readonly StoredMessage[]): number {
  return messages.reduce((sum, message) => sum + message.copies.length, 0);
}

/** Messages with the lengths and digests that the store has found. */
function withMeasures(
  messages: readonly StoredMessage[],
  measured: readonly MeasuredContent[] | undefined,
): readonly StoredMessage[] {
  if (measured === undefined) return messages;
  return messages.map((message) => {
    const found = measured.find(({ content }) => content === message.content);
    if (found === undefined) return message;
    const { sizeBytes, digest } = found;
    return { ...message, envelope: { ...message.envelope, sizeBytes, digest } };
  });
}

function queueUp(ctx: Context, messages: readonly StoredMessage[]): void {
  for (const entryId of enqueue(ctx, messages)) checkThreshold(ctx, entryId);
}

export function storeDone(ctx: Context, input: Extract<Input, { type: 'stored' }>): void {
  const pending = take(ctx, input.token);
  if (pending === undefined) return;
  if (pending.purpose === 'segment') return segmentStored(ctx, pending);
  const messages = withMeasures(pending.messages, input.measured);
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
    if (pending.subject.damage !== undefined) count(ctx, 'setAside');
  }
  queueUp(ctx, messages);
}

/** A message from an adjacent MTA is on disk: only now is it confirmed. */
function receptionStored(ctx: Context, pending: Extract<PendingStore, { purpose: 'reception' }>): void {
  const { sender, activity, entry, envelope } = pending;
  if (!pending.settled && activity >= (entryAt(ctx, entry).peer?.settledBelow ?? 0)) remember(ctx, sender, activity);
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

const failureInWords: Readonly<Record<StoreFailure, string>> = {
  full: 'the store is full',
  io: 'the store cannot write',
  damaged: 'the content is damaged',
};

export function storeFailed(ctx: Context, input: Extract<Input, { type: 'store-failed' }>): void {
  const pending = take(ctx, input.token);
  if (pending === undefined) return;
  if (pending.purpose === 'segment') return segmentNotStored(ctx, pending);
  countCopies(ctx, -copiesIn(pending.messages));
  if (pending.purpose === 'submission') {
    const reason = `${failureInWords[input.failure]}: ${input.detail}`;
    const refusal = input.failure === 'full' ? 'full' : 'store';
    emit(ctx, { type: 'submit-refused', submissionId: pending.submissionId, refusal, reason });
    for (const message of pending.messages) emit(ctx, { type: 'drop-content', content: message.content });
  } else if (pending.purpose === 'reception') {
    for (const message of pending.messages) emit(ctx, { type: 'drop-content', content: message.content });
    const { activity, envelope } = pending;
    if (input.failure === 'damaged')
      report(ctx, 2171, { databaseError: input.detail, object: describeActivity(activity), mtsId: envelope.mtsId });
    const reason = input.failure === 'damaged' ? 'invalidParameter' : 'temporaryProblem';
    for (const to of pending.replies) reply(ctx, pending.entry, to, { kind: 'refuse', activity, reason });
  } else {
    reportNotStored(ctx, pending);
  }
}

/** Copies are erased from disk: a later APDU may name them as settled, so that the receiver forgets their ids. */
export function forgetDone(ctx: Context, token: number): void {
  const pending = findRow(ctx.mta.forgets, token);
  if (pending === undefined) return;
  ctx.mta.forgets = dropRow(ctx.mta.forgets, token);
  if (pending.entry !== null && pending.named) nameLater(ctx, pending.entry, pending.copies);
}
