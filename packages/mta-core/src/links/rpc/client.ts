/** The client side of a connection, from the dial to its end. */

import { findRow } from '../../collections/tree.js';
import type { Context } from '../../machine/context.js';
import { bindingAt } from '../string-binding.js';
import { dropCall, forget, indicate, indicateBindFailed, indicateLoss, putConnection, send, shut } from './connections.js';
import { errorOfFault, errorOfNak, errorOfRejection } from './errors.js';
import { isMtaBody } from './operations.js';
import {
  type BindAckPdu,
  type FaultPdu,
  mapperInterface,
  maxFragmentBytes,
  mtaInterface,
  ndrSyntax,
  ntError,
  type Pdu,
  type ResponsePdu,
} from './pdu.js';
import { mapperBound, mapperPdu, resolvingFailed } from './resolve.js';
import type { Connection } from './state.js';

/** The only presentation context that our clients bind. */
export const clientContext = 0;
/** Call id of the bind; requests count on from here. */
export const bindCall = 1;

/**
 * @param address the address found for a host name. The connection keeps it, because other addresses of that name have their own
 * group tables.
 */
export function clientConnected(ctx: Context, connection: Connection, address: string | undefined): void {
  if (connection.phase !== 'dialling') return;
  const remote = address === undefined ? connection.remote : bindingAt(connection.remote, address);
  putConnection(ctx, { ...connection, phase: 'binding', remote });
  send(ctx, connection.id, {
    type: 'bind',
    call: bindCall,
    maxXmit: maxFragmentBytes,
    maxRecv: maxFragmentBytes,
    group: connection.group,
    multiplex: true,
    headerSigning: false,
    contexts: [
      { id: clientContext, abstract: connection.asksFor === null ? mtaInterface : mapperInterface, transfer: [ndrSyntax] },
    ],
  });
}

export function clientDialFailed(ctx: Context, connection: Connection, error: number): void {
  if (connection.phase !== 'dialling') return;
  forget(ctx, connection);
  tell(ctx, connection, error);
}

/** The connection is gone: notifies the connection that waits for it, or its owner. */
function tell(ctx: Context, connection: Connection, error: number, nak: number | null = null): void {
  if (connection.asksFor !== null) resolvingFailed(ctx, connection, error);
  else if (connection.phase === 'bound') indicateLoss(ctx, connection, error);
  else indicateBindFailed(ctx, connection, error, nak);
}

export function clientPdu(ctx: Context, connection: Connection, pdu: Pdu): void {
  // A server may announce its shutdown. This needs no action: the loss follows, and is handled then.
  if (pdu.type === 'shutdown') return;
  if (connection.phase !== 'bound') {
    bindAnswered(ctx, connection, pdu);
    return;
  }
  if (connection.asksFor !== null) {
    mapperPdu(ctx, connection, pdu);
    return;
  }
  switch (pdu.type) {
    case 'response':
      responseArrived(ctx, connection, pdu);
      return;
    case 'fault':
      faultArrived(ctx, connection, pdu);
      return;
    default:
      clientBreach(ctx, connection, ntError.protocolError);
      return;
  }
}

/** The server broke the protocol: a bind fails with this error, a bound connection is lost with it. */
export function clientBreach(ctx: Context, connection: Connection, error: number): void {
  shut(ctx, connection);
  tell(ctx, connection, error);
}

export function clientLost(ctx: Context, connection: Connection): void {
  forget(ctx, connection);
  // Without an unanswered request, surely nothing was executed.
  const error = connection.calls.size > 0 ? ntError.callFailed : ntError.callFailedDidNotExecute;
  // A mapper that hangs up counts as unavailable.
  tell(ctx, connection, connection.asksFor === null ? error : ntError.serverUnavailable);
}

function bindAnswered(ctx: Context, connection: Connection, pdu: Pdu): void {
  if (connection.phase !== 'binding' || pdu.call !== bindCall) {
    clientBreach(ctx, connection, ntError.protocolError);
    return;
  }
  switch (pdu.type) {
    case 'bind_ack':
      acknowledged(ctx, connection, pdu);
      return;
    case 'bind_nak':
      shut(ctx, connection);
      tell(ctx, connection, errorOfNak(pdu.reason), pdu.reason);
      return;
    case 'fault':
      clientBreach(ctx, connection, errorOfFault(pdu.status, pdu.didNotExecute));
      return;
    default:
      clientBreach(ctx, connection, ntError.protocolError);
      return;
  }
}

function acknowledged(ctx: Context, connection: Connection, pdu: BindAckPdu): void {
  const [result] = pdu.results;
  const asked = connection.group;
  // If the server names another group than the one we asked for, this connection would belong to strangers.
  if (result === undefined || pdu.results.length !== 1 || pdu.group === 0 || (asked !== 0 && pdu.group !== asked)) {
    clientBreach(ctx, connection, ntError.protocolError);
    return;
  }
  if (result.result !== 0) {
    clientBreach(ctx, connection, errorOfRejection(result.reason));
    return;
  }
  const { group, multiplex } = pdu;
  const { id, owner, remote, asksFor } = connection;
  const contexts = [{ id: clientContext, serves: asksFor === null ? 'mta' : 'mapper' }] as const;
  const bound: Connection = { ...connection, phase: 'bound', group, multiplex, contexts, deadlineMs: null };
  putConnection(ctx, bound);
  if (asksFor === null) indicate(ctx, { type: 'bound', conn: id, owner, group, remote });
  else mapperBound(ctx, bound);
}

/** Handles an answer. It ignores an answer to a call that is over here (it was cancelled meanwhile). */
function responseArrived(ctx: Context, connection: Connection, pdu: ResponsePdu): void {
  const call = findRow(connection.calls, pdu.call);
  if (call === undefined) return;
  const result = pdu.body;
  if (result.op === 'bad') {
    clientBreach(ctx, connection, ntError.badStubData);
    return;
  }
  if (!isMtaBody(result) || result.op !== call.op) {
    clientBreach(ctx, connection, ntError.protocolError);
    return;
  }
  dropCall(ctx, connection, call.id);
  indicate(ctx, { type: 'answered', conn: connection.id, owner: connection.owner, call: call.id, result });
}

/** A request has not left, because the driver could not read the content it carries: the call is over. */
export function clientUnreadable(ctx: Context, connection: Connection, pdu: Pdu, detail: string): void {
  if (pdu.type !== 'request' || pdu.body.op !== 'MtaSend') return;
  const call = findRow(connection.calls, pdu.call);
  if (call === undefined) return;
  dropCall(ctx, connection, call.id);
  const { settled } = pdu.body;
  indicate(ctx, { type: 'unreadable', conn: connection.id, owner: connection.owner, call: call.id, settled, detail });
}

function faultArrived(ctx: Context, connection: Connection, pdu: FaultPdu): void {
  const call = findRow(connection.calls, pdu.call);
  if (call === undefined) return;
  dropCall(ctx, connection, call.id);
  indicate(ctx, {
    type: 'call-failed',
    conn: connection.id,
    owner: connection.owner,
    call: call.id,
    op: call.op,
    error: errorOfFault(pdu.status, pdu.didNotExecute),
    status: pdu.status,
    mayHaveExecuted: !pdu.didNotExecute,
  });
}
