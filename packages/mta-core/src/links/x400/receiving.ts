/** Receives activities over the session: start or resumption, data with checkpoints, interrupt and discard; and answers them. */
import { rowOf } from '../../collections/table.js';
import type { Context } from '../../machine/context.js';
import type { AssociationRef } from '../../machine/state.js';
import { associationOf, entryAt } from '../../machine/update.js';
import type { TransferEnvelope } from '../../mail/message.js';
import type { Confirm, Rttr, TransferAnswer } from '../../reliable-transfer/apdu.js';
import type { ReplyTo } from '../link.js';
import { connectionOf, putConnection, transmit } from './connections.js';
import type { ActivityHead, X400Frame } from './frame.js';
import { dropInterrupted, interruptedOf, keepInterrupted } from './interrupted.js';
import type { Checkpoint, ReceivedActivity, X400Connection } from './state.js';

type Frame<Type extends X400Frame['type']> = Extract<X400Frame, { type: Type }>;

/** Where an activity resumes that this side knows nothing of: beyond every message. */
const unknownOffset = 2 ** 52;

/** The envelope of an activity that this side knows nothing of. The reliable transfer refuses the activity, and reads none of it. */
const noEnvelope: TransferEnvelope = {
  mtsId: '',
  originator: '',
  priority: 'normal',
  contentType: '',
  submittedAtMs: 0,
  sizeBytes: 0,
  digest: '',
  trace: [],
  recipients: [],
};

function beginning(
  { lastData }: X400Connection,
  activity: number,
  follows: 'start' | 'resume',
  from: Checkpoint,
): ReceivedActivity {
  const { number } = from;
  const shift = lastData - number;
  return { activity, shift, state: 'receiving', points: [from], answered: number, early: [], follows, end: null };
}

/** ACTIVITY START has come. */
export function activityStarted(ctx: Context, connection: X400Connection, { activity }: Frame<'activity-start'>): void {
  const ref = connection.owner as AssociationRef;
  if (connection.received !== null) return ctx.user.breached(ctx, ref, 'activity-start');
  dropInterrupted(ctx, { entry: ref.entry, direction: 'received', activity });
  putConnection(ctx, { ...connection, received: beginning(connection, activity, 'start', { number: 0, offset: 0 }) });
}

/** ACTIVITY RESUME has come. What this side no longer knows is refused with the first data. */
export function activityResumed(ctx: Context, connection: X400Connection, frame: Frame<'activity-resume'>): void {
  const ref = connection.owner as AssociationRef;
  const { activity, checkpoint: number } = frame;
  if (connection.received !== null) return ctx.user.breached(ctx, ref, 'activity-resume');
  const named = { entry: ref.entry, direction: 'received', activity } as const;
  const point = interruptedOf(ctx, named)?.points.find((each) => each.number === number);
  dropInterrupted(ctx, named);
  const received = beginning(connection, activity, 'resume', point ?? { number, offset: unknownOffset });
  putConnection(ctx, { ...connection, received });
}

/** Data have come, with the checkpoint behind them. */
export function dataArrived(ctx: Context, connection: X400Connection, frame: Frame<'data'>): void {
  const ref = connection.owner as AssociationRef;
  const { received } = connection;
  const last = received?.points.at(-1);
  const breach = (): void => ctx.user.breached(ctx, ref, `data up to checkpoint ${frame.checkpoint}`);
  if (received === null || last === undefined) return breach();
  if (received.state === 'refused') return;
  const { activity, shift, follows, points } = received;
  const { content, checkpoint: number, end, head } = frame;
  if (received.end !== null || number !== last.number + 1 || (head !== undefined) !== (follows === 'start')) return breach();
  const { windowSize } = associationOf(ctx, ref) as { windowSize: number };
  const oldest = received.answered - windowSize;
  const kept = points.filter((point) => point.number >= oldest);
  const next = { ...received, points: [...kept, { number, offset: last.offset + content.length }], follows: null };
  const serial = shift + number;
  putConnection(ctx, { ...connection, lastData: serial, received: end ? { ...next, end: number } : next });
  if (head !== undefined && !watermark(ctx, ref, head)) return;
  const segment: Rttr = { kind: 'rttr', activity, offset: last.offset, content, last: end };
  const start = follows === null ? undefined : (head?.envelope ?? resumedEnvelope(ctx, ref, activity));
  const apdu = start === undefined ? segment : { ...segment, start };
  ctx.user.received(ctx, ref, { conn: connection.id, serial }, apdu, head?.settled ?? []);
}

