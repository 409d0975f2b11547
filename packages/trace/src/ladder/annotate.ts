/** Adds to a ladder what its lines show only together: where the two sides begin to disagree about the Turn, and idle time. */
import type { TurnSide } from '@mtalab/mta-core';
import { isGiveText, type LadderLine, noteLine } from './line.js';

/** A gap of this much lab time between two lines is idle time, ms. */
const idleMs = 5000;

/** The sides of an association that both say the same: neither or both have the Turn. */
type Stretch = { readonly from: number; readonly side: TurnSide; readonly nodes: readonly string[]; ends: number | null };

/** Stretches of lines at which both sides of an association believe the same. */
function stretches(lines: readonly LadderLine[]): ReadonlyMap<string, readonly Stretch[]> {
  const beliefs = new Map<string, Map<string, TurnSide>>();
  const found = new Map<string, Stretch[]>();
  for (const [at, { association, believes }] of lines.entries()) {
    if (association === null) continue;
    const known = beliefs.get(association) ?? new Map<string, TurnSide>();
    for (const [node, side] of Object.entries(believes)) known.set(node, side);
    beliefs.set(association, known);
    const list = found.get(association) ?? [];
    const present = list.at(-1);
    const nodes = [...known.keys()].sort();
    const [one, other] = nodes.map((node) => known.get(node));
    const same = nodes.length === 2 && one !== undefined && one === other ? one : null;
    if (present !== undefined && present.ends === null && present.side !== same) present.ends = at;
    if (same !== null && (present === undefined || present.ends !== null)) list.push({ from: at, side: same, nodes, ends: null });
    found.set(association, list);
  }
  return found;
}

/**
 * The line at which a stretch becomes a disagreement; null if it is none. While a Turn-Give is on its way, its sender has let go and
 * its receiver does not know yet. That is no disagreement if the Turn-Give arrives.
 */
function beginOf({ from, side, ends }: Stretch, lines: readonly LadderLine[], association: string): number | null {
  const end = ends ?? lines.length;
  if (side === 'mine') return from;
  const last = lines[end];
  if (last !== undefined && last.fate === 'passed' && isGiveText(last.text)) return null;
  for (let at = from; at < end; at += 1) {
    const line = lines[at] as LadderLine;
    if (line.association === association && line.fate !== 'passed' && isGiveText(line.text)) return at;
  }
  // The end of a ladder may cut the stretch short: a Turn-Give may still be to come.
  return ends === null && end - from < 3 ? null : from;
}

/** `2 h 5 min`, `12 s`. */
function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** A note about time in which nothing passes; none for a short time. */
export function idleNote(gapMs: number, more: Partial<LadderLine> = {}): readonly LadderLine[] {
  if (!(gapMs >= idleMs)) return [];
  return [noteLine('', `nothing passes for ${duration(gapMs)}`, { ...more, mark: 'idle' })];
}

/**
 * A part of a ladder with notes about idle time before its first line and after its last one.
 * @param fromMs and untilMs, in ms of the lab's clock, between which the part lies. `fromMs` null: nothing is known of what was before.
 */
export function withIdleEnds(lines: readonly LadderLine[], fromMs: number | null, untilMs: number): readonly LadderLine[] {
  const times = lines.flatMap(({ tMs, endMs }) => (tMs === undefined ? [] : [tMs, endMs ?? tMs]));
  const firstMs = times[0] ?? untilMs;
  const lastMs = times.reduce((one, other) => Math.max(one, other), firstMs);
  const before = fromMs === null ? [] : idleNote(firstMs - fromMs);
  return [...before, ...lines, ...idleNote(untilMs - lastMs)];
}

/** The notes to put after each line, by its index. */
function disagreements(lines: readonly LadderLine[]): ReadonlyMap<number, readonly LadderLine[]> {
  const notes = new Map<number, LadderLine[]>();
  const add = (at: number, line: LadderLine): void => void notes.set(at, [...(notes.get(at) ?? []), line]);
  for (const [association, list] of stretches(lines)) {
    for (const stretch of list) {
      const begin = beginOf(stretch, lines, association);
      if (begin === null) continue;
      const each = stretch.side === 'mine' ? 'each believes that it has the Turn' : 'each believes that the other has the Turn';
      const mark = { association, mark: 'turn' } as const;
      add(begin, noteLine('', `from here ${stretch.nodes.join(' and ')} disagree about ${association}: ${each}`, mark));
      if (stretch.ends !== null) {
        add(stretch.ends, noteLine('', `from here both agree again about ${association}`, mark));
      }
    }
  }
  return notes;
}

/** The ladder with notes about disagreement and idle time. Notes name no MTA, and have a mark. */
export function annotated(lines: readonly LadderLine[]): readonly LadderLine[] {
  const notes = disagreements(lines);
  const result: LadderLine[] = [];
  let lastMs: number | null = null;
  for (const [at, line] of lines.entries()) {
    const { tMs } = line;
    if (tMs !== undefined) {
      result.push(...idleNote(lastMs === null ? 0 : tMs - lastMs, { tMs: lastMs ?? tMs }));
      lastMs = Math.max(lastMs ?? tMs, line.endMs ?? tMs);
    }
    result.push(line, ...(notes.get(at) ?? []));
  }
  return result;
}
