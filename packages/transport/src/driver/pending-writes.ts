/** Counts what is queued in the store, and says when the next commit is due. */

/**
 * How long an erasure or a ledger's row may wait for a commit to join, in real ms (it is the disk's time, not the lab's): some
 * commits long, so that a slow disk is not given work that the next message would have done too.
 */
const leastWaitMs = 5;
const maxWaitMs = 50;
const commitsLong = 4;
/** After a disk has refused writes they are tried again this much later, real ms. */
const againMs = 1000;
/** So many wait at most. */
const maxWaiting = 1000;

/**
 * What somebody waits for (a message, handed-in octets) is committed at the end of the turn. Writes that only make room need
 * no sync of their own: they join that commit, or have one a few milliseconds later if none comes. A crash in between undoes
 * nothing that has been reported.
 */
export class PendingWrites {
  readonly #late: () => void;
  #timer: NodeJS.Timeout | null = null;
  #count = 0;
  #urgent = false;
  #sinceMs = 0;
  #waitMs = leastWaitMs;

  /** @param late called when writes have waited long enough; they are due then. */
  constructor(late: () => void) {
    this.#late = late;
  }

  get count(): number {
    return this.#count;
  }

  /** Is it time to commit? */
  get due(): boolean {
    return this.#urgent || (this.#count >= maxWaiting && this.#waitMs < againMs);
  }

  /** @param urgent somebody waits for it. */
  add(urgent: boolean): void {
    if (this.#count === 0 && !urgent) this.#sinceMs = performance.now();
    this.#count += 1;
    if (urgent) this.#urgent = true;
  }

  /**
   * A commit is over.
   * @param tookMs how long it took.
   * @param left how many writes the disk would not take; later commits try them again.
   */
  committed(tookMs: number, left: number): void {
    this.#count = left;
    this.#urgent = false;
    this.#sinceMs = performance.now();
    this.#waitMs = left > 0 ? againMs : Math.min(maxWaitMs, Math.max(leastWaitMs, commitsLong * tookMs));
  }

  /** Sets the timer once. It recomputes the rest of the wait when it fires, which is cheaper than setting it for every write. */
  arm(): void {
    if (this.#timer !== null || this.#count === 0) return;
    const leftMs = Math.max(1, Math.ceil(this.#sinceMs + this.#waitMs - performance.now()));
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
    if (performance.now() - this.#sinceMs < this.#waitMs - 1) {
      this.arm();
      return;
    }
    this.#urgent = true;
    this.#late();
  };
}
