/** Joins the two sides of each association of a lab, with what each side believes. */

/** One side's view of an association, as far as joining needs it. */
export type AssociationSide = {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  /** Whose Turn this side believes it is. */
  readonly believes: 'mine' | 'theirs';
  /** Name of the adjacent MTA. */
  readonly peer: string;
};

/** The view of one side, with the name of its MTA. */
export type JoinedSide<Side extends AssociationSide> = Side & {
  readonly mta: string;
  /** The MTA that has the Turn, as this side believes. */
  readonly holder: string;
};

/** One association, seen from both its ends. */
export type JoinedAssociation<Side extends AssociationSide = AssociationSide> = {
  readonly name: string;
  /** The two MTAs, the initiator first where it is known. */
  readonly between: readonly string[];
  /** Each side's view, the initiator first. A side that does not know the association, or does not answer, is missing. */
  readonly sides: readonly JoinedSide<Side>[];
  /** Which of the two MTAs do not answer, so that nobody knows their view. */
  readonly unanswered: readonly string[];
  /**
   * `one`: exactly one side believes it holds the Turn. `nobody`: each believes the other has it. `both`: both believe they
   * have it. `unknown`: one side does not know the association, or does not answer.
   */
  readonly turn: 'one' | 'nobody' | 'both' | 'unknown';
};

/**
 * Joins the sides by the association's name.
 * @param rows each MTA's answer to `associations`.
 * @param unanswered MTAs that do not answer.
 */
export function joinAssociations<Side extends AssociationSide>(
  rows: ReadonlyMap<string, readonly Side[]>,
  unanswered: readonly string[] = [],
): readonly JoinedAssociation<Side>[] {
  const joined = new Map<string, JoinedSide<Side>[]>();
  for (const [mta, list] of rows) {
    for (const row of list) {
      // Each initiator makes its own names, so the two MTAs are part of the identity.
      const key = `${[mta, row.peer].sort().join(' ')} ${row.name}`;
      const sides = joined.get(key) ?? [];
      sides.push({ ...row, mta, holder: row.believes === 'mine' ? mta : row.peer });
      joined.set(key, sides);
    }
  }
  return [...joined.values()].map((sides) => associationOf(sides, unanswered));
}

function associationOf<Side extends AssociationSide>(
  known: readonly JoinedSide<Side>[],
  unanswered: readonly string[],
): JoinedAssociation<Side> {
  const sides = [...known].sort((one, other) => Number(other.role === 'initiator') - Number(one.role === 'initiator'));
  const [first] = sides;
  const between = first === undefined ? [] : first.role === 'initiator' ? [first.mta, first.peer] : [first.peer, first.mta];
  const mine = sides.filter((side) => side.believes === 'mine').length;
  return {
    name: first?.name ?? '',
    between,
    sides,
    unanswered: between.filter((mta) => unanswered.includes(mta)),
    turn: sides.length < 2 ? 'unknown' : mine === 1 ? 'one' : mine === 0 ? 'nobody' : 'both',
  };
}
