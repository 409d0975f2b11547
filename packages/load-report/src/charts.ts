/** Makes the charts of one run, or of two over each other, as data for the page. */
import type { LatencyName, LoadMark, LoadMta, LoadResult, LoadSample } from '@mtalab/harness';
import { latenciesAt, ninesUpTo } from './histogram.js';
import type { ChartColour, ChartLine, ChartMark, ChartSeries, ChartSpec, ChartTable } from './page/spec.js';
import { thinned } from './thin.js';

/** One run in a report. */
export type ReportRun = {
  readonly result: LoadResult;
  /** Stands before what belongs to this run: empty, or `A` and `B`. */
  readonly prefix: string;
};

/** What a series came to over the whole run. Null: it has no value. */
export type SeriesSummary = {
  readonly label: string;
  readonly least: number | null;
  readonly mean: number | null;
  readonly most: number | null;
  readonly mostAt: number | null;
};

export type Chart = {
  readonly spec: ChartSpec;
  /** What the chart shows, in a sentence. */
  readonly about: string;
  readonly summary: readonly SeriesSummary[];
  /** What was left out of the drawing. */
  readonly notes: readonly string[];
};

/** Positions of one chart, of all its runs together. */
const maxPoints = 2000;
/** Marks drawn in one chart; the table has more. */
const maxDrawnMarks = 60;
/** MTAs of one run that get lines of their own. */
const maxMtas = 8;

type Column = {
  readonly label: string;
  readonly colour: ChartColour;
  readonly dashed?: boolean;
  readonly of: (sample: LoadSample) => number | null;
};
type Plan = {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  readonly unit: string;
  readonly scale?: ChartSpec['scale'];
  readonly stacked?: boolean;
  readonly stepped?: ChartSeries['stepped'];
  readonly counts?: boolean;
  readonly columns: (run: ReportRun, at: number) => readonly Column[];
  readonly lines?: readonly ChartLine[];
};

const palette: readonly ChartColour[] = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8'];

/** A colour of a run: alone it has all, of two runs each has every second one. */
function colourOf(runs: readonly ReportRun[], at: number, index: number): ChartColour {
  return palette[(index * runs.length + at) % palette.length] ?? 'c1';
}

const named = (prefix: string, text: string): string => (prefix === '' ? text : `${prefix}: ${text}`);

/** The value at an instant, rounded: a report needs no more digits, and stays small. */
const rounded = (value: number): number => Number(value.toPrecision(6));

/** All charts, in the order of the page. */
export function loadCharts(runs: readonly ReportRun[]): readonly Chart[] {
  return [
    chartOf(throughput(runs), runs),
    chartOf(latency(runs), runs),
    distribution(runs),
    chartOf(queues(runs), runs),
    chartOf(associations(runs), runs),
    ...runs.map((run) => chartOf(turn(run), [run])),
  ];
}

function throughput(runs: readonly ReportRun[]): Plan {
  const single = runs.length === 1;
  return {
    id: 'throughput',
    title: 'Throughput',
    about: 'Messages per second: how many should have started, how many an MTA accepted, and how many arrived.',
    unit: 'msg/s',
    stepped: 'before',
    columns: ({ prefix }, at) => [
      {
        label: named(prefix, 'intended'),
        colour: 'muted',
        dashed: true,
        of: ({ intended, lengthS }) => perSecond(intended, lengthS),
      },
      {
        label: named(prefix, 'accepted'),
        colour: colourOf(runs, at, 0),
        dashed: !single,
        of: ({ accepted, lengthS }) => perSecond(accepted, lengthS),
      },
      {
        label: named(prefix, 'delivered'),
        colour: colourOf(runs, at, single ? 2 : 0),
        of: ({ delivered, lengthS }) => perSecond(delivered, lengthS),
      },
    ],
  };
}

function perSecond(count: number, seconds: number): number | null {
  return seconds > 0 ? count / seconds : null;
}

function latency(runs: readonly ReportRun[]): Plan {
  const column = (prefix: string, name: 'corrected' | 'raw', percentile: 'p50Ms' | 'p99Ms', colour: ChartColour): Column => ({
    label: named(prefix, `${name} ${percentile === 'p50Ms' ? 'p50' : 'p99'}`),
    colour,
    dashed: name === 'raw',
    // A logarithmic axis has no place for 0.
    of: (sample) => (sample[name].count === 0 ? null : Math.max(0.001, sample[name][percentile])),
  });
  return {
    id: 'latency',
    title: 'Latency over time',
    about:
      'Median and 99th percentile of what arrived in each interval. Corrected latency counts from the intended start, so it shows every stall; raw latency counts from the real start. The axis is logarithmic.',
    unit: 'ms',
    scale: 'log',
    columns: ({ prefix }, at) =>
      (['corrected', 'raw'] as const).flatMap((name) => [
        column(prefix, name, 'p50Ms', colourOf(runs, at, 0)),
        column(prefix, name, 'p99Ms', colourOf(runs, at, 1)),
      ]),
  };
}

