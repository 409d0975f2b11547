/** A few lines of status that are redrawn in place on a terminal, and told now and then elsewhere. */

import type { CommandIo } from '../command-io.js';
import { clip } from './table.js';

/** Where nothing can be redrawn, a status that changed is told at most this often. */
const quietMs = 2000;

export class LiveStatus {
  readonly #io: CommandIo;
  readonly #nowMs: () => number;
  #drawn = 0;
  #last = '';
  #toldAtMs = Number.NEGATIVE_INFINITY;

  /** @param nowMs a monotonic clock. */
  constructor(io: CommandIo, nowMs: () => number = () => performance.now()) {
    this.#io = io;
    this.#nowMs = nowMs;
  }

  /** Show these lines in place of the last ones. The last line sums up the others. */
  show(lines: readonly string[]): void {
    const { errTty } = this.#io;
    // Elsewhere only the last line is told, which sums up the others: figures that change by themselves would fill a log.
    const text = errTty ? lines.join('\n') : (lines.at(-1) ?? '');
    if (text === this.#last) return;
    if (errTty) {
      // One column less than the width, so that no terminal wraps and the count of lines stays right.
      const width = Math.max(20, this.#io.errColumns() - 1);
      this.#io.errRaw(`${this.#erasure()}${lines.map((line) => `${clip(line, width)}\n`).join('')}`);
      this.#drawn = lines.length;
      this.#last = text;
    } else if (this.#nowMs() - this.#toldAtMs >= quietMs) {
      this.#io.err(text);
      this.#toldAtMs = this.#nowMs();
      this.#last = text;
    }
  }

  /** Print something that stays, above the status. */
  note(text: string): void {
    this.clear();
    this.#io.err(text);
  }

  /** Take the status away. */
  clear(): void {
    if (this.#io.errTty && this.#drawn > 0) this.#io.errRaw(this.#erasure());
    this.#drawn = 0;
    this.#last = '';
  }

  #erasure(): string {
    return this.#drawn === 0 ? '' : `\u001b[${this.#drawn}A\u001b[0J`;
  }
}
