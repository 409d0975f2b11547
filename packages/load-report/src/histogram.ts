/** Reads the histograms of a result: what a share of the messages stayed below. */
import type { LatencyName, LoadResult } from '@mtalab/harness';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { LoadReportError } from './error.js';

/** Points for each nine. Enough for a smooth curve on a wide screen. */
const pointsPerNine = 40;

/**
 * The nines at which a distribution of this many values is read, from 0 to the percentile of the last value. The nines of a
 * percentile are 1 for 90 %, 2 for 99 %.
 */
export function ninesUpTo(count: number): readonly number[] {
  const last = Math.max(0, Math.log10(count));
  const steps = Math.floor(last * pointsPerNine);
  return [
    ...Array.from({ length: steps + 1 }, (_, step) => step / pointsPerNine),
    ...(last * pointsPerNine > steps ? [last] : []),
  ];
}

/**
 * The latency at each of these nines, ms; null beyond the last value, or if nothing was measured.
 * @throws LoadReportError if the text is no histogram.
 */
export function latenciesAt(result: LoadResult, name: LatencyName, nines: readonly number[]): readonly (number | null)[] {
  const { count } = result.latencies[name];
  if (count === 0) return nines.map(() => null);
  const histogram = decoded(result.histograms[name], name);
  const last = Math.log10(count);
  return nines.map((nine) => {
    if (nine > last + 1e-9) return null;
    return histogram.getValueAtPercentile(100 - 100 * 10 ** -nine) / 1000;
  });
}

function decoded(text: string, name: LatencyName) {
  try {
    return decodeFromCompressedBase64(text);
  } catch (error) {
    throw new LoadReportError(
      `histograms.${name} of the result is no compressed HdrHistogram (${error instanceof Error ? error.message : String(error)})`,
    );
  }
}
