/** A result as JSON: written as it is, and checked when it is read, because a file may be anything. */
import type { LatencySummary, LoadResult } from '@mtalab/harness';
import { z } from 'zod';
import { LoadReportError } from './error.js';

const format: LoadResult['format'] = 'mtalab-load/1';

const number = z.number();
const count = z.int().min(0);
const latency = z.looseObject({
  count,
  minMs: number,
  meanMs: number,
  p50Ms: number,
  p90Ms: number,
  p99Ms: number,
  p999Ms: number,
  maxMs: number,
} satisfies Record<keyof LatencySummary, z.ZodType>);
const latencies = z.looseObject({ corrected: latency, raw: latency, accept: latency });
const words = z.array(z.string());

const sample = z.looseObject({
  atS: number,
  lengthS: number.min(0),
  intended: count,
  started: count,
  late: count,
  accepted: count,
  delivered: count,
  corrected: latency,
  raw: latency,
  mtas: z.array(
    z.looseObject({
      mta: z.string(),
      answers: z.boolean(),
      queued: count,
      queuedPerAssociation: number,
      oldestS: number,
      associations: count,
      turnsGiven: count,
      rssBytes: number,
      cpuS: number,
    }),
  ),
  turn: z.looseObject({ held: z.record(z.string(), count), passing: count, nobody: count }),
});

const mta = z.looseObject({
  mta: z.string(),
  version: z.string(),
  build: z.string(),
  nt: z.string().nullable(),
  legacy: words,
  threshold: number,
  associationsPerMta: number,
});

const schema = z.looseObject({
  format: z.literal(format),
  label: z.string(),
  version: z.string(),
  startedAt: z.iso.datetime(),
  options: words,
  seed: number,
  timeScale: number,
  mtas: z.array(mta),
  seconds: z.looseObject({ load: number, delivering: number, drain: number.nullable() }),
  counts: z.looseObject({
    intended: count,
    started: count,
    late: count,
    dropped: count,
    accepted: count,
    refused: count,
    unanswered: count,
    delivered: count,
    reported: count,
    queued: count,
    lost: count,
    duplicated: count,
    damaged: count,
    outOfOrder: count,
  } satisfies Record<keyof LoadResult['counts'], z.ZodType>),
  byPriority: z.looseObject({ urgent: latencies, normal: latencies, 'non-urgent': latencies }),
  latencies,
  rates: z.looseObject({ intended: number, accepted: number, delivered: number, deliveredOctets: number, turnsGiven: number }),
  histograms: z.looseObject({ corrected: z.string(), raw: z.string(), accept: z.string() }),
  samples: z.array(sample),
  marks: z.array(
    z.looseObject({
      atS: number,
      kind: z.enum(['stage', 'fault', 'association', 'hold', 'release', 'process', 'end-of-load', 'drained']),
      text: z.string(),
      mta: z.string().optional(),
    }),
  ),
  generator: z.looseObject({ cpuS: number, maxInFlight: number, wasTheLimit: z.boolean() }),
  checks: z.array(z.looseObject({ name: z.string(), passed: z.boolean(), text: z.string() })),
  thresholds: z.array(z.looseObject({ threshold: z.string(), passed: z.boolean(), value: number.nullable(), text: z.string() })),
  warnings: words,
  verdict: z.enum(['passed', 'check-failed', 'unknown', 'threshold-missed']),
  exitCode: z.literal([0, 1, 3, 99]),
} satisfies Record<keyof LoadResult, z.ZodType>);

/** At most this many problems of a file are named. */
const maxProblems = 3;

/** The result as indented JSON, with a line end. */
export function renderLoadJson(result: LoadResult): string {
  return `${JSON.stringify(result, null, 2)}\n`;
}

/**
 * Reads the JSON of a result.
 * @param name what the text is called in an error: its file.
 * @throws LoadReportError for another text, or for a result of another format version.
 */
export function parseLoadJson(text: string, name: string): LoadResult {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new LoadReportError(
      `${name} is no JSON (${(error as Error).message}); give a file that a load run wrote: --out FILE.json`,
    );
  }
  const found = formatOf(value);
  if (found === undefined)
    throw new LoadReportError(`${name} is no result of a load run: it has no format "${format}"; give a file of --out FILE.json`);
  if (found !== format)
    throw new LoadReportError(
      `${name} has the format ${JSON.stringify(found)}; this version of mtalab reads ${format}. Run the load again, or use the version that wrote it`,
    );
  const read = schema.safeParse(value);
  if (!read.success) {
    const problems = read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    const more = problems.length > maxProblems ? `; and ${problems.length - maxProblems} more` : '';
    throw new LoadReportError(`${name} is damaged: ${problems.slice(0, maxProblems).join('; ')}${more}`);
  }
  return value as LoadResult;
}

/** The format that a value names, if it is one of load results. */
function formatOf(value: unknown): string | undefined {
  const named = typeof value === 'object' && value !== null ? (value as { readonly format?: unknown }).format : undefined;
  return typeof named === 'string' && /^mtalab-load\/\d{1,6}$/.test(named) ? named : undefined;
}
