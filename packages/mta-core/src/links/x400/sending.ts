/** Sends APDUs over the session: tokens, and the activity that this side has under way with its checkpoints (X.228 7.3 to 7.8). */
import type { Context } from '../../machine/context.js';
import type { Input } from '../../machine/input.js';
import type { AssociationRef } from '../../machine/state.js';
import { associationOf, entryAt } from '../../machine/update.js';
import type { TransferEnvelope } from '../../mail/message.js';
import { type Discard, maxSettledNamed, type Rttr, type SendApdu } from '../../reliable-transfer/apdu.js';
import { connectionFor, connectionOf, putAnswered, putAsking, putConnection, transmit } from './connections.js';
import type { ActivityHead, X400Frame } from './frame.js';
import { headSizeBound } from './head-size.js';
import { dropInterrupted, interruptedOf } from './interrupted.js';
import type { SentActivity, X400Connection } from './state.js';

type Frame<Type extends X400Frame['type']> = Extract<X400Frame, { type: Type }>;

/** Sends an APDU, or holds it until the activity that ends has ended. @returns its number; null if it cannot be sent now. */
export function send(ctx: Context, ref: AssociationRef, apdu: SendApdu): number | null {
  const connection = connectionFor(ctx.mta, ref);
  if (connection?.phase !== 'up') return null;
  const { id, nextSerial: serial, held, sent } = connection;
  const head = apdu.kind === 'rttr' ? headOf(ctx, ref, apdu, serial === 1) : null;
  const next = { ...connection, nextSerial: serial + 1 };
  // A Turn-Please may be sent at any time; the rest waits for the end of the activity.
  const waits = apdu.kind !== 'turn-please' && (held.length > 0 || sent?.state === 'ending');
  putConnection(ctx, waits ? { ...next, held: [...held, { serial, apdu, head }] } : next);
  if (!waits) dispatch(ctx, id, serial, apdu, head);
  return serial;
}

/** The octets of the envelope in front of the content, so that the first segment keeps within the checkpoint size. */
export function headRoom(ctx: Context, { entry }: AssociationRef, envelope: TransferEnvelope): number {
  const settled = entryAt(ctx, entry).settling.slice(0, maxSettledNamed);
  return headSizeBound({ envelope, settled, settledBelow: 0 });
}

/** The head of an activity that starts. The watermark travels with the first one on a connection. */
function headOf(ctx: Context, { entry }: AssociationRef, { start, offset }: Rttr, isFirst: boolean): ActivityHead | null {
  if (start === undefined || offset > 0) return null;
  const settledBelow = isFirst ? ctx.user.credentials(ctx, entry).settledBelow : 0;
  return { envelope: start, settled: ctx.user.takeSettled(ctx, entry), settledBelow };
}

function dispatch(ctx: Context, conn: number, serial: number, apdu: SendApdu, head: ActivityHead | null): void {
  const connection = connectionOf(ctx.mta, conn) as X400Connection;
  switch (apdu.kind) {
    case 'turn-please':
      return transmit(ctx, conn, { type: 'please-tokens', priority: apdu.priority });
    case 'turn-give':
      putAsking(ctx, { ...connection, giving: true });
      return transmit(ctx, conn, { type: 'give-tokens-confirm' });
    case 'rttr':
      return sendSegment(ctx, connection, serial, apdu, head);
    case 'discard':
      return discard(ctx, connection, serial, apdu);
    case 'rtab':
      return transmit(ctx, conn, { type: 'abort', reason: apdu.reason });
  }
}

function sendSegment(ctx: Context, connection: X400Connection, serial: number, apdu: Rttr, head: ActivityHead | null): void {
  const before = apdu.start === undefined ? connection.sent : begun(ctx, connection, apdu);
  if (before === null) return;
  const number = before.sent + 1;
  const upTo = apdu.offset + apdu.content.length;
  const unconfirmed = [...before.unconfirmed, { serial, number, upTo, end: apdu.last }];
  putAsking(ctx, { ...connection, sent: { ...before, sent: number, unconfirmed } });
  const data = { type: 'data', content: apdu.content, checkpoint: number, end: apdu.last } as const;
  transmit(ctx, connection.id, head === null ? data : { ...data, head });
}

/** Starts an activity, or resumes it from a checkpoint that the receiver has confirmed. */
function begun(ctx: Context, { id, owner }: X400Connection, { activity, offset }: Rttr): SentActivity | null {
  const ref = owner as AssociationRef;
  const named = { entry: ref.entry, direction: 'sent', activity } as const;
  const known = interruptedOf(ctx, named);
  dropInterrupted(ctx, named);
  const beginning = { activity, state: 'sending', discard: null, unconfirmed: [] } as const;
  if (offset === 0) {
    transmit(ctx, id, { type: 'activity-start', activity });
    return { ...beginning, sent: 0, confirmed: { number: 0, offset: 0 } };
  }
  const confirmed = known?.points.find((point) => point.offset === offset);
  // Both are kept for the same time, so this is a fault of the program. The transfer timeout ends the activity.
  if (known === undefined || confirmed === undefined) return null;
  const { association, openedAtMs } = known;
  transmit(ctx, id, { type: 'activity-resume', activity, checkpoint: confirmed.number, association, openedAtMs });
  return { ...beginning, sent: confirmed.number, confirmed };
}

