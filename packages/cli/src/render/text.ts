/** Words, figures and tables for a terminal. Nothing here knows of sockets or processes. */

/** ANSI attributes; the identity where colour is not wanted. */
export type Paint = {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
};

export function paint(colour: boolean): Paint {
  const wrap = (open: number, close: number) => (text: string) => (colour ? `\u001b[${open}m${text}\u001b[${close}m` : text);
  return { bold: wrap(1, 22), dim: wrap(2, 22), red: wrap(31, 39), green: wrap(32, 39), yellow: wrap(33, 39) };
}

const controlCharacters = /\p{Cc}/gu;

/** Text that came from elsewhere must not drive the terminal: control characters become `\xNN`. */
export function printable(text: string): string {
  return text.replace(controlCharacters, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

const colourCodes = /\p{Cc}\[\d+m/gu;

/** Columns a text takes, colour codes not counted. */
function widthOf(text: string): number {
  return [...text.replace(colourCodes, '')].length;
}

/** Cut to a number of columns, with an ellipsis. The text must not hold colour codes. */
export function clip(text: string, columns: number): string {
  const chars = [...text];
  return chars.length <= columns ? text : `${chars.slice(0, Math.max(0, columns - 1)).join('')}…`;
}

export type Column = { readonly title: string; readonly align?: 'left' | 'right' };

/** A table with a header line; columns two spaces apart, no line ends in spaces. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], style: Paint): string {
  const widths = columns.map((column, at) => Math.max(widthOf(column.title), ...rows.map((row) => widthOf(row[at] ?? ''))));
  const line = (cells: readonly string[]) =>
    columns
      .map((column, at) => {
        const cell = cells[at] ?? '';
        const space = ' '.repeat((widths[at] ?? 0) - widthOf(cell));
        return column.align === 'right' ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd();
  return [style.bold(line(columns.map((column) => column.title))), ...rows.map(line)].join('\n');
}

/** A length in octets: `512 B`, `29.3 KiB`, `64 MiB`. */
export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = count / 1024;
  let at = 0;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    at += 1;
  }
  return `${value >= 100 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}

/** A span of time: `0 ms`, `850 ms`, `1.2 s`, `75 s`, `9 min 58 s`, `3 h 5 min`. */
export function span(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `1 message`, `2 messages`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** An instant of the lab's clock, in full and in UTC: with a time scale its days and hours are not those outside. */
export function instant(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString().replace('T', ' ').replace('Z', '');
}

/** How long until an instant, seen from `nowMs`: `in 9 min`, `due`, or a dash for never. */
export function until(atMs: number | null | undefined, nowMs: number): string {
  if (atMs === null || atMs === undefined) return '-';
  return atMs <= nowMs ? 'due' : `in ${span(atMs - nowMs)}`;
}
