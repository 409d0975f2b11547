/** Selects entries of the event log by id, category, type, severity and time. */
import { categories, categoryNamed, type EventCategory, eventIds } from '@mtalab/mta-core';
import { UsageError } from '../errors.js';
import { excerpt } from '../option-values.js';
import { suggestedNumber, unknownName } from '../render/suggestions.js';
import { spanMs } from '../time-spans.js';
import type { EventJson } from './entry-formats.js';

/** The options of the selection, as commander gives them. */
export type SelectionFlags = {
  readonly id?: readonly string[];
  readonly category?: readonly string[];
  readonly type?: readonly string[];
  /** The lowest severity. */
  readonly severity?: number;
  readonly since?: string;
  readonly until?: string;
};

/** An instant of lab time, or a number of milliseconds before the present lab time. */
type Moment = { readonly atMs: number } | { readonly backMs: number };

export type Selection = {
  readonly ids: ReadonlySet<number> | null;
  readonly categories: ReadonlySet<EventCategory> | null;
  readonly types: ReadonlySet<string> | null;
  readonly severity: number;
  readonly since: Moment | null;
  readonly until: Moment | null;
};

const types = ['Error', 'Warning', 'Information'] as const;
const spanPattern = /^(?:\d+(?:\.\d+)?\s*(?:ms|s|min|m|h|d)\s*)+$/i;
const instantPattern = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:\d{2})?)?$/i;

/** Reads an instant. It is UTC, as lab time is, unless it names a zone. NaN if it is no instant. */
function instantMs(text: string): number {
  const [, year, month, day, clock = '00:00', zone = 'Z'] = instantPattern.exec(text) ?? [];
  if (year === undefined) return Number.NaN;
  // Date would take 30 February for a day in March.
  if (new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() !== Number(day)) return Number.NaN;
  return Date.parse(`${year}-${month}-${day}T${clock}${zone.toUpperCase()}`);
}

function moment(option: string, text: string): Moment {
  const trimmed = text.trim();
  if (spanPattern.test(trimmed)) return { backMs: spanMs(trimmed) };
  const atMs = instantMs(trimmed);
  if (Number.isNaN(atMs))
    throw new UsageError(
      `--${option} takes an instant of lab time, such as 2026-01-02T03:04:05, or a time before now, such as 10min, not "${excerpt(text)}"`,
    );
  return { atMs };
}

function idOf(text: string): number {
  const id = /^\d{1,6}$/.test(text) ? eventIds.find((each) => each === Number(text)) : undefined;
  if (id === undefined)
    throw new UsageError(
      `--id: unknown event ${text}${suggestedNumber(text, eventIds)}; \`mtalab explain --all\` shows all events`,
    );
  return id;
}

function categoryOf(text: string): EventCategory {
  const category = categoryNamed(text);
  if (category !== undefined) return category;
  throw new UsageError(`--category: ${unknownName('category', text, categories)}`);
}

function typeOf(text: string): string {
  const type = types.find((each) => each.toLowerCase() === text.toLowerCase());
  if (type !== undefined) return type;
  const names = types.map((each) => each.toLowerCase());
  throw new UsageError(`--type: ${unknownName('type', text, names)}`);
}

function setOf<T>(texts: readonly string[] | undefined, read: (text: string) => T): ReadonlySet<T> | null {
  return texts === undefined ? null : new Set(texts.map(read));
}

/** Reads the options. @throws UsageError naming the wrong option, the known values and the nearest one. */
export function selectionOf(flags: SelectionFlags): Selection {
  const since = flags.since === undefined ? null : moment('since', flags.since);
  const until = flags.until === undefined ? null : moment('until', flags.until);
  if (since !== null && until !== null && compared(since, until) > 0)
    throw new UsageError(`--since ${flags.since} is after --until ${flags.until}, so no event can match`);
  return {
    ids: setOf(flags.id, idOf),
    categories: setOf(flags.category, categoryOf),
    types: setOf(flags.type, typeOf),
    severity: flags.severity ?? 0,
    since,
    until,
  };
}

/** Above 0 if the first is surely later. 0 if only the present lab time can tell. */
function compared(one: Moment, other: Moment): number {
  if ('atMs' in one && 'atMs' in other) return one.atMs - other.atMs;
  return 'backMs' in one && 'backMs' in other ? other.backMs - one.backMs : 0;
}

/** Does `selectionFilter` need the present lab time? */
export function needsNow({ since, until }: Selection): boolean {
  return [since, until].some((one) => one !== null && 'backMs' in one);
}

/** Lab time of the last wanted entry, or null if the selection has no end. `nowMs` as for `selectionFilter`. */
export function selectionEndMs({ until }: Selection, nowMs: number): number | null {
  if (until === null) return null;
  return 'atMs' in until ? until.atMs : nowMs - until.backMs;
}

/** Returns a test for entries. `nowMs`: the present lab time, from which spans count back. */
export function selectionFilter(selection: Selection, nowMs: number): (event: EventJson) => boolean {
  const at = (one: Moment) => ('atMs' in one ? one.atMs : nowMs - one.backMs);
  const fromMs = selection.since === null ? Number.NEGATIVE_INFINITY : at(selection.since);
  const toMs = selectionEndMs(selection, nowMs) ?? Number.POSITIVE_INFINITY;
  return ({ id, category, type, severity, time }) => {
    if (selection.ids !== null && !selection.ids.has(id)) return false;
    if (selection.categories !== null && !selection.categories.has(category as EventCategory)) return false;
    if (selection.types !== null && !selection.types.has(type)) return false;
    const atMs = Date.parse(time);
    return severity >= selection.severity && atMs >= fromMs && atMs <= toMs;
  };
}
