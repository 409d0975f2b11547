/**
 * Receives activities: stores each segment, confirms it once it is on disk, and recognises an activity that comes a second time.
 */

import { rowOf, withoutRow, withRow } from '../../collections/table.js';
import { findRow, putRow } from '../../collections/tree.js';
import type { ReplyTo } from '../../links/link.js';
import type { Context } from '../../machine/context.js';
import type { Mutable } from '../../machine/copies.js';
import type { Association, AssociationRef, Incoming, Mta, PendingStore } from '../../machine/state.js';
import {
  associationOf,
  count,
  countAt,
  draftAssociation,
  emit,
  entryAt,
  linkOf,
  patchAssociation,
  patchEntry,
  storeFor,
  takeNumber,
} from '../../machine/update.js';
import { acceptMessage, hasLoop } from '../../mail/accept.js';
import { mailboxCopies } from '../../mail/mailboxes.js';
import { withTrace } from '../../mail/message.js';
import { countCopies } from '../../mail/queue.js';
import { routeOf } from '../../mail/routing.js';
import type { AbortReason, Rttr, TransferAnswer } from '../apdu.js';
import { protocolError } from '../association/end.js';
import { lifetimeFromNow } from '../association/lifetime.js';
import { changeTurn } from '../transitions.js';
import { cannotRemember, wasReceived } from './settlement.js';
import { hasRoom, noLongerAwaited, nowStoring } from './storing.js';

/** Most interrupted transfers of one peer that wait for a resumption. Beyond that, the oldest is dropped. */
const maxInterrupted = 64;

/** Answers an RTTR or a discard. */
export function reply(ctx: Context, entryId: number, { conn, serial }: ReplyTo, answer: TransferAnswer): void {
  linkOf(ctx, entryId).answer(ctx, { conn, serial }, answer);
}

/** An RTTR has come. */
export function rttrReceived(ctx: Context, ref: AssociationRef, to: ReplyTo, apdu: Rttr): void {
  if (!changeTurn(ctx, ref, 'transfer-received')) {
    protocolError(ctx, ref, 'rttr');
    return;
  }
  const association = draftAssociation(ctx, ref) as Mutable<Association>;
  association.wantsClose = false;
  association.lifetimeAtMs = lifetimeFromNow(ctx, ref.entry, association);
  const sender = entryAt(ctx, ref.entry).peer?.storeUuid ?? '';
  if (wasReceived(ctx.mta, sender, apdu.activity)) {
    countAt(ctx, ref.entry, { duplicates: 1 });
    reply(ctx, ref.entry, to, {
      kind: 'confirm',
      activity: apdu.activity,
      upTo: apdu.offset + apdu.content.length,
      stored: true,
    });
    return;
  }
  const token = findRow(entryAt(ctx, ref.entry).storing, apdu.activity)?.token;
  const storing = token === undefined ? undefined : findRow(ctx.mta.stores, token);
  if (token !== undefined && storing?.purpose === 'reception' && storing.sender === sender) {
    countAt(ctx, ref.entry, { duplicates: 1 });
    nowStoring(ctx, ref, apdu.activity, token);
    const replies = [...storing.replies, { association: ref.association, ...to }];
    ctx.mta.stores = putRow(ctx.mta.stores, { ...storing, replies });
    return;
  }
  // The sender has long lost the association of this RTTR, and has since given the copy up or moved it. It does not wait for the
  // answer.
  if (apdu.activity < (entryAt(ctx, ref.entry).peer?.settledBelow ?? 0)) {
    refuse(ctx, ref.entry, to, apdu.activity, 'unrecognizedActivity');
    return;
  }
  const row = apdu.start === undefined ? continued(ctx, ref, to, apdu) : begun(ctx, ref, to, apdu);
  if (row === null) return;
  if (apdu.last) storeWhole(ctx, ref, to, apdu, row, sender);
  else storeSegment(ctx, ref, to, apdu, row);
}

function refuse(ctx: Context, entryId: number, to: ReplyTo, activity: number, reason: AbortReason): null {
  noLongerAwaited(ctx, entryId, activity);
  reply(ctx, entryId, to, { kind: 'refuse', activity, reason });
  return null;
}

