/** Changes the connections of the RPC runtime. A step copies a connection at its first change, then writes the copy in place. */

import { dropRow, earlier, findRow, putRow, type Tree } from '../../collections/tree.js';
import type { Context } from '../../machine/context.js';
import type { Mutable } from '../../machine/copies.js';
import { addDraft, draftOf, dropDraft, eachDraft } from '../../machine/drafts.js';
import { emit } from '../../machine/update.js';
import { leaveGroup } from './groups.js';
import type { Pdu, ResponsePdu } from './pdu.js';
import type { Connection, Indication, OutstandingCall, RpcRuntime } from './state.js';

/** Most unanswered calls on one connection, for either side, before it belongs to an association that permits more. */
export const maxOutstandingCalls = 64;

/** Has this connection all the unanswered calls that it may have? A peer without multiplexing permits one. */
export function isBusy({ calls, maxCalls, multiplex }: Connection): boolean {
  return calls.size >= (multiplex ? maxCalls : 1);
}

/** When a call of ours is given up. */
export const callDue = ({ deadlineMs }: OutstandingCall): number | null => deadlineMs;

export function putRuntime(ctx: Context, rpc: RpcRuntime): void {
  ctx.mta.rpc = rpc;
}

/** The earliest deadline of a connection: its own, or that of a call made on it. */
export function connectionDue({ deadlineMs, side, calls }: Connection): number | null {
  return side === 'server' ? deadlineMs : earlier(deadlineMs, calls.dueMs);
}

/** A connection, with this step's changes. */
export function connectionOf(ctx: Context, conn: number): Connection | undefined {
  return draftOf(ctx.rpc.connections, conn) ?? findRow(ctx.mta.rpc.connections, conn);
}

/** Stores a new connection, or a changed one. */
export function putConnection(ctx: Context, connection: Connection): void {
  const { rpc } = ctx.mta;
  const isNew = findRow(rpc.connections, connection.id) === undefined;
  if (isNew) ctx.mta.rpc = { ...rpc, connections: putRow(rpc.connections, connection, connectionDue) };
  addDraft(ctx.rpc.connections, connection);
}

/** Puts the connections that the step has changed into their table. */
export function putChanged(ctx: Context): void {
  eachDraft(ctx.rpc.connections, (connection) => {
    const { addresses, connections, nextGroup, misfiled, carriers } = ctx.mta.rpc;
    const changed = putRow(connections, connection, connectionDue);
    ctx.mta.rpc = { addresses, connections: changed, nextGroup, misfiled, carriers };
  });
}

/** Adds an event for the RPC link to handle before the step ends. */
export function indicate({ rpc }: Context, indication: Indication): void {
  if (rpc.indications.length === 0) rpc.indications = [indication];
  else rpc.indications.push(indication);
}

/** Field by field, as in `machine/copies.ts`. */
function copyOfConnection(connection: Connection): Mutable<Connection> {
  return {
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
    fragmentBytes: connection.fragmentBytes,
    calls: connection.calls,
    maxCalls: connection.maxCalls,
    nextCall: connection.nextCall,
    deadlineMs: connection.deadlineMs,
    owner: connection.owner,
  } satisfies Record<keyof Connection, unknown>;
}

/** Changes the calls of a connection. */
export function putCalls(
  ctx: Context,
  connection: Connection,
  calls: Tree<OutstandingCall>,
  nextCall = connection.nextCall,
): void {
  let draft = draftOf(ctx.rpc.connections, connection.id);
  if (draft === undefined) {
    draft = copyOfConnection(connection);
    addDraft(ctx.rpc.connections, draft);
  }
  draft.calls = calls;
  draft.nextCall = nextCall;
}

export function dropCall(ctx: Context, connection: Connection, call: number): void {
  putCalls(ctx, connection, dropRow(connection.calls, call, callDue));
}

export function send(ctx: Context, conn: number, pdu: Pdu): void {
  emit(ctx, { type: 'frame', link: 'rpc', conn, frame: pdu });
}

/** Answers a call. As on Windows, a response names only the lower octet of its context; a fault names all of it. */
export function respond(ctx: Context, conn: number, call: number, context: number, body: ResponsePdu['body']): void {
  send(ctx, conn, { type: 'response', call, context: context & 0xff, cancelCount: 0, body });
}

/** Removes a connection that is gone, with its calls and its place in its group. */
export function forget(ctx: Context, connection: Connection): void {
  const rpc = ctx.mta.rpc;
  // Groups are kept by the server; a client's row only remembers the number.
  const left = connection.side === 'server' && connection.group !== 0 ? leaveGroup(rpc, connection) : rpc;
  putRuntime(ctx, { ...left, connections: dropRow(left.connections, connection.id, connectionDue) });
  dropDraft(ctx.rpc.connections, connection.id);
}

/**
 * Closes a connection. A connection that waits for an endpoint mapper has no socket, so this closes the connection that asks the
 * mapper.
 */
export function shut(ctx: Context, connection: Connection): void {
  if (connection.phase === 'resolving') {
    forget(ctx, connection);
    // The connection that asks the mapper was made right after the one that waits for it.
    const asking = connectionOf(ctx, connection.id + 2);
    if (asking?.asksFor === connection.id) shut(ctx, asking);
    return;
  }
  emit(ctx, { type: 'close', conn: connection.id });
  forget(ctx, connection);
}

export function indicateLoss(ctx: Context, connection: Connection, error: number): void {
  indicate(ctx, { type: 'connection-lost', conn: connection.id, owner: connection.owner, error });
}

export function indicateBindFailed(ctx: Context, connection: Connection, error: number, nak: number | null = null): void {
  const { id, owner, remote } = connection;
  indicate(ctx, { type: 'bind-failed', conn: id, owner, error, nak, remote });
}
