/** Diagnostics levels: how much of the event log is shown, for each category. */
import { eventsById } from './catalogue.js';
import { categories, type DiagnosticsLevel, diagnosticsLevels, type EventCategory } from './entry.js';
import type { EventId } from './parameters.js';

/** The level of every category, in Exchange's order. */
export type DiagnosticsLevels = Readonly<Record<EventCategory, DiagnosticsLevel>>;

/** The names of the levels, from least to most. */
export const levelNames = Object.keys(diagnosticsLevels) as readonly DiagnosticsLevel[];

/** `level` for every category except those in `of`. */
export function levelsOf(
  level: DiagnosticsLevel = 'none',
  of: { readonly [Category in EventCategory]?: DiagnosticsLevel | undefined } = {},
): DiagnosticsLevels {
  return Object.fromEntries(categories.map((category) => [category, of[category] ?? level])) as DiagnosticsLevels;
}

/** Whether an event is shown: its own level must not be above the level of its category. */
export function isShown(id: EventId, levels: DiagnosticsLevels): boolean {
  const { level, category } = eventsById[id];
  return level === 0 || level <= diagnosticsLevels[levels[category]];
}

/** The category with this name, in any case; undefined if there is none. */
export function categoryNamed(text: string): EventCategory | undefined {
  const wanted = text.trim().replace(/\s+/g, ' ').toLowerCase();
  return categories.find((category) => category.toLowerCase() === wanted);
}

/** The level with this name, in any case, or with this number (0, 1, 3, 5); undefined if there is none. */
export function levelNamed(text: string): DiagnosticsLevel | undefined {
  const wanted = text.trim().toLowerCase();
  return levelNames.find((name) => name === wanted || String(diagnosticsLevels[name]) === wanted);
}
