/** Sends and receives APDUs as MtaSend calls, and makes the data connection that carries them. */
import type { Context } from '../../machine/context.js';
import type { AssociationRef, Mta } from '../../machine/state.js';
import { associationOf, markChanged, report } from '../../machine/update.js';
import type { AbortReason, SendApdu } from '../../reliable-transfer/apdu.js';
import { carrierOf, noDataConnection, patchCarrier } from './carrier.js';
import { maxOutstandingCalls } from './connections.js';
import { groupOf } from './groups.js';
import type { RpcArgument, SendAnswer } from './operations.js';
import { faultStatus } from './pdu.js';
import { callsOn, rpcBind, rpcCall, rpcFault, rpcOwn, rpcReply } from './runtime.js';
import type { Connection, Indication } from './state.js';

type Called = Extract<Indication, { type: 'called' }>;
type SendArgument = Extract<RpcArgument, { op: 'MtaSend' }>;

/** Most unanswered calls on a data connection: each further activity that may be unconfirmed permits one more. */
function maxCalls(ctx: Context, ref: AssociationRef): number {
  return maxOutstandingCalls - 1 + (associationOf(ctx, ref)?.activitiesInFlight ?? 1);
}

/** Opens our data connection, between the same addresses as our first connection and with its group. */
export function bindData(ctx: Context, ref: AssociationRef): void {
  const carrier = carrierOf(ctx.mta, ref);
  if (carrier === undefined || carrier.path === null || carrier.ownGroup === null) return;
  const conn = rpcBind(ctx, { owner: ref, ...carrier.path, group: carrier.ownGroup, maxCalls: maxCalls(ctx, ref) });
  patchCarrier(ctx, ref, { ownData: { state: 'binding', conn, retryAtMs: null } });
}

/** The data bind was refused: no data can be sent on this association. This side retries the bind after the Transfer Interval. */
export function dataBindFailed(ctx: Context, ref: AssociationRef, error: number): void {
  report(ctx, 9316, { ltabIndex: ref.entry, ntError: error });
  const retryAtMs = ctx.nowMs + ctx.mta.settings.transferRetryIntervalS * 1000;
  patchCarrier(ctx, ref, { ownData: { state: 'refused', conn: null, retryAtMs } });
}

/** Is the data connection bound? If there is none yet, this opens it, and the APDU must wait. */
export function ready(ctx: Context, ref: AssociationRef): boolean {
  const state = carrierOf(ctx.mta, ref)?.ownData.state;
  if (state === 'none') bindData(ctx, ref);
  return state === 'bound';
}

export function usable(mta: Mta, ref: AssociationRef): boolean {
  return carrierOf(mta, ref)?.ownData.state !== 'refused';
}

/** Has every call on the data connection been answered? */
export function quiet(ctx: Context, ref: AssociationRef): boolean {
  const conn = carrierOf(ctx.mta, ref)?.ownData.conn ?? null;
  return conn === null || callsOn(ctx, conn) === 0;
}

export function retryNow(ctx: Context, ref: AssociationRef): void {
  if (carrierOf(ctx.mta, ref)?.ownData.state === 'refused') patchCarrier(ctx, ref, { ownData: noDataConnection });
}

export function send(ctx: Context, ref: AssociationRef, apdu: SendApdu): number | null {
  const conn = carrierOf(ctx.mta, ref)?.ownData.conn ?? null;
  if (conn === null) return null;
  return rpcCall(ctx, conn, { op: 'MtaSend', apdu, settled: ctx.user.takeSettled(ctx, ref.entry) });
}

/** Sends an RTAB. A side that has sent nothing yet has no data connection, so its first connection carries the RTAB. */
export function abort(ctx: Context, ref: AssociationRef, reason: AbortReason): void {
  const carrier = carrierOf(ctx.mta, ref);
  const conn = carrier?.ownData.state === 'bound' ? carrier.ownData.conn : (carrier?.ownFirst ?? null);
  if (conn !== null) rpcCall(ctx, conn, { op: 'MtaSend', apdu: { kind: 'rtab', reason }, settled: [] });
}

/** An MtaSend of ours was answered. */
export function sendAnswered(ctx: Context, ref: AssociationRef, call: number, answer: SendAnswer): void {
  // This may be the answer that a close has waited for.
  if (associationOf(ctx, ref)?.wantsClose === true) markChanged(ctx, ref.entry);
  if (answer.kind === 'please-noted') return;
  if (answer.kind === 'turn-give-ack') ctx.user.giveAcknowledged(ctx, ref);
  else ctx.user.answered(ctx, ref, call, answer);
}

/** The association whose group this data connection names. */
export function ownerOfGroup(mta: Mta, { address, group }: Pick<Connection, 'address' | 'group'>): AssociationRef | null {
  const owner = groupOf(mta.rpc, group)?.owner ?? null;
  const known = owner === null ? null : carrierOf(mta, owner)?.peerGroup;
  return known?.group === group && known.address === address ? owner : null;
}

/** MtaSend has come. */
export function sendCalled(ctx: Context, called: Called, argument: SendArgument): void {
  const { conn, call } = called;
  const ref = called.owner ?? ownerOfGroup(ctx.mta, called);
  const association = ref === null ? undefined : associationOf(ctx, ref);
  const carrier = ref === null ? undefined : carrierOf(ctx.mta, ref);
  const isFirst = carrier?.peerFirst === conn;
  const fresh = carrier !== undefined && carrier.peerData === null && !isFirst;
  const isLastWord = isFirst && argument.apdu.kind === 'rtab';
  if (ref === null || association === undefined || (carrier?.peerData !== conn && !fresh && !isLastWord)) {
    return rpcFault(ctx, conn, call, faultStatus.protocolError, true);
  }
  if (fresh) {
    rpcOwn(ctx, conn, ref, maxCalls(ctx, ref));
    patchCarrier(ctx, ref, { peerData: conn });
  }
  const held = carrierOf(ctx.mta, ref)?.held ?? [];
  const overtakes = !isLastWord && carrier?.phase === 'calling' && carrier.peerFirst !== null;
  // None of them is answered, so the limit of calls on a connection is theirs, too.
  if (overtakes) patchCarrier(ctx, ref, { held: [...held, { conn, call, argument }] });
  else execute(ctx, ref, { conn, call }, argument);
}

/** The RTOAC has been read: executes the calls that overtook it, in their order. */
export function releaseHeld(ctx: Context, ref: AssociationRef): void {
  const carrier = carrierOf(ctx.mta, ref);
  if (carrier === undefined || carrier.phase !== 'up' || carrier.held.length === 0) return;
  patchCarrier(ctx, ref, { held: [] });
  for (const { conn, call, argument } of carrier.held) {
    const isOurs = carrierOf(ctx.mta, ref)?.peerData === conn;
    if (isOurs && argument.op === 'MtaSend') execute(ctx, ref, { conn, call }, argument);
  }
}

/** Executes a call. Every call needs an answer: a Turn-Please and a Turn-Give get theirs here, a transfer gets its own later. */
function execute(
  ctx: Context,
  ref: AssociationRef,
  { conn, call }: { readonly conn: number; readonly call: number },
  { apdu, settled }: SendArgument,
): void {
  if (!ctx.user.received(ctx, ref, { conn, serial: call }, apdu, settled)) return;
  if (apdu.kind === 'turn-please') rpcReply(ctx, conn, call, { op: 'MtaSend', apdu: { kind: 'please-noted' } });
  else if (apdu.kind === 'turn-give') rpcReply(ctx, conn, call, { op: 'MtaSend', apdu: { kind: 'turn-give-ack' } });
}
