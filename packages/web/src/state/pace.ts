/**
 * When the page draws. What a person does is drawn in the next frame. What the lab does waits until drawing has had its share of
 * the time, because the browser often runs on the processors of the MTAs: a page that is watched must not slow what it shows.
 */

/** Of the time that passes, one part in so many is for drawing what the lab does. */
const share = 16;
/** The feed waits no longer than this, whatever the last drawing took: real time, ms. */
const maxWaitMs = 1000;

export type PaceClock = {
  readonly nowMs: () => number;
  /** Calls back in the next frame; sometime soon in a page that is not seen, which gets no frames. */
  readonly atFrame: (call: () => void) => void;
  readonly after: (ms: number, call: () => void) => void;
};

const browserClock: PaceClock = {
  nowMs: () => performance.now(),
  atFrame: (call) => {
    if (typeof document !== 'undefined' && document.hidden) setTimeout(call, maxWaitMs);
    else requestAnimationFrame(call);
  },
  after: (ms, call) => void setTimeout(call, ms),
};

export class Pace {
  readonly #draw: () => void;
  readonly #clock: PaceClock;
  #isAsked = false;
  #isWaiting = false;
  /** It is not known yet what the last drawing took. */
  #isMeasuring = false;
  #isOwed = false;
  /** The feed is not drawn before. */
  #nextMs = 0;

  constructor(draw: () => void, clock: PaceClock = browserClock) {
    this.#draw = draw;
    this.#clock = clock;
  }

  /** Draws in the next frame. */
  soon(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#clock.atFrame(() => this.#frame());
  }

  /** Draws when drawing has its share again. */
  later(): void {
    if (this.#isAsked || this.#isWaiting) return;
    if (this.#isMeasuring) {
      this.#isOwed = true;
      return;
    }
    const waitMs = this.#nextMs - this.#clock.nowMs();
    if (waitMs <= 0) {
      this.soon();
      return;
    }
    this.#isWaiting = true;
    this.#clock.after(waitMs, () => {
      this.#isWaiting = false;
      this.soon();
    });
  }

  #frame(): void {
    const beganMs = this.#clock.nowMs();
    // What comes while this is drawn waits for the next time.
    this.#isAsked = false;
    this.#isMeasuring = true;
    this.#draw();
    // The components, the layout and the picture are made after this call: the next task begins when they are.
    this.#clock.after(0, () => {
      this.#isMeasuring = false;
      this.#nextMs = beganMs + Math.min(maxWaitMs, share * (this.#clock.nowMs() - beganMs));
      if (!this.#isOwed) return;
      this.#isOwed = false;
      this.later();
    });
  }
}
