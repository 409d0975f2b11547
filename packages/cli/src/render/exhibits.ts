/** Renders what a lesson shows as evidence. */
import { counted } from '@mtalab/scenario';
import { isNote, type LadderLine, ladderAsText, legendText, noteLine, type PageExhibit } from '@mtalab/trace';
import type { Paint } from './colours.js';
import { wrap } from './table.js';

/** Lines of a ladder that a reader can take in: the first and the last ones. */
const firstLines = 14;
const lastLines = 22;
/** Different entries of the event logs. */
const maxEvents = 12;
/** A ladder narrower than this breaks its lines too often. */
const ladderColumns = 110;

/** Leaves out the middle of a long ladder. */
function shortened(lines: readonly LadderLine[]): readonly LadderLine[] {
  const left = lines.length - firstLines - lastLines;
  if (left <= 1) return lines;
  return [...lines.slice(0, firstLines), noteLine('', `${left} lines are left out here`), ...lines.slice(-lastLines)];
}

function eventRows(entries: Extract<PageExhibit, { kind: 'events' }>['entries'], style: Paint): readonly string[] {
  if (entries.length === 0) return ['No new entry is in the event logs.'];
  const counts = new Map<string, number>();
  for (const { mta, id, text } of entries) {
    const row = `${mta}  ${id}  ${text}`;
    counts.set(row, (counts.get(row) ?? 0) + 1);
  }
  const columns = Math.min(style.columns, ladderColumns);
  const rows = [...counts]
    .slice(0, maxEvents)
    .flatMap(([row, count]) => wrap(count === 1 ? row : `${row} (${count} times)`, columns, '       '));
  return counts.size > maxEvents ? [...rows, `and ${counts.size - maxEvents} more`] : rows;
}

function bodyOf(exhibit: PageExhibit, known: Set<string>, style: Paint): readonly string[] {
  switch (exhibit.kind) {
    case 'ladder': {
      if (exhibit.lines.every(({ mark }) => mark === 'idle'))
        return exhibit.lines.length === 0
          ? ['Nothing passed between the MTAs.']
          : exhibit.lines.map(({ text }) => `${text.replace('nothing passes', 'Nothing passed between the MTAs')}.`);
      const columns = Math.min(style.columns, ladderColumns);
      const lines = shortened(exhibit.lines);
      const legend = legendText(
        exhibit.lines.length === lines.length ? lines : lines.filter((line) => !isNote(line)),
        columns,
        known,
      );
      return [ladderAsText(lines, { columns }), ...(legend === '' ? [] : ['', ...legend.split('\n').map(style.dim)])];
    }
    case 'turn':
      if (exhibit.associations.length === 0) return ['No association is up.'];
      return exhibit.associations.flatMap(({ name, sides }) => [
        `association ${name}:`,
        ...sides.map(
          ({ mta, state, holder }) => `  ${mta} (${state}) believes that the Turn is with ${holder === mta ? 'itself' : holder}`,
        ),
      ]);
    case 'queues':
      return [
        ...exhibit.queued.map(([mta, count]) =>
          count === null ? `${mta} is down` : `waiting at ${mta}: ${counted(count, 'message')}`,
        ),
        `delivered since the start: ${counted(exhibit.delivered, 'message')}`,
      ];
    case 'events':
      return eventRows(exhibit.entries, style);
  }
}

const titles: { readonly [Kind in PageExhibit['kind']]: string } = {
  ladder: 'What passed between the MTAs',
  turn: 'What each side believes about the Turn',
  queues: 'The queues',
  events: 'The event logs',
};

/**
 * The exhibits as text, each under its title.
 * @param known words of ladders that were explained before; the new ones are added.
 */
export function renderExhibits(exhibits: readonly PageExhibit[], known: Set<string>, style: Paint): string {
  return exhibits.map((each) => [style.bold(titles[each.kind]), ...bodyOf(each, known, style)].join('\n')).join('\n\n');
}
