/**
 * Sends activities, one after the other on an association: each in segments of the checkpoint size, at most a window of them
 * unconfirmed. If both sides agree, the next activity begins before the one in front of it is confirmed.
 */

import type { ConnectorSettings } from '../../catalogues/settings.js';
import { appended } from '../../collections/table.js';
import type { Context } from '../../machine/context.js';
import type { Mutable } from '../../machine/copies.js';
import type { Association, AssociationRef, QueuedCopy, Transfer } from '../../machine/state.js';
import {
  associationOf,
  draftAssociation,
  draftCounters,
  draftEntry,
  entryAt,
  forgetCopies,
  linkOf,
  patchAssociation,
  patchEntry,
  report,
} from '../../machine/update.js';
import { describeActivity, type Priority, type TransferEnvelope, transferEnvelope } from '../../mail/message.js';
import { giveUp } from '../../mail/nondelivery.js';
import { countCopies, countOut, returnCopy, takeCopy } from '../../mail/queue.js';
import type { Rttr, TransferAnswer } from '../apdu.js';
import { protocolError } from '../association/end.js';
import { lifetimeFromNow } from '../association/lifetime.js';
import { changeTurn } from '../transitions.js';
import { transferFailed } from './interrupt.js';
import { dropTransfer, putTransfer, transferOf, withSegment } from './outgoing.js';
import { nameLater } from './settlement.js';

/** Milliseconds before the retry of a discard for which the connection had no room. */
const noRoomMs = 1000;

/** The setting with the transfer timeout of each priority, in seconds per kilobyte. */
const timeoutSetting = {
  urgent: 'transferTimeoutUrgentSPerK',
  normal: 'transferTimeoutNormalSPerK',
  'non-urgent': 'transferTimeoutNonUrgentSPerK',
} as const satisfies Record<Priority, keyof ConnectorSettings>;

function timeoutS(settings: ConnectorSettings, copy: QueuedCopy): number {
  const { priority, sizeBytes } = copy.envelope;
  return settings[timeoutSetting[priority]] * Math.max(1, Math.ceil(sizeBytes / 1024));
}

/** The copy for its transfer, without the confirmed octets: the transfer counts those now. */
function inTransfer(copy: QueuedCopy): QueuedCopy {
  const { id, content, envelope, recipients, failures, sentWhole, strayed, interruptions } = copy;
  const taken = { id, content, envelope, recipients, failures, confirmedUpTo: 0, confirmedUntilMs: null, sentWhole };
  if (strayed === undefined && interruptions === undefined) return taken;
  return { ...taken, ...(strayed === undefined ? {} : { strayed }), ...(interruptions === undefined ? {} : { interruptions }) };
}

/** Takes a copy from its queue and starts its activity, or resumes it from the last checkpoint the peer confirmed. */
export function startTransfer(ctx: Context, ref: AssociationRef, copy: QueuedCopy): void {
  takeCopy(ctx, ref.entry, copy);
  const association = associationOf(ctx, ref) as Association;
  const kept = copy.confirmedUntilMs !== null && copy.confirmedUntilMs > ctx.nowMs ? copy.confirmedUpTo : 0;
  const transfer: Transfer = {
    id: copy.id,
    copy: inTransfer(copy),
    order: association.begun,
    sentUpTo: kept,
    confirmedUpTo: kept,
    ended: false,
    started: false,
    unconfirmed: [],
    deadlineMs: ctx.nowMs + timeoutS(entryAt(ctx, ref.entry).settings, copy) * 1000,
    discarding: false,
  };
  const asked = association.turn === 'asked-of';
  if (!changeTurn(ctx, ref, 'transfer-sent')) return;
  const draft = draftAssociation(ctx, ref) as Mutable<Association>;
  draft.begun += 1;
  draft.wantsClose = false;
  draft.lifetimeAtMs = lifetimeFromNow(ctx, ref.entry, draft);
  if (asked) draft.transfersSinceAsked += 1;
  // The first APDU may name the lowest activity that is not settled, and this is one of them.
  draft.sending = transfer.id;
  sendSegments(ctx, ref, transfer);
}

