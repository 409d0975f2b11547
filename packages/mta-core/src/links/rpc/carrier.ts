/** The carrier of an association: the RPC link's record of its connections, and small changes to it. */
import { dropRow, findRow, putRow } from '../../collections/tree.js';
import type { Context } from '../../machine/context.js';
import type { AssociationRef, Mta } from '../../machine/state.js';
import { markChanged } from '../../machine/update.js';
import { endedEarly } from '../dial-order.js';
import type { LinkPhase, LinkView } from '../link.js';
import { putRuntime } from './connections.js';
import { rpcClose, rpcCloseGroup, rpcOwn } from './runtime.js';
import type { Carrier, DataConnection } from './state.js';

/** The next phase of an opening; a blank cell never occurs. */
const phaseTable: Readonly<Record<LinkPhase, Readonly<Partial<Record<'bound' | 'agreed', LinkPhase>>>>> = {
  dialling: { bound: 'calling' },
  calling: { agreed: 'up' },
  'dialling-back': { bound: 'calling-back' },
  'calling-back': { agreed: 'up' },
  up: {},
  down: {},
};

/** The earliest deadline of a carrier: of its opening, or of the next bind of its data connection. */
export function carrierDue({ openByMs, ownData: { retryAtMs } }: Carrier): number | null {
  return openByMs === null || (retryAtMs !== null && retryAtMs < openByMs) ? retryAtMs : openByMs;
}

export const noDataConnection: DataConnection = { state: 'none', conn: null, retryAtMs: null };

function withoutConnections({ id, entry }: AssociationRefRow): Omit<Carrier, 'path' | 'pathsLeft'> {
  return {
    id,
    entry,
    phase: 'down',
    ownFirst: null,
    ownGroup: null,
    peerFirst: null,
    peerGroup: null,
    ownData: noDataConnection,
    peerData: null,
    answering: null,
    held: [],
    openByMs: null,
  };
}
type AssociationRefRow = Pick<Carrier, 'id' | 'entry'>;

export function carrierOf(mta: Mta, ref: AssociationRef): Carrier | undefined {
  return findRow(mta.rpc.carriers, ref.association);
}

function putCarrier(ctx: Context, carrier: Carrier): void {
  const { rpc } = ctx.mta;
  putRuntime(ctx, { ...rpc, carriers: putRow(rpc.carriers, carrier, carrierDue) });
  markChanged(ctx, carrier.entry);
}

/** Changes a carrier that exists; nothing happens if it is gone. Its entry counts as changed. */
export function patchCarrier(ctx: Context, ref: AssociationRef, patch: Partial<Carrier>): void {
  const carrier = carrierOf(ctx.mta, ref);
  if (carrier !== undefined) putCarrier(ctx, { ...carrier, ...patch });
}

/** Begins an opening or a recovery: makes its carrier, without connections. */
export function beginCarrier(ctx: Context, ref: AssociationRef, phase: 'dialling' | 'dialling-back'): void {
  const before = carrierOf(ctx.mta, ref);
  const { path = null, pathsLeft = [] } = before ?? {};
  putCarrier(ctx, { ...withoutConnections({ id: ref.association, entry: ref.entry }), phase, path, pathsLeft });
}

/** Moves an opening to its next phase. */
export function advancePhase(ctx: Context, ref: AssociationRef, event: 'bound' | 'agreed', patch: Partial<Carrier>): void {
  const carrier = carrierOf(ctx.mta, ref);
  const phase = carrier === undefined ? undefined : phaseTable[carrier.phase][event];
  if (phase === undefined) throw new Error(`association ${ref.association}: no edge for ${event} in phase ${carrier?.phase}`);
  patchCarrier(ctx, ref, { ...patch, phase });
}

/** Closes every connection of an association. APDUs and answers still under way on them are void. */
export function dropConnections(ctx: Context, ref: AssociationRef): void {
  const carrier = carrierOf(ctx.mta, ref);
  if (carrier === undefined) return;
  const { ownFirst, peerFirst, peerGroup, ownData, peerData } = carrier;
  for (const conn of [ownFirst, peerFirst, ownData.conn, peerData]) if (conn !== null) rpcClose(ctx, conn);
  // This also closes an unused data connection of the peer, so that the peer notices.
  if (peerGroup !== null) rpcCloseGroup(ctx, peerGroup.group);
  patchCarrier(ctx, ref, withoutConnections(carrier));
}

export function forgetCarrier(ctx: Context, ref: AssociationRef): void {
  const { rpc } = ctx.mta;
  putRuntime(ctx, { ...rpc, carriers: dropRow(rpc.carriers, ref.association, carrierDue) });
}

/** The attempt ends. If a path is under way, that is too early: the next attempt goes on there. */
export function stopDialling(ctx: Context, ref: AssociationRef): void {
  const carrier = carrierOf(ctx.mta, ref);
  if (carrier === undefined || carrier.ownFirst === null || carrier.path === null) return;
  if (carrier.phase === 'dialling') endedEarly(ctx, ref.entry, 'out', carrier.path, carrier.pathsLeft);
  else if (carrier.phase === 'dialling-back') endedEarly(ctx, ref.entry, 'back', carrier.path, carrier.pathsLeft);
}

/**
 * The attempt to open or recover has failed. On the called side, the caller's connection no longer belongs to the association.
 */
export function failAttempt(ctx: Context, ref: AssociationRef): void {
  stopDialling(ctx, ref);
  const carrier = carrierOf(ctx.mta, ref);
  const isCalled = carrier?.phase === 'dialling-back' || carrier?.phase === 'calling-back';
  if (isCalled && carrier.peerFirst !== null) rpcOwn(ctx, carrier.peerFirst, null);
  ctx.user.attemptFailed(ctx, ref);
}

export function viewCarrier(mta: Mta, ref: AssociationRef): LinkView | null {
  const carrier = carrierOf(mta, ref);
  if (carrier === undefined) return null;
  const { phase, ownFirst, peerFirst, ownData, peerData, path, openByMs } = carrier;
  return {
    phase,
    connections: [ownFirst, peerFirst, ownData.conn, peerData].filter((conn) => conn !== null).length,
    dataConnection: ownData.state,
    dataRetryAtMs: ownData.retryAtMs,
    endpoint: path?.endpoint ?? null,
    localAddress: path?.from ?? null,
    openByMs,
  };
}
