/** The caller's side of an opening or a recovery: dial, bind, MtaBind, RTOAC or RTORJ. */
import { rowOf } from '../../collections/table.js';
import type { Context } from '../../machine/context.js';
import type { AssociationRef, Mta } from '../../machine/state.js';
import { associationOf, entryAt, entryNamed, incarnationStride, report } from '../../machine/update.js';
import { advancePhase, beginCarrier, carrierOf, dropConnections, failAttempt, patchCarrier, stopDialling } from './carrier.js';
import { dialFrom, dialNext } from './dialling.js';
import type { RpcArgument, RpcResult } from './operations.js';
import { ntError } from './pdu.js';
import { rpcCall, rpcOwn, rpcReply } from './runtime.js';
import type { Carrier, Indication } from './state.js';

type Called = Extract<Indication, { type: 'called' }>;

/** String bindings at which this MTA can be called back, in its own dialling order. */
function ownEndpoints(mta: Mta): string[] {
  if (mta.advertise.length > 0) return [...mta.advertise];
  return mta.bindings.flatMap(({ id, address, enabled }) => {
    const listening = rowOf(mta.rpc.addresses, id);
    return enabled && listening?.state === 'up' ? [`${address}[${listening.port}]`] : [];
  });
}

/** Dials the adjacent MTA. Without a configured endpoint the attempt fails at once, as if no server listened. */
export function open(ctx: Context, ref: AssociationRef): void {
  beginCarrier(ctx, ref, 'dialling');
  dialFrom(ctx, ref, 'out', entryAt(ctx, ref.entry).endpoints);
  if (carrierOf(ctx.mta, ref)?.ownFirst === null) firstBindFailed(ctx, ref, ntError.serverUnavailable);
}

/** The first connection is bound: calls MtaBind. */
export function callBind(ctx: Context, ref: AssociationRef, group: number): void {
  advancePhase(ctx, ref, 'bound', { ownGroup: group, openByMs: null });
  const { ownFirst } = carrierOf(ctx.mta, ref) as Carrier;
  const { from, association, rtorq } = ctx.user.openRequest(ctx, ref);
  rpcCall(ctx, ownFirst as number, { op: 'MtaBind', from, endpoints: ownEndpoints(ctx.mta), association, rtorq });
}

/** The first connection could not be bound: tries the next path, or gives this attempt up. */
export function firstBindFailed(ctx: Context, ref: AssociationRef, error: number): void {
  patchCarrier(ctx, ref, { ownFirst: null });
  if (dialNext(ctx, ref)) return;
  if (associationOf(ctx, ref) === undefined) return;
  const { id, name } = entryAt(ctx, ref.entry);
  report(ctx, 9318, { ltabIndex: id, ntError: error, commsError: error, bindError: error, remoteServer: name });
  failAttempt(ctx, ref);
}

/** Dialling and binding took too long: gives the connections up. */
export function openTimedOut(ctx: Context, ref: AssociationRef, error: number): void {
  stopDialling(ctx, ref);
  dropConnections(ctx, ref);
  patchCarrier(ctx, ref, { pathsLeft: [] });
  firstBindFailed(ctx, ref, error);
}

/** Logs event 9318: the connection was bound, but MtaBind got no answer on it. */
export function bindUnanswered(ctx: Context, ref: AssociationRef, error: number): void {
  const { id, name } = entryAt(ctx, ref.entry);
  report(ctx, 9318, { ltabIndex: id, ntError: error, commsError: error, bindError: 0, remoteServer: name });
}

/** The association of this name that this MTA opens; null if there is none. */
function associationNamed(ctx: Context, name: string, peer: string): AssociationRef | null {
  const entry = entryNamed(ctx, peer);
  const [start, number] = name.slice(ctx.mta.name.length + 1).split('/');
  const association = Number(start) * incarnationStride + Number(number);
  if (entry === undefined || rowOf(entry.associations, association)?.name !== name) return null;
  return { entry: entry.id, association };
}

/** MtaBindBack has come for an MtaBind of ours: accepts it if it belongs to the present attempt. */
export function bindBackCalled(ctx: Context, called: Called, argument: Extract<RpcArgument, { op: 'MtaBindBack' }>): void {
  const ref = associationNamed(ctx, argument.association, argument.from.mtaName);
  const accepted = ref !== null && isExpected(ctx, ref, argument.recovery) && ctx.user.introduced(ctx, ref, argument.from);
  if (accepted) {
    rpcOwn(ctx, called.conn, ref);
    patchCarrier(ctx, ref, { peerFirst: called.conn, peerGroup: { address: called.address, group: called.group } });
  }
  rpcReply(ctx, called.conn, called.call, { op: 'MtaBindBack', accepted });
}

function isExpected(ctx: Context, ref: AssociationRef, recovery: number): boolean {
  const [association, carrier] = [associationOf(ctx, ref), carrierOf(ctx.mta, ref)];
  if (association?.role !== 'initiator' || carrier?.phase !== 'calling' || association.recovery !== recovery) return false;
  return carrier.peerFirst === null;
}

/** MtaBind was answered. */
export function bindAnswered(ctx: Context, ref: AssociationRef, { from, apdu }: Extract<RpcResult, { op: 'MtaBind' }>): void {
  const carrier = carrierOf(ctx.mta, ref);
  if (carrier?.phase !== 'calling') return;
  // Without the peer's connection back, the association could carry nothing.
  if (apdu.kind === 'rtoac' && carrier.peerFirst === null) return failAttempt(ctx, ref);
  ctx.user.openAnswered(ctx, ref, from, apdu);
  if (associationOf(ctx, ref)?.state === 'open') advancePhase(ctx, ref, 'agreed', { openByMs: null, pathsLeft: [] });
}
