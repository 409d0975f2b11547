/** Shows a few lines of status. Redraws them in place on a terminal, and prints the last one now and then elsewhere. */

import type { CommandIo } from '../command-io.js';
import { clip, columnsOf, wrap } from './table.js';

/** Shortest time between two printed lines where no terminal can redraw, ms. */
const printIntervalMs = 2000;
/** A terminal that says it is narrower than this is taken to have this many columns. */
const leastColumns = 20;

export class LiveStatus {
  readonly #io: CommandIo;
  readonly #nowMs: () => number;
  /** Ends the redrawing at a new size of the terminal. Undefined while nothing is drawn. */
  #endResize: (() => void) | undefined;
  /** The lines on the terminal, each of one row at the width of its drawing. */
  #drawn: readonly string[] = [];
  #lines: readonly string[] = [];
  #last = '';
  #printedAtMs = Number.NEGATIVE_INFINITY;

  /** @param nowMs a monotonic clock, ms. */
  constructor(io: CommandIo, nowMs: () => number = () => performance.now()) {
    this.#io = io;
    this.#nowMs = nowMs;
  }

  /** Are the lines redrawn in place? */
  get isTerminal(): boolean {
    return this.#io.errTty;
  }

  /** Shows these lines in place of the previous ones. The last line must sum up the others. */
  show(lines: readonly string[]): void {
    const { errTty } = this.#io;
    // A log gets the summing line only. The others change all the time and would fill it.
    const text = errTty ? lines.join('\n') : (lines.at(-1) ?? '');
    if (text === this.#last) return;
    if (errTty) {
      this.#lines = lines;
      this.#last = text;
      this.#endResize ??= this.#io.onErrResize(() => this.#redraw());
      this.#redraw();
    } else if (this.#nowMs() - this.#printedAtMs >= printIntervalMs) {
      this.#io.err(text);
      this.#printedAtMs = this.#nowMs();
      this.#last = text;
    }
  }

  /** Prints a line that stays above the status. */
  note(text: string): void {
    this.clear();
    this.#io.err(text);
  }

  /** Removes the status. */
  clear(): void {
    if (this.#drawn.length > 0) this.#io.errRaw(this.#erasure());
    this.#drawn = [];
    this.#lines = [];
    this.#last = '';
    this.#endResize?.();
    this.#endResize = undefined;
  }

  #columns(): number {
    return Math.max(leastColumns, this.#io.errColumns());
  }

  #redraw(): void {
    const erasure = this.#erasure();
    // One column less than the width: some terminals wrap a line that fills the last column.
    const width = this.#columns() - 1;
    const rows = this.#lines.flatMap((line) => wrap(line, width, `${/^ */.exec(line)?.[0] ?? ''}  `));
    // Rows that scroll out of the terminal could not be erased. The last rows sum up the others.
    const drawn = rows.slice(-Math.max(1, this.#io.errRows() - 1)).map((row) => clip(row, width));
    this.#io.errRaw(`${erasure}${drawn.map((row) => `${row}\n`).join('')}`);
    this.#drawn = drawn;
  }

  /** Moves to the first row of the drawing, and erases from there. A terminal that became narrower has wrapped the drawn lines. */
  #erasure(): string {
    const columns = this.#columns();
    const rows = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(columnsOf(line) / columns)), 0);
    return rows === 0 ? '' : `\u001b[${Math.min(rows, Math.max(1, this.#io.errRows() - 1))}A\u001b[0J`;
  }
}
