/** The result of a load in a few lines. */
import type { LatencySummary, LoadResult } from '@mtalab/harness';
import { printable } from '@mtalab/mta-core';
import type { Paint } from './colours.js';
import { table, wrap } from './table.js';
import { span } from './units.js';

function latencyRow(name: string, found: LatencySummary): readonly string[] {
  const cells = [found.p50Ms, found.p90Ms, found.p99Ms, found.p999Ms, found.maxMs];
  return [name, ...(found.count === 0 ? cells.map(() => '-') : cells.map(span)), String(found.count)];
}

export function renderLoadSummary(result: LoadResult, style: Paint): string {
  const { counts, rates, latencies, checks, thresholds, warnings, verdict, exitCode, seed } = result;
  const right = ['P50', 'P90', 'P99', 'P99.9', 'MAX', 'COUNT'].map((title) => ({ title, align: 'right' as const }));
  const outcome = (passed: boolean, text: string): string => (passed ? style.green(text) : style.red(text));
  const lines = [
    `${counts.started} of ${counts.intended} started (${counts.late} late, ${counts.dropped} dropped), ${counts.accepted} accepted, ${counts.delivered} delivered, ${counts.reported} reported on, ${counts.queued} queued, ${counts.lost} lost`,
    `delivered ${rates.delivered.toFixed(1)}/s, accepted ${rates.accepted.toFixed(1)}/s, seed ${seed}`,
    ...checks.map(({ name, passed, text }) => outcome(passed, `${passed ? 'passed' : 'FAILED'}  ${name}: ${printable(text)}`)),
    ...thresholds.map(({ threshold, passed, text }) =>
      outcome(passed, `${passed ? 'passed' : 'MISSED'}  ${printable(threshold)}: ${printable(text)}`),
    ),
    ...warnings.map((text) => style.yellow(`warning: ${printable(text)}`)),
    style.bold(`verdict: ${verdict} (exit code ${exitCode})`),
  ];
  return [
    table(
      [{ title: 'LATENCY' }, ...right],
      [latencyRow('corrected', latencies.corrected), latencyRow('raw', latencies.raw), latencyRow('accept', latencies.accept)],
      style,
    ),
    ...lines.flatMap((line) => wrap(line, style.columns, '  ')),
  ].join('\n');
}