function discard(ctx: Context, connection: X400Connection, serial: number, { activity, reason }: Discard): void {
  const none = { sent: 0, unconfirmed: [], confirmed: { number: 0, offset: 0 } };
  putAsking(ctx, { ...connection, sent: { ...(connection.sent ?? none), activity, state: 'ending', discard: serial } });
  transmit(ctx, connection.id, { type: 'activity-discard', reason });
}

/** MINOR SYNC ACK has come: it confirms every checkpoint up to its own. */
export function checkpointConfirmed(ctx: Context, connection: X400Connection, { checkpoint }: Frame<'minor-sync-ack'>): void {
  const { sent } = connection;
  const ref = connection.owner as AssociationRef;
  const last = sent?.unconfirmed.find(({ number }) => number === checkpoint);
  if (sent?.state === 'ending') return putAnswered(ctx, connection);
  if (sent === null || last === undefined || last.end) return ctx.user.breached(ctx, ref, `minor-sync-ack ${checkpoint}`);
  const { activity, unconfirmed } = sent;
  const confirmed = { number: checkpoint, offset: last.upTo };
  const left = unconfirmed.filter(({ number }) => number > checkpoint);
  putAnswered(ctx, { ...connection, sent: { ...sent, unconfirmed: left, confirmed } });
  for (const { serial, number, upTo } of unconfirmed) {
    if (number > checkpoint || associationOf(ctx, ref) === undefined) continue;
    ctx.user.answered(ctx, ref, serial, { kind: 'confirm', activity, upTo, stored: false });
  }
}

/** ACTIVITY END ACK has come: the receiver has the message on disk. */
export function endConfirmed(ctx: Context, connection: X400Connection, { checkpoint }: Frame<'activity-end-ack'>): void {
  const { sent } = connection;
  const ref = connection.owner as AssociationRef;
  const last = sent?.unconfirmed.at(-1);
  if (sent === null || last === undefined || !last.end || last.number !== checkpoint)
    return ctx.user.breached(ctx, ref, `activity-end-ack ${checkpoint}`);
  // A DISCARD may have crossed it, and still wants its answer.
  putAnswered(ctx, { ...connection, sent: sent.state === 'ending' ? { ...sent, unconfirmed: [] } : null });
  ctx.user.answered(ctx, ref, last.serial, { kind: 'confirm', activity: sent.activity, upTo: last.upTo, stored: true });
}

/**
 * EXCEPTION has come: the receiver cannot go on. The sender ends the activity: it interrupts one that may succeed later, and
 * discards any other.
 */
export function exceptionArrived(ctx: Context, connection: X400Connection, { reason }: Frame<'exception'>): void {
  const { sent } = connection;
  const ref = connection.owner as AssociationRef;
  if (sent?.state === 'ending') return putAnswered(ctx, connection);
  const first = sent?.unconfirmed[0];
  if (sent === null || first === undefined) return ctx.user.breached(ctx, ref, `exception ${reason}`);
  const { activity } = sent;
  putAnswered(ctx, { ...connection, sent: { ...sent, state: 'ending', unconfirmed: [] } });
  const type = reason === 'temporaryProblem' ? 'activity-interrupt' : 'activity-discard';
  transmit(ctx, connection.id, { type, reason });
  const answer =
    reason === 'transferCompleted'
      ? ({ kind: 'confirm', activity, upTo: first.upTo, stored: true } as const)
      : ({ kind: 'refuse', activity, reason } as const);
  ctx.user.answered(ctx, ref, first.serial, answer);
}

/** The receiver has noted the end of the activity: what was held goes out. */
export function activityEnded(ctx: Context, connection: X400Connection, what: X400Frame['type']): void {
  const { sent, id } = connection;
  const ref = connection.owner as AssociationRef;
  if (sent?.state !== 'ending') return ctx.user.breached(ctx, ref, what);
  putAnswered(ctx, { ...connection, sent: null });
  if (sent.discard !== null) ctx.user.answered(ctx, ref, sent.discard, { kind: 'discarded', activity: sent.activity });
  for (;;) {
    const now = connectionOf(ctx.mta, id);
    const [first, ...held] = now?.held ?? [];
    if (now === undefined || first === undefined || now.sent?.state === 'ending') return;
    putConnection(ctx, { ...now, held });
    dispatch(ctx, id, first.serial, first.apdu, first.head);
  }
}

/** GIVE TOKENS ACK has come. */
export function giveConfirmed(ctx: Context, connection: X400Connection): void {
  const ref = connection.owner as AssociationRef;
  if (!connection.giving) return ctx.user.breached(ctx, ref, 'give-tokens-ack');
  putAnswered(ctx, { ...connection, giving: false });
  ctx.user.giveAcknowledged(ctx, ref);
}

/** A segment has not left, because its content cannot be read: nothing confirms it. */
export function unsent(
  ctx: Context,
  connection: X400Connection,
  given: Extract<Input, { type: 'unreadable'; link: 'x400' }>,
): void {
  const { frame, detail } = given;
  const { sent, owner } = connection;
  if (frame.type !== 'data' || owner === null || sent === null) return;
  const segment = sent.unconfirmed.find(({ number }) => number === frame.checkpoint);
  if (segment === undefined) return;
  const unconfirmed = sent.unconfirmed.filter((each) => each !== segment);
  putAnswered(ctx, { ...connection, sent: { ...sent, unconfirmed } });
  ctx.user.unreadable(ctx, owner, segment.serial, frame.head?.settled ?? [], detail);
}

/** Has the peer answered everything, and is nothing held? */
export function isQuiet(connection: X400Connection | undefined): boolean {
  return connection !== undefined && connection.sent === null && !connection.giving && connection.held.length === 0;
}
