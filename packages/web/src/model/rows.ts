/** The rows of the drawn ladder: a line, and what each side's lifeline says beside it. Pure. */
import type { TurnSide } from '@mtalab/mta-core';
import { annotated, isNote, type LadderLine } from '@mtalab/trace';
import { kindOf, type PduKind } from './meaning.js';

/** What a lifeline says: it has the Turn, the other has it, it has given it away without an answer yet, it asks, nothing. */
export type Lifeline = TurnSide | 'giving' | 'asking' | 'none';

export type LadderRow = {
  readonly line: LadderLine;
  readonly kind: PduKind;
  /** From the left side to the right. */
  readonly isRight: boolean;
  /** `pdu`, or a note. */
  readonly shape: 'pdu' | 'note' | 'mark';
  /** After this line, left and right. */
  readonly lifelines: readonly [Lifeline, Lifeline];
  readonly key: string;
};

type Side = { believes: TurnSide | 'none'; giving: boolean; asking: boolean };

function said({ believes, giving, asking }: Side): Lifeline {
  if (giving) return 'giving';
  return asking && believes === 'theirs' ? 'asking' : believes;
}

class Associations {
  readonly #sides = new Map<string, Side>();

  of(association: string, node: string): Side {
    const key = `${association}\n${node}`;
    const side = this.#sides.get(key) ?? { believes: 'none', giving: false, asking: false };
    this.#sides.set(key, side);
    return side;
  }
}

/** What the sender has said that its belief alone does not show. */
function note(line: LadderLine, from: Side, to: Side): void {
  if (/\bturn-give-ack\b|GIVE TOKENS ACK/.test(line.text)) {
    if (line.fate === 'passed') to.giving = false;
  } else if (/\bturn-give\b|GIVE TOKENS CONFIRM/.test(line.text)) {
    from.giving = true;
    from.asking = false;
    if (line.fate === 'passed') to.asking = false;
  } else if (/\bturn-please\b|PLEASE TOKENS/.test(line.text)) from.asking = true;
  else if (/\brto(ac|rj)\b/.test(line.text)) {
    from.giving = false;
    to.giving = false;
    from.asking = false;
    to.asking = false;
  }
}

/** @param left and right, names of the two MTAs that are drawn. Lines of others are left out. */
export function ladderRows(lines: readonly LadderLine[], left: string, right: string): readonly LadderRow[] {
  const known = new Associations();
  const rows: LadderRow[] = [];
  const ours = lines.filter(
    ({ from, to }) =>
      (from === left || from === right || from === '') && (to === left || to === right || to === '' || to === '?'),
  );
  for (const line of annotated(ours)) {
    const association = line.association ?? '';
    const sides = [known.of(association, left), known.of(association, right)] as const;
    for (const [at, name] of [left, right].entries()) {
      const belief = line.believes[name];
      if (belief === undefined) continue;
      const side = sides[at] as Side;
      if (side.believes !== belief && belief === 'mine') side.giving = false;
      side.believes = belief;
    }
    const isRight = line.from === left;
    if (!isNote(line)) note(line, sides[isRight ? 0 : 1], sides[isRight ? 1 : 0]);
    rows.push({
      line,
      kind: kindOf(line),
      isRight,
      shape: isNote(line) ? (line.mark === undefined ? 'note' : 'mark') : 'pdu',
      lifelines: [said(sides[0]), said(sides[1])],
      key: `${line.steps?.sent ?? '-'}/${line.steps?.received ?? '-'}/${line.tMs ?? ''}/${line.text}`,
    });
  }
  return rows;
}
