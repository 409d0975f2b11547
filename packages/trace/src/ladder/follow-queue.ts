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
};

/** Limit of the lines that wait. Beyond it, the oldest do not wait any longer. */
const maxWaiting = 20_000;

export class FollowQueue {
  readonly #waitMs: number;
  #waiting: Draft[] = [];
  #round = 0;

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** Adds a line at its place in time. */
  add(line: LadderLine, nowMs: number, settled: boolean): Draft {
    const draft: Draft = { line, takenAtMs: nowMs, round: this.#round, settled, shown: false };
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
    const drafts = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    for (const draft of drafts) draft.shown = true;
    return drafts.map(({ line, settled }) =>
      settled ? line : { ...line, fate: 'held', text: `${line.text} (not arrived yet)` },
    );
  }
}
