/** Small named changes of the state within one step. Rows are read and changed only through them; fields of `ctx.mta` may also be set directly. */

import type { EventId, EventParameters, ReportedEvent } from '../catalogues/events/parameters.js';
import { none, rowOf, withoutRow, withRow } from '../collections/table.js';
import { findRow, putRow } from '../collections/tree.js';
import type { Link } from '../links/link.js';
import type { Context } from './context.js';
import { copyOfAssociation, copyOfEntryCounters, copyOfLtabEntry, type Mutable } from './copies.js';
import { addDraft, draftOf, dropDraft } from './drafts.js';
import type { Effect, StoreEffect } from './effect.js';
import type {
  Association,
  AssociationRef,
  EntryCounters,
  LatestOpenings,
  LtabEntry,
  Mta,
  MtaCounters,
  PendingStore,
  TurnState,
} from './state.js';

/** Copy ids, content keys and association ids are incarnation * 2^32 + counter, so they rise for ever within one store. */
export const incarnationStride = 2 ** 32;

/** Adds an effect. The first one makes the list: many steps have just one. */
export function emit(ctx: Context, effect: Effect): void {
  if (ctx.effects.length === 0) ctx.effects = [effect];
  else ctx.effects.push(effect);
}

/** @param about the entry whose mail may have to wait, if neither the id nor the parameters say so. */
export function report<Id extends EventId>(ctx: Context, id: Id, params: EventParameters[Id], about?: number): void {
  const event = { id, params } as ReportedEvent;
  emit(ctx, { type: 'report', event });
  if (about !== undefined || troubles.includes(id)) noteTrouble(ctx, event, about);
}

/** Events about one adjacent MTA after which its mail may have to wait. */
const troubles: readonly EventId[] = [55, 1290, 1294, 9277, 9316, 9318, 9322, 9323];

/** Keeps the event for the views, which say why mail waits. */
function noteTrouble(ctx: Context, event: ReportedEvent, about?: number): void {
  const { ltabIndex, entity } = event.params as { readonly ltabIndex?: number; readonly entity?: string };
  const entryId = about ?? ltabIndex ?? (entity === undefined ? undefined : entryNamed(ctx, entity)?.id);
  if (entryId !== undefined) draftEntry(ctx, entryId).lastError = { atMs: ctx.nowMs, event };
}

/** Reports an event as the called side of an opening. */
export function reportAsCalled<Id extends EventId>(ctx: Context, id: Id, params: EventParameters[Id]): void {
  emit(ctx, { type: 'report', event: { id, params, side: 'called' } as ReportedEvent });
}

export function takeNumber(ctx: Context): number {
  const number = ctx.mta.nextNumber;
  ctx.mta.nextNumber = number + 1;
  return number;
}

/** The number for a new dialled connection: always even, and unique over all links. */
export function takeConnection(ctx: Context): number {
  const conn = ctx.mta.nextConnection;
  ctx.mta.nextConnection = conn + 2;
  return conn;
}

export function patchMta(ctx: Context, patch: Partial<Mta>): void {
  Object.assign(ctx.mta, patch);
}

export function count(ctx: Context, name: keyof MtaCounters): void {
  const { submitted, delivered, deadLetters, loopsDetected, reports, setAside } = ctx.mta.counters;
  const counters = { submitted, delivered, deadLetters, loopsDetected, reports, setAside };
  counters[name] += 1;
  ctx.mta.counters = counters;
}

/** The entry with this LTAB index, with this step's changes. The index must come from the table. */
export function entryAt(ctx: Context, entryId: number): LtabEntry {
  return draftOf(ctx.entries, entryId) ?? (findRow(ctx.mta.ltab, entryId) as LtabEntry);
}

export function entryNamed(ctx: Context, name: string): LtabEntry | undefined {
  const { entryIds } = ctx.mta;
  // The name may come from the network: `constructor` must find nothing.
  return Object.hasOwn(entryIds, name) ? entryAt(ctx, entryIds[name] as number) : undefined;
}

/** The earliest deadline of an entry, by which the locality table finds what is due. */
export const entryDue = ({ deadlineMs }: LtabEntry): number | null => deadlineMs;

/** The state with one entry replaced: for code that inspects states outside a step. */
export function withEntry(mta: Mta, entry: LtabEntry): Mta {
  return { ...mta, ltab: putRow(mta.ltab, entry, entryDue) };
}

/** All LTAB indexes, in rising order. */
export function entryIdsOf({ ltab }: Mta): number[] {
  return Array.from({ length: ltab.size }, (_, index) => index + 1);
}

/** The link to this adjacent MTA. */
export function linkOf(ctx: Context, entryId: number): Link {
  return ctx.links[entryAt(ctx, entryId).link];
}

/** Marks an entry as changed, so that it does what it can before the step ends. */
export function markChanged(ctx: Context, entryId: number): void {
  ctx.changed = withNumber(ctx.changed, entryId);
}

/** Makes the step evaluate this entry's threshold before it ends: something was stored, opened or lost. */
export function checkThreshold(ctx: Context, entryId: number): void {
  ctx.thresholdChecks = withNumber(ctx.thresholdChecks, entryId);
}

/** Adds a number to a list once. The first line is the fast path: most steps concern one entry. */
function withNumber(list: readonly number[], number: number): readonly number[] {
  if (list.length === 0) return [number];
  return list.includes(number) ? list : [...list, number];
}

/** This step's own copy of the entry, for writing in place. Marks the entry as changed. */
export function draftEntry(ctx: Context, entryId: number): Mutable<LtabEntry> {
  markChanged(ctx, entryId);
  const known = draftOf(ctx.entries, entryId);
  if (known !== undefined) return known;
  const draft = copyOfLtabEntry(findRow(ctx.mta.ltab, entryId) as LtabEntry);
  addDraft(ctx.entries, draft);
  return draft;
}

