/**
 * The RPC runtime as the MTA sees it: association groups, connections and calls at the level of PDUs, without octets. The
 * functions here are pure and total. They replace `ctx.mta.rpc`, append effects for the driver and indications for the MTA, and
 * ignore a connection or call that is gone. Sources: C706 chapters 9 and 12, MS-RPCE section 3.3.
 */

import { emptyTree, findRow, putRow, rowsIn } from '../../collections/tree.js';
import type { Context } from '../../machine/context.js';
import type { Input } from '../../machine/input.js';
import type { AssociationRef } from '../../machine/state.js';
import { emit, takeConnection } from '../../machine/update.js';
import { familyOf, parseStringBinding } from '../string-binding.js';
import {
  bindCall,
  clientBreach,
  clientConnected,
  clientContext,
  clientDialFailed,
  clientLost,
  clientPdu,
  clientUnreadable,
} from './client.js';
import {
  callDue,
  connectionOf,
  dropCall,
  indicate,
  indicateLoss,
  isBusy,
  maxOutstandingCalls,
  putCalls,
  putConnection,
  putRuntime,
  respond,
  send,
  shut,
} from './connections.js';
import { groupOf, isMisfiled, ownedGroup } from './groups.js';
import { opnumOf, type RpcArgument, type RpcResult } from './operations.js';
import { ntError } from './pdu.js';
import { askMapper, dial } from './resolve.js';
import { serverAccepted, serverLost, serverMalformed, serverPdu } from './server.js';
import { type Connection, type ListeningAddress, mapperIds, type OutstandingCall } from './state.js';

/** Call ids are 32 bits wide on the wire. */
const maxCall = 0xffffffff;

/**
 * Opens a listening address for every enabled binding, and one for an endpoint mapper at each of their addresses. Called once, at
 * start.
 */
export function rpcListen(ctx: Context): void {
  const { bindings, mapperPort, rpc } = ctx.mta;
  const enabled = bindings.filter((binding) => binding.enabled);
  const listen = (serves: ListeningAddress['serves'], id: number, address: string, port: number): ListeningAddress => {
    emit(ctx, { type: 'listen', link: 'rpc', binding: id, address, port });
    return { id, serves, address, state: 'opening', port, failure: null, groups: emptyTree() };
  };
  const own = enabled.map(({ id, address, port }) => listen('mta', id, address, port));
  const hosts = mapperPort === null ? [] : enabled.filter((binding, at) => !isCovered(binding.address, at, enabled));
  const mappers = hosts.map(({ id, address }) => listen('mapper', mapperIds + id, address, mapperPort ?? 0));
  putRuntime(ctx, { ...rpc, addresses: [...own, ...mappers] });
}

/** Does another one of these listen on this address too? `0.0.0.0` covers all IPv4 addresses, `::` those of both families. */
function isCovered(address: string, at: number, all: readonly { readonly address: string }[]): boolean {
  if (all.findIndex((each) => each.address === address) < at) return true;
  const wide = (text: string): boolean => text !== address && all.some((each) => each.address === text);
  return wide('::') || (familyOf(address) === 'IPv4' && wide('0.0.0.0'));
}

export type BindRequest = {
  readonly owner: AssociationRef | null;
  /** Remote string binding. */
  readonly endpoint: string;
  /** Association group to join, 0 for a new one. */
  readonly group: number;
  /** Local address to dial from; the system chooses when there is none. */
  readonly from?: string | null;
  /** Most unanswered calls. Default 64. */
  readonly maxCalls?: number;
};

/**
 * Dials and binds. If the string binding has no port, it asks the endpoint mapper first. Ends in the indication `bound` or
 * `bind-failed`. The latter comes in the same step if the string binding cannot be read (1722) or the limit of connections is
 * reached (14).
 * @returns the connection's id, always even.
 */
