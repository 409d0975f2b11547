/** The progress of a pair: what is delivered of what was asked for, how fast, and how long the rest takes. */

export type Progress = {
  readonly delivered: number;
  /** Messages that the command line asks for, and those that others have submitted. */
  readonly asked: number;
  /** Messages of the command line that no MTA has accepted yet. */
  readonly toSubmit: number;
  /** Deliveries per second of real time; null while nothing moves, or when all is delivered. */
  readonly perSecond: number | null;
  /** Real time for the rest at this rate, ms. */
  readonly leftMs: number | null;
};

/** The rate is that of this last time, ms: it follows a change within seconds, and one slow poll does not move it. */
const windowMs = 5000;
/** A rate over a shorter time says nothing, ms. */
const leastMs = 500;

type Figures = {
  readonly delivered: number;
  /** Messages that the MTAs have accepted, of the command line and of others. */
  readonly submitted: number;
  /** Messages that the command line asks for. */
  readonly wanted: number;
  /** Those of the command line that the MTAs have accepted. */
  readonly accepted: number;
};

/** Measures the rate of deliveries over the last seconds. */
export class ProgressMeter {
  readonly #samples: { readonly atMs: number; readonly delivered: number }[] = [];

  /** @param nowMs a monotonic clock, ms. */
  take(nowMs: number, { delivered, submitted, wanted, accepted }: Figures): Progress {
    this.#samples.push({ atMs: nowMs, delivered });
    while ((this.#samples[1]?.atMs ?? nowMs) <= nowMs - windowMs) this.#samples.shift();
    const asked = Math.max(submitted, wanted + Math.max(0, submitted - accepted));
    const perSecond = delivered >= asked ? null : this.#perSecond();
    return {
      delivered,
      asked,
      toSubmit: Math.max(0, wanted - accepted),
      perSecond,
      leftMs: perSecond === null ? null : ((asked - delivered) / perSecond) * 1000,
    };
  }

  #perSecond(): number | null {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs - first.atMs < leastMs) return null;
    const moved = last.delivered - first.delivered;
    return moved <= 0 ? null : (moved * 1000) / (last.atMs - first.atMs);
  }
}