export function patchEntry(ctx: Context, entryId: number, patch: Partial<LtabEntry>): void {
  Object.assign(draftEntry(ctx, entryId), patch);
}

/** This step's own copy of an entry's counters, for writing in place. */
export function draftCounters(ctx: Context, entryId: number): Mutable<EntryCounters> {
  const entry = draftEntry(ctx, entryId);
  const counters = copyOfEntryCounters(entry.counters);
  entry.counters = counters;
  return counters;
}

export function countAt(ctx: Context, entryId: number, changes: Partial<EntryCounters>): void {
  const counters = draftCounters(ctx, entryId);
  for (const name in changes) counters[name as keyof EntryCounters] += changes[name as keyof EntryCounters] ?? 0;
}

export function noteOpening(ctx: Context, entryId: number, patch: Partial<LatestOpenings>): void {
  const entry = draftEntry(ctx, entryId);
  entry.latest = { ...entry.latest, ...patch };
}

/**
 * An association has come from one state of the Turn into another. Instants are whole milliseconds: sums of them are exact, so that
 * no figure ever falls.
 * @param was null if the association was not open.
 * @param is null if it is not open any more.
 */
export function noteTurn(ctx: Context, entryId: number, was: TurnState | null, is: TurnState | null): void {
  if (was === is) return;
  const entry = draftEntry(ctx, entryId);
  const { held, 'asked-of': askedOf, given, theirs, asking } = entry.turnMs;
  const turnMs = { held, 'asked-of': askedOf, given, theirs, asking };
  const now = Math.floor(ctx.nowMs);
  if (was !== null) turnMs[was] += now;
  if (is !== null) turnMs[is] -= now;
  entry.turnMs = turnMs;
}

/** The state of the Turn of an association that is open; null for any other. */
export function openTurn({ state, turn }: Association): TurnState | null {
  return state === 'open' ? turn : null;
}

export function associationOf(ctx: Context, ref: AssociationRef): Association | undefined {
  return rowOf(entryAt(ctx, ref.entry).associations, ref.association);
}

/** Adds a new association to its entry. The caller made the row for this, so the step may write it. */
export function addAssociation(ctx: Context, entryId: number, association: Association): void {
  const entry = draftEntry(ctx, entryId);
  entry.associations = withRow(entry.associations, association);
  addDraft(ctx.associations, association);
  ctx.mta.associationsInAll += 1;
  if (linkOf(ctx, entryId).isLimited) ctx.mta.associationsLimited += 1;
}

/** This step's own copy of the association, for writing in place; undefined if the association is gone. */
export function draftAssociation(ctx: Context, ref: AssociationRef): Mutable<Association> | undefined {
  const entry = draftEntry(ctx, ref.entry);
  const known = draftOf(ctx.associations, ref.association);
  if (known !== undefined) return known;
  const association = rowOf(entry.associations, ref.association);
  if (association === undefined) return undefined;
  const draft = copyOfAssociation(association);
  entry.associations = withRow(entry.associations, draft);
  addDraft(ctx.associations, draft);
  return draft;
}

/** Changes an association that exists; nothing happens if it is gone. */
export function patchAssociation(ctx: Context, ref: AssociationRef, patch: Partial<Association>): void {
  const draft = draftAssociation(ctx, ref);
  if (draft !== undefined) Object.assign(draft, patch);
}

export function removeAssociation(ctx: Context, ref: AssociationRef): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  noteTurn(ctx, ref.entry, openTurn(association), null);
  const entry = draftEntry(ctx, ref.entry);
  entry.associations = withoutRow(entry.associations, ref.association);
  ctx.mta.associationsInAll -= 1;
  if (linkOf(ctx, ref.entry).isLimited) ctx.mta.associationsLimited -= 1;
  dropDraft(ctx.associations, ref.association);
}

type StorePart = 'accept' | 'render' | 'segments' | 'submission' | 'received' | 'forget' | 'setAside';
type StoreParts = { readonly [Part in StorePart]?: StoreEffect[Part] | undefined };
type Without<T> = T extends unknown ? Omit<T, 'id'> : never;

/** Requests a durable write and remembers its purpose. */
export function storeFor(ctx: Context, pending: Without<PendingStore>, parts: StoreParts): void {
  const token = ctx.mta.nextToken;
  ctx.mta.nextToken = token + 1;
  ctx.mta.stores = putRow(ctx.mta.stores, withId(pending, token));
  const { accept = none, segments = none, forget = none, render, submission, received, setAside } = parts;
  const effect: Mutable<StoreEffect> = { type: 'store', token, accept, segments, forget };
  if (render !== undefined) effect.render = render;
  if (submission !== undefined) effect.submission = submission;
  if (received !== undefined) effect.received = received;
  if (setAside !== undefined) effect.setAside = setAside;
  emit(ctx, effect);
}

/** Sets the id in place: the caller made this row for one write. */
function withId(pending: Without<PendingStore>, id: number): PendingStore {
  (pending as Mutable<PendingStore>).id = id;
  return pending as PendingStore;
}

/**
 * Asks the driver to erase copies.
 * @param entry null for mail of this MTA's own mailboxes.
 * @param named see `PendingForget`.
 */
export function forgetCopies(ctx: Context, entry: number | null, copies: readonly number[], named = true): void {
  const token = ctx.mta.nextToken;
  ctx.mta.nextToken = token + 1;
  ctx.mta.forgets = putRow(ctx.mta.forgets, { id: token, entry, copies, named });
  emit(ctx, { type: 'forget', token, copies });
}
