/** Opens and recovers associations over the X.400 connector: dial, CR and CC, CONNECT and ACCEPT or REFUSE. */
import { behaviourOf } from '../../catalogues/quirks/index.js';
import { isoPort } from '../../catalogues/settings.js';
import type { Context } from '../../machine/context.js';
import type { Input } from '../../machine/input.js';
import type { AssociationRef } from '../../machine/state.js';
import { associationOf, emit, entryAt, entryNamed, report, takeConnection } from '../../machine/update.js';
import { defaultWindowSize, type MtaCredentials } from '../../reliable-transfer/apdu.js';
import { endedEarly, orderedPaths } from '../dial-order.js';
import { mayDialFrom } from '../local-bindings.js';
import { parseStringBinding } from '../string-binding.js';
import { connectionOf, putAnswered, putConnection, refuseTransport, removeConnection, shut, transmit } from './connections.js';
import { leakControlBlock, takeControlBlock } from './control-blocks.js';
import type { X400Frame } from './frame.js';
import { addressesLostBlock, isTakenForDuplicate, leakedByRecovery, noteFailedRecovery } from './lost-control-blocks.js';
import type { X400Association, X400Connection } from './state.js';
import { putAssociation, rowOfAssociation } from './update.js';

type Frame<Type extends X400Frame['type']> = Extract<X400Frame, { type: Type }>;

/** Most accepted connections without a control block that wait for their CR, to be refused. */
const maxWithoutBlock = 8;
/** The MTA's own codes of a connection that cannot be made (Q232602). */
const connectionError = 8511;
const internalError = 8640;

const fresh = {
  peerReference: 0,
  owner: null,
  nextSerial: 1,
  lastData: 0,
  leaving: false,
  giving: false,
  sent: null,
  received: null,
  held: [],
} as const;

/** Begins an attempt: dials each string binding in turn, from each local address in turn. */
export function open(ctx: Context, ref: AssociationRef): void {
  const { endpoints } = entryAt(ctx, ref.entry);
  const known = rowOfAssociation(ctx.mta, ref);
  putAssociation(ctx, {
    id: ref.association,
    openedAtMs: known?.openedAtMs ?? ctx.nowMs,
    lastControlBlock: known?.lastControlBlock ?? 0,
    pathsLeft: orderedPaths(ctx, ref.entry, 'out', endpoints),
    openByMs: ctx.nowMs + ctx.mta.settings.openTimeoutS * 1000,
  });
  const isOpening = associationOf(ctx, ref)?.recovery === 0;
  if (addressesLostBlock(ctx, ref.entry, isOpening) || !dialNext(ctx, ref)) attemptOver(ctx, ref);
}

/** Dials the next path. @returns false if none is left, or no control block is free. */
function dialNext(ctx: Context, ref: AssociationRef): boolean {
  const row = rowOfAssociation(ctx.mta, ref);
  const [path, ...pathsLeft] = row?.pathsLeft.filter((each) => mayDialFrom(ctx.mta, each)) ?? [];
  const target = path === undefined ? null : parseStringBinding(path.endpoint);
  if (row === undefined || path === undefined || target === null) return false;
  if (row.openByMs <= ctx.nowMs) {
    endedEarly(ctx, ref.entry, 'out', path, pathsLeft);
    return false;
  }
  const id = takeConnection(ctx);
  const controlBlock = takeControlBlock(ctx, id);
  if (controlBlock === null) return false;
  putAssociation(ctx, { ...row, pathsLeft, lastControlBlock: controlBlock });
  const deadlineMs = ctx.nowMs + ctx.mta.settings.dialTimeoutS * 1000;
  const { endpoint: remote, from } = path;
  putConnection(ctx, { ...fresh, id, phase: 'dialling', remote, from, controlBlock, deadlineMs, owner: ref });
  const { host, port, throughMapper } = target;
  const localAddress = from === null ? {} : { localAddress: from };
  emit(ctx, { type: 'dial', link: 'x400', conn: id, host, port: throughMapper ? isoPort : port, ...localAddress });
  return true;
}

/** A connection of an attempt has come to nothing: tries the next path, or gives the attempt up. */
function pathFailed(ctx: Context, { owner: ref }: X400Connection): void {
  if (ref === null || associationOf(ctx, ref)?.state !== 'opening') return;
  if (!dialNext(ctx, ref)) attemptOver(ctx, ref);
}

/**
 * The attempt has failed. A failed opening is logged; the attempts of RTSE to recover an association are not, so that the entries
 * are an Open Interval apart (Q232602).
 */
function attemptOver(ctx: Context, ref: AssociationRef): void {
  if (associationOf(ctx, ref)?.recovery !== 0) noteFailedRecovery(ctx, ref);
  else {
    report(ctx, 4284, { errorCode: connectionError }, ref.entry);
    report(ctx, 4287, { errorCode: internalError });
  }
  ctx.user.attemptFailed(ctx, ref);
}

/** TCP is up: asks for the transport connection. */
export function connected(ctx: Context, connection: X400Connection): void {
  if (connection.phase !== 'dialling') return;
  putConnection(ctx, { ...connection, phase: 'connecting' });
  transmit(ctx, connection.id, { type: 'connection-request', source: connection.controlBlock });
}

