/** The lines of a followed ladder that are not shown yet, in the order of their sending. */
import type { LadderLine } from './line.js';

/** A line that waits. Its fate is decided when it is settled. */
export type Draft = {
  line: LadderLine;
  readonly takenAtMs: number;
  readonly round: number;
  /** Is it known what became of it? */
  settled: boolean;
  /** Was it shown before that? */
  shown: boolean;
  /** Place of its sending among all that its MTA did, and of its arrival at the other MTA. */
  readonly leaves: Place;
  arrives: Place | null;
};

/** A place in what one MTA did. */
export type Place = { readonly node: string; readonly at: number };

/** Longer rows of lines of one instant keep the order in which they were read. */
const maxTied = 200;

/** Limit of the lines that wait. Beyond it, the oldest do not wait any longer. */
const maxWaiting = 20_000;

export class FollowQueue {
  readonly #waitMs: number;
  #waiting: Draft[] = [];
  #round = 0;
  #count = 0;

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** The next place in what this MTA did. */
  place(node: string): Place {
    this.#count += 1;
    return { node, at: this.#count };
  }

  /** Adds a line at its place in time. */
  add(line: LadderLine, nowMs: number, settled: boolean): Draft {
    const leaves = this.place(line.from);
    const draft: Draft = { line, takenAtMs: nowMs, round: this.#round, settled, shown: false, leaves, arrives: null };
    let at = this.#waiting.length;
    const tMs = line.tMs ?? Number.POSITIVE_INFINITY;
    while (at > 0 && (this.#waiting[at - 1]?.line.tMs ?? Number.NEGATIVE_INFINITY) > tMs) at -= 1;
    this.#waiting.splice(at, 0, draft);
    return draft;
  }

  /** The lines that need not wait. A line of the latest round may still get a line before it, from another journal. */
  ready(nowMs: number, upToMs: number): readonly LadderLine[] {
    const over = this.#waiting.length - maxWaiting;
    const end = this.#waiting.findIndex((draft, at) => {
      const { line, settled, round, takenAtMs } = draft;
      if (at < over) return false;
      return round >= this.#round || (line.tMs ?? 0) > upToMs || !(settled || nowMs - takenAtMs >= this.#waitMs);
    });
    this.#round += 1;
    return this.#shown(end < 0 ? this.#waiting.length : end);
  }

  rest(): readonly LadderLine[] {
    return this.#shown(this.#waiting.length);
  }

  #shown(count: number): readonly LadderLine[] {
    const drafts = inOrder(this.#waiting.slice(0, count));
    this.#waiting = this.#waiting.slice(count);
    for (const draft of drafts) draft.shown = true;
    return drafts.map(({ line, settled }) =>
      settled ? line : { ...line, fate: 'held', text: `${line.text} (not arrived yet)` },
    );
  }
}

/** Orders the lines of each instant: what an MTA sent after an arrival stands after what arrived. */
function inOrder(drafts: readonly Draft[]): readonly Draft[] {
  const ordered: Draft[] = [];
  for (let at = 0; at < drafts.length; ) {
    const tMs = drafts[at]?.line.tMs;
    let end = at + 1;
    while (end < drafts.length && drafts[end]?.line.tMs === tMs) end += 1;
    const tied = drafts.slice(at, end);
    ordered.push(...(tied.length > maxTied ? tied : causally(tied)));
    at = end;
  }
  return ordered;
}

/** Does this come before the other at one of their MTAs? */
function isBefore({ leaves, arrives }: Draft, other: Draft): boolean {
  return [leaves, arrives].some((place) => place !== null && place.node === other.leaves.node && place.at < other.leaves.at);
}

function causally(tied: readonly Draft[]): readonly Draft[] {
  const rest = [...tied];
  const ordered: Draft[] = [];
  while (rest.length > 0) {
    const free = rest.findIndex((one) => rest.every((other) => other === one || !isBefore(other, one)));
    // A clock that was set back can make a circle.
    ordered.push(...rest.splice(Math.max(0, free), 1));
  }
  return ordered;
}
