/** Places the lines of a ladder in a picture: where each PDU leaves and arrives, and what each lifeline shows of the Turn. */
import { isGiveText, isNote, type LadderLine } from './line.js';

/** Rows between two PDUs that leave, between any two instants, and above the first, in pixels. */
const leaveStep = 28;
const leastStep = 8;
/** Lifelines of one MTA stand this far apart, in pixels. */
export const stripStep = 12;
export const stripWidth = 8;
/** An MTA shows the Turn of at most this many associations. */
const maxStrips = 4;

/** Where a line is in the picture: `leaveY` of its sending, `arriveY` of its arrival. Equal for a note. */
export type Placed = { readonly line: LadderLine; readonly leaveY: number; readonly arriveY: number };

/**
 * Places the lines from `topY` downwards, in the order of time: an arrival stands below everything that happened before it.
 * Distances say nothing about durations.
 */
export function placed(lines: readonly LadderLine[], topY: number): readonly Placed[] {
  let clockMs = Number.NEGATIVE_INFINITY;
  let arrivedMs = clockMs;
  const instants = lines.flatMap((line, at) => {
    clockMs = Math.max(clockMs, line.tMs ?? clockMs);
    // What was on its way arrives before the idle time begins.
    if (line.mark === 'idle') clockMs = Math.max(clockMs, Math.min(arrivedMs, lines[at + 1]?.tMs ?? clockMs));
    const leave = { at, atMs: clockMs, arrives: false };
    if (isNote(line)) return [leave];
    const arrival = { at, atMs: Math.max(clockMs, line.arrivedMs ?? clockMs), arrives: true };
    arrivedMs = Math.max(arrivedMs, arrival.atMs);
    return [leave, arrival];
  });
  // The sort is stable. Without times all are equal, and the order of the lines stays. Two infinities have no difference.
  const ordered = instants.toSorted((one, other) => (one.atMs === other.atMs ? 0 : one.atMs - other.atMs));
  const leaves: number[] = [];
  const arrivals: number[] = [];
  let lastY = topY - leastStep;
  let lastLeaveY = topY - leaveStep;
  for (const { at, arrives } of ordered) {
    if (arrives) arrivals[at] = lastY += leastStep;
    else leaves[at] = lastLeaveY = lastY = Math.max(lastLeaveY + leaveStep, lastY + leastStep);
  }
  return lines.map((line, at) => ({ line, leaveY: leaves[at] ?? topY, arriveY: arrivals[at] ?? leaves[at] ?? topY }));
}

/** What a side shows: it believes that it has the Turn, that the other has it, or its Turn-Give is not acknowledged yet. */
export type StripState = 'mine' | 'theirs' | 'given';

/** One state of one side of an association, from `fromY` to `toY`. */
export type StripPart = {
  readonly node: string;
  readonly association: string;
  readonly state: StripState;
  readonly fromY: number;
  readonly toY: number;
};

const isGiveAck = (text: string): boolean => /\bturn-give-ack\b/.test(text);

/**
 * What one side believes from `y` on. `state` null: the MTA has started again and knows nothing. `settles`: its Turn-Give is acknowledged or
 * will never be, because the association is lost.
 */
type Change = {
  readonly y: number;
  readonly node: string;
  readonly association: string | null;
  readonly state: StripState | null;
  readonly settles: boolean;
};

/** What changes the beliefs, in the order of the picture. */
function changesOf(lines: readonly Placed[]): readonly Change[] {
  const changes: Change[] = [];
  for (const { line, leaveY, arriveY } of lines) {
    const { from, to, text, association, believes } = line;
    if (isNote(line) && text.startsWith('starts again'))
      changes.push({ y: leaveY, node: from, association: null, state: null, settles: true });
    if (association === null) continue;
    const [own, other] = [believes[from], believes[to]];
    if (own !== undefined)
      changes.push({
        y: leaveY,
        node: from,
        association,
        state: own === 'theirs' && isGiveText(text) ? 'given' : own,
        settles: isNote(line),
      });
    const settles = line.fate === 'passed' && isGiveAck(text);
    const state = other ?? (settles ? 'theirs' : undefined);
    if (!isNote(line) && state !== undefined) changes.push({ y: arriveY, node: to, association, state, settles });
  }
  return changes.toSorted((one, other) => one.y - other.y);
}

/** The state after a change. A Turn-Give stays open until it is settled, whatever else the side sends meanwhile. */
function nextState(before: StripState | undefined, { state, settles }: Change): StripState | null {
  return before === 'given' && state === 'theirs' && !settles ? 'given' : state;
}

/** The parts of all lifelines, down to `bottomY`. A side without a known belief has no part. */
export function stripParts(lines: readonly Placed[], bottomY: number): readonly StripPart[] {
  const parts: StripPart[] = [];
  const open = new Map<string, StripPart>();
  const end = (key: string, toY: number): void => {
    const part = open.get(key);
    open.delete(key);
    if (part !== undefined && toY > part.fromY) parts.push({ ...part, toY });
  };
  for (const change of changesOf(lines)) {
    const { node, association, y } = change;
    if (association === null) {
      for (const [key, part] of [...open]) if (part.node === node) end(key, y);
      continue;
    }
    const key = `${association}\n${node}`;
    const before = open.get(key);
    const state = nextState(before?.state, change);
    if (state === null || state === before?.state) continue;
    end(key, y);
    open.set(key, { node, association, state, fromY: y, toY: y });
  }
  for (const key of [...open.keys()]) end(key, bottomY);
  return parts;
}

/** The associations that each MTA shows, in the order of their first line. */
export function stripsOf(parts: readonly StripPart[]): ReadonlyMap<string, readonly string[]> {
  const strips = new Map<string, string[]>();
  for (const { node, association } of parts.toSorted((one, other) => one.fromY - other.fromY)) {
    const own = strips.get(node) ?? [];
    if (!own.includes(association) && own.length < maxStrips) own.push(association);
    strips.set(node, own);
  }
  return strips;
}
