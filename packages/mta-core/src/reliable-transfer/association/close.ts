/** Closing in order: MtaUnBind by the initiator, MtaUnBindBack by the responder, then the answer and the end. */

import { faultStatus } from '../../links/rpc/pdu.js';
import { rpcCall, rpcFault, rpcReply } from '../../links/rpc/runtime.js';
import type { Indication, Owner } from '../../links/rpc/state.js';
import type { Context } from '../../machine/context.js';
import type { Association } from '../../machine/state.js';
import { associationOf, entryAt, patchAssociation, patchEntry, report } from '../../machine/update.js';
import type { RpcArgument } from '../apdu.js';
import { settled } from '../transfer/received-activities.js';
import { takeSettled } from '../transfer/settled.js';
import { becomes, mayBecome } from '../transitions.js';
import { abortAssociation, endAssociation } from './end.js';

type Called = Extract<Indication, { type: 'called' }>;

/** The initiator closes. All the rules that permit it have been checked by the caller. */
export function closeAssociation(ctx: Context, ref: Owner): void {
  const association = associationOf(ctx, ref) as Association;
  becomes(ctx, ref, 'close', { lifetimeAtMs: null, wantsClose: false });
  const named = takeSettled(ctx, ref.entry);
  rpcCall(ctx, association.first as number, {
    op: 'MtaUnBind',
    association: association.name,
    apdu: { kind: 'close' },
    settled: named,
  });
}

/** MtaUnBind has come to the responder. */
export function unbindCalled(
  ctx: Context,
  ref: Owner,
  called: Called,
  argument: Extract<RpcArgument, { op: 'MtaUnBind' }>,
): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return rpcFault(ctx, called.conn, called.call, faultStatus.protocolError);
  const busy = entryAt(ctx, ref.entry).incoming.some((row) => row.association === ref.association && row.untilMs === null);
  const holds = association.turn === 'held' || association.turn === 'asked-of';
  if (
    association.role !== 'responder' ||
    association.name !== argument.association ||
    !mayBecome(association, 'close') ||
    holds ||
    busy
  ) {
    rpcFault(ctx, called.conn, called.call, faultStatus.protocolError);
    abortAssociation(ctx, ref, 'protocolError', `close in state ${association.state}, Turn ${association.turn}`);
    return;
  }
  const sender = entryAt(ctx, ref.entry).peer?.storeUuid;
  if (sender !== undefined) settled(ctx, sender, argument.settled);
  becomes(ctx, ref, 'close', { answering: { conn: called.conn, call: called.call } });
  rpcCall(ctx, association.first as number, { op: 'MtaUnBindBack', association: association.name, apdu: { kind: 'close' } });
}

/** MtaUnBindBack has come to the initiator that closes. */
export function unbindBackCalled(ctx: Context, ref: Owner, called: Called): void {
  const association = associationOf(ctx, ref);
  if (association === undefined || association.state !== 'closing' || association.role !== 'initiator') {
    rpcFault(ctx, called.conn, called.call, faultStatus.protocolError);
    return;
  }
  rpcReply(ctx, called.conn, called.call, { op: 'MtaUnBindBack', apdu: { kind: 'close-ack' } });
}

/** MtaUnBindBack was answered, or failed: the responder answers MtaUnBind, and both sides let go. */
export function unbindBackOver(ctx: Context, ref: Owner, error: number | null): void {
  const association = associationOf(ctx, ref);
  if (association === undefined || association.answering === null) return;
  if (error !== null) report(ctx, 9323, { ltabIndex: ref.entry, ntError: error });
  const { conn, call } = association.answering;
  rpcReply(ctx, conn, call, { op: 'MtaUnBind', apdu: { kind: 'close-ack' } });
  patchAssociation(ctx, ref, { answering: null });
  closed(ctx, ref);
}

/** Closed in order: the two sides understand each other, also where no mail had to move. */
export function closed(ctx: Context, ref: Owner): void {
  patchEntry(ctx, ref.entry, { openFailures: 0 });
  endAssociation(ctx, ref);
}
