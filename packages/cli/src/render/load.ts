/** Renders the result of a load run as text. */

import type { LoadMark, LoadResult } from '@mtalab/harness';
import {
  commandOf,
  countKeys,
  countNames,
  isBadCount,
  latencyColumns,
  latencyText,
  numberText,
  secondsText,
  verdictWords,
} from '@mtalab/load-report';
import { printable } from '@mtalab/mta-core';
import { counted } from '@mtalab/scenario';
import type { Paint } from './colours.js';
import { table, wrap } from './table.js';
import { bytes } from './units.js';

/** Marks that the text shows; the other reports have more. */
const maxMarks = 20;

/** The whole report. It fits the columns of the style, down to 80. */
export function renderLoadText(result: LoadResult, style: Paint): string {
  const parts = [
    headOf(result, style),
    mtasOf(result, style),
    countsOf(result, style),
    ratesOf(result, style),
    latenciesOf(result, style),
    ...prioritiesOf(result, style),
    ...marksOf(result.marks, style),
    ...outcomesOf(
      'CHECK',
      result.checks.map(({ name, passed, text }) => [name, passed, text]),
      style,
    ),
    ...outcomesOf(
      'THRESHOLD',
      result.thresholds.map(({ threshold, passed, text }) => [threshold, passed, text]),
      style,
    ),
    ...(result.warnings.length === 0 ? [] : [warningLines(result.warnings, style)]),
    verdictLine(result, style),
  ];
  return parts.join('\n\n');
}