/** MTAs that get a line: those with the longest queues if there are too many. */
function shownMtas(run: ReportRun, limit: number): readonly LoadMta[] {
  const { mtas, samples } = run.result;
  if (mtas.length <= limit) return mtas;
  const longest = new Map<string, number>();
  for (const { mtas: each } of samples)
    for (const { mta, queued } of each) longest.set(mta, Math.max(queued, longest.get(mta) ?? 0));
  return [...mtas].sort((a, b) => (longest.get(b.mta) ?? 0) - (longest.get(a.mta) ?? 0)).slice(0, limit);
}

const limitOf = (runs: readonly ReportRun[]): number => Math.floor(maxMtas / runs.length);

function queues(runs: readonly ReportRun[]): Plan {
  const thresholds = [...new Set(runs.flatMap(({ result }) => result.mtas.map(({ threshold }) => threshold)))].sort(
    (a, b) => a - b,
  );
  const longest = runs.flatMap(({ result }) => result.samples.flatMap(({ mtas }) => mtas.map(({ queued }) => queued)));
  const wide = longest.reduce((a, b) => Math.max(a, b), 0) > 20 * Math.min(...thresholds, Number.MAX_SAFE_INTEGER);
  const value = (mta: string, of: 'queued' | 'queuedPerAssociation') => (sample: LoadSample) =>
    sample.mtas.find((each) => each.mta === mta)?.[of] ?? null;
  return {
    id: 'queues',
    title: 'Queue depth and threshold',
    about: `Messages queued at each MTA, and the most per open association, which the threshold is compared with.${wide ? ' The axis is logarithmic far from 0.' : ''}`,
    unit: 'messages',
    stepped: 'after',
    counts: true,
    scale: wide ? 'asinh' : 'linear',
    columns: (run, at) =>
      shownMtas(run, limitOf(runs)).flatMap(({ mta }, index) => [
        { label: named(run.prefix, `${mta} queued`), colour: colourOf(runs, at, index), of: value(mta, 'queued') },
        {
          label: named(run.prefix, `${mta} per association`),
          colour: colourOf(runs, at, index),
          dashed: true,
          of: value(mta, 'queuedPerAssociation'),
        },
      ]),
    lines: thresholds.map((threshold) => ({ value: threshold, text: `threshold ${threshold}` })),
  };
}

function associations(runs: readonly ReportRun[]): Plan {
  return {
    id: 'associations',
    title: 'Open associations',
    about: 'Open associations of each MTA.',
    unit: 'associations',
    stepped: 'after',
    counts: true,
    columns: (run, at) =>
      shownMtas(run, limitOf(runs)).map(({ mta }, index) => ({
        label: named(run.prefix, mta),
        colour: colourOf(runs, at, index),
        // Both ends have the same associations: dashes leave the line below them in sight.
        dashed: index % 2 === 1,
        of: ({ mtas }) => mtas.find((each) => each.mta === mta)?.associations ?? null,
      })),
  };
}

function turn(run: ReportRun): Plan {
  const shown = shownMtas(run, maxMtas);
  return {
    id: `turn${run.prefix.toLowerCase()}`,
    title: named(run.prefix, 'Who holds the Turn'),
    about: 'Associations by the holder of their Turn. Nobody: each end believes that the other has it, so no side may send.',
    unit: 'associations',
    stepped: 'after',
    counts: true,
    stacked: true,
    columns: () => [
      ...shown.map(
        ({ mta }, index): Column => ({ label: mta, colour: palette[index] ?? 'c1', of: ({ turn: { held } }) => held[mta] ?? 0 }),
      ),
      { label: 'passing', colour: 'passing', of: ({ turn: { passing } }) => passing },
      { label: 'nobody', colour: 'nobody', of: ({ turn: { nobody } }) => nobody },
    ],
  };
}

function chartOf(plan: Plan, runs: readonly ReportRun[]): Chart {
  const notes: string[] = [];
  const summary: SeriesSummary[] = [];
  const series: ChartSeries[] = [];
  const tables = runs.map((run, at) => {
    const columns = plan.columns(run, at);
    const x = run.result.samples.map(({ atS }) => rounded(atS));
    const values = columns.map(({ of }) => run.result.samples.map((sample) => nullOr(of(sample))));
    series.push(
      ...columns.map(({ label, colour, dashed = false }) => ({ label, colour, dashed, stepped: plan.stepped ?? 'no' })),
    );
    summary.push(...columns.map(({ label }, index) => summaryOf(label, x, values[index] ?? [])));
    const table = withBeginning(plan, run, thinned({ x, columns: values }, Math.floor(maxPoints / runs.length) - 1));
    if (table.x.length < x.length) notes.push(thinnedNote(run, x.length, table));
    return table;
  });
  const marks = runs.flatMap((run) => drawnMarks(run, notes));
  notes.push(...runs.flatMap((run) => fewerMtas(plan, run, runs)));
  const { id, title, about, unit, scale = 'linear', stacked = false, counts = false, lines = [] } = plan;
  return {
    spec: { id, title, along: 'seconds', unit, scale, stacked, counts, series, tables, lines, marks },
    about,
    summary,
    notes,
  };
}

