/** The lab's clock: one time base for all processes of a lab. It can run fast, change its scale and be moved on, but never goes back. */

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

/** How lab time follows real time from an instant on. Clocks with the same line and the same offset agree. */
export type ClockLine = {
  /** Lab time runs this many times faster than real time. */
  readonly timeScale: number;
  /** Lab time at the base without the offset, ms. */
  readonly epochMs: number;
  /** Monotonic time of the machine from which the line counts, ms. */
  readonly baseMs: number;
};

/** The fastest that a clock may be. */
export const maxTimeScale = 1e6;
/** How far the base of a new line may be from now, ms. Beyond it, the line is of another machine, or of another start of this one. */
const maxLeadMs = 60_000;
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
  readonly #monotonic: MonotonicSource;
  readonly #listeners = new Set<() => void>();
  #line: ClockLine;
  /** In force until the base of the line. */
  #before: ClockLine | null = null;
  #offsetMs: number;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(options: LabClockOptions = {}) {
    this.#monotonic = options.monotonic ?? monotonicMs;
    const { timeScale = 1, epochMs = Date.now(), baseMs = this.#monotonic(), offsetMs = 0 } = options;
    this.#line = checkedLine({ timeScale, epochMs, baseMs });
    this.#offsetMs = finite('offsetMs', offsetMs);
    reachable(this.#rawMs(), 'clock');
  }

  /** The line of the clock. A change that is on its way counts already. */
  get line(): ClockLine {
    return this.#line;
  }

  /** Lab time runs this many times faster than real time. A change that is on its way counts already. */
  get timeScale(): number {
    return this.#line.timeScale;
  }

  /** Lab time at the base without the offset, ms. */
  get epochMs(): number {
    return this.#line.epochMs;
  }

  /** Monotonic time of the machine at which the clock shows the epoch, ms. */
  get baseMs(): number {
    return this.#line.baseMs;
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

  /**
   * The line of this clock with another scale, from `leadMs` of real time on. There it meets the present line, so lab time neither
   * jumps nor stands still.
   * @throws RangeError for a scale that is not above 0 and at most 1000000.
   */
  lineWith(timeScale: number, leadMs = 0): ClockLine {
    const baseMs = Math.max(this.#monotonic() + leadMs, this.#line.baseMs);
    const epochMs = this.#line.epochMs + (baseMs - this.#line.baseMs) * this.#line.timeScale;
    return checkedLine({ timeScale, epochMs, baseMs });
  }

  /**
   * Follow another line from its base on; until then the present one. If the base is past and the line is slower, lab time stands
   * until the line has caught up. What waits for an instant must look at `realDelayUntil` again.
   * @throws RangeError for a wrong line, one whose base is more than a minute from now, or a time that no date can have.
   */
  setLine(line: ClockLine): void {
    checkedLine(line);
    const now = this.#monotonic();
    if (Math.abs(line.baseMs - now) > maxLeadMs) {
      const apart = Math.round(Math.abs(line.baseMs - now) / 1000);
      throw new RangeError(
        `clock baseMs ${line.baseMs}: is ${apart} s from now; a change of the scale takes effect within a minute`,
      );
    }
    reachable(line.epochMs + this.#offsetMs, 'clock');
    this.#before = line.baseMs > now ? this.#lineAt(now) : null;
    this.#line = { timeScale: line.timeScale, epochMs: line.epochMs, baseMs: line.baseMs };
    for (const listener of this.#listeners) listener();
  }

  /** Calls a listener after each change of the line. Returns a function that ends this. */
  onLine(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Real milliseconds until lab time reaches this instant: whole, at least 0, at most what a Node timer takes. */
  realDelayUntil(atMs: number): number {
    if (atMs <= this.nowMs()) return 0;
    const monotonicMs = this.#monotonic();
    const now = this.#lineAt(monotonicMs);
    // Not `nowMs`: while lab time stands, the line must catch up first.
    let real = (atMs - this.#rawMs()) / now.timeScale;
    const untilBaseMs = this.#line.baseMs - monotonicMs;
    if (now !== this.#line && real > untilBaseMs)
      real = untilBaseMs + (atMs - this.#line.epochMs - this.#offsetMs) / this.#line.timeScale;
    return Math.min(Math.max(Math.ceil(real), 0), maxTimerMs);
  }

  /** The line in force at an instant of real time. */
  #lineAt(monotonicMs: number): ClockLine {
    if (this.#before === null) return this.#line;
    if (monotonicMs < this.#line.baseMs) return this.#before;
    this.#before = null;
    return this.#line;
  }

  #rawMs(): number {
    const now = this.#monotonic();
    const { epochMs, baseMs, timeScale } = this.#lineAt(now);
    return Math.floor(epochMs + (now - baseMs) * timeScale + this.#offsetMs);
  }
}

function finite(name: string, value: number): number {
  if (Number.isFinite(value)) return value;
  throw new RangeError(`clock ${name} ${value}: must be a finite number of milliseconds`);
}

/** @throws RangeError */
function checkedLine(line: ClockLine): ClockLine {
  if (!(line.timeScale > 0 && line.timeScale <= maxTimeScale))
    throw new RangeError(`timeScale ${line.timeScale}: must be above 0 and at most ${maxTimeScale}`);
  finite('epochMs', line.epochMs);
  finite('baseMs', line.baseMs);
  return line;
}

/** @throws RangeError for an instant that lab time must not reach. */
function reachable(atMs: number, what: string): void {
  if (atMs > maxLabMs) throw new RangeError(`${what}: lab time would be beyond ${maxLabMs} ms since 1970, the most there is`);
}
