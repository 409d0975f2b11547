/** Shows a few lines of status. Redraws them in place on a terminal, and prints the last one now and then elsewhere. */

import type { CommandIo } from '../command-io.js';
import { clip } from './table.js';

/** Shortest time between two printed lines where no terminal can redraw, ms. */
const printIntervalMs = 2000;

export class LiveStatus {
  readonly #io: CommandIo;
  readonly #nowMs: () => number;
  #drawn = 0;
  #last = '';
  #printedAtMs = Number.NEGATIVE_INFINITY;

  /** @param nowMs a monotonic clock, ms. */
  constructor(io: CommandIo, nowMs: () => number = () => performance.now()) {
    this.#io = io;
    this.#nowMs = nowMs;
  }

  /** Shows these lines in place of the previous ones. The last line must sum up the others. */
  show(lines: readonly string[]): void {
    const { errTty } = this.#io;
    // A log gets the summing line only. The others change all the time and would fill it.
    const text = errTty ? lines.join('\n') : (lines.at(-1) ?? '');
    if (text === this.#last) return;
    if (errTty) {
      // One column less than the width: a wrapped line would make the count of drawn lines wrong.
      const width = Math.max(20, this.#io.errColumns() - 1);
      this.#io.errRaw(`${this.#erasure()}${lines.map((line) => `${clip(line, width)}\n`).join('')}`);
      this.#drawn = lines.length;
      this.#last = text;
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
    if (this.#io.errTty && this.#drawn > 0) this.#io.errRaw(this.#erasure());
    this.#drawn = 0;
    this.#last = '';
  }

  #erasure(): string {
    return this.#drawn === 0 ? '' : `\u001b[${this.#drawn}A\u001b[0J`;
  }
}
