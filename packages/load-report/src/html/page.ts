/**
 * The frame of a report page: one HTML file that needs nothing else. A content security policy names the digests of its own
 * scripts and style sheet, so nothing else can run, and nothing is ever loaded.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Chart } from '../charts.js';
import type { PageSpec } from '../page/spec.js';
import { type Html, html, jsonInScript } from './escape.js';
import { styleSheet } from './style.js';

const require = createRequire(import.meta.url);

/** The parts that are the same in every page, read once. */
let parts: { readonly style: string; readonly library: string; readonly script: string } | undefined;

function pageParts() {
  parts ??= {
    style: readFileSync(require.resolve('uplot/dist/uPlot.min.css'), 'utf8') + styleSheet,
    library: readFileSync(require.resolve('uplot/dist/uPlot.iife.min.js'), 'utf8'),
    script: readFileSync(new URL('../page/charts.js', import.meta.url), 'utf8'),
  };
  return parts;
}

function digest(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** The whole file. @param body the content between the heading and the scripts. */
export function pageOf(title: string, body: Html, spec: PageSpec): string {
  const { style, library, script } = pageParts();
  const policy = [
    "default-src 'none'",
    `script-src ${digest(library)} ${digest(script)}`,
    `style-src ${digest(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const raw = (text: string): Html => ({ html: text });
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${raw(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="MTA Lab">
<title>${title}</title>
<style>${raw(style)}</style>
</head>
<body>
<main>
${body}
</main>
<p id="heard" class="unseen" role="status" aria-live="polite"></p>
<script type="application/json" id="data">${jsonInScript(spec)}</script>
<script>${raw(library)}</script>
<script type="module">${raw(script)}</script>
</body>
</html>
`.html;
}

/** The data of a page: its charts, and the ends of their axis of time. */
export function pageSpec(charts: readonly Chart[]): PageSpec {
  const specs = charts.map(({ spec }) => spec);
  const timed = specs.filter(({ along }) => along === 'seconds');
  const instants = timed.flatMap(({ tables, marks }) => [
    ...tables.flatMap(({ x }) => [x[0] ?? 0, x.at(-1) ?? 0]),
    ...marks.map(({ atS }) => atS),
  ]);
  const fromS = Math.min(0, ...instants);
  return { fromS, toS: Math.max(fromS + 1, ...instants), charts: specs };
}
