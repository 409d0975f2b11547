/** Who holds the Turn of each association of a lab, as counts. */
import type { RawAssociation } from '@mtalab/scenario';
import type { TurnHolders } from './result.js';

/** Has one side let go of the Turn, so that it is on its way? Two looks that are a moment apart may also see it at both ends. */
function isPassing({ sides, turn }: RawAssociation): boolean {
  return turn === 'both' || sides.some((side) => side.turn === 'given');
}

function isOpen({ sides }: RawAssociation): boolean {
  return sides.length === 2 && sides.every(({ state }) => state === 'open');
}

/** The associations of which each side believes that the other has the Turn, by name and by what they have moved. */
function withoutHolder(associations: readonly RawAssociation[]): ReadonlySet<string> {
  const keys = associations
    .filter((each) => isOpen(each) && each.turn === 'nobody' && !isPassing(each))
    .map(({ between, name, sides }) =>
      [...between, name, ...sides.map(({ moved, recovery }) => `${moved} ${recovery}`)].join(' '),
    );
  return new Set(keys);
}

/** Does this look show an association whose Turn seems to be lost? Then only a second look can tell. */
export function seemsLost(associations: readonly RawAssociation[]): boolean {
  return withoutHolder(associations).size > 0;
}

/**
 * Counts the holders.
 * @param again a second look, if the first seemed to show a lost Turn. The two ends do not answer at the same instant, so a Turn
 * that moves meanwhile may be at neither. What is at neither end in two looks, with nothing moved in between, is lost.
 */
export function turnHolders(associations: readonly RawAssociation[], again: readonly RawAssociation[] = []): TurnHolders {
  const held: Record<string, number> = {};
  let passing = 0;
  const first = withoutHolder(associations);
  const second = withoutHolder(again);
  const nobody = [...first].filter((key) => second.has(key)).length;
  for (const each of associations.filter(isOpen)) {
    const holder = each.sides.find(({ believes }) => believes === 'mine')?.mta;
    if (each.turn === 'one' && holder !== undefined) held[holder] = (held[holder] ?? 0) + 1;
    else passing += 1;
  }
  return { held, passing: passing - nobody, nobody };
}
