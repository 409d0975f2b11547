/** Renders the diagnostics levels of several MTAs side by side. */

import { type DiagnosticsLevels, diagnosticsLevels, type EventCategory, printable } from '@mtalab/mta-core';
import type { Paint } from './colours.js';
import { table } from './table.js';

/** A table with a line for each category and a column for each MTA. */
export function renderDiagnostics(
  values: readonly { readonly mta: string; readonly value: DiagnosticsLevels }[],
  shown: readonly EventCategory[],
  style: Paint,
): string {
  const columns = [{ title: 'CATEGORY' }, ...values.map(({ mta }) => ({ title: printable(mta) }))];
  const rows = shown.map((category) => [
    category,
    ...values.map(({ value }) => {
      const level = value[category];
      const words = `${level} (${diagnosticsLevels[level]})`;
      return level === 'none' ? words : style.yellow(words);
    }),
  ]);
  return table(columns, rows, style);
}