function breach(ctx: Context, ref: AssociationRef, what: string): null {
  protocolError(ctx, ref, what);
  return null;
}

/**
 * Is there too little room for a copy for each of these recipients? If all recipients have mailboxes here, mail for other MTAs
 * does not count. Otherwise two MTAs that are full of mail for each other would refuse each other's mail for ever.
 */
function isFullFor(mta: Mta, recipients: readonly string[]): boolean {
  const room = mta.settings.maxQueuedCopies - recipients.length;
  if (mta.queuedCopies <= room) return false;
  return mailboxCopies(mta) > room || recipients.some((recipient) => routeOf(mta, recipient)?.to !== 'mailbox');
}

/** The first segment on this association: the start of an activity, or its resumption. */
function begun(ctx: Context, ref: AssociationRef, to: ReplyTo, apdu: Rttr): Incoming | null {
  const { settings } = ctx.mta;
  const entry = entryAt(ctx, ref.entry);
  const start = apdu.start as NonNullable<Rttr['start']>;
  const { recipients } = start;
  if (!hasRoom(ctx, ref, apdu.activity)) {
    const { activitiesInFlight: agreed } = associationOf(ctx, ref) as Association;
    return breach(ctx, ref, agreed === 1 ? 'rttr of a second activity' : `rttr of an activity beyond the ${agreed} agreed`);
  }
  const known = rowOf(entry.incoming, apdu.activity);
  if (apdu.offset > 0) {
    if (known === undefined || known.kept < apdu.offset) return refuse(ctx, ref.entry, to, apdu.activity, 'unrecognizedActivity');
    return { ...known, association: ref.association, arrived: apdu.offset, kept: apdu.offset, unconfirmed: 0, untilMs: null };
  }
  if (known !== undefined) dropIncoming(ctx, ref.entry, known);
  if (start.sizeBytes > settings.maxMessageBytes) return refuse(ctx, ref.entry, to, apdu.activity, 'permanentProblem');
  if (recipients.length === 0 || isFullFor(ctx.mta, recipients) || cannotRemember(ctx.mta, entry.peer?.storeUuid ?? '')) {
    return refuse(ctx, ref.entry, to, apdu.activity, 'temporaryProblem');
  }
  const interrupted = entry.incoming.filter((row) => row.untilMs !== null && row.id !== apdu.activity);
  if (interrupted.length >= maxInterrupted) {
    const oldest = interrupted.reduce((one, other) => ((other.untilMs ?? 0) < (one.untilMs ?? 0) ? other : one));
    dropIncoming(ctx, ref.entry, oldest);
  }
  return {
    id: apdu.activity,
    association: ref.association,
    content: takeNumber(ctx),
    arrived: 0,
    kept: 0,
    unconfirmed: 0,
    envelope: withTrace(start, start.trace),
    recipients,
    untilMs: null,
  };
}

/** A later segment: it must follow the one before. */
function continued(ctx: Context, ref: AssociationRef, to: ReplyTo, apdu: Rttr): Incoming | null {
  const row = rowOf(entryAt(ctx, ref.entry).incoming, apdu.activity);
  // The activity was refused before, or another association has taken it over: this segment comes too late.
  if (row === undefined || row.association !== ref.association)
    return refuse(ctx, ref.entry, to, apdu.activity, 'unrecognizedActivity');
  if (row.arrived !== apdu.offset) return breach(ctx, ref, `rttr at octet ${apdu.offset}, expected ${row.arrived}`);
  const { windowSize } = associationOf(ctx, ref) as Association;
  if (row.unconfirmed >= windowSize) return breach(ctx, ref, `rttr beyond the window of ${windowSize}`);
  return row;
}

function storeSegment(ctx: Context, ref: AssociationRef, to: ReplyTo, apdu: Rttr, row: Incoming): void {
  const arrived = row.arrived + apdu.content.length;
  if (apdu.content.length === 0 || arrived >= row.envelope.sizeBytes) {
    breach(ctx, ref, `rttr of ${apdu.content.length} octets that is not the last`);
    return;
  }
  const next: Incoming = { ...row, arrived, unconfirmed: row.unconfirmed + 1 };
  patchEntry(ctx, ref.entry, { incoming: withRow(entryAt(ctx, ref.entry).incoming, next) });
  storeFor(
    ctx,
    {
      purpose: 'segment',
      entry: ref.entry,
      activity: row.id,
      content: row.content,
      upTo: arrived,
      association: ref.association,
      ...to,
    },
    { segments: [{ content: row.content, offset: apdu.offset, handle: apdu.content }] },
  );
}

