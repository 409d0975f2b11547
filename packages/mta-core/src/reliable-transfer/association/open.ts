/** The initiator's side of an opening or a recovery: dial, MtaBind, RTOAC or RTORJ. */

import { rowOf } from '../../collections/table.js';
import { dialPaths, mayDialFrom } from '../../links/rpc/local-bindings.js';
import { ntError } from '../../links/rpc/pdu.js';
import { rpcBind, rpcCall, rpcOwn } from '../../links/rpc/runtime.js';
import type { Owner } from '../../links/rpc/state.js';
import type { Context } from '../../machine/context.js';
import type { Association, Mta } from '../../machine/state.js';
import {
  associationOf,
  countAt,
  entryAt,
  incarnationStride,
  patchAssociation,
  patchEntry,
  putAssociation,
  report,
  takeNumber,
} from '../../machine/update.js';
import { settledBelow } from '../../mail/queue.js';
import {
  type AssociationId,
  defaultWindowSize,
  type MtaCredentials,
  type RefuseReason,
  type Role,
  type RpcResult,
  type Rtorq,
  refuseReason,
} from '../apdu.js';
import { becomes } from '../transitions.js';
import { believes } from '../turn/table.js';
import { controlBlockOf, dropConnections, endAssociation, openFailed, recoveryFailed } from './end.js';
import { meetPeer } from './introduction.js';

/** How this MTA introduces itself to an adjacent one. */
export function credentialsFor(ctx: Context, at: number): MtaCredentials {
  return {
    mtaName: ctx.mta.name,
    password: entryAt(ctx, at).password,
    incarnation: ctx.mta.incarnation,
    storeUuid: ctx.mta.storeUuid,
    settledBelow: settledBelow(ctx, at),
  };
}

/** String bindings at which this MTA can be called back, in the order in which it uses its bindings itself. */
function ownEndpoints(mta: Mta): string[] {
  if (mta.advertise.length > 0) return [...mta.advertise];
  return mta.bindings.flatMap(({ id, address, enabled }) => {
    const listening = rowOf(mta.rpc.addresses, id);
    return enabled && listening?.state === 'up' ? [`${address}[${listening.port}]`] : [];
  });
}

/** A row for an association that begins now. */
export function newAssociation(
  ctx: Context,
  id: number,
  name: AssociationId,
  role: Role,
  rtorq: Pick<Rtorq, 'checkpointSizeK' | 'windowSize' | 'dialogueMode' | 'turn'>,
): Association {
  return {
    id,
    name,
    role,
    state: role === 'initiator' ? 'dialling' : 'dialling-back',
    recovery: 0,
    turn: rtorq.turn === role ? 'held' : 'theirs',
    statedTurn: null,
    askedPriority: null,
    transfersSinceAsked: 0,
    dialogueMode: rtorq.dialogueMode,
    checkpointSizeK: rtorq.checkpointSizeK,
    windowSize: rtorq.windowSize,
    urgentOnly: false,
    pathsLeft: [],
    path: null,
    first: null,
    firstGroup: null,
    peerFirst: null,
    peerGroup: null,
    data: { state: 'none', conn: null, retryAtMs: null },
    peerData: null,
    answering: null,
    held: [],
    transfer: null,
    lifetimeAtMs: null,
    wantsClose: false,
    openByMs: null,
    disconnectAtMs: null,
    recoverAtMs: null,
    recoverBackoffS: 1,
    moved: 0,
    openedAtMs: ctx.nowMs,
  };
}

/** Open a fresh association to an adjacent MTA. */
export function openAssociation(ctx: Context, at: number, urgentOnly: boolean): void {
  const { settings } = ctx.mta;
  const id = takeNumber(ctx);
  const name = `${ctx.mta.name}/${ctx.mta.incarnation}/${id % incarnationStride}`;
  const association = newAssociation(ctx, id, name, 'initiator', {
    checkpointSizeK: settings.checkpointSizeK,
    windowSize: settings.windowSize,
    dialogueMode: settings.twoWayAlternate ? 'two-way-alternate' : 'monologue',
    turn: settings.localInitialTurn ? 'initiator' : 'responder',
  });
  putAssociation(ctx, at, { ...association, urgentOnly });
  dialPeer(ctx, { entry: at, association: id });
}

/** Set out to recover a lost association of ours, under the next recovery number. */
export function recoverAssociation(ctx: Context, ref: Owner): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  countAt(ctx, ref.entry, { recoveries: 1 });
  becomes(ctx, ref, 'recover', { recovery: association.recovery + 1, recoverAtMs: null });
  dialPeer(ctx, ref);
}

/** Dial the adjacent MTA. While nobody has said where it is, the attempt fails at once, as if nobody listened there. */
function dialPeer(ctx: Context, ref: Owner): void {
  dialFrom(ctx, ref, entryAt(ctx, ref.entry).endpoints);
  if (associationOf(ctx, ref)?.first === null) firstBindFailed(ctx, ref, ntError.serverUnavailable);
}

/** Dial the first of these string bindings for the first connection; the others, and other local addresses, are kept for when it fails. */
export function dialFrom(ctx: Context, ref: Owner, endpoints: readonly string[]): void {
  const openByMs = ctx.nowMs + ctx.mta.settings.openTimeoutS * 1000;
  patchAssociation(ctx, ref, { openByMs, pathsLeft: dialPaths(ctx.mta, endpoints) });
  dialNext(ctx, ref);
}

/** @returns false when nothing is left to be tried. */
export function dialNext(ctx: Context, ref: Owner): boolean {
  const association = associationOf(ctx, ref);
  const left = association?.pathsLeft.filter((each) => mayDialFrom(ctx.mta, each)) ?? [];
  const [path, ...pathsLeft] = left;
  if (path === undefined) return false;
  patchAssociation(ctx, ref, { pathsLeft, path });
  const first = rpcBind(ctx, { owner: ref, ...path, group: 0 });
  patchAssociation(ctx, ref, { first });
  return true;
}

