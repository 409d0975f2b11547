/** The lines of a ladder: what passed between MTAs, in order, with what both sides believed of the Turn. */
import type { TurnSide } from '@mtalab/mta-core';

export type LadderLine = {
  /** Name of the MTA that sent. The same as `to`: something that happened at this MTA alone. Both empty: at no MTA (a fault). */
  readonly from: string;
  readonly to: string;
  /** One line of text: for a PDU the same as in logs and tests. */
  readonly text: string;
  readonly association: string | null;
  /** Whose Turn each side believes it to be, by name of the MTA; missing where no association is concerned yet. */
  readonly believes: Readonly<Record<string, TurnSide>>;
  /** Did it reach the other side? `lost`: it did not, and nobody knows why. */
  readonly fate: 'passed' | 'held' | 'swallowed' | 'cut' | 'lost';
  /** The fault that acted on it. */
  readonly fault: string | null;
  /** Lines that this one stands for (1 for itself alone). */
  readonly count: number;
  /** When it was sent (or seen on the link), in ms of the lab's clock. */
  readonly tMs?: number;
  /** Places of the sending and the receiving among all that happened at that MTA; for vector clocks. */
  readonly steps?: { readonly sent: number | null; readonly received: number | null };
};

/** A line of which only the outline is known, such as one of a counterexample. */
export function ladderLine(line: Pick<LadderLine, 'from' | 'to' | 'text'> & Partial<LadderLine>): LadderLine {
  return { association: null, believes: {}, fate: 'passed', fault: null, count: 1, ...line };
}

/** Something that happened at one MTA, or (with an empty name) at none. */
export function noteLine(node: string, text: string, more: Partial<LadderLine> = {}): LadderLine {
  return ladderLine({ ...more, from: node, to: node, text });
}

export function isNote(line: LadderLine): boolean {
  return line.from === line.to;
}

/** The MTAs of a ladder, in the order in which they come up. */
export function nodesOf(lines: readonly LadderLine[]): readonly string[] {
  return [...new Set(lines.flatMap((line) => [line.from, line.to]))].filter((name) => name !== '');
}

const fates = ['passed', 'held', 'swallowed', 'cut', 'lost'] as const;

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** A line of a ladder as read from JSON, or null when the value is none. What is not said is taken as usual. */
export function ladderLineFrom(value: unknown): LadderLine | null {
  if (typeof value !== 'object' || value === null) return null;
  const { from, to, text, association, believes, fate, fault, count, tMs, steps } = value as Readonly<Record<string, unknown>>;
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
    ...(typeof steps === 'object' && steps !== null ? { steps: steps as NonNullable<LadderLine['steps']> } : {}),
  });
}
