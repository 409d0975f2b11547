/** How the runtime's parts change its state. A connection is copied at its first change in a step, then written in place. */

import { type Table, withoutRow } from '../../collections/table.js';
import { dropRow, findRow, putRow } from '../../collections/tree.js';
import type { Context } from '../../machine/context.js';
import { copyOfConnection } from '../../machine/copies.js';
import { addDraft, draftOf, dropDraft } from '../../machine/drafts.js';
import { leaveGroup } from './groups.js';
import type { Pdu } from './pdu.js';
import type { Connection, OutstandingCall, RpcRuntime } from './state.js';

/** Calls of one connection that may wait for their answers, either side. */
export const maxOutstandingCalls = 64;

export function putRuntime(ctx: Context, rpc: RpcRuntime): void {
  ctx.mta.rpc = rpc;
}

/** The earliest deadline of a connection: its own, or that of a call made on it. */
export function connectionDue({ deadlineMs, side, calls }: Connection): number | null {
  let earliest = deadlineMs;
  if (side === 'server') return earliest;
  for (const call of calls)
    if (call.deadlineMs !== null && (earliest === null || call.deadlineMs < earliest)) earliest = call.deadlineMs;
  return earliest;
}

/** A connection as this step has it. */
export function connectionOf(ctx: Context, conn: number): Connection | undefined {
  return draftOf(ctx.connections, conn) ?? findRow(ctx.mta.rpc.connections, conn);
}

/** Files a new connection, or a changed one. */
export function putConnection(ctx: Context, connection: Connection): void {
  const { rpc } = ctx.mta;
  const isNew = findRow(rpc.connections, connection.id) === undefined;
  if (isNew) ctx.mta.rpc = { ...rpc, connections: putRow(rpc.connections, connection, connectionDue) };
  addDraft(ctx.connections, connection);
}

/** Changes the calls of a connection. */
export function putCalls(
  ctx: Context,
  connection: Connection,
  calls: Table<OutstandingCall>,
  nextCall = connection.nextCall,
): void {
  let draft = draftOf(ctx.connections, connection.id);
  if (draft === undefined) {
    draft = copyOfConnection(connection);
    addDraft(ctx.connections, draft);
  }
  draft.calls = calls;
  draft.nextCall = nextCall;
}

export function dropCall(ctx: Context, connection: Connection, call: number): void {
  putCalls(ctx, connection, withoutRow(connection.calls, call));
}

export function send(ctx: Context, conn: number, pdu: Pdu): void {
  ctx.effects.push({ type: 'frame', link: 'rpc', conn, frame: pdu });
}

/** The connection is gone: its row goes, with its calls, and its place in its group. */
export function forget(ctx: Context, connection: Connection): void {
  const rpc = ctx.mta.rpc;
  // Groups are kept by the server; a client's row only remembers the number.
  const left = connection.side === 'server' && connection.group !== 0 ? leaveGroup(rpc, connection) : rpc;
  putRuntime(ctx, { ...left, connections: dropRow(left.connections, connection.id, connectionDue) });
  dropDraft(ctx.connections, connection.id);
}

/** Ends a connection that still is. One that waits for an endpoint mapper has no socket; that which asks for it has. */
export function shut(ctx: Context, connection: Connection): void {
  if (connection.phase === 'resolving') {
    forget(ctx, connection);
    // The connection that asks the mapper was made right after the one that waits for it.
    const asking = connectionOf(ctx, connection.id + 2);
    if (asking?.asksFor === connection.id) shut(ctx, asking);
    return;
  }
  ctx.effects.push({ type: 'close', conn: connection.id });
  forget(ctx, connection);
}

export function indicateLoss(ctx: Context, connection: Connection, error: number): void {
  ctx.indications.push({ type: 'connection-lost', conn: connection.id, owner: connection.owner, error });
}

export function indicateBindFailed(ctx: Context, connection: Connection, error: number, nak: number | null = null): void {
  const { id, owner, remote } = connection;
  ctx.indications.push({ type: 'bind-failed', conn: id, owner, error, nak, remote });
}
