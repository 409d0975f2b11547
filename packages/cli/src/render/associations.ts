/** Renders associations with the view of each side. */

import type { RawAssociation } from '@mtalab/harness';
import { type AssociationView, printable } from '@mtalab/mta-core';
import type { Paint } from './colours.js';
import { table, wrap } from './table.js';

const columns = [
  { title: 'ASSOCIATION', key: true },
  { title: 'SEEN BY', key: true },
  { title: 'ROLE' },
  { title: 'STATE' },
  { title: 'TURN' },
  { title: 'BELIEVES THE TURN IS' },
  { title: 'PLEASE' },
  { title: 'MOVED', align: 'right' },
  { title: 'RECOVERY', align: 'right' },
] as const;

function pleaseOf(row: AssociationView): string {
  const please = row.pleaseOutstanding;
  if (please === true) return 'outstanding';
  return please === false || please === null || please === undefined ? '-' : printable(String(please));
}

/** Says what the beliefs of both sides mean together. */
function turnVerdict({ name, turn, sides, unanswered }: RawAssociation, style: Paint): string {
  const about = printable(name);
  switch (turn) {
    case 'one': {
      const holding = sides.find((side) => side.holder === side.mta)?.mta ?? '?';
      return style.green(`${about}: both sides agree: ${printable(holding)} has the Turn`);
    }
    case 'nobody':
      return style.red(`${about}: each side believes that the other has the Turn, so no side may send`);
    case 'both':
      return style.red(`${about}: both sides believe that they have the Turn`);
    default:
      return style.yellow(
        unanswered.length === 0
          ? `${about}: only one side knows this association`
          : `${about}: ${printable(unanswered.join(', '))} does not answer, so nobody can say whose Turn it is`,
      );
  }
}

/** A table with a line for each side of each association, then what the beliefs mean. */
export function renderAssociations(associations: readonly RawAssociation[], style: Paint): string {
  if (associations.length === 0) return style.dim('no associations');
  const rows = associations.flatMap((association) =>
    association.sides.map((row, at) => [
      at === 0 ? printable(association.name) : '',
      printable(row.mta),
      row.role,
      row.state,
      row.turn,
      printable(row.holder) + (row.believes === 'mine' ? ' (itself)' : ''),
      pleaseOf(row),
      String(row.moved),
      String(row.recovery),
    ]),
  );
  const verdicts = associations.flatMap((association) => wrap(turnVerdict(association, style), style.columns, '  '));
  return `${table(columns, rows, style)}\n\n${verdicts.join('\n')}`;
}
