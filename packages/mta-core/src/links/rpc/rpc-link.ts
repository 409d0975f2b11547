/** The RPC link: routes the events of the RPC runtime to the association they belong to, and serves the reliable transfer. */

import { dueRows } from '../../collections/tree.js';
import type { Context } from '../../machine/context.js';
import type { Input } from '../../machine/input.js';
import type { AssociationRef } from '../../machine/state.js';
import { associationOf, entryAt, report } from '../../machine/update.js';
import { mostActivities } from '../../reliable-transfer/apdu.js';
import type { Link } from '../link.js';
import { withProtocol } from '../string-binding.js';
import { backBindFailed, bindBackAnswered, bindCalled, callBindBack, wayBackFailed } from './call-back.js';
import { carrierDue, carrierOf, dropConnections, failAttempt, forgetCarrier, patchCarrier, viewCarrier } from './carrier.js';
import { close, unbindBackCalled, unbindBackOver, unbindCalled } from './closing.js';
import { putChanged } from './connections.js';
import { readiness, reportFailedListen } from './listening.js';
import { bindAnswered, bindBackCalled, bindUnanswered, callBind, firstBindFailed, open, openTimedOut } from './opening.js';
import { faultStatus, ntError } from './pdu.js';
import { rpcClose, rpcFault, rpcForgetMisfiled, rpcInput, rpcListen, rpcReply } from './runtime.js';
import {
  abort,
  bindData,
  dataBindFailed,
  quiet,
  ready,
  releaseHeld,
  retryNow,
  send,
  sendAnswered,
  sendCalled,
  usable,
} from './sending.js';
import type { Carrier, Indication } from './state.js';
import { rpcDeadline, rpcTimer } from './timer.js';

type Called = Extract<Indication, { type: 'called' }>;

function input(ctx: Context, given: Input): void {
  rpcInput(ctx, given);
  if (given.type === 'listen-failed') reportFailedListen(ctx, given);
}

function drain(ctx: Context): void {
  while (ctx.rpc.indications.length > 0) {
    const { indications } = ctx.rpc;
    ctx.rpc.indications = [];
    for (const indication of indications) indicated(ctx, indication);
  }
}

function indicated(ctx: Context, indication: Indication): void {
  if (indication.type === 'called') return called(ctx, indication);
  const ref = indication.owner;
  const carrier = ref === null ? undefined : carrierOf(ctx.mta, ref);
  if (ref === null || carrier === undefined) {
    // Its association is gone, so a connection that we have bound is closed.
    if (indication.type === 'bound') rpcClose(ctx, indication.conn);
    return;
  }
  // biome-ignore lint/nursery/useExhaustiveSwitchCases: 'called' has returned above.
  switch (indication.type) {
    case 'bound':
      return bound(ctx, ref, carrier, indication);
    case 'bind-failed':
      return bindFailed(ctx, ref, carrier, indication);
    case 'answered':
      return answered(ctx, ref, indication);
    case 'call-failed':
      return callFailed(ctx, ref, indication);
    case 'call-cancelled':
      return callCancelled(ctx, ref, indication);
    case 'unreadable':
      return ctx.user.unreadable(ctx, ref, indication.call, indication.settled, indication.detail);
    case 'cancelled-by-peer':
      if (indication.op === 'MtaBind') failAttempt(ctx, ref);
      return;
    case 'connection-lost':
      return connectionLost(ctx, ref, carrier, indication);
  }
}

function bound(
  ctx: Context,
  ref: AssociationRef,
  carrier: Carrier,
  { conn, group, remote }: Extract<Indication, { type: 'bound' }>,
): void {
  // The data connection must go to the same address and port, even if a name server or an endpoint mapper would answer otherwise
  // by then.
  const { path, ownFirst, ownData, phase } = carrier;
  if (conn === ownFirst && path !== null && path.endpoint !== remote)
    patchCarrier(ctx, ref, { path: { ...path, endpoint: remote } });
  if (conn === ownData.conn) patchCarrier(ctx, ref, { ownData: { state: 'bound', conn, retryAtMs: null } });
  else if (conn === ownFirst && phase === 'dialling') callBind(ctx, ref, group);
  else if (conn === ownFirst && phase === 'dialling-back') callBindBack(ctx, ref, group);
}

function bindFailed(
  ctx: Context,
  ref: AssociationRef,
  carrier: Carrier,
  failed: Extract<Indication, { type: 'bind-failed' }>,
): void {
  if (failed.conn === carrier.ownData.conn) dataBindFailed(ctx, ref, failed.error);
  else if (failed.conn !== carrier.ownFirst) return;
  else if (associationOf(ctx, ref)?.role === 'initiator') firstBindFailed(ctx, ref, failed.error);
  else backBindFailed(ctx, ref, failed.error);
}

function answered(ctx: Context, ref: AssociationRef, indication: Extract<Indication, { type: 'answered' }>): void {
  const { result } = indication;
  switch (result.op) {
    case 'MtaBind':
      bindAnswered(ctx, ref, result);
      return releaseHeld(ctx, ref);
    case 'MtaBindBack':
      return bindBackAnswered(ctx, ref, result.accepted);
    case 'MtaSend':
      return sendAnswered(ctx, ref, indication.call, result.apdu);
    case 'MtaUnBind':
      return ctx.user.closed(ctx, ref);
    case 'MtaUnBindBack':
      return unbindBackOver(ctx, ref, null);
  }
}

