/** Draws the ladder as text. */
import type { TurnSide } from '@mtalab/mta-core';
import { annotated } from './annotate.js';
import { isNote, type LadderLine, nodesOf } from './line.js';

export type TextOptions = {
  /** Columns for an arrow with its text; a longer text continues in the next row. Default 100. */
  readonly width?: number;
  /** Columns of a whole row, such as those of a terminal. Default: as many as it takes. */
  readonly columns?: number;
};

/** Limit of the rows for one text. */
const maxRows = 3;
const usualWidth = 100;
/** An arrow takes at least this many columns. */
const leastWidth = 40;
/** A text beside the names of its MTAs takes at least this many columns. */
const leastText = 24;

/** Splits a text into rows of this many columns, at spaces where possible. */
export function wrapped(text: string, columns: number): readonly string[] {
  const rows: string[] = [];
  let rest = text;
  while (rest.length > columns && rows.length < maxRows - 1) {
    const space = rest.lastIndexOf(' ', columns);
    const at = space < columns / 2 ? columns : space;
    rows.push(rest.slice(0, at));
    rest = rest.slice(at).trimStart();
  }
  rows.push(rest.length > columns ? `${rest.slice(0, columns - 1)}…` : rest);
  return rows;
}

/** Limit of the beliefs that are remembered. */
const maxBeliefs = 100_000;

/** The last known beliefs, for each association. */
export class Beliefs {
  readonly #told = new Map<string, string>();

  note(line: LadderLine): void {
    for (const [node, side] of Object.entries(line.believes)) {
      const key = `${line.association ?? ''}\n${node}`;
      this.#told.delete(key);
      this.#told.set(key, side);
    }
    const [oldest] = this.#told.keys();
    if (this.#told.size > maxBeliefs && oldest !== undefined) this.#told.delete(oldest);
  }

  of(line: LadderLine, node: string): string {
    return this.#told.get(`${line.association ?? ''}\n${node}`) ?? '';
  }
}

/** The date and the time of the lab's clock, in UTC. Null for a line without a time. */
function clockOf({ tMs }: LadderLine): { readonly date: string; readonly time: string } | null {
  if (tMs === undefined || !Number.isFinite(tMs) || Math.abs(tMs) > 8.64e15) return null;
  const [date = '', time = ''] = new Date(tMs).toISOString().replace('Z', '').split('T');
  return { date, time };
}

/** Tells the time of a line where it differs from that of the line before. */
export class Times {
  #date = '';
  #time = '';