export function rpcBind(ctx: Context, request: BindRequest): number {
  const { rpc, settings } = ctx.mta;
  const { owner, endpoint, group, from = null, maxCalls = maxOutstandingCalls } = request;
  const id = takeConnection(ctx);
  const target = parseStringBinding(endpoint);
  const needed = target?.throughMapper === true ? 2 : 1;
  const full = rpc.connections.size + needed > settings.maxConnections;
  if (target === null || full) {
    const error = target === null ? ntError.serverUnavailable : ntError.outOfMemory;
    indicate(ctx, { type: 'bind-failed', conn: id, owner, error, nak: null, remote: endpoint });
    return id;
  }
  const connection: Connection = {
    id,
    side: 'client',
    phase: target.throughMapper ? 'resolving' : 'dialling',
    address: null,
    remote: endpoint,
    from,
    asksFor: null,
    group,
    contexts: [],
    multiplex: false,
    fragmentBytes: 0,
    calls: emptyTree(),
    maxCalls,
    nextCall: bindCall + 1,
    deadlineMs: ctx.nowMs + settings.dialTimeoutS * 1000,
    owner,
  };
  putConnection(ctx, connection);
  if (target.throughMapper) askMapper(ctx, connection, target.host, target.port);
  else dial(ctx, connection, target.host, target.port);
  return id;
}

/** The next call id that no outstanding call has. Ids start again after 2^32 calls. */
function freeCall(connection: Connection): number {
  let id = connection.nextCall > maxCall ? bindCall + 1 : connection.nextCall;
  while (findRow(connection.calls, id) !== undefined) id = id >= maxCall ? bindCall + 1 : id + 1;
  return id;
}

/**
 * Calls an operation of the peer; ends in `answered`, `call-failed`, `call-cancelled` or the connection's end.
 * @returns the call's id; null if we have not bound the connection, or it has its limit of outstanding calls (or one, if
 * the server did not agree to multiplexing).
 */
export function rpcCall(ctx: Context, conn: number, argument: RpcArgument): number | null {
  const connection = boundAs('client', ctx, conn);
  if (connection === undefined) return null;
  if (isBusy(connection)) return null;
  const id = freeCall(connection);
  const deadlineMs = ctx.nowMs + ctx.mta.settings.rpcCallTimeoutS * 1000;
  const call: OutstandingCall = { id, context: clientContext, op: argument.op, sinceMs: ctx.nowMs, deadlineMs };
  putCalls(ctx, connection, putRow(connection.calls, call, callDue), id + 1);
  send(ctx, conn, { type: 'request', call: id, context: clientContext, opnum: opnumOf[argument.op], body: argument });
  return id;
}

/** Answers a call of the peer. The result must be of the call's operation. */
export function rpcReply(ctx: Context, conn: number, call: number, result: RpcResult): void {
  const connection = boundAs('server', ctx, conn);
  const waiting = connection === undefined ? undefined : findRow(connection.calls, call);
  if (connection === undefined || waiting === undefined) return;
  dropCall(ctx, connection, call);
  respond(ctx, conn, call, waiting.context, result);
}

/** Answers a call of the peer with a fault. `didNotExecute`: it surely had no effect. */
export function rpcFault(ctx: Context, conn: number, call: number, status: number, didNotExecute = false): void {
  const connection = boundAs('server', ctx, conn);
  const waiting = connection === undefined ? undefined : findRow(connection.calls, call);
  if (connection === undefined || waiting === undefined) return;
  dropCall(ctx, connection, call);
  send(ctx, conn, { type: 'fault', call, context: waiting.context, cancelCount: 0, status, didNotExecute });
}

/** Gives up a call of ours: sends co_cancel. No indication follows. */
export function rpcCancel(ctx: Context, conn: number, call: number): void {
  const connection = boundAs('client', ctx, conn);
  if (connection === undefined || findRow(connection.calls, call) === undefined) return;
  dropCall(ctx, connection, call);
  send(ctx, conn, { type: 'co_cancel', call });
}

/**
 * Closes a connection, or gives up its dial. No indication follows. It ignores a connection to an endpoint mapper, which only the
 * runtime may close.
 */
export function rpcClose(ctx: Context, conn: number): void {
  const connection = connectionOf(ctx, conn);
  if (connection !== undefined && connection.asksFor === null) shut(ctx, connection);
}

/** Closes the accepted connections of an association group that belong to no association yet. */
export function rpcCloseGroup(ctx: Context, group: number): void {
  for (const id of groupOf(ctx.mta.rpc, group)?.members ?? []) {
    const connection = connectionOf(ctx, id);
    if (connection !== undefined && connection.owner === null) shut(ctx, connection);
  }
}

