/** Tables of figures: as text for a terminal, and as Markdown between markers in a page. */
import { readFileSync, writeFileSync } from 'node:fs';

export type Table = {
  readonly title: string;
  /** Heads of the columns; the first column names the rows. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Lines below the table. */
  readonly notes: readonly string[];
};

export const whole = (value: number): string => Math.round(value).toLocaleString('en');
export const mebibytes = (octets: number): string => `${Math.round(octets / 2 ** 20)} MiB`;

/** Column gap and indent of the text form. */
const gap = '  ';

export function textOf({ title, columns, rows, notes }: Table): string {
  const all = [columns, ...rows];
  const widths = columns.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    widths
      .map((width, column) => (column === 0 ? (row[column] ?? '').padEnd(width) : (row[column] ?? '').padStart(width)))
      .join(gap)
      .trimEnd();
  return [title, ...all.map((row) => gap + line(row)), ...notes.map((note) => gap + note)].join('\n');
}

export function markdownOf({ title, columns, rows, notes }: Table): string {
  const line = (row: readonly string[]): string => `| ${columns.map((_, column) => row[column] ?? '').join(' | ')} |`;
  const ruler = `|${columns.map((_, column) => (column === 0 ? '---|' : '---:|')).join('')}`;
  const below = notes.length === 0 ? [] : ['', ...notes.map((note) => `- ${note}`)];
  return [`**${title}**`, '', line(columns), ruler, ...rows.map(line), ...below].join('\n');
}

/**
 * Puts text between the markers `<!-- bench:NAME -->` and `<!-- end -->`.
 * @throws Error if the page has no such markers.
 */
export function withSection(page: string, name: string, text: string): string {
  const marker = `<!-- bench:${name} -->`;
  const from = page.indexOf(marker);
  const end = page.indexOf('<!-- end -->', from);
  if (from < 0 || end < 0) throw new Error(`there is no ${marker} with an <!-- end --> after it`);
  return `${page.slice(0, from + marker.length)}\n\n${text}\n\n${page.slice(end)}`;
}

export function writeSections(file: string, sections: readonly { readonly name: string; readonly text: string }[]): void {
  writeFileSync(
    file,
    sections.reduce((page, { name, text }) => withSection(page, name, text), readFileSync(file, 'utf8')),
  );
}
