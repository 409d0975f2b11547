/** The transport connections of the X.400 connector: found, changed, given up, and what the loss of one means. */
import { dropRow, findRow, putRow, rowsIn } from '../../collections/tree.js';
import type { Context } from '../../machine/context.js';
import type { AssociationRef, Mta } from '../../machine/state.js';
import { associationOf, emit, entryAt, markChanged, report } from '../../machine/update.js';
import { freeControlBlock } from './control-blocks.js';
import type { DisconnectReason, X400Frame } from './frame.js';
import { keepInterrupted } from './interrupted.js';
import type { X400Connection } from './state.js';
import { patchX400 } from './update.js';

/** How long an answer of the session may take before the peer counts as gone, in milliseconds (own). */
const answerTimeoutMs = 120_000;

export const connectionDue = ({ deadlineMs }: X400Connection): number | null => deadlineMs;

export function connectionOf(mta: Mta, conn: number): X400Connection | undefined {
  return findRow(mta.x400.connections, conn);
}

/** The connection of an association. Control blocks limit their number, so a linear search is enough. */
export function connectionFor(mta: Mta, { entry, association }: AssociationRef): X400Connection | undefined {
  if (mta.x400.connections.size === 0) return undefined;
  return rowsIn(mta.x400.connections).find(({ owner }) => owner?.association === association && owner.entry === entry);
}

export function putConnection(ctx: Context, connection: X400Connection): void {
  patchX400(ctx, { connections: putRow(ctx.mta.x400.connections, connection, connectionDue) });
  if (connection.owner !== null) markChanged(ctx, connection.owner.entry);
}

/** Something has come, so the peer is there: the limit for the next answer starts anew, or ends if none is awaited. */
export function putAnswered(ctx: Context, connection: X400Connection): void {
  putConnection(ctx, { ...connection, deadlineMs: isAwaiting(connection) ? ctx.nowMs + answerTimeoutMs : null });
}

/** Something that wants an answer was sent: its time limit starts, unless an earlier one runs. */
export function putAsking(ctx: Context, connection: X400Connection): void {
  putConnection(ctx, { ...connection, deadlineMs: connection.deadlineMs ?? ctx.nowMs + answerTimeoutMs });
}

function isAwaiting({ sent, giving, leaving }: X400Connection): boolean {
  return giving || leaving || (sent !== null && (sent.state === 'ending' || sent.unconfirmed.length > 0));
}

export function transmit(ctx: Context, conn: number, frame: X400Frame): void {
  emit(ctx, { type: 'frame', link: 'x400', conn, frame });
}

/** Forgets a connection that the driver has ended, and frees its control block. */
export function removeConnection(ctx: Context, connection: X400Connection): void {
  keepInterrupted(ctx, connection);
  patchX400(ctx, { connections: dropRow(ctx.mta.x400.connections, connection.id, connectionDue) });
  freeControlBlock(ctx, connection);
}

/** Closes a connection once everything sent is written. */
export function shut(ctx: Context, connection: X400Connection): void {
  removeConnection(ctx, connection);
  emit(ctx, { type: 'close', conn: connection.id });
}

/** Refuses a transport connection. */
export function refuseTransport(ctx: Context, connection: X400Connection, reason: DisconnectReason): void {
  transmit(ctx, connection.id, { type: 'disconnect-request', destination: connection.peerReference, reason });
  shut(ctx, connection);
}

/** A connection that was up is lost: the reliable transfer recovers its association, or it ends. */
export function connectionLost(ctx: Context, { owner: ref }: X400Connection): void {
  if (ref === null) return;
  const state = associationOf(ctx, ref)?.state;
  if (state === 'open') {
    report(ctx, 2035, { locality: entryAt(ctx, ref.entry).id });
    ctx.user.lost(ctx, ref);
  } else if (state === 'closing') ctx.user.ended(ctx, ref);
}