/** Takes note of what the sender says is settled. @returns false if the association must not go on. */
function watermark(ctx: Context, ref: AssociationRef, { settledBelow }: ActivityHead): boolean {
  const { peer, name: mtaName, password } = entryAt(ctx, ref.entry);
  if (settledBelow === 0 || peer === null) return true;
  return ctx.user.introduced(ctx, ref, { ...peer, mtaName, password, settledBelow });
}

function resumedEnvelope(ctx: Context, { entry }: AssociationRef, activity: number): TransferEnvelope {
  const row = rowOf(entryAt(ctx, entry).incoming, activity);
  return row === undefined ? noEnvelope : { ...row.envelope, recipients: row.recipients };
}

/** ACTIVITY DISCARD has come. */
export function activityDiscarded(ctx: Context, connection: X400Connection, { reason }: Frame<'activity-discard'>): void {
  const ref = connection.owner as AssociationRef;
  const { received, id } = connection;
  // It may cross the answer to ACTIVITY END: then nothing is left to discard.
  if (received === null) return transmit(ctx, id, { type: 'activity-discard-ack' });
  ctx.user.received(ctx, ref, { conn: id, serial: 0 }, { kind: 'discard', activity: received.activity, reason }, []);
}

/** ACTIVITY INTERRUPT has come: what is here waits for a resumption until the Recovery Timeout. */
export function activityInterrupted(ctx: Context, connection: X400Connection): void {
  const ref = connection.owner as AssociationRef;
  const { received, id } = connection;
  if (received !== null) {
    keepInterrupted(ctx, { ...connection, sent: null });
    ctx.user.interrupted(ctx, ref, received.activity);
    putConnection(ctx, { ...connection, received: null });
  }
  transmit(ctx, id, { type: 'activity-interrupt-ack' });
}

/**
 * The checkpoint behind the data of this number; null if it is answered, or if the data belong to an earlier activity. Those have lower
 * numbers than the first data of this one.
 */
export function awaitedCheckpoint({ shift, answered }: ReceivedActivity, serial: number): number | null {
  const number = serial - shift;
  return number > answered ? number : null;
}

/** Answers an RTTR or a discard. An answer for an activity that is over on this connection is dropped. */
export function answer(ctx: Context, { conn, serial }: ReplyTo, answered: TransferAnswer): void {
  const connection = connectionOf(ctx.mta, conn);
  const received = connection?.received;
  if (connection === undefined || received === null || received === undefined) return;
  if (answered.kind === 'discarded') {
    putConnection(ctx, { ...connection, received: null });
    transmit(ctx, conn, { type: 'activity-discard-ack' });
    return;
  }
  const number = awaitedCheckpoint(received, serial);
  if (number === null || received.state === 'refused') return;
  if (answered.kind === 'refuse') refuse(ctx, connection, received, answered.reason);
  else confirm(ctx, connection, received, number, answered);
}

function refuse(
  ctx: Context,
  connection: X400Connection,
  received: ReceivedActivity,
  reason: Frame<'exception'>['reason'],
): void {
  putConnection(ctx, { ...connection, received: { ...received, state: 'refused' } });
  transmit(ctx, connection.id, { type: 'exception', reason });
}

function confirm(
  ctx: Context,
  connection: X400Connection,
  received: ReceivedActivity,
  number: number,
  { stored }: Confirm,
): void {
  const { id } = connection;
  if (stored && received.end === number) {
    putConnection(ctx, { ...connection, received: null });
    return transmit(ctx, id, { type: 'activity-end-ack', checkpoint: number });
  }
  // This side has had the whole message since an earlier connection.
  if (stored) return refuse(ctx, connection, received, 'transferCompleted');
  // A confirmation covers all checkpoints before its own, so it must not overtake theirs.
  const early = [...received.early, number];
  let { answered } = received;
  while (early.includes(answered + 1)) answered += 1;
  const left = early.filter((each) => each > answered);
  putConnection(ctx, { ...connection, received: { ...received, answered, early: left } });
  if (answered > received.answered) transmit(ctx, id, { type: 'minor-sync-ack', checkpoint: answered });
}
