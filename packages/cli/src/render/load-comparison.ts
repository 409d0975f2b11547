/** Renders the comparison of two load runs as text. */
import { type ComparedRun, type LoadComparison, numberText, ratioText, verdictWords } from '@mtalab/load-report';
import { printable } from '@mtalab/mta-core';
import type { Paint } from './colours.js';
import { startText, warningLines } from './load.js';
import { table, wrap } from './table.js';

export function renderComparison(comparison: LoadComparison, style: Paint): string {
  const { a, b, warnings } = comparison;
  return [
    [runLine('A', a, style), runLine('B', b, style)].join('\n'),
    ...(warnings.length === 0 ? [] : [warningLines(warnings, style)]),
    differences(comparison, style),
    figures(comparison, style),
  ].join('\n\n');
}

function runLine(name: string, { label, startedAt, version, verdict }: ComparedRun, style: Paint): string {
  const text = `${name}: ${printable(label)}, started ${startText(startedAt)}, mtalab ${printable(version)}, verdict: ${verdictWords[verdict]}`;
  return wrap(text, style.columns, '   ').join('\n');
}

/** What differs in the options and in the MTAs. */
function differences({ options, mtas }: LoadComparison, style: Paint): string {
  if (options.length + mtas.length === 0) return 'The options and the MTAs are the same.';
  const shown = (text: string | null): string => (text === null ? '-' : printable(text));
  return table(
    [{ title: 'DIFFERS' }, { title: 'A', wraps: true }, { title: 'B', wraps: true }],
    [
      ...options.map(({ option, a, b }) => [printable(option), shown(a), shown(b)]),
      ...mtas.map(({ mta, property, a, b }) => [`${printable(mta)}: ${property}`, shown(a), shown(b)]),
    ],
    style,
  );
}

function figures({ figures: all }: LoadComparison, style: Paint): string {
  const value = (number: number | null): string => (number === null ? '-' : numberText(number));
  return table(
    [{ title: 'FIGURE' }, { title: 'A', align: 'right' }, { title: 'B', align: 'right' }, { title: 'B / A', align: 'right' }],
    all.map(({ name, unit, a, b, ratio }) => [unit === '' ? name : `${name}, ${unit}`, value(a), value(b), ratioText(ratio)]),
    style,
  );
}
