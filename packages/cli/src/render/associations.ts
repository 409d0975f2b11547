/** Associations, seen from both ends. */

import type { AssociationRow, LabAssociation } from '@mtalab/harness';
import { printable } from '@mtalab/mta-core';
import type { Paint } from './colours.js';
import { table } from './table.js';

const columns = [
  { title: 'ASSOCIATION' },
  { title: 'SEEN BY' },
  { title: 'ROLE' },
  { title: 'STATE' },
  { title: 'TURN' },
  { title: 'BELIEVES THE TURN IS' },
  { title: 'PLEASE' },
  { title: 'MOVED', align: 'right' },
  { title: 'RECOVERY', align: 'right' },
] as const;

function pleaseOf(row: AssociationRow): string {
  const please = row.pleaseOutstanding;
  if (please === true) return 'outstanding';
  return please === false || please === null || please === undefined ? '-' : printable(String(please));
}

/** What both beliefs together mean, in plain words. */
function turnVerdict(association: LabAssociation, style: Paint): string {
  switch (association.turn) {
    case 'one': {
      const holder = Object.entries(association.holder).find(([mta, believed]) => mta === believed)?.[0] ?? '?';
      return style.green(`the Turn is at ${printable(holder)}: both sides agree`);
    }
    case 'nobody':
      return style.red('each side believes the other has the Turn: nobody may send');
    case 'both':
      return style.red('both sides believe they have the Turn');
    default:
      return style.yellow('only one side knows it');
  }
}

/** One block per association: a line for each side, then what it means. */
export function renderAssociations(associations: readonly LabAssociation[], style: Paint): string {
  if (associations.length === 0) return style.dim('no associations');
  const rows = associations.flatMap((association) =>
    Object.entries(association.sides).map(([mta, row], at) => [
      at === 0 ? printable(association.name) : '',
      printable(mta),
      row.role,
      row.state,
      row.turn,
      printable(association.holder[mta] ?? '?') + (row.believes === 'mine' ? ' (itself)' : ''),
      pleaseOf(row),
      String(row.moved),
      String(row.recovery),
    ]),
  );
  const verdicts = associations.map(
    (association) => `${style.bold(printable(association.name))}: ${turnVerdict(association, style)}`,
  );
  return `${table(columns, rows, style)}\n\n${verdicts.join('\n')}`;
}
