/** How the runtime's parts change its state: each change replaces `ctx.mta.rpc`, none is made in place. */

import { type Table, withoutRow, withRow } from '../../collections/table.js';
import type { Context } from '../../machine/context.js';
import { copyOfMta } from '../../machine/copies.js';
import { leaveGroup } from './groups.js';
import type { Pdu } from './pdu.js';
import type { Connection, OutstandingCall, RpcRuntime } from './state.js';

/** Calls of one connection that may wait for their answers, either side. */
export const maxOutstandingCalls = 64;

export function putRuntime(ctx: Context, rpc: RpcRuntime): void {
  const mta = copyOfMta(ctx.mta);
  mta.rpc = rpc;
  ctx.mta = mta;
}

export function putConnection(ctx: Context, connection: Connection): void {
  const { addresses, connections, nextGroup, misfiled, carriers } = ctx.mta.rpc;
  putRuntime(ctx, { addresses, connections: withRow(connections, connection), nextGroup, misfiled, carriers });
}

/** The connection with other calls. Field by field, as every call passes here twice and a spread costs ten times as much. */
export function putCalls(
  ctx: Context,
  connection: Connection,
  calls: Table<OutstandingCall>,
  nextCall = connection.nextCall,
): void {
  const changed = {
    id: connection.id,
    side: connection.side,
    phase: connection.phase,
    address: connection.address,
    remote: connection.remote,
    from: connection.from,
    asksFor: connection.asksFor,
    group: connection.group,
    contexts: connection.contexts,
    multiplex: connection.multiplex,
    calls,
    nextCall,
    deadlineMs: connection.deadlineMs,
    owner: connection.owner,
  } satisfies Record<keyof Connection, unknown>;
  putConnection(ctx, changed);
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
  putRuntime(ctx, { ...left, connections: withoutRow(left.connections, connection.id) });
}

/** Ends a connection that still is. One that waits for an endpoint mapper has no socket; that which asks for it has. */
export function shut(ctx: Context, connection: Connection): void {
  if (connection.phase === 'resolving') {
    forget(ctx, connection);
    const asking = ctx.mta.rpc.connections.find(({ asksFor }) => asksFor === connection.id);
    if (asking !== undefined) shut(ctx, asking);
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
