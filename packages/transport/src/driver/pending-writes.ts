/** What is queued in the store for its next commit, and when that commit is due. */

/** How long an erasure or a ledger's row may wait for a commit to join, in real ms: it is the disk's time, not the lab's. */
const waitMs = 5;
/** So many wait at most. */
const mostWaiting = 1000;

/**
 * What somebody waits for (a message, handed-in octets) is committed at the end of the turn. Writes that only make room need
 * no sync of their own: they join that commit, or have one a few milliseconds later if none comes. A crash in between undoes
 * nothing that anybody was told.
 */
export class PendingWrites {
  readonly #late: () => void;
  #timer: NodeJS.Timeout | null = null;
  #count = 0;
  #urgent = false;
  #sinceMs = 0;

  /** @param late called when writes have waited long enough; they are due then. */
  constructor(late: () => void) {
    this.#late = late;
  }

  get count(): number {
    return this.#count;
  }

  /** Is it time to commit? */
  get due(): boolean {
    return this.#urgent || this.#count >= mostWaiting;
  }

  /** @param urgent somebody waits for it. */
  add(urgent: boolean): void {
    if (this.#count === 0 && !urgent) this.#sinceMs = performance.now();
    this.#count += 1;
    if (urgent) this.#urgent = true;
  }

  /** All of it is being committed. */
  clear(): void {
    this.#count = 0;
    this.#urgent = false;
  }

  /** A timer that is set stays, and looks how long there was something to wait for: cheaper than each time anew. */
  arm(): void {
    if (this.#timer !== null || this.#count === 0) return;
    const leftMs = Math.max(1, Math.ceil(this.#sinceMs + waitMs - performance.now()));
    this.#timer = setTimeout(this.#fired, leftMs);
  }

  disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  readonly #fired = (): void => {
    this.#timer = null;
    if (this.#count === 0) return;
    // Timers may fire up to a millisecond early.
    if (performance.now() - this.#sinceMs < waitMs - 1) {
      this.arm();
      return;
    }
    this.#urgent = true;
    this.#late();
  };
}
