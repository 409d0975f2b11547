/** The deadlines of the RPC runtime: dials and binds, accepted connections that never bind, calls without an answer. */
import { dropRow, dueRows } from '../../collections/tree.js';
import type { Context } from '../../machine/context.js';
import {
  callDue,
  connectionDue,
  connectionOf,
  indicate,
  indicateBindFailed,
  indicateLoss,
  putCalls,
  putConnection,
  send,
  shut,
} from './connections.js';
import { groupOf } from './groups.js';
import { ntError } from './pdu.js';
import type { Connection, RpcRuntime } from './state.js';

/** The earliest deadline, in milliseconds of the lab's clock, or null for none. */
export function rpcDeadline({ connections, carriers }: RpcRuntime): number | null {
  if (connections.dueMs === null) return carriers.dueMs;
  return carriers.dueMs !== null && carriers.dueMs < connections.dueMs ? carriers.dueMs : connections.dueMs;
}

/** Fires what is due at `ctx.nowMs`. Harmless when nothing is. */
export function rpcTimer(ctx: Context): void {
  for (const { id } of dueRows(ctx.mta.rpc.connections, ctx.nowMs, connectionDue)) {
    const connection = connectionOf(ctx, id);
    if (connection === undefined) continue;
    if (connection.deadlineMs !== null && connection.deadlineMs <= ctx.nowMs) {
      if (connection.phase === 'bound' && isAwaited(ctx.mta.rpc, connection)) {
        putConnection(ctx, { ...connection, deadlineMs: null });
        continue;
      }
      shut(ctx, connection);
      if (connection.phase === 'bound') indicateLoss(ctx, connection, ntError.timedOut);
      // To the caller the server is unavailable (the socket's own error would be 10060).
      if (connection.side === 'client') indicateBindFailed(ctx, connection, ntError.serverUnavailable);
    } else if (connection.side === 'client') {
      cancelOverdue(ctx, connection);
    }
  }
}

/**
 * Does this connection's group have an association? The peer may bind its data connection long before it has something to send.
 */
function isAwaited(rpc: RpcRuntime, { group }: Connection): boolean {
  return (groupOf(rpc, group)?.owner ?? null) !== null;
}

function cancelOverdue(ctx: Context, connection: Connection): void {
  const due = dueRows(connection.calls, ctx.nowMs, callDue);
  if (due.length === 0) return;
  const left = due.reduce((calls, { id }) => dropRow(calls, id, callDue), connection.calls);
  putCalls(ctx, connection, left);
  const { id: conn, owner, remote } = connection;
  for (const call of due) {
    send(ctx, conn, { type: 'co_cancel', call: call.id });
    const elapsedMs = ctx.nowMs - call.sinceMs;
    indicate(ctx, { type: 'call-cancelled', conn, owner, call: call.id, op: call.op, elapsedMs, remote });
  }
}
