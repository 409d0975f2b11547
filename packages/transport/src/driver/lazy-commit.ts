/** When to commit what nobody waits for. */

/** How long an erasure or a ledger's row may wait for a commit that it can join, in real ms: it is the disk's work, not the lab's. */
const waitMs = 5;
/** So many wait at most. */
const mostWaiting = 1000;

/**
 * Writes that only make room (`forget`, `settle`, `drop-content`) and the rows of a ledger need no sync of their own: they
 * join the commit of the next message. Where none follows they have one to themselves, a few milliseconds later. A crash in
 * between undoes nothing that anybody was told.
 */
export class LazyCommit {
  readonly #due: () => void;
  #timer: NodeJS.Timeout | null = null;
  #waiting = 0;
  #sinceMs = 0;

  /** @param due called when what waits should be committed now. */
  constructor(due: () => void) {
    this.#due = due;
  }

  /** Does anything wait? */
  get waiting(): boolean {
    return this.#waiting > 0;
  }

  /** Have too many gathered to wait any longer? */
  get full(): boolean {
    return this.#waiting >= mostWaiting;
  }

  add(): void {
    if (this.#waiting === 0) this.#sinceMs = performance.now();
    this.#waiting += 1;
  }

  /** Everything has been committed. */
  done(): void {
    this.#waiting = 0;
  }

  /** A timer that is set stays, and looks how long there was something to wait for: cheaper than each time anew. */
  arm(): void {
    if (this.#timer !== null || this.#waiting === 0) return;
    const leftMs = Math.max(1, Math.ceil(this.#sinceMs + waitMs - performance.now()));
    this.#timer = setTimeout(this.#fired, leftMs);
  }

  disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  readonly #fired = (): void => {
    this.#timer = null;
    if (this.#waiting === 0) return;
    if (performance.now() - this.#sinceMs >= waitMs - 1) this.#due();
    else this.arm();
  };
}
