/** The HTML report of one run. */
import type { Latencies, LoadMark, LoadMta, LoadResult } from '@mtalab/harness';
import { loadCharts, markNumber } from '../charts.js';
import {
  commandOf,
  countKeys,
  countNames,
  isBadCount,
  latencyColumns,
  latencyMeanings,
  latencyText,
  numberText,
  secondsText,
  verdictWords,
} from '../figures.js';
import { type Html, html, nothing } from './escape.js';
import { pageOf, pageSpec } from './page.js';
import { type Cell, chartsOf, section, tableOf, warningsOf } from './tables.js';

/** Rows of the table of marks. */
const maxMarks = 500;

/** The report as one file, with a line end. @throws LoadReportError if a histogram of the result cannot be read. */
export function renderLoadHtml(result: LoadResult): string {
  const charts = loadCharts([{ result, prefix: '' }]);
  const body = html`<h1>Load run: ${result.label}</h1>
${aboutRun(result)}
${verdictOf(result)}
${warningsOf(result.warnings)}
${outcomes(result)}
${chartsOf(charts)}
<div class="tables">
${section('Counts', countTable(result))}
${section('Rates and times', rateTable(result))}
</div>
${section('Latencies', latencyTable(result.latencies), priorityTable(result))}
${section('MTAs', mtaTable(result.mtas))}
${marksSection(result.marks, '')}
${section('Run again', html`<pre>${commandOf(result)}</pre><p class="soft">With these options a run has the same schedule. Seed ${result.seed}, time scale ${result.timeScale}.</p>`)}`;
  return pageOf(`Load run: ${result.label}`, body, pageSpec(charts));
}

/** When a run was, and how long. */
export function aboutRun({ startedAt, version, seconds }: LoadResult): Html {
  const drain =
    seconds.drain === null
      ? 'The queues never were empty.'
      : `The queues were empty ${secondsText(seconds.drain)} after the last start.`;
  return html`<p class="soft">Started ${startedAt.replace('T', ' ').replace('Z', ' UTC')} with mtalab ${version}. Load for ${secondsText(seconds.load)}. ${drain}</p>`;
}

export function verdictOf({ verdict }: LoadResult): Html {
  const kind = verdict === 'passed' ? 'good' : verdict === 'unknown' ? 'warn' : 'bad';
  return html`<p class="verdict ${kind}">Verdict: ${verdictWords[verdict]}</p>`;
}

const outcome = (passed: boolean): Cell => (passed ? { text: 'passed', kind: 'good' } : { text: 'FAILED', kind: 'bad' });

function outcomes({ checks, thresholds }: LoadResult): Html {
  const checkRows = checks.map(({ name, passed, text }): readonly Cell[] => [
    { text: name },
    outcome(passed),
    { text, kind: 'text' },
  ]);
  const thresholdRows = thresholds.map(({ threshold, passed, text }): readonly Cell[] => [
    { text: threshold },
    outcome(passed),
    { text, kind: 'text' },
  ]);
  return html`<div class="tables">
${section('Checks', tableOf('What every run must keep', ['check', 'outcome', 'in words'], checkRows))}
${thresholds.length === 0 ? nothing : section('Thresholds', tableOf('Limits given for this run', ['threshold', 'outcome', 'in words'], thresholdRows))}
</div>`;
}

function countTable({ counts }: LoadResult): Html {
  const rows = countKeys.map((key): readonly Cell[] => {
    const value = numberText(counts[key]);
    return [
      { text: countNames[key] },
      { text: isBadCount(key, counts[key]) ? html`<strong class="bad">${value}</strong>` : value, kind: 'number' },
    ];
  });
  return tableOf('Messages, over the whole run', ['what', 'messages'], rows);
}

function rateTable({ rates, seconds, generator }: LoadResult): Html {
  const rows: readonly (readonly [string, string])[] = [
    ['intended', `${numberText(rates.intended)} msg/s`],
    ['accepted', `${numberText(rates.accepted)} msg/s`],
    ['delivered', `${numberText(rates.delivered)} msg/s`],
    ['delivered content', `${numberText(rates.deliveredOctets / 1024)} KiB/s`],
    ['Turns given', `${numberText(rates.turnsGiven)}/s`],
    ['first to last intended start', secondsText(seconds.load)],
    ['first intended start to last delivery', secondsText(seconds.delivering)],
    ['last start to empty queues', seconds.drain === null ? 'never' : secondsText(seconds.drain)],
    ['processor time of the generator', secondsText(generator.cpuS)],
    ['most submissions in flight', numberText(generator.maxInFlight)],
    ['generator was the limit', generator.wasTheLimit ? 'yes' : 'no'],
  ];
  return tableOf(
    'Means over the run, in real time',
    ['what', 'value'],
    rows.map(([name, value]) => [{ text: name }, { text: value, kind: 'number' }]),
  );
}

function latencyCells(latencies: Latencies): readonly (readonly Cell[])[] {
  return (['corrected', 'raw', 'accept'] as const).map((name) => [
    { text: `${name} (${latencyMeanings[name]})` },
    { text: numberText(latencies[name].count), kind: 'number' },
    ...latencyColumns.map(([key]): Cell => ({ text: latencyText(latencies[name], key), kind: 'number' })),
  ]);
}

const latencyTitles = ['count', ...latencyColumns.map(([, title]) => title)];

function latencyTable(latencies: Latencies): Html {
  return tableOf('Milliseconds, over the whole run', ['latency', ...latencyTitles], latencyCells(latencies));
}

/** The latencies of each priority; nothing if all messages have the same one, because the table above has them. */
function priorityTable({ byPriority }: LoadResult): Html {
  const measured = (['urgent', 'normal', 'non-urgent'] as const).filter((priority) => byPriority[priority].accept.count > 0);
  if (measured.length < 2) return nothing;
  const rows = measured.flatMap((priority) =>
    latencyCells(byPriority[priority]).map(([name, ...cells]): readonly Cell[] => [
      { text: priority },
      name ?? { text: '' },
      ...cells,
    ]),
  );
  return tableOf('Milliseconds, by priority', ['priority', 'latency', ...latencyTitles], rows);
}

export function mtaTable(mtas: readonly LoadMta[]): Html {
  return tableOf(
    'As they were configured',
    ['MTA', 'Exchange', 'build', 'Windows NT', 'legacy behaviour', 'threshold', 'associations to one MTA'],
    mtas.map(({ mta, version, build, nt, legacy, threshold, associationsPerMta }) => [
      { text: mta },
      { text: version },
      { text: build },
      { text: nt ?? '-' },
      { text: legacy.join(', ') || '-' },
      { text: numberText(threshold), kind: 'number' },
      { text: numberText(associationsPerMta), kind: 'number' },
    ]),
  );
}

/** The marks of a run as a table: what the lines in the charts say, in full. Nothing without marks. */
export function marksSection(marks: readonly LoadMark[], prefix: string): Html {
  if (marks.length === 0) return nothing;
  const rows = marks
    .slice(0, maxMarks)
    .map(({ atS, kind, text, mta }, at): readonly Cell[] => [
      { text: markNumber(prefix, at) },
      { text: secondsText(atS), kind: 'number' },
      { text: kind },
      { text: mta ?? '-' },
      { text, kind: 'text' },
    ]);
  const rest = marks.length - rows.length;
  return section(
    prefix === '' ? 'Marks' : `Marks of ${prefix}`,
    tableOf('Numbered as in the charts', ['mark', 'at', 'kind', 'MTA', 'what happened'], rows),
    rest > 0 ? html`<p class="soft">${numberText(rest)} more are in the JSON of the run.</p>` : nothing,
  );
}
