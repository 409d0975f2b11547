/** The called side of an opening or a recovery: MtaBind, dialling back, MtaBindBack, the answer. */
import type { Context } from '../../machine/context.js';
import type { AssociationRef } from '../../machine/state.js';
import { associationOf, entryAt, report } from '../../machine/update.js';
import type { Rtoac, Rtorj } from '../../reliable-transfer/apdu.js';
import { withProtocol } from '../string-binding.js';
import { advancePhase, beginCarrier, carrierOf, failAttempt, patchCarrier } from './carrier.js';
import { dialFrom, dialNext } from './dialling.js';
import type { RpcArgument } from './operations.js';
import { ntError } from './pdu.js';
import { rpcCall, rpcOwn, rpcReply } from './runtime.js';
import type { Carrier, Indication } from './state.js';

type Called = Extract<Indication, { type: 'called' }>;
type BindArgument = Extract<RpcArgument, { op: 'MtaBind' }>;

/** Most endpoints of the caller that are tried on the way back. No host of this kind has so many. */
const maxEndpoints = 8;

/** MtaBind has come. */
export function bindCalled(ctx: Context, called: Called, argument: BindArgument): void {
  const { from, association, rtorq } = argument;
  const request = { link: 'rpc', from, association, rtorq, remote: called.remote, controlBlock: called.conn } as const;
  const verdict = ctx.user.openRequested(ctx, request);
  if ('accepted' in verdict) return callBack(ctx, verdict.accepted, called, argument);
  answer(ctx, called, verdict.entryId, { kind: 'rtorj', reason: verdict.refused });
}

function answer(
  ctx: Context,
  to: { readonly conn: number; readonly call: number },
  entryId: number | null,
  apdu: Rtoac | Rtorj,
): void {
  rpcReply(ctx, to.conn, to.call, { op: 'MtaBind', from: ctx.user.credentials(ctx, entryId), apdu });
}

/** Dials back to the endpoints that the caller has named. */
function callBack(ctx: Context, ref: AssociationRef, called: Called, argument: BindArgument): void {
  const { conn, call, address, group } = called;
  rpcOwn(ctx, conn, ref);
  beginCarrier(ctx, ref, 'dialling-back');
  patchCarrier(ctx, ref, { peerFirst: conn, peerGroup: { address, group }, answering: { conn, call } });
  dialFrom(ctx, ref, 'back', argument.endpoints.slice(0, maxEndpoints));
  if (carrierOf(ctx.mta, ref)?.ownFirst === null) wayBackFailed(ctx, ref, ntError.serverUnavailable);
}

/** The first connection back is bound: calls MtaBindBack. */
export function callBindBack(ctx: Context, ref: AssociationRef, group: number): void {
  advancePhase(ctx, ref, 'bound', { ownGroup: group, openByMs: null });
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  rpcCall(ctx, (carrierOf(ctx.mta, ref) as Carrier).ownFirst as number, {
    op: 'MtaBindBack',
    from: ctx.user.credentials(ctx, ref.entry),
    association: association.name,
    recovery: association.recovery,
  });
}

/** The caller's endpoint could not be bound: tries its next one, or refuses. */
export function backBindFailed(ctx: Context, ref: AssociationRef, error: number): void {
  patchCarrier(ctx, ref, { ownFirst: null });
  if (!dialNext(ctx, ref)) wayBackFailed(ctx, ref, error);
}

/** MtaBindBack cannot be called, or was not answered: logs event 9322, and refuses the waiting MtaBind. */
export function wayBackFailed(ctx: Context, ref: AssociationRef, error: number): void {
  if (associationOf(ctx, ref) === undefined) return;
  const { id, name } = entryAt(ctx, ref.entry);
  const path = carrierOf(ctx.mta, ref)?.path ?? null;
  report(ctx, 9322, {
    ltabIndex: id,
    ntError: error,
    commsError: error,
    bindError: error,
    remoteServer: name,
    protocolString: path === null ? '' : withProtocol(path.endpoint),
  });
  refuseWaiting(ctx, ref);
  failAttempt(ctx, ref);
}

/** MtaBindBack was answered. */
export function bindBackAnswered(ctx: Context, ref: AssociationRef, accepted: boolean): void {
  const carrier = carrierOf(ctx.mta, ref);
  if (carrier?.phase !== 'calling-back') return;
  if (!accepted) {
    refuseWaiting(ctx, ref);
    failAttempt(ctx, ref);
    return;
  }
  advancePhase(ctx, ref, 'agreed', { openByMs: null, pathsLeft: [] });
  const rtoac = ctx.user.agreed(ctx, ref);
  if (carrier.answering === null) return;
  answer(ctx, carrier.answering, ref.entry, rtoac);
  patchCarrier(ctx, ref, { answering: null });
}

/** Refuses the MtaBind that waits. */
function refuseWaiting(ctx: Context, ref: AssociationRef): void {
  const answering = carrierOf(ctx.mta, ref)?.answering ?? null;
  if (answering === null) return;
  answer(ctx, answering, ref.entry, ctx.user.refuses(ctx, ref, 'rtsBusy', answering.conn));
  patchCarrier(ctx, ref, { answering: null });
}
