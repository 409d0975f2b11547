/**
 * The server side of a connection, from its acceptance to its end. A client that breaks the protocol loses the connection. A
 * valid request that we cannot serve gets a fault, and the connection lives.
 */

import { rowOf } from '../../collections/table.js';
import { emptyTree, findRow, putRow } from '../../collections/tree.js';
import type { Context } from '../../machine/context.js';
import type { Input } from '../../machine/input.js';
import { emit } from '../../machine/update.js';
import type { Frames, LinkKind } from '../link.js';
import {
  callDue,
  connectionOf,
  dropCall,
  forget,
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
import { fragmentBytes, negotiate } from './contexts.js';
import { answerService } from './directory.js';
import { joinGroup, newGroup } from './groups.js';
import { isMtaBody, operationOf } from './operations.js';
import { type BindPdu, faultStatus, type NakReason, ntError, type Pdu, type RequestPdu } from './pdu.js';
import { type ServiceArgument, serviceOperation } from './services.js';
import type { Connection, ListeningAddress, OutstandingCall } from './state.js';

/** Connections over `maxConnections` that still get a bind_nak with the reason. Any further connection is closed at once. */
const surplusConnections = 16;

export function serverAccepted(ctx: Context, input: Extract<Input, { type: 'accepted' }>): void {
  const rpc = ctx.mta.rpc;
  const { maxConnections, dialTimeoutS } = ctx.mta.settings;
  // An id that is taken, or even, would be a fault of the driver. It is ignored, so that it cannot affect another connection.
  if (input.conn % 2 === 0 || connectionOf(ctx, input.conn) !== undefined) return;
  const inUse = rpc.connections.size;
  if (inUse >= maxConnections + surplusConnections || rowOf(rpc.addresses, input.binding) === undefined) {
    emit(ctx, { type: 'close', conn: input.conn });
    return;
  }
  putConnection(ctx, {
    id: input.conn,
    side: 'server',
    phase: inUse >= maxConnections ? 'surplus' : 'unbound',
    address: input.binding,
    remote: input.remote,
    from: null,
    asksFor: null,
    group: 0,
    contexts: [],
    multiplex: false,
    fragmentBytes: 0,
    calls: emptyTree(),
    maxCalls: maxOutstandingCalls,
    nextCall: 0,
    // Otherwise a connection that never binds would hold its place for ever.
    deadlineMs: ctx.nowMs + dialTimeoutS * 1000,
    owner: null,
  });
}

/** The listening address where it arrived. It exists: `serverAccepted` requires it, and listening addresses never go away. */
function addressOf(ctx: Context, connection: Connection): ListeningAddress {
  return rowOf(ctx.mta.rpc.addresses, connection.address as number) as ListeningAddress;
}

export function serverPdu(ctx: Context, connection: Connection, pdu: Pdu): void {
  switch (pdu.type) {
    case 'bind':
      bindArrived(ctx, connection, pdu);
      return;
    case 'alter_context':
      alterArrived(ctx, connection, pdu);
      return;
    case 'request':
      requestArrived(ctx, connection, pdu);
      return;
    case 'co_cancel':
      cancelArrived(ctx, connection, pdu.call);
      return;
    case 'orphaned':
      // The client no longer wants the answer, so the call is dropped.
      if (findRow(connection.calls, pdu.call) !== undefined) dropCall(ctx, connection, pdu.call);
      return;
    default:
      breach(ctx, connection);
      return;
  }
}

/** @param answer the fault or bind_nak that names the breach. Only a client that has not bound is given a bind_nak. */
export function serverMalformed(ctx: Context, connection: Connection, answer: Frames[LinkKind] | null): void {
  const fits = answer?.type === 'fault' || (answer?.type === 'bind_nak' && connection.phase !== 'bound');
  if (fits) send(ctx, connection.id, answer);
  breach(ctx, connection);
}

export function serverLost(ctx: Context, connection: Connection, error: number): void {
  forget(ctx, connection);
  if (connection.phase === 'bound') indicateLoss(ctx, connection, error);
}

/** The peer broke the protocol: nothing it still sends can be trusted. */
function breach(ctx: Context, connection: Connection): void {
  shut(ctx, connection);
  if (connection.phase === 'bound') indicateLoss(ctx, connection, ntError.protocolError);
}

function refuse(ctx: Context, connection: Connection, call: number, reason: NakReason): void {
  send(ctx, connection.id, { type: 'bind_nak', call, reason });
  breach(ctx, connection);
}

function bindArrived(ctx: Context, connection: Connection, pdu: BindPdu): void {
  if (connection.phase === 'surplus') {
    refuse(ctx, connection, pdu.call, 2);
    return;
  }
  const negotiated = negotiate('bind', addressOf(ctx, connection).serves, [], pdu.contexts);
  // A second bind, or one whose contexts no bind_ack could answer.
  if (connection.phase === 'bound' || negotiated === null) {
    refuse(ctx, connection, pdu.call, 0);
    return;
  }
  const group = enterGroup(ctx, connection, pdu.group);
  if (group === null) {
    refuse(ctx, connection, pdu.call, 0);
    return;
  }
  const { held, results } = negotiated;
  // A bound connection must not hold its place for ever either. It is closed if it belongs to no association by the time a client
  // has given up any call.
  const deadlineMs = ctx.nowMs + 2 * ctx.mta.settings.rpcCallTimeoutS * 1000;
  const { call, multiplex, headerSigning } = pdu;
  const fragment = fragmentBytes(pdu.maxXmit, pdu.maxRecv);
  const agreed = { multiplex, fragmentBytes: fragment };
  putConnection(ctx, { ...connection, phase: 'bound', group, contexts: held, ...agreed, deadlineMs });
  send(ctx, connection.id, {
    type: 'bind_ack',
    call,
    maxXmit: fragment,
    maxRecv: fragment,
    group,
    multiplex,
    headerSigning,
    results,
  });
}

/** Puts a connection into the group it names, or into a new one if it names none. Null if the named group is not known here. */
function enterGroup(ctx: Context, connection: Connection, asked: number): number | null {
  if (asked !== 0) {
    const joined = joinGroup(ctx.mta.rpc, connection, asked);
    if (joined === null) return null;
    putRuntime(ctx, joined);
    return asked;
  }
  const made = newGroup(ctx.mta, connection);
  if (made === null) return null;
  putRuntime(ctx, made.rpc);
  return made.group;
}

/** Handles an alter_context. It ignores the group and the fragment sizes in it, which the bind has settled. */
function alterArrived(ctx: Context, connection: Connection, pdu: BindPdu): void {
  const { call, headerSigning, contexts } = pdu;
  if (connection.phase !== 'bound') {
    sendFault(ctx, connection, { call, context: 0 }, faultStatus.protocolError, false);
    breach(ctx, connection);
    return;
  }
  const negotiated = negotiate('alter_context', addressOf(ctx, connection).serves, connection.contexts, contexts);
  if (negotiated === null) {
    sendFault(ctx, connection, { call, context: 0 }, faultStatus.protocolError, true);
    breach(ctx, connection);
    return;
  }
  putConnection(ctx, { ...connection, contexts: negotiated.held });
  const { group, multiplex, fragmentBytes: fragment } = connection;
  send(ctx, connection.id, {
    type: 'alter_context_resp',
    call,
    maxXmit: fragment,
    maxRecv: fragment,
    group,
    multiplex,
    headerSigning,
    results: negotiated.results,
  });
}

type Faulty = Pick<RequestPdu, 'call' | 'context'>;

/** A fault names the context of its call, or 0 if that context was not accepted. */
function sendFault(ctx: Context, connection: Connection, faulty: Faulty, status: number, didNotExecute: boolean): void {
  const context = rowOf(connection.contexts, faulty.context) === undefined ? 0 : faulty.context;
  send(ctx, connection.id, { type: 'fault', call: faulty.call, context, cancelCount: 0, status, didNotExecute });
}

function requestArrived(ctx: Context, connection: Connection, pdu: RequestPdu): void {
  const { body } = pdu;
  if (connection.phase !== 'bound') {
    sendFault(ctx, connection, pdu, faultStatus.protocolError, true);
    breach(ctx, connection);
    return;
  }
  if (findRow(connection.calls, pdu.call) !== undefined) {
    // Two calls now have one id, so an answer could be for either. The fault cannot claim that nothing was executed, and the
    // connection must end.
    sendFault(ctx, connection, pdu, faultStatus.protocolError, false);
    breach(ctx, connection);
    return;
  }
  const context = rowOf(connection.contexts, pdu.context);
  if (context === undefined) {
    sendFault(ctx, connection, pdu, faultStatus.unknownInterface, true);
    return;
  }
  const { serves } = context;
  const op = serves === 'mta' ? operationOf[pdu.opnum] : serviceOperation(serves, pdu.opnum);
  if (op === undefined) {
    sendFault(ctx, connection, pdu, faultStatus.operationOutOfRange, true);
    return;
  }
  // The stub finds this out after the dispatch, so the fault does not claim that nothing was executed.
  if (body.op === 'bad' || body.op === 'unread' || body.op !== op) {
    sendFault(ctx, connection, pdu, faultStatus.badStubData, false);
    return;
  }
  if (!connection.multiplex && connection.calls.size > 0) {
    sendFault(ctx, connection, pdu, faultStatus.protocolError, true);
    return;
  }
  if (isBusy(connection)) {
    sendFault(ctx, connection, pdu, faultStatus.serverTooBusy, true);
    return;
  }
  if (!isMtaBody(body)) {
    serve(ctx, connection, pdu, body);
    return;
  }
  const call: OutstandingCall = { id: pdu.call, context: pdu.context, op: body.op, sinceMs: ctx.nowMs, deadlineMs: null };
  putCalls(ctx, connection, putRow(connection.calls, call, callDue));
  indicate(ctx, {
    type: 'called',
    conn: connection.id,
    owner: connection.owner,
    call: pdu.call,
    address: connection.address as number,
    group: connection.group,
    remote: connection.remote,
    argument: body,
  });
}

/** Answers a call of the runtime's own services at once. */
function serve(ctx: Context, connection: Connection, pdu: RequestPdu, argument: ServiceArgument): void {
  const answer = answerService(ctx.mta, addressOf(ctx, connection), argument);
  const { call, context } = pdu;
  if (typeof answer === 'number') sendFault(ctx, connection, pdu, answer, false);
  else respond(ctx, connection.id, call, context, answer);
}

function cancelArrived(ctx: Context, connection: Connection, id: number): void {
  const call = findRow(connection.calls, id);
  // Answered already: the answer and the cancel have crossed.
  if (call === undefined) return;
  dropCall(ctx, connection, id);
  const { context, op } = call;
  const status = faultStatus.cancelled;
  send(ctx, connection.id, { type: 'fault', call: id, context, cancelCount: 0, status, didNotExecute: false });
  indicate(ctx, { type: 'cancelled-by-peer', conn: connection.id, owner: connection.owner, call: id, op });
}
