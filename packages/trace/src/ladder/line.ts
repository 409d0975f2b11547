/** The lines of a ladder: what passed between MTAs, in order, with what both sides believed about the Turn. */
import type { TurnSide } from '@mtalab/mta-core';

export type LadderLine = {
  /** Name of the sending MTA. Equal to `to`: a note about this MTA alone. Both empty: a note about no MTA (a fault). */
  readonly from: string;
  readonly to: string;
  /** One line of text; for a PDU the same as in logs and tests. */
  readonly text: string;
  readonly association: string | null;
  /** Whose Turn each side believes it is, by name of the MTA; a side without an association is missing. */
  readonly believes: Readonly<Record<string, TurnSide>>;
  /** Whether it reached the other side. `lost`: it did not, for an unknown reason. */
  readonly fate: 'passed' | 'held' | 'swallowed' | 'cut' | 'lost';
  /** The fault that acted on it. */
  readonly fault: string | null;
  /** Lines that this one stands for (1 for itself alone). */
  readonly count: number;
  /** When it was sent (or seen on the link), in ms of the lab's clock. */
  readonly tMs?: number;
  /** When it arrived, in ms of the lab's clock, if the receiver's journal says so. */
  readonly arrivedMs?: number;
  /** When the last of several lines was sent, if this one stands for them. */
  readonly endMs?: number;
  /** A note that a drawing adds: about the beliefs of both sides, or about time in which nothing passes. */
  readonly mark?: 'turn' | 'idle';
  /** Positions of the sending and the receiving in the trails of their MTAs; for vector clocks. */
  readonly steps?: { readonly sent: number | null; readonly received: number | null };
};

/** A line with defaults for all that is not given, such as a line of a counterexample. */
export function ladderLine(line: Pick<LadderLine, 'from' | 'to' | 'text'> & Partial<LadderLine>): LadderLine {
  return { association: null, believes: {}, fate: 'passed', fault: null, count: 1, ...line };
}

/** A note about one MTA, or (with an empty name) about none. */
export function noteLine(node: string, text: string, more: Partial<LadderLine> = {}): LadderLine {
  return ladderLine({ ...more, from: node, to: node, text });
}

export function isNote(line: LadderLine): boolean {
  return line.from === line.to;
}

/** Is this the text of a Turn-Give, and not of its acknowledgement? */
export function isGiveText(text: string): boolean {
  return /\bturn-give\b(?!-)/.test(text);
}

/** The MTAs of a ladder, in the order of their first line. */
export function nodesOf(lines: readonly LadderLine[]): readonly string[] {
  return [...new Set(lines.flatMap((line) => [line.from, line.to]))].filter((name) => name !== '');
}

const fates = ['passed', 'held', 'swallowed', 'cut', 'lost'] as const;

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** Reads a ladder line from JSON; null if the value is not one. Missing fields get their defaults. */
export function ladderLineFrom(value: unknown): LadderLine | null {
  if (typeof value !== 'object' || value === null) return null;
  const { from, to, text, association, believes, fate, fault, count, tMs, arrivedMs, endMs, steps } = value as Readonly<
    Record<string, unknown>
  >;
  if (!isText(from) || !isText(to) || !isText(text)) return null;
  return ladderLine({
    from,
    to,
    text,
    ...(isText(association) ? { association } : {}),
    ...(typeof believes === 'object' && believes !== null ? { believes: believes as LadderLine['believes'] } : {}),
    ...(fates.some((each) => each === fate) ? { fate: fate as LadderLine['fate'] } : {}),
    ...(isText(fault) ? { fault } : {}),
    ...(Number.isInteger(count) ? { count: count as number } : {}),
    ...(typeof tMs === 'number' ? { tMs } : {}),
    ...(typeof arrivedMs === 'number' ? { arrivedMs } : {}),
    ...(typeof endMs === 'number' ? { endMs } : {}),
    ...(typeof steps === 'object' && steps !== null ? { steps: steps as NonNullable<LadderLine['steps']> } : {}),
  });
}
