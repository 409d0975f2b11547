/** Draws the ladder as text. */
import type { TurnSide } from '@mtalab/mta-core';
import { isNote, type LadderLine, nodesOf } from './line.js';

export type TextOptions = {
  /** Columns for an arrow with its text; a longer text continues in the next row. Default 100. */
  readonly width?: number;
};

/** Limit of the rows for one text. */
const maxRows = 3;

/** Splits a text into rows of this many columns, at spaces where possible. */
function wrapped(text: string, columns: number): readonly string[] {
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

/** The last known beliefs, for each association. */
class Beliefs {
  readonly #told = new Map<string, string>();

  note(line: LadderLine): void {
    for (const [node, side] of Object.entries(line.believes)) this.#told.set(`${line.association ?? ''}\n${node}`, side);
  }

  of(line: LadderLine, node: string): string {
    return this.#told.get(`${line.association ?? ''}\n${node}`) ?? '';
  }
}

/**
 * The ladder of two MTAs. Each stands on one edge with its belief (`mine`, `theirs`) about the Turn of the line's association;
 * the PDUs are arrows between them. A cross ends the arrow of a PDU that did not arrive.
 */
export function ladderText(lines: readonly LadderLine[], left: string, right: string, options: TextOptions = {}): string {
  const most = options.width ?? 100;
  const width = Math.min(Math.max(60, ...lines.map((line) => line.text.length + 6)), most);
  const edge = Math.max(6, left.length);
  const beliefs = new Beliefs();
  const row = (one: string, middle: string, other: string): string =>
    `${one.padEnd(edge)}  ${middle.padEnd(width)}  ${other}`.trimEnd();
  const rows = [row(left, '', right), row('Turn:', '', 'Turn:')];
  for (const line of lines) {
    beliefs.note(line);
    const [head, ...more] = bodyOf(line, left, width);
    rows.push(row(beliefs.of(line, left), head ?? '', beliefs.of(line, right)));
    for (const text of more) rows.push(row('', text, ''));
  }
  return rows.join('\n');
}

function bodyOf(line: LadderLine, left: string, width: number): readonly string[] {
  const fault = line.fault === null ? [] : [`[${line.fault}]`];
  const inner = width - 6;
  if (isNote(line)) {
    const who = line.from === '' ? '' : `${line.from} `;
    return wrapped(`** ${who}${line.text}${line.fault === null ? '' : ` [${line.fault}]`}`, width);
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

const sideWords: Readonly<Record<TurnSide, string>> = { mine: 'mine', theirs: 'theirs' };

/** The ladder of any number of MTAs. Two stand on the edges; with more, each line names its MTAs. */
export function ladderAsText(lines: readonly LadderLine[], options: TextOptions = {}): string {
  const names = [...nodesOf(lines)].sort();
  const [left = '', right = ''] = names;
  if (names.length <= 2) return ladderText(lines, left, right, options);
  const from = Math.max(...names.map((name) => name.length));
  const width = Math.max(40, (options.width ?? 100) + 8 - 2 * from - 4);
  const indent = ' '.repeat(2 * from + 6);
  return lines
    .flatMap((line) => {
      const arrow = isNote(line) ? ' ** ' : line.fate === 'passed' ? ' -> ' : ' -x ';
      const told = Object.entries(line.believes).map(([name, side]) => `${name} ${sideWords[side]}`);
      const turn = told.length === 0 ? '' : `  (Turn: ${told.join(', ')})`;
      const fault = line.fault === null ? '' : `  [${line.fault}]`;
      const to = isNote(line) ? '' : line.to;
      const [head = '', ...rest] = wrapped(`${line.text}${turn}${fault}`, width);
      return [`${line.from.padStart(from)}${arrow}${to.padEnd(from)}  ${head}`.trimEnd(), ...rest.map((text) => indent + text)];
    })
    .join('\n');
}