/** Counts a message that has moved at its association, if that still exists, and clears the earlier open failures. */
export function countMoved(ctx: Context, ref: AssociationRef): void {
  const association = draftAssociation(ctx, ref);
  if (association !== undefined) {
    association.moved += 1;
    association.fruitlessLosses = 0;
  }
  if (entryAt(ctx, ref.entry).openFailures > 0) patchEntry(ctx, ref.entry, { openFailures: 0 });
}

/**
 * How much content the next segment may carry: what the checkpoint size leaves beside the envelope, but at least a quarter of it.
 * @param start the envelope in this segment, if it is the first one on this association.
 */
function roomFor(ctx: Context, ref: AssociationRef, start: TransferEnvelope | undefined, offset: number): number {
  const { checkpointSizeK } = associationOf(ctx, ref) as Association;
  if (checkpointSizeK === 0) return Number.POSITIVE_INFINITY;
  const most = checkpointSizeK * 1024;
  if (start === undefined || offset > 0) return most;
  return Math.max(Math.ceil(most / 4), most - linkOf(ctx, ref.entry).headRoom(ctx, ref, start));
}

/** Sends as many segments as the window permits. If the link has no room, the next answer of the peer makes some. */
function sendSegments(ctx: Context, ref: AssociationRef, from: Transfer): void {
  const { windowSize } = associationOf(ctx, ref) as Association;
  let transfer = from;
  while (!transfer.ended && !transfer.discarding && transfer.unconfirmed.length < windowSize) {
    const { id, copy, order, confirmedUpTo, deadlineMs, discarding } = transfer;
    const { sizeBytes } = copy.envelope;
    const start = transfer.started ? undefined : transferEnvelope(copy.envelope, copy.recipients);
    const length = Math.min(roomFor(ctx, ref, start, transfer.sentUpTo), sizeBytes - transfer.sentUpTo);
    const last = transfer.sentUpTo + length === sizeBytes;
    const offset = transfer.sentUpTo;
    const apdu: Mutable<Rttr> = {
      kind: 'rttr',
      activity: id,
      offset,
      content: { content: copy.content, offset, length },
      last,
    };
    if (start !== undefined) apdu.start = start;
    const serial = linkOf(ctx, ref.entry).send(ctx, ref, apdu);
    if (serial === null) break;
    const unconfirmed = appended(transfer.unconfirmed, serial);
    const sentUpTo = offset + length;
    transfer = { id, copy, order, sentUpTo, confirmedUpTo, ended: last, started: true, unconfirmed, deadlineMs, discarding };
  }
  putTransfer(ctx, ref, transfer);
}

/** The answer to an RTTR or a discard has come. It names its activity; an answer for an activity that is over is ignored. */
export function transferAnswered(ctx: Context, ref: AssociationRef, serial: number, answer: TransferAnswer): void {
  const transfer = transferOf(ctx, ref, answer.activity);
  if (transfer !== undefined) activityAnswered(ctx, ref, serial, answer, transfer);
  // The window or the link has room again.
  const sending = associationOf(ctx, ref)?.sending ?? null;
  const current = sending === null ? undefined : transferOf(ctx, ref, sending);
  if (current !== undefined) sendSegments(ctx, ref, current);
}

function activityAnswered(ctx: Context, ref: AssociationRef, serial: number, answer: TransferAnswer, transfer: Transfer): void {
  if (answer.kind === 'discarded') {
    if (transfer.discarding) transferFailed(ctx, ref, transfer, 'The transfer took longer than its timeout allows.');
    return;
  }
  if (!transfer.unconfirmed.includes(serial)) return;
  if (answer.kind === 'refuse') {
    refused(ctx, ref, transfer, answer.reason);
  } else if (answer.stored) {
    transferred(ctx, ref, transfer);
  } else if (answer.upTo > transfer.sentUpTo) {
    protocolError(ctx, ref, `confirmation of ${answer.upTo} octets, ${transfer.sentUpTo} sent`);
  } else {
    const { interruptions: _, ...copy } = transfer.copy;
    const unconfirmed = transfer.unconfirmed.filter((each) => each !== serial);
    const confirmedUpTo = Math.max(transfer.confirmedUpTo, answer.upTo);
    putTransfer(ctx, ref, { ...transfer, copy, unconfirmed, confirmedUpTo });
    patchAssociation(ctx, ref, { fruitlessLosses: 0 });
  }
}