/**
 * Starts afresh after a switch of the runtime's behaviour: the next group of each peer counts as its first. Connections with a
 * misfiled group are lost. Otherwise an opening under way would end in an association that can never send.
 */
export function rpcForgetMisfiled(ctx: Context): void {
  putRuntime(ctx, { ...ctx.mta.rpc, misfiled: [] });
  for (const { id } of rowsIn(ctx.mta.rpc.connections)) {
    const connection = connectionOf(ctx, id) as Connection;
    if (!isMisfiled(ctx.mta.rpc, connection)) continue;
    shut(ctx, connection);
    indicateLoss(ctx, connection, ntError.callFailed);
  }
}

/**
 * Sets the association that a connection belongs to. Its later indications carry it.
 * @param maxCalls most unanswered calls, if the association says so.
 */
export function rpcOwn(ctx: Context, conn: number, owner: AssociationRef | null, maxCalls?: number): void {
  const connection = connectionOf(ctx, conn);
  if (connection === undefined) return;
  const deadlineMs = connection.side === 'server' && owner !== null ? null : connection.deadlineMs;
  putConnection(ctx, { ...connection, owner, deadlineMs, maxCalls: maxCalls ?? connection.maxCalls });
  if (connection.side === 'server') putRuntime(ctx, ownedGroup(ctx.mta.rpc, connection.group, owner));
}

/** Number of unanswered calls on a connection. */
export function callsOn(ctx: Context, conn: number): number {
  return connectionOf(ctx, conn)?.calls.size ?? 0;
}

function boundAs(side: Connection['side'], ctx: Context, conn: number): Connection | undefined {
  const connection = connectionOf(ctx, conn);
  if (connection === undefined || connection.phase !== 'bound' || connection.asksFor !== null) return undefined;
  return connection.side === side ? connection : undefined;
}

/** Handles an input from the network. It ignores inputs of other kinds and of connections that are gone. */
export function rpcInput(ctx: Context, input: Input): void {
  switch (input.type) {
    case 'frame':
    case 'connected':
    case 'dial-failed':
    case 'malformed':
    case 'unreadable':
    case 'lost': {
      const connection = connectionOf(ctx, input.conn);
      // A connection that waits for an endpoint mapper has no socket yet, so no input can concern it.
      if (connection === undefined || connection.phase === 'resolving') return;
      if (connection.side === 'client') clientInput(ctx, connection, input);
      else serverInput(ctx, connection, input);
      return;
    }
    case 'accepted':
      if (input.link === 'rpc') serverAccepted(ctx, input);
      return;
    case 'listening':
      putAddress(ctx, input.binding, { state: 'up', port: input.port });
      return;
    case 'listen-failed':
      putAddress(ctx, input.binding, { state: 'failed', failure: input.osError });
      return;
    default:
      return;
  }
}

type ConnectionInput = Extract<Input, { type: 'frame' | 'connected' | 'dial-failed' | 'malformed' | 'unreadable' | 'lost' }>;

function clientInput(ctx: Context, connection: Connection, input: ConnectionInput): void {
  switch (input.type) {
    case 'frame':
      if (input.link === 'rpc') clientPdu(ctx, connection, input.frame);
      return;
    case 'connected':
      clientConnected(ctx, connection, input.address);
      return;
    case 'dial-failed':
      clientDialFailed(ctx, connection, input.error);
      return;
    case 'malformed':
      clientBreach(ctx, connection, ntError.protocolError);
      return;
    case 'unreadable':
      if (input.link === 'rpc') clientUnreadable(ctx, connection, input.frame, input.detail);
      return;
    case 'lost':
      clientLost(ctx, connection);
      return;
  }
}

function serverInput(ctx: Context, connection: Connection, input: ConnectionInput): void {
  if (input.type === 'frame') {
    if (input.link === 'rpc') serverPdu(ctx, connection, input.frame);
  } else if (input.type === 'malformed') serverMalformed(ctx, connection, input.answer);
  else if (input.type === 'lost') serverLost(ctx, connection, input.error);
}

function putAddress(ctx: Context, binding: number, change: Partial<ListeningAddress>): void {
  const { rpc } = ctx.mta;
  const addresses = rpc.addresses.map((address) => (address.id === binding ? { ...address, ...change } : address));
  putRuntime(ctx, { ...rpc, addresses });
}
