/**
 * Finds a server through the endpoint mapper of its host. The requested connection waits in the phase `resolving`, without a
 * socket. A second connection asks the mapper and is closed. Then the first one is dialled to the port found.
 */

import type { Context } from '../../machine/context.js';
import { emit, takeConnection } from '../../machine/update.js';
import { parseStringBinding, resolvedBinding } from '../string-binding.js';
import { connectionOf, forget, indicateBindFailed, putConnection, send, shut } from './connections.js';
import { errorOfFault } from './errors.js';
import { mtaInterface, ndrSyntax, ntError, type Pdu } from './pdu.js';
import { nilHandle, serviceOpnumOf, serviceStatus, type Tower } from './services.js';
import type { Connection } from './state.js';

/** Call id of the only request; the bind has 1. */
const mapCall = 2;
/** Towers requested. The mapper first names the address that received the request, and no other is wanted. */
const maxTowers = 1;

/** Dials a connection to this host and port. */
export function dial(ctx: Context, { id, from }: Connection, host: string, port: number): void {
  emit(ctx, { type: 'dial', link: 'rpc', conn: id, host, port, ...(from === null ? {} : { localAddress: from }) });
}

/** Asks the mapper on behalf of a connection in the phase `resolving`, whose deadline covers this too. */
export function askMapper(ctx: Context, waiting: Connection, host: string, port: number): void {
  const id = takeConnection(ctx);
  const asking: Connection = { ...waiting, id, phase: 'dialling', group: 0, deadlineMs: null, asksFor: waiting.id };
  putConnection(ctx, asking);
  dial(ctx, asking, host, port);
}

/** The connection to the mapper is bound: asks for the port. */
export function mapperBound(ctx: Context, asking: Connection): void {
  const tower: Tower = { abstract: mtaInterface, transfer: ndrSyntax, port: 0, address: '0.0.0.0' };
  const body = { op: 'ept_map', object: null, tower, handle: nilHandle, most: maxTowers } as const;
  send(ctx, asking.id, { type: 'request', call: mapCall, context: 0, opnum: serviceOpnumOf.ept_map, body });
}

/** Handles a PDU of the mapper after the bind. */
export function mapperPdu(ctx: Context, asking: Connection, pdu: Pdu): void {
  if ((pdu.type !== 'response' && pdu.type !== 'fault') || pdu.call !== mapCall) {
    failed(ctx, asking, ntError.protocolError);
    return;
  }
  if (pdu.type === 'fault') {
    failed(ctx, asking, errorOfFault(pdu.status, pdu.didNotExecute));
    return;
  }
  const { body } = pdu;
  if (body.op !== 'ept_map') failed(ctx, asking, body.op === 'bad' ? ntError.badStubData : ntError.protocolError);
  else if (body.status === serviceStatus.cannotPerform) failed(ctx, asking, ntError.mapperCannot);
  else {
    const port = body.towers.find((tower) => tower.port > 0)?.port;
    if (port === undefined) failed(ctx, asking, ntError.notRegistered);
    else dialFound(ctx, asking, port);
  }
}

/** Dials the mapper's own host at the port found. It ignores the address that the mapper names. */
function dialFound(ctx: Context, asking: Connection, port: number): void {
  shut(ctx, asking);
  const waiting = connectionOf(ctx, asking.asksFor as number);
  const target = parseStringBinding(asking.remote);
  if (waiting === undefined || target === null) return;
  const found: Connection = { ...waiting, phase: 'dialling', remote: resolvedBinding(asking.remote, port) };
  putConnection(ctx, found);
  dial(ctx, found, target.host, port);
}

function failed(ctx: Context, asking: Connection, error: number): void {
  shut(ctx, asking);
  resolvingFailed(ctx, asking, error);
}

/** The connection to the mapper is gone without a useful answer: fails the connection that waits for it. */
export function resolvingFailed(ctx: Context, asking: Connection, error: number): void {
  const waiting = connectionOf(ctx, asking.asksFor as number);
  if (waiting === undefined) return;
  forget(ctx, waiting);
  indicateBindFailed(ctx, waiting, error);
}