/** The receiver has the whole message on disk, so the copy can leave our store. */
function transferred(ctx: Context, ref: AssociationRef, transfer: Transfer): void {
  const { copy } = transfer;
  dropTransfer(ctx, ref, transfer.id);
  countMoved(ctx, ref);
  draftEntry(ctx, ref.entry).lastError = null;
  countOut(ctx, ref.entry, copy);
  countCopies(ctx, -1);
  const counters = draftCounters(ctx, ref.entry);
  counters.messagesOut += 1;
  counters.bytesOut += copy.envelope.sizeBytes;
  // A strayed copy may still arrive a second time over its old connection, so the receiver must go on remembering it.
  forgetCopies(ctx, ref.entry, [copy.id], copy.strayed !== true);
  const entry = entryAt(ctx, ref.entry);
  const { priority, mtsId, sizeBytes } = copy.envelope;
  report(ctx, 271, {
    object: describeActivity(copy.id),
    entity: entry.name,
    priority,
    mtsId,
    length: sizeBytes,
    count: entry.counters.messagesOut,
  });
}

function refused(ctx: Context, ref: AssociationRef, transfer: Transfer, reason: string): void {
  if (reason === 'unrecognizedActivity' && transfer.confirmedUpTo > 0 && transfer.copy.damage === undefined) {
    startAgain(ctx, ref, transfer);
  } else if (reason === 'permanentProblem') {
    const copy = { ...transfer.copy, sentWhole: false };
    dropTransfer(ctx, ref, transfer.id);
    giveUp(ctx, ref.entry, copy, 'content-too-long', 'The next MTA refused the message for good.');
  } else {
    const suspicion = reason === 'invalidParameter' ? 'the next MTA found that the content does not match its digest' : undefined;
    transferFailed(ctx, ref, transfer, `The next MTA refused the transfer (${reason}).`, true, suspicion);
  }
}

/** The receiver has dropped what it had of a resumed activity: it starts again: at once, or after the one that is being sent. */
function startAgain(ctx: Context, ref: AssociationRef, transfer: Transfer): void {
  const { sending } = associationOf(ctx, ref) as Association;
  if (sending === null || sending === transfer.id) {
    const again = { ...transfer, sentUpTo: 0, confirmedUpTo: 0, ended: false, started: false, unconfirmed: [] };
    putTransfer(ctx, ref, again);
    patchAssociation(ctx, ref, { sending: transfer.id });
    return;
  }
  dropTransfer(ctx, ref, transfer.id);
  returnCopy(ctx, ref.entry, transfer.copy);
}

/**
 * A segment has not left, because its content cannot be read. Gives the activity up; the message is set aside when that is over.
 * @param settled the copies that the segment would have named as settled.
 */
export function segmentUnreadable(
  ctx: Context,
  ref: AssociationRef,
  serial: number,
  settled: readonly number[],
  damage: string,
): void {
  nameLater(ctx, ref.entry, settled);
  const association = associationOf(ctx, ref);
  const transfer = association === undefined ? undefined : withSegment(association, serial);
  if (transfer === undefined) return;
  const unconfirmed = transfer.unconfirmed.filter((each) => each !== serial);
  const copy = { ...transfer.copy, damage: transfer.copy.damage ?? damage };
  putTransfer(ctx, ref, { ...transfer, copy, unconfirmed, ended: false });
  discardTransfer(ctx, ref, transfer.id);
}

/** Gives an activity up, and sends the receiver a discard: the transfer timeout has passed, or the content is damaged. */
export function discardTransfer(ctx: Context, ref: AssociationRef, activity: number): void {
  const transfer = transferOf(ctx, ref, activity);
  if (transfer === undefined || transfer.discarding) return;
  const reason = transfer.copy.damage === undefined ? 'temporaryProblem' : 'localSystemProblem';
  const sent = linkOf(ctx, ref.entry).send(ctx, ref, { kind: 'discard', activity, reason });
  // The link accepts no more unanswered APDUs. It has room again when one is answered or given up.
  const next = sent === null ? { deadlineMs: ctx.nowMs + noRoomMs } : { discarding: true };
  putTransfer(ctx, ref, { ...transfer, ...next });
}