function callFailed(ctx: Context, ref: AssociationRef, failed: Extract<Indication, { type: 'call-failed' }>): void {
  const { op, error, call } = failed;
  if (op === 'MtaBind') {
    bindUnanswered(ctx, ref, error);
    failAttempt(ctx, ref);
  } else if (op === 'MtaBindBack') {
    wayBackFailed(ctx, ref, error);
  } else if (op === 'MtaUnBind') {
    ctx.user.ended(ctx, ref);
  } else if (op === 'MtaUnBindBack') {
    unbindBackOver(ctx, ref, error);
  } else {
    // The peer cannot execute our calls: this copy must not be sent again at once, and the association is of no use.
    const state = associationOf(ctx, ref)?.state;
    report(ctx, 9316, { ltabIndex: ref.entry, ntError: error });
    ctx.user.transferFailed(ctx, ref, `The next MTA could not execute the transfer (Windows NT error ${error}).`, call);
    ctx.user.aborts(ctx, ref, `fault on ${op}, Windows NT error ${error}, in state ${state}`);
  }
}

function callCancelled(
  ctx: Context,
  ref: AssociationRef,
  { conn, call, op, elapsedMs, remote }: Extract<Indication, { type: 'call-cancelled' }>,
): void {
  report(ctx, 9277, {
    thread: conn,
    ltabIndex: ref.entry,
    timeMs: elapsedMs,
    cancelResult: 0,
    remoteServer: entryAt(ctx, ref.entry).name,
    callName: op,
    stringBinding: withProtocol(remote),
  });
  if (op === 'MtaBind') return failAttempt(ctx, ref);
  if (op === 'MtaBindBack') return wayBackFailed(ctx, ref, ntError.callCancelled);
  if (op === 'MtaUnBind') return ctx.user.ended(ctx, ref);
  if (op === 'MtaUnBindBack') return unbindBackOver(ctx, ref, ntError.callCancelled);
  ctx.user.transferFailed(ctx, ref, 'The next MTA did not answer the transfer for two minutes.', call);
  const state = associationOf(ctx, ref)?.state;
  if (state === 'open') ctx.user.lost(ctx, ref);
  // Several calls of one association may be given up at once. The first has made it lost, and it must then be recovered, not
  // ended.
  else if (state !== 'lost') ctx.user.ended(ctx, ref);
}

/** Losing any one connection loses the association. */
function connectionLost(
  ctx: Context,
  ref: AssociationRef,
  { phase, peerFirst }: Carrier,
  { conn, error }: Extract<Indication, { type: 'connection-lost' }>,
): void {
  const state = associationOf(ctx, ref)?.state;
  if (state === 'lost') return;
  if (state === 'open') return ctx.user.lost(ctx, ref);
  if (state === 'closing') return ctx.user.ended(ctx, ref);
  // If the caller's own connection is lost, the way back is of no use, but it has not failed.
  if (phase === 'calling-back' && conn !== peerFirst) return wayBackFailed(ctx, ref, error);
  if (phase === 'calling') bindUnanswered(ctx, ref, error);
  failAttempt(ctx, ref);
}

function called(ctx: Context, indication: Called): void {
  const { argument, conn, call, owner: ref } = indication;
  const opens = argument.op === 'MtaBind' || argument.op === 'MtaBindBack';
  // A connection carries one association: a second opening on it is a breach.
  if (opens && ref !== null) return rpcFault(ctx, conn, call, faultStatus.protocolError, true);
  if (argument.op === 'MtaBind') return bindCalled(ctx, indication, argument);
  if (argument.op === 'MtaBindBack') return bindBackCalled(ctx, indication, argument);
  if (argument.op === 'MtaSend') return sendCalled(ctx, indication, argument);
  if (ref === null || associationOf(ctx, ref) === undefined) return rpcFault(ctx, conn, call, faultStatus.protocolError, true);
  if (argument.op === 'MtaUnBind') unbindCalled(ctx, ref, indication, argument);
  else unbindBackCalled(ctx, ref, indication);
}

/** Fires the runtime's timers, then those of the carriers: an opening that takes too long, a data bind to retry. */
function timer(ctx: Context): void {
  rpcTimer(ctx);
  for (const { id: association, entry } of dueRows(ctx.mta.rpc.carriers, ctx.nowMs, carrierDue)) {
    const ref: AssociationRef = { entry, association };
    const carrier = carrierOf(ctx.mta, ref);
    if (carrier === undefined) continue;
    const { phase, openByMs, ownData } = carrier;
    if (openByMs !== null && openByMs <= ctx.nowMs) {
      if (phase === 'dialling') openTimedOut(ctx, ref, ntError.serverUnavailable);
      else if (phase === 'dialling-back') wayBackFailed(ctx, ref, ntError.serverUnavailable);
    } else if (ownData.retryAtMs !== null && ownData.retryAtMs <= ctx.nowMs) bindData(ctx, ref);
  }
}

export const rpcLink: Link = {
  isLimited: true,
  maxActivities: mostActivities,
  listen: rpcListen,
  readiness,
  input,
  drain,
  pending: (ctx) => ctx.rpc.indications.length > 0,
  finish: putChanged,
  timer,
  deadline: ({ rpc }) => rpcDeadline(rpc),
  open,
  ready,
  usable,
  obstacle: () => null,
  // The envelope travels beside the segment, in a field of its own.
  headRoom: () => 0,
  send,
  answer: (ctx, { conn, serial }, answer) => rpcReply(ctx, conn, serial, { op: 'MtaSend', apdu: answer }),
  quiet,
  close,
  abort,
  drop: dropConnections,
  forget: forgetCarrier,
  retryNow,
  behaviourSwitched: rpcForgetMisfiled,
  view: viewCarrier,
};