/** Values that hold before their place need a place where the first interval begins. */
function withBeginning({ stepped }: Plan, { result }: ReportRun, table: ChartTable): ChartTable {
  const [first] = result.samples;
  if (stepped !== 'before' || first === undefined) return table;
  return {
    x: [rounded(first.atS - first.lengthS), ...table.x],
    columns: table.columns.map((column) => [column[0] ?? null, ...column]),
  };
}

const nullOr = (value: number | null): number | null => (value === null ? null : rounded(value));

function thinnedNote({ prefix }: ReportRun, intervals: number, table: ChartTable): string {
  return named(
    prefix,
    `${intervals.toLocaleString('en')} intervals are drawn as ${table.x.length.toLocaleString('en')} points; the least and the most value of each group of intervals are among them`,
  );
}

function fewerMtas(plan: Plan, run: ReportRun, runs: readonly ReportRun[]): readonly string[] {
  const { mtas } = run.result;
  const limit = limitOf(runs);
  if (mtas.length <= limit || !['queues', 'associations'].includes(plan.id)) return [];
  return [named(run.prefix, `${limit} of ${mtas.length} MTAs are drawn: those with the longest queues`)];
}

/** The number of each mark in the table of marks: its place in the run, from 1. */
export function markNumber(prefix: string, at: number): string {
  return `${prefix}${at + 1}`;
}

/** The marks that a chart draws: all, or the faults first and then the others in their order. */
function drawnMarks({ result, prefix }: ReportRun, notes: string[]): readonly ChartMark[] {
  const all = result.marks.map((mark, at) => ({ mark, number: markNumber(prefix, at) }));
  const isFault = ({ kind }: LoadMark): boolean => kind === 'fault' || kind === 'process';
  const chosen = [...all.filter(({ mark }) => isFault(mark)), ...all.filter(({ mark }) => !isFault(mark))].slice(
    0,
    maxDrawnMarks,
  );
  if (chosen.length < all.length)
    notes.push(named(prefix, `${chosen.length} of ${all.length} marks are drawn; the table of marks has more`));
  return chosen
    .map(({ mark, number }) => ({ number, atS: rounded(mark.atS), text: mark.text, isFault: isFault(mark) }))
    .sort((a, b) => a.atS - b.atS);
}

function summaryOf(label: string, x: readonly number[], values: readonly (number | null)[]): SeriesSummary {
  let [least, most, mostAt, total, count]: [number | null, number | null, number | null, number, number] = [
    null,
    null,
    null,
    0,
    0,
  ];
  for (const [at, value] of values.entries()) {
    if (value === null) continue;
    total += value;
    count += 1;
    if (least === null || value < least) least = value;
    if (most === null || value > most) [most, mostAt] = [value, x[at] ?? null];
  }
  return { label, least, most, mostAt, mean: count === 0 ? null : total / count };
}

const distributionNames: readonly LatencyName[] = ['corrected', 'raw', 'accept'];

/** The distribution of latencies, read from the histograms of the whole run. */
function distribution(runs: readonly ReportRun[]): Chart {
  const names = runs.length === 1 ? distributionNames : distributionNames.filter((name) => name !== 'accept');
  const counts = runs.flatMap(({ result }) => names.map((name) => result.latencies[name].count));
  const x = ninesUpTo(Math.max(0, ...counts));
  const series: ChartSeries[] = [];
  const summary: SeriesSummary[] = [];
  const tables = runs.map(({ result, prefix }, at) => {
    const columns = names.map((name) =>
      latenciesAt(result, name, x).map((ms) => (ms === null ? null : Math.max(0.001, rounded(ms)))),
    );
    for (const [index, name] of names.entries()) {
      const label = named(prefix, name);
      const colour = colourOf(runs, at, runs.length === 1 ? index : 0);
      series.push({ label, colour, dashed: name === 'raw', stepped: 'no' });
      const { count, minMs, meanMs, maxMs } = result.latencies[name];
      summary.push(
        count === 0
          ? { label, least: null, mean: null, most: null, mostAt: null }
          : { label, least: minMs, mean: meanMs, most: maxMs, mostAt: null },
      );
    }
    return { x: x.map(rounded), columns };
  });
  return {
    spec: {
      id: 'distribution',
      title: 'Latency by percentile',
      along: 'nines',
      unit: 'ms',
      scale: 'log',
      stacked: false,
      counts: false,
      series,
      tables,
      lines: [],
      marks: [],
    },
    about: 'The latency that this share of the messages stayed below, over the whole run. Both axes stretch the slow end.',
    summary,
    notes: [],
  };
}
