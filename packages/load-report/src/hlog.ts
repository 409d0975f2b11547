/** A result as an HdrHistogram log, version 1.3, which the tools of HdrHistogram read: a line for each latency, with its name as tag. */
import type { LatencyName, LoadResult } from '@mtalab/harness';

/** In the order of the log: the most important first. */
const names: readonly LatencyName[] = ['corrected', 'raw', 'accept'];

/** A text for a comment: one line. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}

/**
 * The log, with a line end. Values are microseconds; Interval_Max is in milliseconds. A latency that was never measured has no
 * line. Each line covers the whole run, so each has the same interval: from the first intended start to the last delivery.
 */
export function renderHlog(result: LoadResult): string {
  const started = new Date(result.startedAt);
  const seconds = (started.getTime() / 1000).toFixed(3);
  const lines = names
    .filter((name) => result.latencies[name].count > 0)
    .map((name) => {
      const { maxMs } = result.latencies[name];
      return `Tag=${name},0.000,${result.seconds.delivering.toFixed(3)},${maxMs.toFixed(3)},${result.histograms[name]}`;
    });
  return [
    `#[mtalab ${oneLine(result.version)}, load run ${oneLine(result.label)}]`,
    '#[Values are microseconds. corrected: intended start to mailbox; raw: real start to mailbox; accept: real start to answer]',
    '#[Histogram log format version 1.3]',
    `#[StartTime: ${seconds} (seconds since epoch), ${started.toUTCString()}]`,
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    ...lines,
    '',
  ].join('\n');
}
