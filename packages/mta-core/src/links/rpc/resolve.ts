/**
 * Finding a server through the endpoint mapper of its host. The connection that was asked for waits in the phase `resolving`, without
 * a socket; another one goes to the mapper on its behalf, is closed, and the first one is dialled to the port that was found.
 */

import type { Context } from '../../machine/context.js';
import { takeConnection } from '../../machine/update.js';
import { connectionOf, forget, indicateBindFailed, putConnection, send, shut } from './connections.js';
import { errorOfFault } from './errors.js';
import { mtaInterface, ndrSyntax, ntError, type Pdu } from './pdu.js';
import { nilHandle, serviceOpnumOf, serviceStatus, type Tower } from './services.js';
import type { Connection } from './state.js';
import { parseStringBinding, resolvedBinding } from './string-binding.js';

/** Call id of the one question; the bind has 1. */
const mapCall = 2;
/** Towers asked for. The mapper names that of the address at which it was asked first, and no other one is wanted. */
const mostTowers = 1;

/** Dials a connection to where it goes. */
export function dial(ctx: Context, { id, from }: Connection, host: string, port: number): void {
  ctx.effects.push({ type: 'dial', link: 'rpc', conn: id, host, port, ...(from === null ? {} : { localAddress: from }) });
}

/** Asks the mapper on behalf of a connection in the phase `resolving`, whose deadline covers this too. */
export function askMapper(ctx: Context, waiting: Connection, host: string, port: number): void {
  const id = takeConnection(ctx);
  const asking: Connection = { ...waiting, id, phase: 'dialling', group: 0, deadlineMs: null, asksFor: waiting.id };
  putConnection(ctx, asking);
  dial(ctx, asking, host, port);
}

/** The connection to the mapper is bound. */
export function mapperBound(ctx: Context, asking: Connection): void {
  const tower: Tower = { abstract: mtaInterface, transfer: ndrSyntax, port: 0, address: '0.0.0.0' };
  const body = { op: 'ept_map', object: null, tower, handle: nilHandle, most: mostTowers } as const;
  send(ctx, asking.id, { type: 'request', call: mapCall, context: 0, opnum: serviceOpnumOf.ept_map, body });
}

/** What the mapper says once it is bound. */
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

/** The host is the one where the mapper was found, whatever that thinks of its own addresses: only the port is taken from it. */
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

/** The connection to the mapper is gone without an answer that helps: so is the one that it asked for. */
export function resolvingFailed(ctx: Context, asking: Connection, error: number): void {
  const waiting = connectionOf(ctx, asking.asksFor as number);
  if (waiting === undefined) return;
  forget(ctx, waiting);
  indicateBindFailed(ctx, waiting, error);
}
