/** A latency distribution: an HdrHistogram of microseconds, beside the exact count, sum and ends. */
import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';
import type { LatencySummary } from './result.js';

/** The longest latency that is told apart, us: a day. */
const longestUs = 86_400_000_000;

function histogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: longestUs,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 32,
    useWebAssembly: false,
  });
}

export class Latency {
  readonly #histogram = histogram();
  #count = 0;
  #sumMs = 0;
  #minMs = Number.POSITIVE_INFINITY;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  /** Counts a latency. One below 0 counts as 0: two clocks of one machine may be a little apart. */
  record(ms: number): void {
    const atLeast = Math.max(0, ms);
    this.#histogram.recordValue(Math.min(longestUs, Math.round(atLeast * 1000)));
    this.#count += 1;
    this.#sumMs += atLeast;
    if (atLeast < this.#minMs) this.#minMs = atLeast;
    if (atLeast > this.#maxMs) this.#maxMs = atLeast;
  }

  /** The percentiles are exact to three digits, the other values wholly. */
  summary(): LatencySummary {
    if (this.#count === 0) return { count: 0, minMs: 0, meanMs: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, p999Ms: 0, maxMs: 0 };
    // The histogram says the highest value of the percentile's bucket, which may be above the largest latency.
    const percentile = (at: number): number => Math.min(this.#maxMs, this.#histogram.getValueAtPercentile(at) / 1000);
    return {
      count: this.#count,
      minMs: this.#minMs,
      meanMs: this.#sumMs / this.#count,
      p50Ms: percentile(50),
      p90Ms: percentile(90),
      p99Ms: percentile(99),
      p999Ms: percentile(99.9),
      maxMs: this.#maxMs,
    };
  }

  /** The compressed V2 text, base64. */
  encoded(): string {
    return encodeIntoCompressedBase64(this.#histogram);
  }

  reset(): void {
    this.#histogram.reset();
    this.#count = 0;
    this.#sumMs = 0;
    this.#minMs = Number.POSITIVE_INFINITY;
    this.#maxMs = 0;
  }
}
