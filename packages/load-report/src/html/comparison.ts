/** The HTML report of two runs over each other. */
import type { LoadResult } from '@mtalab/harness';
import { loadCharts } from '../charts.js';
import { compareLoads, type LoadComparison } from '../compare.js';
import { commandOf, numberText, ratioText } from '../figures.js';
import { type Html, html, nothing } from './escape.js';
import { pageOf, pageSpec } from './page.js';
import { aboutRun, marksSection, mtaTable, verdictOf } from './report.js';
import { type Cell, chartsOf, section, tableOf, warningsOf } from './tables.js';

/** The comparison as one file, with a line end. @throws LoadReportError if a histogram of a result cannot be read. */
export function renderComparisonHtml(a: LoadResult, b: LoadResult): string {
  const comparison = compareLoads(a, b);
  const charts = loadCharts([
    { result: a, prefix: 'A' },
    { result: b, prefix: 'B' },
  ]);
  const title = `Load runs: ${a.label} and ${b.label}`;
  const body = html`<h1>${title}</h1>
${warningsOf(comparison.warnings)}
<div class="tables">
${section(`A: ${a.label}`, aboutRun(a), verdictOf(a))}
${section(`B: ${b.label}`, aboutRun(b), verdictOf(b))}
</div>
${section('What differs', differences(comparison))}
${chartsOf(charts)}
${section('Figures', figureTable(comparison))}
<div class="tables">
${section('MTAs of A', mtaTable(a.mtas))}
${section('MTAs of B', mtaTable(b.mtas))}
</div>
${marksSection(a.marks, 'A')}
${marksSection(b.marks, 'B')}
${section('Run again', html`<pre>${commandOf(a)}</pre><pre>${commandOf(b)}</pre>`)}`;
  return pageOf(title, body, pageSpec(charts));
}

const orDash = (text: string | null): Cell => ({ text: text ?? '-', kind: 'text' });

function differences({ options, mtas }: LoadComparison): Html {
  if (options.length + mtas.length === 0) return html`<p>The options and the MTAs are the same.</p>`;
  const ofOptions = options.map(({ option, a, b, shapesLoad }): readonly Cell[] => [
    { text: option },
    orDash(a),
    orDash(b),
    { text: shapesLoad ? 'yes' : 'no', ...(shapesLoad ? ({ kind: 'warn' } as const) : {}) },
  ]);
  const ofMtas = mtas.map(({ mta, property, a, b }): readonly Cell[] => [{ text: `${mta}: ${property}` }, orDash(a), orDash(b)]);
  return html`<div class="tables">${ofOptions.length === 0 ? nothing : tableOf('Options', ['option', 'A', 'B', 'shapes the load'], ofOptions)}
${ofMtas.length === 0 ? nothing : tableOf('MTAs', ['MTA', 'A', 'B'], ofMtas)}</div>`;
}

function figureTable({ figures }: LoadComparison): Html {
  const value = (number: number | null): Cell => ({ text: number === null ? '-' : numberText(number), kind: 'number' });
  const rows = figures.map(({ name, unit, a, b, ratio }): readonly Cell[] => [
    { text: unit === '' ? name : `${name}, ${unit}` },
    value(a),
    value(b),
    { text: ratioText(ratio), kind: 'number' },
  ]);
  return tableOf('B / A is the value of B divided by that of A', ['figure', 'A', 'B', 'B / A'], rows);
}
