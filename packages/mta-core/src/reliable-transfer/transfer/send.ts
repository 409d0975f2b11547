/** The outgoing activity: one copy at a time on an association, in segments of a checkpoint, at most a window of them open. */

import { rpcCall } from '../../links/rpc/runtime.js';
import type { Owner } from '../../links/rpc/state.js';
import type { Context } from '../../machine/context.js';
import type { Association, QueuedCopy, Transfer } from '../../machine/state.js';
import { associationOf, countAt, entryAt, forgetCopies, patchAssociation, patchEntry, report } from '../../machine/update.js';
import { type TransferEnvelope, viewCopyId } from '../../mail/message.js';
import { giveUp } from '../../mail/nondelivery.js';
import { countCopies, countOut, takeCopy } from '../../mail/queue.js';
import type { Rttr, SendAnswer, SendApdu } from '../apdu.js';
import { abortAssociation } from '../association/end.js';
import { turnBecomes } from '../transitions.js';
import { transferFailed } from './interrupt.js';
import { takeSettled } from './settled.js';

/** When a discard for which there is no room on the connection is tried again. */
const noRoomMs = 1000;

/** Send an APDU on the data connection. @returns the call, or null when the connection is not there. */
export function sendApdu(ctx: Context, ref: Owner, apdu: SendApdu): number | null {
  const conn = associationOf(ctx, ref)?.data.conn;
  if (conn === undefined || conn === null) return null;
  return rpcCall(ctx, conn, { op: 'MtaSend', apdu, settled: takeSettled(ctx, ref.entry) });
}

function timeoutS(ctx: Context, copy: QueuedCopy): number {
  const { settings } = ctx.mta;
  const perK = {
    urgent: settings.transferTimeoutUrgentSPerK,
    normal: settings.transferTimeoutNormalSPerK,
    'non-urgent': settings.transferTimeoutNonUrgentSPerK,
  }[copy.envelope.priority];
  return perK * Math.max(1, Math.ceil(copy.envelope.sizeBytes / 1024));
}

/** Take a copy from its queue and start its activity, or resume it from the last checkpoint the peer confirmed. */
export function startTransfer(ctx: Context, ref: Owner, copy: QueuedCopy): void {
  takeCopy(ctx, ref.entry, copy);
  const association = associationOf(ctx, ref) as Association;
  const kept = copy.confirmedUntilMs !== null && copy.confirmedUntilMs > ctx.nowMs ? copy.confirmedUpTo : 0;
  const transfer: Transfer = {
    copy: { ...copy, confirmedUpTo: 0, confirmedUntilMs: null },
    sentUpTo: kept,
    confirmedUpTo: kept,
    ended: false,
    started: false,
    calls: [],
    deadlineMs: ctx.nowMs + timeoutS(ctx, copy) * 1000,
    discarding: false,
  };
  const asked = association.turn === 'asked-of';
  turnBecomes(ctx, ref, 'transfer-sent', {
    transfer,
    wantsClose: false,
    ...lifetime(ctx, association),
    ...(asked ? { transfersSinceAsked: association.transfersSinceAsked + 1 } : {}),
  });
  sendSegments(ctx, ref);
}

/** Credit a message that has moved to the association it moved on, if that still lives. Earlier open failures are made good. */
export function countMoved(ctx: Context, ref: Owner): void {
  const association = associationOf(ctx, ref);
  if (association !== undefined) patchAssociation(ctx, ref, { moved: association.moved + 1 });
  if (entryAt(ctx, ref.entry).openFailures > 0) patchEntry(ctx, ref.entry, { openFailures: 0 });
}

/** Lifetime runs anew from now, at the side that will close. */
export function lifetime(ctx: Context, association: Association): Pick<Association, 'lifetimeAtMs'> {
  const lifetimeAtMs = association.role === 'initiator' ? ctx.nowMs + ctx.mta.settings.associationLifetimeS * 1000 : null;
  return { lifetimeAtMs };
}

/** Send as many segments as the window permits. */
function sendSegments(ctx: Context, ref: Owner): void {
  for (;;) {
    const association = associationOf(ctx, ref);
    const transfer = association?.transfer;
    if (association === undefined || transfer === null || transfer === undefined) return;
    if (transfer.ended || transfer.discarding || transfer.calls.length >= association.windowSize) return;
    const { copy } = transfer;
    const { sizeBytes } = copy.envelope;
    const most = association.checkpointSizeK === 0 ? sizeBytes : association.checkpointSizeK * 1024;
    const length = Math.min(most, sizeBytes - transfer.sentUpTo);
    const last = transfer.sentUpTo + length === sizeBytes;
    const start: TransferEnvelope = { ...copy.envelope, recipients: copy.recipients };
    const apdu: Rttr = {
      kind: 'rttr',
      activity: copy.id,
      offset: transfer.sentUpTo,
      content: { content: copy.content, offset: transfer.sentUpTo, length },
      last,
      ...(transfer.started ? {} : { start }),
    };
    const call = sendApdu(ctx, ref, apdu);
    if (call === null) return;
    const calls = [...transfer.calls, call];
    patchAssociation(ctx, ref, {
      transfer: { ...transfer, sentUpTo: transfer.sentUpTo + length, ended: last, started: true, calls },
    });
  }
}