  /** The time of a line; empty if it is the same as before. With its date when the date is new, except the first one. */
  of(line: LadderLine): { readonly date: string; readonly time: string } {
    const clock = clockOf(line);
    if (clock === null) return { date: '', time: '' };
    const date = clock.date === this.#date || this.#date === '' ? '' : clock.date;
    const time = clock.time === this.#time && date === '' ? '' : clock.time;
    this.#date = clock.date;
    this.#time = clock.time;
    return { date, time };
  }
}

/** `23:59:59.000`. */
export const timeColumns = 12;
export const gap = 2;

type Layout = {
  readonly edge: number;
  readonly width: number;
  /** Columns of the associations; 0 without. */
  readonly ofColumns: number;
  readonly hasTimes: boolean;
  /** Times and associations have rows of their own, because the columns have no room. */
  readonly inRows: boolean;
};

function layoutOf(lines: readonly LadderLine[], left: string, right: string, options: TextOptions): Layout {
  const longest = Math.max(60, ...lines.map((line) => line.text.length + 6));
  const edge = Math.max(6, left.length);
  const associations = [...new Set(lines.map(({ association }) => association))].filter((name) => name !== null);
  const ofColumns = associations.length < 2 ? 0 : Math.max('of'.length, ...associations.map((name) => name.length));
  const hasTimes = lines.some((line) => clockOf(line) !== null);
  const edges = edge + Math.max(6, right.length) + 2 * gap;
  const beside = (hasTimes ? timeColumns + gap : 0) + (ofColumns > 0 ? ofColumns + gap : 0);
  const room = (options.columns ?? Number.POSITIVE_INFINITY) - edges;
  const inRows = room - beside < leastWidth && beside > 0;
  const most = Math.max(leastWidth, Math.min(options.width ?? usualWidth, inRows ? room : room - beside));
  return { edge, width: Math.min(longest, most), ofColumns, hasTimes, inRows };
}

/**
 * The ladder of two MTAs. Each stands on one edge with its belief (`mine`, `theirs`) about the Turn of the line's association;
 * the PDUs are arrows between them. A cross ends the arrow of a PDU that did not arrive. Clock times stand in front where the lines
 * have them, and the association of the beliefs behind where there are several.
 */
export function ladderText(lines: readonly LadderLine[], left: string, right: string, options: TextOptions = {}): string {
  const drawn = annotated(lines);
  const layout = layoutOf(drawn, left, right, options);
  const { edge, width, ofColumns, hasTimes, inRows } = layout;
  const beliefs = new Beliefs();
  const times = new Times();
  const row = (time: string, one: string, middle: string, other: string, of: string): string => {
    const front = hasTimes && !inRows ? `${time.padEnd(timeColumns)}  ` : '';
    const back = ofColumns > 0 && !inRows ? `  ${of}` : '';
    return `${front}${one.padEnd(edge)}  ${middle.padEnd(width)}  ${back === '' ? other : other.padEnd(Math.max(6, right.length))}${back}`.trimEnd();
  };
  const first = drawn.map(clockOf).find((clock) => clock !== null)?.date ?? '';
  const only = ofColumns > 0 ? null : (drawn.find(({ association }) => association !== null)?.association ?? null);
  const rows = [
    row(first, left, only === null ? '' : `association ${only}`, right, 'Turn'),
    row('UTC', 'Turn:', hasTimes && inRows ? `${first} (UTC)` : '', 'Turn:', 'of'),
  ];
  let about: string | null = null;
  for (const line of drawn) {
    beliefs.note(line);
    const { date, time } = times.of(line);
    const body = bodyOf(line, left, width);
    if (inRows) {
      const news = ofColumns > 0 && line.association !== null && line.association !== about ? line.association : '';
      about = line.association ?? about;
      const head = [date, time, news].filter((part) => part !== '').join('  ');
      if (head !== '') rows.push(row('', '', head, '', ''));
    } else if (date !== '') rows.push(row(date, '', '', '', ''));
    const [head, ...more] = body;
    rows.push(row(time, beliefs.of(line, left), head ?? '', beliefs.of(line, right), line.association ?? ''));
    for (const text of more) rows.push(row('', '', text, '', ''));
  }
  return rows.join('\n');
}

/** The sign in front of a note. */
function signOf(line: LadderLine): string {
  return line.mark === 'turn' ? '!!' : line.mark === 'idle' ? '~~' : '**';
}

/** The rows of a line between the edges: an arrow, or a note. */
export function bodyOf(line: LadderLine, left: string, width: number): readonly string[] {
  const fault = line.fault === null ? [] : [`[${line.fault}]`];
  const inner = width - 6;
  if (isNote(line)) {
    const who = line.from === '' ? '' : `${line.from} `;
    const [head = '', ...rest] = wrapped(`${who}${line.text}${line.fault === null ? '' : ` [${line.fault}]`}`, width - 3);
    return [`${signOf(line)} ${head}`, ...rest.map((text) => `   ${text}`)];
  }
  const lost = line.fate !== 'passed';
  const [head = '', ...rest] = wrapped(line.text, inner);
  const dashes = '-'.repeat(Math.max(1, width - head.length - 5));
  if (line.from === left) {
    const aside = [...rest, ...fault].map((text) => `   ${text}`);
    return [`-- ${head} ${dashes}${lost ? 'x' : '>'}`, ...aside];
  }
  const aside = [...rest, ...fault].map((text) => `${text}   `.padStart(width));
  return [`${lost ? 'x' : '<'}${dashes} ${head} --`, ...aside];
}

/** The ladder of any number of MTAs. Two stand on the edges; with more, each line names its MTAs. */
export function ladderAsText(lines: readonly LadderLine[], options: TextOptions = {}): string {
  const names = [...nodesOf(lines)].sort();
  const [left = '', right = ''] = names;
  return names.length <= 2 ? ladderText(lines, left, right, options) : manyAsText(lines, names, options);
}

/** A row for each line: its time, both MTAs, its text, and whose Turn which side believes it is. */
function manyAsText(lines: readonly LadderLine[], names: readonly string[], options: TextOptions): string {
  const drawn = annotated(lines);
  const times = new Times();
  const first = drawn.map(clockOf).find((clock) => clock !== null)?.date;
  const timed = first === undefined ? 0 : timeColumns + gap;
  const from = Math.max(...names.map((name) => name.length));
  const room = Math.min((options.width ?? usualWidth) + 8, (options.columns ?? Number.POSITIVE_INFINITY) - timed);
  const width = Math.max(leastText, room - 2 * from - 6);
  const rows = drawn.flatMap((line) => {
    const { date, time } = times.of(line);
    const front = timed === 0 ? '' : time.padEnd(timed);
    return [...(date === '' ? [] : [date]), ...manyRows(line, front, from, width)];
  });
  return [...(first === undefined ? [] : [`${first} (UTC)`]), ...rows].join('\n');
}

/**
 * The rows of a line that names its MTAs.
 * @param from columns of a name.
 * @param width columns of the text.
 */
export function manyRows(line: LadderLine, front: string, from: number, width: number): readonly string[] {
  const arrow = isNote(line) ? ` ${signOf(line)} ` : line.fate === 'passed' ? ' -> ' : ' -x ';
  const told = Object.entries(line.believes).map(([name, side]: [string, TurnSide]) => `${name} ${side}`);
  const of = line.association === null ? '' : ` of ${line.association}`;
  const turn = told.length === 0 ? '' : `  (Turn${of}: ${told.join(', ')})`;
  const fault = line.fault === null ? '' : `  [${line.fault}]`;
  const to = isNote(line) ? '' : line.to;
  const [head = '', ...rest] = wrapped(`${line.text}${turn}${fault}`, width);
  const row = `${front}${line.from.padStart(from)}${arrow}${to.padEnd(from)}  ${head}`.trimEnd();
  const indent = ' '.repeat(front.length + 2 * from + 6);
  return [row, ...rest.map((text) => indent + text)];
}
