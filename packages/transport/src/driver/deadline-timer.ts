/** The one timer of a driver. */
import type { LabClock } from './lab-clock.js';

export class DeadlineTimer {
  readonly #clock: LabClock;
  readonly #fired: () => void;
  #timer: NodeJS.Timeout | null = null;
  #immediate: NodeJS.Immediate | null = null;
  #atMs = 0;

  /** @param fired called when an armed deadline may have come; it looks for itself whether it has. */
  constructor(clock: LabClock, fired: () => void) {
    this.#clock = clock;
    this.#fired = fired;
  }

  /** An armed timer that is early stays: it fires for nothing and is set again then, which is cheaper than each time anew. */
  arm(deadlineMs: number | null): void {
    if (deadlineMs === null || (this.#isArmed() && this.#atMs <= deadlineMs)) return;
    this.disarm();
    this.#atMs = deadlineMs;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      // Node looks at its timers before its sockets. After this process has stood still, what has arrived meanwhile goes first: a
      // dial that came through has not timed out.
      this.#immediate = setImmediate(() => {
        this.#immediate = null;
        this.#fired();
      });
    }, this.#clock.realDelayUntil(deadlineMs));
  }

  disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    this.#timer = null;
    this.#immediate = null;
  }

  #isArmed(): boolean {
    return this.#timer !== null || this.#immediate !== null;
  }
}
