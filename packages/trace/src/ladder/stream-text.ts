/** Draws a ladder row by row as its lines come. It fits a number of columns: long names are shortened, long texts go on below. */
import type { LadderLine } from './line.js';
import { StreamNotes } from './stream-notes.js';
import { Beliefs, bodyOf, gap, manyRows, Times, timeColumns } from './text.js';

/** A name takes at most this many columns. */
const maxName = 14;
const leastWidth = 40;
const leastText = 24;

export type StreamOptions = {
  /** Columns of a whole row. Default 100. */
  readonly columns?: number;
  /** Columns for an arrow with its text, in place of `columns`. */
  readonly width?: number;
};

/** Short forms of names, each of at most 14 columns, all different. The end of a name often tells it from the others. */
function shortNames(names: readonly string[]): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  return new Map(
    names.map((name) => {
      let short = name.length <= maxName ? name : `${name.slice(0, 6)}…${name.slice(-(maxName - 7))}`;
      for (let at = 2; taken.has(short); at += 1) short = `${name.slice(0, maxName - 4)}~${at}`;
      taken.add(short);
      return [name, short];
    }),
  );
}

/** The text of a ladder that goes on. */
export class LadderStream {
  readonly #names: ReadonlyMap<string, string>;
  readonly #left: string;
  readonly #right: string;
  readonly #edge: number;
  readonly #width: number;
  readonly #many: boolean;
  readonly #beliefs = new Beliefs();
  readonly #times = new Times();
  readonly #notes = new StreamNotes();
  #about: string | null = null;

  /** @param names the MTAs of the ladder. Two stand on the edges; with more, each line names its MTAs. */
  constructor(names: readonly string[], { columns = 100, width }: StreamOptions = {}) {
    const sorted = names.toSorted();
    this.#names = shortNames(sorted);
    [this.#left = '', this.#right = ''] = sorted.map((name) => this.#names.get(name) ?? name);
    this.#many = names.length > 2;
    this.#edge = Math.max(6, ...[...this.#names.values()].map((name) => name.length));
    const room = columns - timeColumns - gap;
    this.#width = this.#many
      ? Math.max(leastText, (width ?? room) - 2 * this.#edge - 6)
      : (width ?? Math.max(leastWidth, room - 2 * (this.#edge + gap)));
  }

  /** The rows above the first line. */
  head(): readonly string[] {
    return this.#many ? [] : [this.#row('', this.#left, '', this.#right), this.#row('UTC', 'Turn:', '', 'Turn:')];
  }

  /** Takes a line that is not printed. Its beliefs count for the lines after it. */
  skip(line: LadderLine): void {
    const short = this.#short(line);
    this.#beliefs.note(short);
    this.#notes.around(short);
  }

  /** The rows of the next line, with the notes that belong to it. */
  rows(line: LadderLine): readonly string[] {
    const short = this.#short(line);
    const { before, after } = this.#notes.around(short);
    return [...before, short, ...after].flatMap((each) => this.#rowsOf(each));
  }

  #rowsOf(line: LadderLine): readonly string[] {
    this.#beliefs.note(line);
    const { date, time } = this.#times.of(line);
    const rows: string[] = date === '' ? [] : [this.#row(date, '', '', '')];
    if (this.#many) return [...rows, ...manyRows(line, time.padEnd(timeColumns + gap), this.#edge, this.#width)];
    const { association } = line;
    if (association !== null && association !== this.#about && line.mark === undefined) {
      this.#about = association;
      rows.push(this.#row('', '', `association ${association}`, ''));
    }
    const [head = '', ...more] = bodyOf(line, this.#left, this.#width);
    rows.push(this.#row(time, this.#beliefs.of(line, this.#left), head, this.#beliefs.of(line, this.#right)));
    for (const text of more) rows.push(this.#row('', '', text, ''));
    return rows;
  }

  #row(time: string, one: string, middle: string, other: string): string {
    return `${time.padEnd(timeColumns)}  ${one.padEnd(this.#edge)}  ${middle.padEnd(this.#width)}  ${other}`.trimEnd();
  }

  #short(line: LadderLine): LadderLine {
    const of = (name: string): string => this.#names.get(name) ?? name;
    const believes = Object.fromEntries(Object.entries(line.believes).map(([name, side]) => [of(name), side]));
    return { ...line, from: of(line.from), to: of(line.to), believes };
  }
}