/** An MtaSend of ours was answered. Answers of activities that are over already are of no interest. */
export function sendAnswered(ctx: Context, ref: Owner, call: number, answer: SendAnswer): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  // This may be the answer that a close has waited for: the entry counts as changed.
  if (association.wantsClose) patchAssociation(ctx, ref, {});
  if (answer.kind === 'please-noted') return;
  if (answer.kind === 'turn-give-ack') {
    if (!turnBecomes(ctx, ref, 'give-acknowledged')) protocolError(ctx, ref, association, 'turn-give-ack');
    return;
  }
  const { transfer } = association;
  if (transfer === null || transfer.copy.id !== answer.activity) return;
  if (answer.kind === 'discarded') {
    if (transfer.discarding) transferFailed(ctx, ref, 'The transfer took longer than its timeout allows.');
    return;
  }
  if (!transfer.calls.includes(call)) return;
  const calls = transfer.calls.filter((each) => each !== call);
  if (answer.kind === 'refuse') {
    refused(ctx, ref, transfer, answer.reason);
  } else if (answer.stored) {
    transferred(ctx, ref, transfer);
  } else if (answer.upTo > transfer.sentUpTo) {
    protocolError(ctx, ref, association, `confirmation of ${answer.upTo} octets, ${transfer.sentUpTo} sent`);
  } else {
    patchAssociation(ctx, ref, {
      transfer: { ...transfer, calls, confirmedUpTo: Math.max(transfer.confirmedUpTo, answer.upTo) },
    });
    sendSegments(ctx, ref);
  }
}

/** The receiver has the whole message on disk: it can leave our store. */
function transferred(ctx: Context, ref: Owner, transfer: Transfer): void {
  const { copy } = transfer;
  patchAssociation(ctx, ref, { transfer: null });
  countMoved(ctx, ref);
  countOut(ctx, ref.entry, copy);
  countCopies(ctx, -1);
  countAt(ctx, ref.entry, { messagesOut: 1, bytesOut: copy.envelope.sizeBytes });
  // One that was sent whole before may come once more, late, on the connection of then: the receiver must go on knowing it.
  forgetCopies(ctx, ref.entry, [copy.id], copy.strayed !== true);
  const entry = entryAt(ctx, ref.entry);
  const { priority, mtsId, sizeBytes } = copy.envelope;
  report(ctx, 271, {
    object: viewCopyId(copy.id),
    entity: entry.name,
    priority,
    mtsId,
    length: sizeBytes,
    count: entry.counters.messagesOut,
  });
}

function refused(ctx: Context, ref: Owner, transfer: Transfer, reason: string): void {
  if (reason === 'unrecognizedActivity' && transfer.confirmedUpTo > 0) {
    // The receiver has dropped what it had: start again, at once.
    patchAssociation(ctx, ref, {
      transfer: { ...transfer, sentUpTo: 0, confirmedUpTo: 0, ended: false, started: false, calls: [] },
    });
    sendSegments(ctx, ref);
  } else if (reason === 'permanentProblem') {
    const copy = { ...transfer.copy, sentWhole: false };
    patchAssociation(ctx, ref, { transfer: null });
    giveUp(ctx, ref.entry, copy, 'content-too-long', 'The next MTA refused the message for good.');
  } else {
    transferFailed(ctx, ref, `The next MTA refused the transfer (${reason}).`, true);
  }
}

/** The transfer timeout has passed: give the activity up, and say so to the receiver. */
export function discardTransfer(ctx: Context, ref: Owner): void {
  const transfer = associationOf(ctx, ref)?.transfer;
  if (transfer === undefined || transfer === null || transfer.discarding) return;
  const sent = sendApdu(ctx, ref, { kind: 'discard', activity: transfer.copy.id, reason: 'temporaryProblem' });
  // As many calls are outstanding as the connection may have: there is room when one of them is answered or cancelled.
  const next = sent === null ? { deadlineMs: ctx.nowMs + noRoomMs } : { discarding: true };
  patchAssociation(ctx, ref, { transfer: { ...transfer, ...next } });
}

export function protocolError(ctx: Context, ref: Owner, association: Association, what: string): void {
  abortAssociation(ctx, ref, 'protocolError', `${what} in state ${association.state}, Turn ${association.turn}`);
}