/** A date as text reports show it: in UTC, to the second. */
export function startText(startedAt: string): string {
  return printable(startedAt.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC'));
}

function headOf(result: LoadResult, style: Paint): string {
  const { label, version, startedAt, seed, timeScale } = result;
  const clock = timeScale === 1 ? '' : `, clock ${timeScale} times as fast`;
  const facts = `started ${startText(startedAt)}, mtalab ${printable(version)}, seed ${seed}${clock}`;
  return [
    ...wrap(style.bold(`Load run: ${printable(label)}`), style.columns),
    ...wrap(facts, style.columns, '  '),
    ...wrap(printable(commandOf(result)), style.columns, '  '),
  ].join('\n');
}

function mtasOf({ mtas }: LoadResult, style: Paint): string {
  return table(
    [
      { title: 'MTA' },
      { title: 'EXCHANGE' },
      { title: 'BUILD' },
      { title: 'NT' },
      { title: 'THRESHOLD', align: 'right' },
      { title: 'ASSOCIATIONS', align: 'right' },
      { title: 'LEGACY', wraps: true },
    ],
    mtas.map(({ mta, version, build, nt, threshold, associationsPerMta, legacy }) => [
      style.bold(printable(mta)),
      printable(version),
      printable(build),
      printable(nt ?? '-'),
      String(threshold),
      String(associationsPerMta),
      printable(legacy.join(', ')) || '-',
    ]),
    style,
  );
}

/** The counts in two columns. */
function countsOf({ counts }: LoadResult, style: Paint): string {
  const half = Math.ceil(countKeys.length / 2);
  const cells = countKeys.map((key) => {
    const value = numberText(counts[key]);
    return [countNames[key], isBadCount(key, counts[key]) ? style.red(value) : value];
  });
  return table(
    [{ title: 'COUNT' }, { title: 'MESSAGES', align: 'right' }, { title: 'COUNT' }, { title: 'MESSAGES', align: 'right' }],
    cells.slice(0, half).map((left, at) => [...left, ...(cells[half + at] ?? [])]),
    style,
  );
}

function ratesOf({ rates, seconds, generator }: LoadResult, style: Paint): string {
  const perSecond = (value: number): string => `${numberText(value)}/s`;
  const left = [
    ['intended', perSecond(rates.intended)],
    ['accepted', perSecond(rates.accepted)],
    ['delivered', perSecond(rates.delivered)],
    ['content delivered', `${bytes(Math.round(rates.deliveredOctets))}/s`],
    ['Turns given', perSecond(rates.turnsGiven)],
  ];
  const right = [
    ['first to last start', secondsText(seconds.load)],
    ['first start to last delivery', secondsText(seconds.delivering)],
    ['last start to empty queues', seconds.drain === null ? style.red('never') : secondsText(seconds.drain)],
    ['generator: processor', secondsText(generator.cpuS)],
    ['generator: most in flight', numberText(generator.maxInFlight)],
  ];
  return table(
    [{ title: 'RATE' }, { title: 'MEAN', align: 'right' }, { title: 'TIME' }, { title: 'VALUE', align: 'right' }],
    left.map((cells, at) => [...cells, ...(right[at] ?? [])]),
    style,
  );
}

/** Corrected and raw latency next to each other: a stall shows in the one and not in the other. */
function latenciesOf({ latencies }: LoadResult, style: Paint): string {
  const names = ['corrected', 'raw', 'accept'] as const;
  return table(
    [{ title: 'LATENCY, MS' }, ...names.map((name) => ({ title: name.toUpperCase(), align: 'right' as const }))],
    [
      ...latencyColumns.map(([key, title]) => [title, ...names.map((name) => latencyText(latencies[name], key))]),
      ['count', ...names.map((name) => numberText(latencies[name].count))],
    ],
    style,
  );
}

/** The latencies of each priority, if the run had more than one. */
function prioritiesOf({ byPriority }: LoadResult, style: Paint): readonly string[] {
  const measured = (['urgent', 'normal', 'non-urgent'] as const).filter((priority) => byPriority[priority].accept.count > 0);
  if (measured.length < 2) return [];
  const rows = measured.flatMap((priority) =>
    (['corrected', 'raw'] as const).map((name) => [
      priority,
      name,
      numberText(byPriority[priority][name].count),
      ...(['p50Ms', 'p99Ms', 'maxMs'] as const).map((key) => latencyText(byPriority[priority][name], key)),
    ]),
  );
  const right = ['COUNT', 'P50', 'P99', 'MAX'].map((title) => ({ title, align: 'right' as const }));
  return [table([{ title: 'PRIORITY' }, { title: 'LATENCY, MS' }, ...right], rows, style)];
}

function marksOf(marks: readonly LoadMark[], style: Paint): readonly string[] {
  if (marks.length === 0) return [];
  const rows = marks.slice(0, maxMarks).map(({ atS, kind, text }) => {
    const words = printable(text);
    return [secondsText(atS), kind, kind === 'fault' ? style.yellow(words) : words];
  });
  const drawn = table([{ title: 'AT', align: 'right' }, { title: 'MARK' }, { title: 'WHAT HAPPENED', wraps: true }], rows, style);
  const rest = marks.length - rows.length;
  return [rest > 0 ? `${drawn}\n${counted(rest, 'more mark')} in the JSON and HTML reports` : drawn];
}

function outcomesOf(title: string, outcomes: readonly (readonly [string, boolean, string])[], style: Paint): readonly string[] {
  if (outcomes.length === 0) return [];
  return [
    table(
      [{ title }, { title: 'OUTCOME' }, { title: 'IN WORDS', wraps: true }],
      outcomes.map(([name, passed, text]) => [
        printable(name),
        passed ? style.green('passed') : style.red('FAILED'),
        printable(text),
      ]),
      style,
    ),
  ];
}

export function warningLines(warnings: readonly string[], style: Paint): string {
  return warnings.flatMap((text) => wrap(style.yellow(`warning: ${printable(text)}`), style.columns, '  ')).join('\n');
}

/** The verdict as a line. */
function verdictLine({ verdict, exitCode }: LoadResult, style: Paint): string {
  const colour = verdict === 'passed' ? style.green : verdict === 'unknown' ? style.yellow : style.red;
  return wrap(colour(`verdict: ${verdictWords[verdict]} (exit code ${exitCode})`), style.columns, '  ').join('\n');
}
