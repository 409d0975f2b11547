/** Renders tables that fit a terminal, and shortens and wraps texts. Widths are the columns that a terminal needs for a text. */
import stringWidth from 'string-width';
import type { Paint } from './colours.js';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Columns that a terminal needs for a text. Colour codes take none. */
export function columnsOf(text: string): number {
  return stringWidth(text);
}

/** The beginning of a text that fits into a number of columns. At least one character. */
function fitting(text: string, columns: number): string {
  let kept = '';
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    width += stringWidth(segment);
    if (width > columns && kept !== '') break;
    kept += segment;
  }
  return kept;
}

/** Cuts a text to a number of columns, with an ellipsis. The text must not hold colour codes. */
export function clip(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  return columns < 2 ? '…' : `${fittingOrNothing(text, columns - 1)}…`;
}

function fittingOrNothing(text: string, columns: number): string {
  const kept = fitting(text, columns);
  return stringWidth(kept) > columns ? '' : kept;
}

/** A colour around a whole text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with an escape character.
const painted = /^((?:\u001b\[\d+m)+)([^\u001b]*)((?:\u001b\[\d+m)+)$/;

/**
 * Wraps a text into rows of at most this many columns: at blanks and commas where possible, else anywhere. A colour must
 * enclose the whole text.
 * @param indent begins every row but the first.
 */
export function wrap(text: string, columns: number, indent = ''): readonly string[] {
  if (stringWidth(text) <= columns) return [text];
  const [, open = '', inner = text, close = ''] = painted.exec(text) ?? [];
  const rows: string[] = [];
  let rest = inner;
  while (rest !== '') {
    const lead = rows.length === 0 || stringWidth(indent) >= columns ? '' : indent;
    const room = columns - stringWidth(lead);
    let row = stringWidth(rest) <= room ? rest : fitting(rest, room);
    if (row.length < rest.length && !/^\s/.test(rest.slice(row.length))) {
      const at = Math.max(row.lastIndexOf(' '), row.lastIndexOf(','));
      if (at > 0) row = row.slice(0, at + 1);
    }
    rows.push(`${open}${lead}${row.trimEnd()}${close}`);
    rest = rest.slice(row.length).trimStart();
  }
  return rows;
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

export type Column = {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Does the column say what its line is about? A table that is split repeats these columns. Default: the first column only. */
  readonly key?: boolean;
  /** May its cells continue in further lines, so that the table need not be split? For texts and lists. */
  readonly wraps?: boolean;
};

/** Columns between two columns of a table. */
const gap = 2;
/** A key column takes at most this part of a narrow terminal. */
const keyShare = 3;
/** A terminal that says it is narrower than this is taken to have this many columns. */
const leastColumns = 20;
/** A column that wraps keeps at least this many columns. */
const leastWrapped = 16;

type Sized = Column & { readonly at: number; readonly width: number };

const total = (columns: readonly Sized[]): number =>
  columns.reduce((sum, { width }) => sum + width, Math.max(0, columns.length - 1) * gap);

/** The width of a column whose title has a line for each word. */
function withTitleWrapped({ title, at }: Sized, rows: readonly (readonly string[])[]): number {
  return widest([...title.split(' '), ...rows.map((row) => row[at] ?? '')]);
}

/** Narrows the columns that wrap, the widest first, until the table fits. Undefined if that is not enough. */
function narrowed(columns: readonly Sized[], limit: number): readonly Sized[] | undefined {
  const widths = columns.map(({ width }) => width);
  let excess = total(columns) - limit;
  while (excess > 0) {
    const widestAt = columns.reduce(
      (best, { wraps }, at) => (wraps === true && (best < 0 || (widths[at] ?? 0) > (widths[best] ?? 0)) ? at : best),
      -1,
    );
    const width = widths[widestAt] ?? 0;
    if (width <= leastWrapped) return undefined;
    widths[widestAt] = width - 1;
    excess -= 1;
  }
  return columns.map((column, at) => ({ ...column, width: widths[at] ?? column.width }));
}

/**
 * Draws a table with a header line. Columns stand two spaces apart, and no line ends in spaces. If the table is too wide for the
 * terminal, its titles and texts continue in further lines. If that is not enough, it is split into tables of some columns each, and every
 * part begins with the key columns.
 */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], style: Paint): string {
  const limit = Math.max(leastColumns, style.columns);
  const keyed = columns.some(({ key }) => key === true);
  const isKey = (column: Column, at: number): boolean => (keyed ? column.key === true : at === 0);
  const whole = columns.map((column, at) => ({
    ...column,
    at,
    width: widest([column.title, ...rows.map((row) => row[at] ?? '')]),
  }));
  if (total(whole) <= limit) return drawn(whole, rows, style);
  const compact = whole.map((column) => ({ ...column, width: withTitleWrapped(column, rows) }));
  const fits = narrowed(compact, limit);
  if (fits !== undefined) return drawn(fits, rows, style);
  const keys = whole.filter(isKey);
  const most = Math.max(4, Math.floor(limit / keyShare / Math.max(1, keys.length)));
  const front = keys.map((key) => (total(keys) > limit / 2 ? { ...key, width: Math.min(key.width, most) } : key));
  const room = limit - total(front) - gap;
  const parts: Sized[][] = [];
  for (const column of whole.filter((each, at) => !isKey(each, at))) {
    const sized = { ...column, width: Math.min(column.width, room) };
    const present = parts.at(-1);
    if (present === undefined || total([...front, ...present, sized]) > limit) parts.push([sized]);
    else present.push(sized);
  }
  return parts.map((part) => drawn([...front, ...part], rows, style)).join('\n\n');
}

function drawn(columns: readonly Sized[], rows: readonly (readonly string[])[], style: Paint): string {
  const line = (cells: readonly string[], atBottom = false): readonly string[] => {
    const wrapped = cells.map((cell, index) => wrap(cell, columns[index]?.width ?? 0));
    const height = Math.max(1, ...wrapped.map((each) => each.length));
    return Array.from({ length: height }, (_, row) =>
      columns
        .map(({ width, align }, index) => {
          const own = wrapped[index] ?? [];
          return padded(own[atBottom ? row - height + own.length : row] ?? '', width, align);
        })
        .join(' '.repeat(gap))
        .trimEnd(),
    );
  };
  // A title of one line stands next to its column.
  const titles = columns.map(({ title }) => title);
  const header = line(titles, true).map(style.bold);
  return [...header, ...rows.flatMap((row) => line(columns.map(({ at }) => row[at] ?? '')))].join('\n');
}