function storeWhole(ctx: Context, ref: AssociationRef, to: ReplyTo, apdu: Rttr, row: Incoming, sender: string): void {
  if (row.arrived + apdu.content.length !== row.envelope.sizeBytes) {
    breach(ctx, ref, `rttr that ends at octet ${row.arrived + apdu.content.length} of ${row.envelope.sizeBytes}`);
    return;
  }
  const looped = hasLoop(ctx, row.envelope);
  if (looped) count(ctx, 'loopsDetected');
  const trace = [...row.envelope.trace, { mta: ctx.mta.name, atMs: ctx.nowMs }];
  const { messages, render, contentUnused } = acceptMessage(
    ctx,
    withTrace(row.envelope, trace),
    row.recipients,
    row.content,
    looped,
  );
  const entry = entryAt(ctx, ref.entry);
  if (rowOf(entry.incoming, row.id) !== undefined) patchEntry(ctx, ref.entry, { incoming: withoutRow(entry.incoming, row.id) });
  countCopies(
    ctx,
    messages.reduce((sum, message) => sum + message.copies.length, 0),
  );
  const replies = [{ association: ref.association, conn: to.conn, serial: to.serial }];
  nowStoring(ctx, ref, row.id, ctx.mta.nextToken);
  storeFor(
    ctx,
    {
      purpose: 'reception',
      entry: ref.entry,
      sender,
      activity: row.id,
      envelope: row.envelope,
      messages,
      replies,
      settled: false,
    },
    {
      accept: messages,
      segments: [{ content: row.content, offset: apdu.offset, handle: apdu.content }],
      received: { sender, activity: row.id },
      render,
    },
  );
  if (contentUnused) emit(ctx, { type: 'drop-content', content: row.content });
}

/** A segment is on disk: confirms it, even if the rest of its message was on disk first. */
export function segmentStored(ctx: Context, pending: Extract<PendingStore, { purpose: 'segment' }>): void {
  const entry = entryAt(ctx, pending.entry);
  const row = rowOf(entry.incoming, pending.activity);
  if (row !== undefined && row.association === pending.association && row.content === pending.content) {
    const next: Incoming = { ...row, kept: Math.max(row.kept, pending.upTo), unconfirmed: Math.max(0, row.unconfirmed - 1) };
    patchEntry(ctx, pending.entry, { incoming: withRow(entry.incoming, next) });
    patchAssociation(ctx, pending, { fruitlessLosses: 0 });
  }
  reply(ctx, pending.entry, pending, { kind: 'confirm', activity: pending.activity, upTo: pending.upTo, stored: false });
}

/** A segment could not be stored: drops the activity, and the sender tries again later. */
export function segmentNotStored(ctx: Context, pending: Extract<PendingStore, { purpose: 'segment' }>): void {
  const row = rowOf(entryAt(ctx, pending.entry).incoming, pending.activity);
  if (row?.content === pending.content) dropIncoming(ctx, pending.entry, row);
  refuse(ctx, pending.entry, pending, pending.activity, 'temporaryProblem');
}

/** The sender gives its activity up. If the message is being stored already, it stays: its next copy counts as a duplicate. */
export function discardReceived(ctx: Context, ref: AssociationRef, to: ReplyTo, activity: number): void {
  const row = rowOf(entryAt(ctx, ref.entry).incoming, activity);
  if (row !== undefined && row.association === ref.association) dropIncoming(ctx, ref.entry, row);
  noLongerAwaited(ctx, ref.entry, activity);
  reply(ctx, ref.entry, to, { kind: 'discarded', activity });
}

export function dropIncoming(ctx: Context, entryId: number, row: Incoming): void {
  patchEntry(ctx, entryId, { incoming: withoutRow(entryAt(ctx, entryId).incoming, row.id) });
  emit(ctx, { type: 'drop-content', content: row.content });
}
