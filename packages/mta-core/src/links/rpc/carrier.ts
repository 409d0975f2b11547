/** The carrier of an association: what the RPC link knows of its connections, and the small changes that are made to it. */
import { dropRow, findRow, putRow } from '../../collections/tree.js';
import type { Context } from '../../machine/context.js';
import type { AssociationRef, Mta } from '../../machine/state.js';
import { markChanged } from '../../machine/update.js';
import type { LinkPhase, LinkView } from '../link.js';
import { putRuntime } from './connections.js';
import { rpcClose, rpcCloseGroup, rpcOwn } from './runtime.js';
import type { Carrier, DataConnection } from './state.js';

/** How an opening goes on, by its phase; a blank cell never occurs. */
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

/** An opening or a recovery begins: the carrier is there, without connections. */
export function beginCarrier(ctx: Context, ref: AssociationRef, phase: 'dialling' | 'dialling-back'): void {
  const before = carrierOf(ctx.mta, ref);
  const { path = null, pathsLeft = [] } = before ?? {};
  putCarrier(ctx, { ...withoutConnections({ id: ref.association, entry: ref.entry }), phase, path, pathsLeft });
}

/** The opening has come one step further. */
export function advancePhase(ctx: Context, ref: AssociationRef, event: 'bound' | 'agreed', patch: Partial<Carrier>): void {
  const carrier = carrierOf(ctx.mta, ref);
  const phase = carrier === undefined ? undefined : phaseTable[carrier.phase][event];
  if (phase === undefined) throw new Error(`association ${ref.association}: no edge for ${event} in phase ${carrier?.phase}`);
  patchCarrier(ctx, ref, { ...patch, phase });
}

/** Closes every connection of an association. What they still carried is void, answers included. */
export function dropConnections(ctx: Context, ref: AssociationRef): void {
  const carrier = carrierOf(ctx.mta, ref);
  if (carrier === undefined) return;
  const { ownFirst, peerFirst, peerGroup, ownData, peerData } = carrier;
  for (const conn of [ownFirst, peerFirst, ownData.conn, peerData]) if (conn !== null) rpcClose(ctx, conn);
  // A data connection of the peer that has not been used yet goes too, so that the peer notices.
  if (peerGroup !== null) rpcCloseGroup(ctx, peerGroup.group);
  patchCarrier(ctx, ref, withoutConnections(carrier));
}

export function forgetCarrier(ctx: Context, ref: AssociationRef): void {
  const { rpc } = ctx.mta;
  putRuntime(ctx, { ...rpc, carriers: dropRow(rpc.carriers, ref.association, carrierDue) });
}

/** This attempt to open or recover is over. To the RPC runtime of the called side it is as if there had been none. */
export function failAttempt(ctx: Context, ref: AssociationRef): void {
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
