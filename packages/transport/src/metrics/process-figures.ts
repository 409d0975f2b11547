/** Figures of this process: memory, processor time, and how late its event loop is. */
import { type IntervalHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks';

export type ProcessFigures = {
  readonly startedAtS: number;
  readonly residentBytes: number;
  readonly userS: number;
  readonly systemS: number;
  /** Time in which the event loop was not idle. */
  readonly loopActiveS: number;
  /** How late the event loop was since the last reading; null if it was not measured yet. */
  readonly loopDelayS: { readonly mean: number; readonly p99: number; readonly max: number } | null;
};

/** The delay is measured this often, ms. */
const delayResolutionMs = 20;
const nanosecondsPerS = 1e9;

/** Node records the time between two measurements, which is never less than the resolution. */
function lateS(nanoseconds: number): number {
  return Math.max(0, nanoseconds / nanosecondsPerS - delayResolutionMs / 1000);
}

export class ProcessMeter {
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: delayResolutionMs });

  constructor() {
    this.#delay.enable();
  }

  /** Reads the figures; the delay begins anew. */
  read(): ProcessFigures {
    const { user, system } = process.cpuUsage();
    const delay = this.#delay;
    const loopDelayS =
      delay.count === 0 ? null : { mean: lateS(delay.mean), p99: lateS(delay.percentile(99)), max: lateS(delay.max) };
    delay.reset();
    return {
      startedAtS: performance.timeOrigin / 1000,
      residentBytes: process.memoryUsage.rss(),
      userS: user / 1e6,
      systemS: system / 1e6,
      loopActiveS: performance.eventLoopUtilization().active / 1000,
      loopDelayS,
    };
  }

  close(): void {
    this.#delay.disable();
  }
}
