/** Small named changes of the state within one step. Everything else goes through these. */

import type { EventId, EventParameters, ReportedEvent } from '../catalogues/events/parameters.js';
import { rowOf, withoutRow, withRow } from '../collections/table.js';
import type { Link } from '../links/link.js';
import type { Context } from './context.js';
import { copyOfAssociation, copyOfEntryCounters, copyOfLtabEntry, copyOfMta } from './copies.js';
import type { Effect, StoreEffect } from './effect.js';
import type { Association, AssociationRef, EntryCounters, LtabEntry, Mta, MtaCounters, PendingStore } from './state.js';

/** Copy ids, content keys and association rows are incarnation * 2^32 + counter: they rise for ever within one store. */
export const incarnationStride = 2 ** 32;

export function emit(ctx: Context, effect: Effect): void {
  ctx.effects.push(effect);
}

export function report<Id extends EventId>(ctx: Context, id: Id, params: EventParameters[Id]): void {
  ctx.effects.push({ type: 'report', event: { id, params } as ReportedEvent });
}

export function takeNumber(ctx: Context): number {
  const mta = copyOfMta(ctx.mta);
  const number = mta.nextNumber;
  mta.nextNumber = number + 1;
  ctx.mta = mta;
  return number;
}

/** A number for a connection that is dialled now: always even, over all links. */
export function takeConnection(ctx: Context): number {
  const conn = ctx.mta.nextConnection;
  patchMta(ctx, { nextConnection: conn + 2 });
  return conn;
}

export function patchMta(ctx: Context, patch: Partial<Mta>): void {
  ctx.mta = Object.assign(copyOfMta(ctx.mta), patch);
}

export function count(ctx: Context, name: keyof MtaCounters): void {
  patchMta(ctx, { counters: { ...ctx.mta.counters, [name]: ctx.mta.counters[name] + 1 } });
}

/** The entry with this LTAB index. Only ever asked for indices that came from the table. */
export function entryAt(ctx: Context, entry: number): LtabEntry {
  return ctx.mta.ltab[entry - 1] as LtabEntry;
}

export function entryNamed(mta: Mta, name: string): LtabEntry | undefined {
  return mta.ltab.find((entry) => entry.name === name);
}

/** The link to this adjacent MTA. */
export function linkOf(ctx: Context, entryId: number): Link {
  return ctx.links[entryAt(ctx, entryId).link];
}

/** Something of this entry has changed outside it: at the end of the step it does what it can. */
export function markChanged(ctx: Context, entryId: number): void {
  patchEntry(ctx, entryId, {});
}

export function patchEntry(ctx: Context, entry: number, patch: Partial<LtabEntry>): void {
  const ltab = ctx.mta.ltab.slice();
  ltab[entry - 1] = Object.assign(copyOfLtabEntry(entryAt(ctx, entry)), patch);
  patchMta(ctx, { ltab });
}

export function countAt(ctx: Context, entry: number, changes: Partial<EntryCounters>): void {
  const counters = copyOfEntryCounters(entryAt(ctx, entry).counters);
  for (const name in changes) counters[name as keyof EntryCounters] += changes[name as keyof EntryCounters] ?? 0;
  patchEntry(ctx, entry, { counters });
}

export function associationOf(ctx: Context, ref: AssociationRef): Association | undefined {
  return rowOf(entryAt(ctx, ref.entry).associations, ref.association);
}

export function putAssociation(ctx: Context, entry: number, association: Association): void {
  patchEntry(ctx, entry, { associations: withRow(entryAt(ctx, entry).associations, association) });
}

/** Change an association that exists; nothing happens if it is gone. */
export function patchAssociation(ctx: Context, ref: AssociationRef, patch: Partial<Association>): void {
  const association = associationOf(ctx, ref);
  if (association !== undefined) putAssociation(ctx, ref.entry, Object.assign(copyOfAssociation(association), patch));
}

export function removeAssociation(ctx: Context, ref: AssociationRef): void {
  patchEntry(ctx, ref.entry, { associations: withoutRow(entryAt(ctx, ref.entry).associations, ref.association) });
}

type Without<T> = T extends unknown ? Omit<T, 'id'> : never;

/** Ask for a durable write and remember what it is for. */
export function storeFor(
  ctx: Context,
  pending: Without<PendingStore>,
  parts: Partial<Pick<StoreEffect, 'accept' | 'render' | 'segments' | 'submission' | 'received' | 'forget'>>,
): void {
  const token = ctx.mta.nextToken;
  patchMta(ctx, { nextToken: token + 1, stores: withRow(ctx.mta.stores, { ...pending, id: token } as PendingStore) });
  emit(ctx, { type: 'store', token, accept: [], segments: [], forget: [], ...parts });
}

/**
 * Ask for copies to be erased.
 * @param entry null for mail of this MTA's own mailboxes.
 * @param named see `PendingForget`.
 */
export function forgetCopies(ctx: Context, entry: number | null, copies: readonly number[], named = true): void {
  const token = ctx.mta.nextToken;
  patchMta(ctx, { nextToken: token + 1, forgets: withRow(ctx.mta.forgets, { id: token, entry, copies, named }) });
  emit(ctx, { type: 'forget', token, copies });
}