/** The listener has accepted a connection. */
export function accepted(ctx: Context, { conn: id, remote }: Extract<Input, { type: 'accepted' }>): void {
  if (connectionOf(ctx.mta, id) !== undefined) return;
  const controlBlock = takeControlBlock(ctx, id) ?? 0;
  const deadlineMs = ctx.nowMs + ctx.mta.settings.dialTimeoutS * 1000;
  const connection: X400Connection = { ...fresh, id, phase: 'accepted', remote, from: null, controlBlock, deadlineMs };
  putConnection(ctx, connection);
  const { connections, controlBlocks } = ctx.mta.x400;
  if (controlBlock === 0 && connections.size - controlBlocks.length > maxWithoutBlock) shut(ctx, connection);
}

/** CR has come. */
export function transportRequested(ctx: Context, connection: X400Connection, { source }: Frame<'connection-request'>): void {
  const asked = { ...connection, peerReference: source };
  if (connection.controlBlock === 0) return refuseTransport(ctx, asked, 'congestion');
  putConnection(ctx, { ...asked, phase: 'answering' });
  transmit(ctx, connection.id, { type: 'connection-confirm', source: connection.controlBlock, destination: source });
}

/** CC has come: sends CONNECT. */
export function transportConfirmed(ctx: Context, connection: X400Connection, { source }: Frame<'connection-confirm'>): void {
  const ref = connection.owner as AssociationRef;
  const deadlineMs = ctx.nowMs + ctx.mta.settings.openTimeoutS * 1000;
  putConnection(ctx, { ...connection, phase: 'calling', peerReference: source, deadlineMs });
  const { from, association, rtorq } = ctx.user.openRequest(ctx, ref);
  const apdu = { ...rtorq, windowSize: behaviourOf(ctx.mta.legacy).windowOf(rtorq.windowSize) };
  const { openedAtMs } = rowOfAssociation(ctx.mta, ref) as X400Association;
  transmit(ctx, connection.id, { type: 'connect', from: travelling(from), association, openedAtMs, apdu });
}

/** CONNECT and ACCEPT have no room for the watermark: it travels with the first activity of the connection. */
function travelling(from: MtaCredentials): MtaCredentials {
  return { ...from, settledBelow: 0 };
}

/** CONNECT has come. */
export function connectArrived(ctx: Context, connection: X400Connection, frame: Frame<'connect'>): void {
  const { id: conn, remote, controlBlock } = connection;
  const { from, association, openedAtMs, apdu } = frame;
  const entry = entryNamed(ctx, from.mtaName);
  if (entry !== undefined && addressesLostBlock(ctx, entry.id, true)) return shut(ctx, connection);
  const behaviour = behaviourOf(ctx.mta.legacy);
  if (entry !== undefined && apdu.recovery === 0 && isTakenForDuplicate(ctx, entry.id)) {
    leakControlBlock(ctx, controlBlock, entry.id);
    return shut(ctx, connection);
  }
  const rtorq = { ...apdu, windowSize: behaviour.windowOf(apdu.windowSize || defaultWindowSize) };
  const leak = leakedByRecovery(ctx, association, rtorq);
  const verdict = ctx.user.openRequested(ctx, { link: 'x400', from, association, rtorq, remote, controlBlock });
  if ('refused' in verdict) {
    const own = verdict.entryId === null ? null : ctx.user.credentials(ctx, verdict.entryId);
    transmit(ctx, conn, {
      type: 'refuse',
      from: own === null ? null : { mtaName: own.mtaName, incarnation: own.incarnation },
      apdu: { kind: 'rtorj', reason: verdict.refused },
    });
    return shut(ctx, connection);
  }
  const ref = verdict.accepted;
  if (leak !== null) leakControlBlock(ctx, leak, ref.entry);
  putConnection(ctx, { ...connection, phase: 'up', deadlineMs: null, owner: ref });
  putAssociation(ctx, { id: ref.association, openedAtMs, pathsLeft: [], openByMs: 0, lastControlBlock: controlBlock });
  const agreed = ctx.user.agreed(ctx, ref);
  const { checkpointSizeAtRecovery } = behaviour;
  const checkpointSizeK =
    rtorq.recovery === 0
      ? agreed.checkpointSizeK
      : checkpointSizeAtRecovery(agreed.checkpointSizeK, entryAt(ctx, ref.entry).settings.checkpointSizeK);
  const own = travelling(ctx.user.credentials(ctx, ref.entry));
  transmit(ctx, conn, { type: 'accept', from: own, apdu: { ...agreed, checkpointSizeK } });
}

/** ACCEPT has come. */
export function acceptArrived(ctx: Context, connection: X400Connection, { from, apdu }: Frame<'accept'>): void {
  const ref = connection.owner as AssociationRef;
  putAnswered(ctx, { ...connection, phase: 'up' });
  ctx.user.openAnswered(ctx, ref, from, apdu);
}

/** REFUSE has come. It does not name the responder's store: that of the same incarnation is taken to be the same. */
export function refuseArrived(ctx: Context, connection: X400Connection, { from, apdu }: Frame<'refuse'>): void {
  const ref = connection.owner as AssociationRef;
  shut(ctx, connection);
  const { peer, name } = entryAt(ctx, ref.entry);
  const { mtaName, incarnation } = from ?? { mtaName: name, incarnation: 0 };
  const storeUuid = peer?.incarnation === incarnation ? peer.storeUuid : '';
  ctx.user.openAnswered(ctx, ref, { mtaName, password: '', incarnation, storeUuid, settledBelow: 0 }, apdu);
}

/** DR has come, or the connection has failed before the association was open. */
export function givenUp(ctx: Context, connection: X400Connection, isGone: boolean): void {
  if (isGone) removeConnection(ctx, connection);
  else shut(ctx, connection);
  pathFailed(ctx, connection);
}
