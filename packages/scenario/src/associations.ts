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

/** One association, seen from both its ends. */
export type JoinedAssociation<Side extends AssociationSide = AssociationSide> = {
  readonly name: string;
  /** The two MTAs, the initiator first where it is known. */
  readonly between: readonly string[];
  /** Each side's view, by name of the MTA. A side that does not know the association is missing. */
  readonly sides: Readonly<Record<string, Side>>;
  /** Which MTA has the Turn, in the belief of each side. */
  readonly holder: Readonly<Record<string, string>>;
  /**
   * `one`: exactly one side believes it holds the Turn. `nobody`: each believes the other has it. `both`: both believe they
   * have it. `unknown`: one side does not know the association.
   */
  readonly turn: 'one' | 'nobody' | 'both' | 'unknown';
};

/** Joins the sides by the association's name. `rows` holds each MTA's answer to `associations`. */
export function joinAssociations<Side extends AssociationSide>(
  rows: ReadonlyMap<string, readonly Side[]>,
): readonly JoinedAssociation<Side>[] {
  const joined = new Map<string, Map<string, Side>>();
  for (const [node, list] of rows) {
    for (const row of list) {
      // Each initiator makes its own names, so the two MTAs are part of the identity.
      const key = `${[node, row.peer].sort().join(' ')} ${row.name}`;
      const sides = joined.get(key) ?? new Map<string, Side>();
      sides.set(node, row);
      joined.set(key, sides);
    }
  }
  return [...joined.values()].map(associationOf);
}

function associationOf<Side extends AssociationSide>(sides: ReadonlyMap<string, Side>): JoinedAssociation<Side> {
  const entries = [...sides].sort(([, one], [, other]) => Number(other.role === 'initiator') - Number(one.role === 'initiator'));
  const [first] = entries;
  const between =
    first === undefined ? [] : first[1].role === 'initiator' ? [first[0], first[1].peer] : [first[1].peer, first[0]];
  const mine = entries.filter(([, row]) => row.believes === 'mine').length;
  return {
    name: first?.[1].name ?? '',
    between,
    sides: Object.fromEntries(entries),
    holder: Object.fromEntries(entries.map(([node, row]) => [node, row.believes === 'mine' ? node : row.peer])),
    turn: entries.length < 2 ? 'unknown' : mine === 1 ? 'one' : mine === 0 ? 'nobody' : 'both',
  };
}
