/** Adds notes to a ladder that is printed line by line: idle time, and where the two sides disagree about the Turn. */
import type { TurnSide } from '@mtalab/mta-core';
import { idleNote } from './annotate.js';
import { isGiveText, type LadderLine, noteLine } from './line.js';

/** Lines of an association until a disagreement is no Turn-Give on its way. */
const patience = 3;
/** Limit of the associations that are remembered. */
const maxAssociations = 1000;

type Known = { readonly sides: Map<string, TurnSide>; lines: number; said: boolean };

export class StreamNotes {
  readonly #known = new Map<string, Known>();
  #lastMs: number | null = null;

  /** The notes before and after a line. */
  around(line: LadderLine): { readonly before: readonly LadderLine[]; readonly after: readonly LadderLine[] } {
    const { tMs } = line;
    const gapMs = tMs === undefined || this.#lastMs === null ? 0 : tMs - this.#lastMs;
    const before = idleNote(gapMs);
    if (tMs !== undefined) this.#lastMs = Math.max(this.#lastMs ?? tMs, line.endMs ?? tMs);
    return { before, after: this.#turn(line) };
  }

  #turn(line: LadderLine): readonly LadderLine[] {
    const { association } = line;
    if (association === null) return [];
    const known = this.#of(association);
    for (const [node, side] of Object.entries(line.believes)) known.sides.set(node, side);
    const names = [...known.sides.keys()].sort();
    const [one, other] = names.map((name) => known.sides.get(name));
    const apart = names.length === 2 && one === other;
    const mark = { association, mark: 'turn' } as const;
    if (!apart) {
      const note = known.said ? [noteLine('', `from here both agree again about ${association}`, mark)] : [];
      known.lines = 0;
      known.said = false;
      return note;
    }
    known.lines += 1;
    const sure = one === 'mine' || known.lines >= patience || (isGiveText(line.text) && line.fate === 'lost');
    if (known.said || !sure) return [];
    known.said = true;
    const each = one === 'mine' ? 'each believes that it has the Turn' : 'each believes that the other has the Turn';
    return [noteLine('', `${names.join(' and ')} disagree about ${association}: ${each}`, mark)];
  }

  #of(association: string): Known {
    const known = this.#known.get(association) ?? { sides: new Map(), lines: 0, said: false };
    // The one that is used last is forgotten last.
    this.#known.delete(association);
    this.#known.set(association, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > maxAssociations && oldest !== undefined) this.#known.delete(oldest);
    return known;
  }
}
