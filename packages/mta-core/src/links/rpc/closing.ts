/** RT-CLOSE over RPC: MtaUnBind by the initiator, MtaUnBindBack by the responder, then the answer to MtaUnBind. */
import type { Context } from '../../machine/context.js';
import type { AssociationRef } from '../../machine/state.js';
import { associationOf, report } from '../../machine/update.js';
import { carrierOf, patchCarrier } from './carrier.js';
import type { RpcArgument } from './operations.js';
import { faultStatus } from './pdu.js';
import { rpcCall, rpcFault, rpcReply } from './runtime.js';
import type { Carrier, Indication } from './state.js';

type Called = Extract<Indication, { type: 'called' }>;

/** Calls MtaUnBind. */
export function close(ctx: Context, ref: AssociationRef): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  const settled = ctx.user.takeSettled(ctx, ref.entry);
  const { ownFirst } = carrierOf(ctx.mta, ref) as Carrier;
  rpcCall(ctx, ownFirst as number, { op: 'MtaUnBind', association: association.name, apdu: { kind: 'close' }, settled });
}

/** MtaUnBind has come to the responder. */
export function unbindCalled(
  ctx: Context,
  ref: AssociationRef,
  called: Called,
  argument: Extract<RpcArgument, { op: 'MtaUnBind' }>,
): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return rpcFault(ctx, called.conn, called.call, faultStatus.protocolError);
  if (association.name !== argument.association || !ctx.user.closeRequested(ctx, ref, argument.settled)) {
    rpcFault(ctx, called.conn, called.call, faultStatus.protocolError);
    ctx.user.breached(ctx, ref, 'close');
    return;
  }
  patchCarrier(ctx, ref, { answering: { conn: called.conn, call: called.call } });
  const { ownFirst } = carrierOf(ctx.mta, ref) as Carrier;
  rpcCall(ctx, ownFirst as number, { op: 'MtaUnBindBack', association: association.name, apdu: { kind: 'close' } });
}

/** MtaUnBindBack has come to the initiator that closes. */
export function unbindBackCalled(ctx: Context, ref: AssociationRef, called: Called): void {
  const association = associationOf(ctx, ref);
  if (association === undefined || association.state !== 'closing' || association.role !== 'initiator') {
    rpcFault(ctx, called.conn, called.call, faultStatus.protocolError);
    return;
  }
  rpcReply(ctx, called.conn, called.call, { op: 'MtaUnBindBack', apdu: { kind: 'close-ack' } });
}

/** MtaUnBindBack was answered, or failed: the responder answers MtaUnBind, and both sides drop the association. */
export function unbindBackOver(ctx: Context, ref: AssociationRef, error: number | null): void {
  const answering = carrierOf(ctx.mta, ref)?.answering ?? null;
  if (answering === null) return;
  if (error !== null) report(ctx, 9323, { ltabIndex: ref.entry, ntError: error });
  rpcReply(ctx, answering.conn, answering.call, { op: 'MtaUnBind', apdu: { kind: 'close-ack' } });
  patchCarrier(ctx, ref, { answering: null });
  ctx.user.closed(ctx, ref);
}
