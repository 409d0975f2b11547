/** Compares two runs: figures with ratios, what differs in options and MTAs, and whether they may be compared at all. */
import type { LatencySummary, LoadMta, LoadResult, LoadSample, LoadVerdict } from '@mtalab/harness';
import { countKeys, countNames, latencyColumns } from './figures.js';
import { type OptionDifference, optionDifferences } from './options.js';

export type ComparedFigure = {
  readonly name: string;
  readonly unit: string;
  /** Null: the run has no such figure. */
  readonly a: number | null;
  readonly b: number | null;
  /** `b` divided by `a`; null without both, or if `a` is 0. */
  readonly ratio: number | null;
};

export type MtaDifference = {
  readonly mta: string;
  readonly property: string;
  /** Null: the MTA took no part in this run. */
  readonly a: string | null;
  readonly b: string | null;
};

export type ComparedRun = {
  readonly label: string;
  readonly startedAt: string;
  readonly version: string;
  readonly verdict: LoadVerdict;
};

export type LoadComparison = {
  readonly format: 'mtalab-load-comparison/1';
  readonly a: ComparedRun;
  readonly b: ComparedRun;
  /** Was the load of the same kind? False if an option that shapes it differs, or the time scale. */
  readonly comparable: boolean;
  readonly warnings: readonly string[];
  readonly options: readonly OptionDifference[];
  readonly mtas: readonly MtaDifference[];
  readonly figures: readonly ComparedFigure[];
};

/** Compares two runs. */
export function compareLoads(a: LoadResult, b: LoadResult): LoadComparison {
  const options = optionDifferences(a, b);
  const differs = loadDifferences(a, b, options);
  return {
    format: 'mtalab-load-comparison/1',
    a: runOf(a),
    b: runOf(b),
    comparable: differs.length === 0,
    warnings: [
      ...differs.map((what) => `the loads differ, so the ratios say little: ${what}`),
      ...(a.seed === b.seed
        ? []
        : [`the seeds differ (${a.seed} and ${b.seed}), so the loads are of one kind, but not the same`]),
      ...(a.version === b.version ? [] : [`mtalab ${a.version} made A, ${b.version} made B`]),
      ...[a, b].flatMap((run, at) =>
        run.generator.wasTheLimit ? [`in ${at === 0 ? 'A' : 'B'} the generator was the limit, not the MTAs`] : [],
      ),
      ...[a, b].flatMap((run, at) =>
        run.verdict === 'unknown'
          ? [`${at === 0 ? 'A' : 'B'} has no verdict: nothing was measured, or its queues did not drain`]
          : [],
      ),
      ...(a.startedAt === b.startedAt && a.label === b.label ? ['A and B are the same run'] : []),
    ],
    options,
    mtas: mtaDifferences(a.mtas, b.mtas),
    figures: figuresOf(a, b),
  };
}

function runOf({ label, startedAt, version, verdict }: LoadResult): ComparedRun {
  return { label, startedAt, version, verdict };
}

function loadDifferences(a: LoadResult, b: LoadResult, options: readonly OptionDifference[]): readonly string[] {
  const shown = (value: string | null): string => value ?? 'not given';
  const ofOptions = options
    .filter(({ shapesLoad }) => shapesLoad)
    .map(({ option, a: inA, b: inB }) => `${option} is ${shown(inA)} in A and ${shown(inB)} in B`);
  const named = new Set(options.map(({ option }) => option));
  return [
    ...ofOptions,
    ...(a.timeScale === b.timeScale || named.has('--time-scale')
      ? []
      : [`the time scale is ${a.timeScale} in A and ${b.timeScale} in B`]),
  ];
}

const properties: readonly (readonly [string, (mta: LoadMta) => string])[] = [
  ['release', ({ version, build }) => `${version} build ${build}`],
  ['Windows NT', ({ nt }) => nt ?? '-'],
  ['legacy', ({ legacy }) => (legacy.length === 0 ? '-' : [...legacy].sort().join(', '))],
  ['threshold', ({ threshold }) => String(threshold)],
  ['associations to one MTA', ({ associationsPerMta }) => String(associationsPerMta)],
];

function mtaDifferences(a: readonly LoadMta[], b: readonly LoadMta[]): readonly MtaDifference[] {
  const names = [...new Set([...a, ...b].map(({ mta }) => mta))];
  return names.flatMap((mta) => {
    const [inA, inB] = [a, b].map((mtas) => mtas.find((each) => each.mta === mta));
    if (inA === undefined || inB === undefined)
      return [{ mta, property: 'took part', a: inA === undefined ? null : 'yes', b: inB === undefined ? null : 'yes' }];
    return properties
      .map(([property, read]) => ({ mta, property, a: read(inA), b: read(inB) }))
      .filter((difference) => difference.a !== difference.b);
  });
}

type Figure = { readonly name: string; readonly unit: string; readonly of: (run: LoadResult) => number | null };

const most = (run: LoadResult, of: (sample: LoadSample) => number): number | null =>
  run.samples.length === 0 ? null : run.samples.reduce((highest, sample) => Math.max(highest, of(sample)), 0);

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

function latencyFigures(name: 'corrected' | 'raw' | 'accept'): readonly Figure[] {
  const value = (summary: LatencySummary, key: (typeof latencyColumns)[number][0]) => (summary.count === 0 ? null : summary[key]);
  return latencyColumns.map(([key, title]) => ({
    name: `${name} latency ${title}`,
    unit: 'ms',
    of: ({ latencies }) => value(latencies[name], key),
  }));
}

const comparedFigures: readonly Figure[] = [
  { name: 'intended rate', unit: 'msg/s', of: ({ rates }) => rates.intended },
  { name: 'accepted rate', unit: 'msg/s', of: ({ rates }) => rates.accepted },
  { name: 'delivered rate', unit: 'msg/s', of: ({ rates }) => rates.delivered },
  { name: 'delivered content', unit: 'octets/s', of: ({ rates }) => rates.deliveredOctets },
  { name: 'Turns given', unit: '1/s', of: ({ rates }) => rates.turnsGiven },
  ...latencyFigures('corrected'),
  ...latencyFigures('raw'),
  ...latencyFigures('accept'),
  { name: 'first start to last delivery', unit: 's', of: ({ seconds }) => seconds.delivering },
  { name: 'last start to empty queues', unit: 's', of: ({ seconds }) => seconds.drain },
  { name: 'most messages queued', unit: '', of: (run) => most(run, ({ mtas }) => sum(mtas.map(({ queued }) => queued))) },
  {
    name: 'most associations of one MTA',
    unit: '',
    of: (run) => most(run, ({ mtas }) => Math.max(0, ...mtas.map(({ associations }) => associations))),
  },
  {
    name: 'time with a Turn that nobody has',
    unit: 's',
    of: ({ samples }) => (samples.length === 0 ? null : sum(samples.map(({ turn, lengthS }) => (turn.nobody > 0 ? lengthS : 0)))),
  },
  { name: 'processor time of the generator', unit: 's', of: ({ generator }) => generator.cpuS },
  ...countKeys.map((key): Figure => ({ name: countNames[key], unit: '', of: ({ counts }) => counts[key] })),
];

function figuresOf(a: LoadResult, b: LoadResult): readonly ComparedFigure[] {
  return comparedFigures.map(({ name, unit, of }) => {
    const [inA, inB] = [of(a), of(b)];
    return { name, unit, a: inA, b: inB, ratio: inA === null || inB === null || inA === 0 ? null : inB / inA };
  });
}
