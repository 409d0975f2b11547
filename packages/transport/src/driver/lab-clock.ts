/** The lab's clock: one time base for all processes of a lab. It can run fast and be moved on, but never goes back. */

/** A source of monotonic milliseconds. The default is CLOCK_MONOTONIC, which all processes of a machine share. */
export type MonotonicSource = () => number;

// performance.now() reads the same clock as hrtime and allocates nothing; only its origin differs, fixed for a process.
const originMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds of CLOCK_MONOTONIC, comparable between the processes of one machine. */
export const monotonicMs: MonotonicSource = () => originMs + performance.now();

export type LabClockOptions = {
  /** Lab milliseconds that pass in one real millisecond; above 0. Default 1. */
  readonly timeScale?: number;
  /** Lab time at the base instant, in milliseconds since 1970. Default: the wall clock's, at creation. */
  readonly epochMs?: number;
  /** The base instant, in monotonic milliseconds. Default: now. */
  readonly baseMs?: number;
  /** Added to every instant, in lab milliseconds. Default 0. */
  readonly offsetMs?: number;
  /** For tests: where monotonic time comes from. */
  readonly monotonic?: MonotonicSource;
};

/** The last instant of the lab, in milliseconds since 1970: a little before the last that a date can have. */
const maxLabMs = 8e15;
/** The largest delay a Node timer takes, in milliseconds. */
const maxTimerMs = 2_147_483_647;

/**
 * `nowMs = epochMs + (monotonicMs - baseMs) * timeScale + offsetMs`, as a whole number. Two clocks with the same epoch,
 * base, scale and offset agree, whichever processes they are in.
 * @throws RangeError for a scale that is not above 0, a value that is no finite number, or a time that no date can have.
 */
export class LabClock {
  /** Lab time runs this many times faster than real time. */
  readonly timeScale: number;
  /** Lab time at the base, ms. */
  readonly epochMs: number;
  /** Monotonic time of the machine at which the clock shows the epoch, ms. */
  readonly baseMs: number;
  readonly #monotonic: MonotonicSource;
  #offsetMs: number;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(options: LabClockOptions = {}) {
    this.#monotonic = options.monotonic ?? monotonicMs;
    this.timeScale = options.timeScale ?? 1;
    this.epochMs = options.epochMs ?? Date.now();
    this.baseMs = options.baseMs ?? this.#monotonic();
    this.#offsetMs = options.offsetMs ?? 0;
    if (!(this.timeScale > 0 && this.timeScale <= 1e6)) {
      throw new RangeError(`timeScale ${this.timeScale}: must be above 0 and at most 1000000`);
    }
    for (const [name, value] of [
      ['epochMs', this.epochMs],
      ['baseMs', this.baseMs],
      ['offsetMs', this.#offsetMs],
    ] as const) {
      if (!Number.isFinite(value)) throw new RangeError(`clock ${name} ${value}: must be a finite number of milliseconds`);
    }
    reachable(this.#rawMs(), 'clock');
  }

  /** How far the clock has been moved on, ms of lab time. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** Lab time in whole milliseconds. Never less than it was before. */
  nowMs(): number {
    const now = this.#rawMs();
    if (now > this.#lastMs) this.#lastMs = now;
    return this.#lastMs;
  }

  /**
   * Set the offset (not add to it).
   * @throws RangeError when lab time would go back, or beyond what a date can say.
   */
  setOffset(offsetMs: number): void {
    if (!Number.isFinite(offsetMs)) throw new RangeError(`clock offset ${offsetMs}: must be a finite number of milliseconds`);
    if (offsetMs < this.#offsetMs) {
      throw new RangeError(`clock offset ${offsetMs}: is below the present ${this.#offsetMs}, and lab time never goes back`);
    }
    reachable(this.#rawMs() - this.#offsetMs + offsetMs, `clock offset ${offsetMs}`);
    this.#offsetMs = offsetMs;
  }

  /** Move lab time on to this instant. Nothing happens when it is past. @throws RangeError beyond what a date can say. */
  advanceTo(atMs: number): void {
    if (!Number.isFinite(atMs)) throw new RangeError(`clock instant ${atMs}: must be a finite number of milliseconds`);
    reachable(atMs, `clock instant ${atMs}`);
    const missingMs = Math.ceil(atMs) - this.#rawMs();
    if (missingMs > 0) this.#offsetMs += missingMs;
  }

  /** Real milliseconds until lab time reaches this instant: whole, at least 0, at most what a Node timer takes. */
  realDelayUntil(atMs: number): number {
    const real = Math.ceil((atMs - this.nowMs()) / this.timeScale);
    return Math.min(Math.max(real, 0), maxTimerMs);
  }

  #rawMs(): number {
    return Math.floor(this.epochMs + (this.#monotonic() - this.baseMs) * this.timeScale + this.#offsetMs);
  }
}

/** @throws RangeError for an instant that lab time must not reach. */
function reachable(atMs: number, what: string): void {
  if (atMs > maxLabMs) throw new RangeError(`${what}: lab time would be beyond ${maxLabMs} ms since 1970, the most there is`);
}
