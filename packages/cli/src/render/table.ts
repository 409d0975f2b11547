/** Renders tables and shortens texts for a terminal. Widths are the columns that a terminal needs for a text. */
import stringWidth from 'string-width';
import type { Paint } from './colours.js';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Cuts a text to a number of columns, with an ellipsis. The text must not hold colour codes. */
export function clip(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    width += stringWidth(segment);
    if (width >= columns) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** Columns of the widest of these texts. Colour codes take no column. */
export function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => stringWidth(text)));
}

/** Adds spaces to a text up to a number of columns. */
export function padded(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, columns - stringWidth(text)));
  return align === 'right' ? space + text : text + space;
}

export type Column = { readonly title: string; readonly align?: 'left' | 'right' };

/** Draws a table with a header line. Columns stand two spaces apart, and no line ends in spaces. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], style: Paint): string {
  const widths = columns.map((column, at) => widest([column.title, ...rows.map((row) => row[at] ?? '')]));
  const line = (cells: readonly string[]) =>
    columns
      .map((column, at) => padded(cells[at] ?? '', widths[at] ?? 0, column.align))
      .join('  ')
      .trimEnd();
  return [style.bold(line(columns.map((column) => column.title))), ...rows.map(line)].join('\n');
}