/** The first connection of an opening or a recovery is bound: call MtaBind. */
export function callBind(ctx: Context, ref: Owner, group: number): void {
  becomes(ctx, ref, 'bound', { firstGroup: group, openByMs: null });
  const association = associationOf(ctx, ref) as Association;
  const { settings } = ctx.mta;
  const turn: Role = believes(association.turn) === 'mine' ? 'initiator' : 'responder';
  rpcCall(ctx, association.first as number, {
    op: 'MtaBind',
    from: credentialsFor(ctx, ref.entry),
    endpoints: ownEndpoints(ctx.mta),
    association: association.name,
    rtorq: {
      kind: 'rtorq',
      checkpointSizeK: settings.checkpointSizeK,
      windowSize: settings.windowSize,
      dialogueMode: association.dialogueMode,
      turn,
      recovery: association.recovery,
    },
  });
}

/** MtaBindBack has come for an MtaBind of ours. @returns whether it belongs to the present attempt. */
export function acceptBindBack(ctx: Context, ref: Owner, recovery: number, from: MtaCredentials): boolean {
  const association = associationOf(ctx, ref);
  if (association === undefined || association.state !== 'calling' || association.recovery !== recovery) return false;
  if (association.peerFirst !== null) return false;
  return meetPeer(ctx, ref.entry, from, ref.association);
}

/** MtaBind was answered. */
export function bindAnswered(ctx: Context, ref: Owner, result: Extract<RpcResult, { op: 'MtaBind' }>): void {
  const association = associationOf(ctx, ref);
  if (association === undefined || association.state !== 'calling') return;
  const { apdu } = result;
  if (apdu.kind === 'rtorj') {
    refused(ctx, ref, association, apdu.reason, result.from);
    return;
  }
  const sound = apdu.checkpointSizeK <= association.checkpointSizeK && apdu.windowSize <= association.windowSize;
  if (association.peerFirst === null || !sound || !meetPeer(ctx, ref.entry, result.from, ref.association)) {
    attemptFailed(ctx, ref);
    return;
  }
  opened(ctx, ref, {
    checkpointSizeK: apdu.checkpointSizeK,
    windowSize: Math.min(apdu.windowSize || defaultWindowSize, association.windowSize),
  });
}

/** Both ways are there: the association is open. */
export function opened(ctx: Context, ref: Owner, patch: Partial<Association>): void {
  const { role, recovery } = associationOf(ctx, ref) as Association;
  becomes(ctx, ref, 'agreed', {
    ...patch,
    openByMs: null,
    disconnectAtMs: null,
    recoverAtMs: null,
    recoverBackoffS: 1,
    pathsLeft: [],
    lifetimeAtMs: role === 'initiator' ? ctx.nowMs + ctx.mta.settings.associationLifetimeS * 1000 : null,
    ...(recovery === 0 ? { openedAtMs: ctx.nowMs } : {}),
  });
  // A sign of life: what waits for the Open Interval need not wait any longer. The failures before it count until mail has moved:
  // an MTA that opens associations only to abort them must not be tried for ever.
  patchEntry(ctx, ref.entry, { openRetryAtMs: null });
  if (recovery === 0) countAt(ctx, ref.entry, role === 'initiator' ? { associationsOut: 1 } : { associationsIn: 1 });
  ctx.evaluate.add(ref.entry);
}

function refused(ctx: Context, ref: Owner, association: Association, reason: RefuseReason, from: MtaCredentials): void {
  const { name: entity, peer } = entryAt(ctx, ref.entry);
  report(ctx, 1290, {
    entity,
    provider: 'RTSE',
    reason: `${reason} (${refuseReason[reason]})`,
    controlBlock: controlBlockOf(association),
    associationType: association.recovery === 0 ? 'open' : 'recover',
  });
  if (association.recovery === 0 || reason !== 'cannotRecover') return attemptFailed(ctx, ref);
  // What the peer does not know any more can never be recovered: forget it, and let waiting mail open a fresh one.
  endAssociation(ctx, ref);
  // A peer that has not been restarted has aborted it, and could do so for ever: without a message moved that is a failure.
  const sameStart = peer?.incarnation === from.incarnation && peer.storeUuid === from.storeUuid;
  if (association.moved === 0 && sameStart) openFailed(ctx, ref.entry);
}

/** This attempt is over, without an association. */
export function attemptFailed(ctx: Context, ref: Owner): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  // To the RPC runtime of the called side it is as if there had been none.
  if (association.role === 'responder' && association.peerFirst !== null) rpcOwn(ctx, association.peerFirst, null);
  if (association.recovery > 0) {
    recoveryFailed(ctx, ref);
    return;
  }
  endAssociation(ctx, ref);
  if (association.role === 'initiator') openFailed(ctx, ref.entry);
}

/** The first connection could not be bound: try the next path, or give this attempt up. */
export function firstBindFailed(ctx: Context, ref: Owner, error: number): void {
  patchAssociation(ctx, ref, { first: null });
  if (dialNext(ctx, ref)) return;
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  const entry = entryAt(ctx, ref.entry);
  report(ctx, 9318, { ltabIndex: entry.id, ntError: error, commsError: error, bindError: error, remoteServer: entry.name });
  attemptFailed(ctx, ref);
}

/** Abandon the connections of an opening that took too long. */
export function openTimedOut(ctx: Context, ref: Owner, error: number): void {
  dropConnections(ctx, ref);
  patchAssociation(ctx, ref, { pathsLeft: [] });
  firstBindFailed(ctx, ref, error);
}
