/** Reports of load runs as text, JSON and HdrHistogram log, and comparisons. data/reports.txt has the texts; UPDATE=1 rewrites it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LatencyName, LoadResult } from '@mtalab/harness';
import { compareLoads, parseLoadJson, renderHlog, renderLoadHtml, renderLoadJson } from '@mtalab/load-report';
import hdr from 'hdr-histogram-js';
import { loadReportFormatOf, readLoadResult, writeLoadReport } from 'mtalab';
import { loadReportFormats, paint, renderComparison, renderLoadReport, renderLoadText } from 'mtalab/internal';
import { test } from 'tap';
import { command } from '../support/command.js';
import { loadResultOf, stall, turnLost } from '../support/load-results.js';

const dataFile = 'test/load-report/data/reports.txt';
const columns = 80;
const plain = paint(false, columns);
const legacy = turnLost('legacy');
const fixed = turnLost('fixed');

/** What is new in a part of a result: the rest stays. */
const changed = (result: LoadResult, more: Partial<LoadResult>): LoadResult => ({ ...result, ...more });

/** A run in which everything went wrong, with hostile texts. */
const bad = changed(stall(), {
  label: 'bad \u001b[31mred\u001b[0m \u202etxet',
  timeScale: 60,
  seconds: { load: 20, delivering: 20, drain: null },
  counts: { ...stall().counts, dropped: 3, lost: 2, queued: 1, unanswered: 4 },
  byPriority: { urgent: stall().latencies, normal: stall().latencies, 'non-urgent': stall().latencies },
  checks: [{ name: 'nothing lost', passed: false, text: '4000 submitted, and 2 of them are in no mailbox, report or queue' }],
  thresholds: [{ threshold: 'p99<200ms', passed: false, value: null, text: 'no sample' }],
  marks: Array.from({ length: 23 }, (_, at) => ({ atS: at, kind: 'fault', text: `cut ${at}: ${'of many words '.repeat(6)}` })),
  warnings: [`the generator was the limit: ${'it used all of its processor '.repeat(4)}`],
  verdict: 'check-failed',
  exitCode: 1,
});

/** A run of one message. */
const storyOfOne = {
  options: [],
  legacy: ['Q166594'],
  messages: [{ dueS: 0, startS: 0, acceptS: 0.001, arriveS: 0.01 }],
  lengthS: 1,
  intervalS: 1,
  associationsAt: () => 1,
  turnAt: () => ({ held: { 'MTA-A': 1 }, passing: 0, nobody: 0 }),
  marks: [],
  thresholds: [],
  verdict: 'passed',
  warnings: [],
} as const;

const texts: Readonly<Record<string, () => string>> = {
  'Q166594, legacy': () => renderLoadText(legacy, plain),
  'a stall of 5 s': () => renderLoadText(stall(), plain),
  'all that can go wrong': () => renderLoadText(bad, plain),
  'legacy and fixed compared': () => renderComparison(compareLoads(legacy, fixed), plain),
  'two loads that are not comparable': () => renderComparison(compareLoads(legacy, bad), plain),
};

test('text reports fit 80 columns and are as kept', (t) => {
  const all = Object.entries(texts).map(([name, render]) => [name, render()] as const);
  for (const [name, text] of all)
    t.same(
      text.split('\n').filter((line) => line.length > columns),
      [],
      `${name}: every line fits`,
    );
  const written = all.map(([name, text]) => `== ${name}\n${text}\n`).join('\n');
  if (process.env['UPDATE'] === '1') writeFileSync(dataFile, written);
  else t.equal(written, readFileSync(dataFile, 'utf8'));
  t.notMatch(renderLoadText(bad, plain), /(?!\n)[\p{Cc}\u202e]/u, 'control characters of texts are written out');
  t.ok(renderLoadText(bad, paint(true, columns)).includes(paint(true).red('FAILED')), 'colour where it is allowed');
  t.end();
});

test('JSON: written and read back the same; anything else gets a clear error', (t) => {
  for (const result of [legacy, fixed, bad]) t.same(parseLoadJson(renderLoadJson(result), 'x.json'), result);
  const more = { ...legacy, later: { added: 1 } };
  t.same(parseLoadJson(JSON.stringify(more), 'x.json'), more, 'members of a later version stay');
  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ['no JSON', 'label: x', /^run\.json is no JSON \(.*\); give a file that a load run wrote: --out FILE\.json$/],
    ['another document', '{"type":"summary"}', /^run\.json is no result of a load run: it has no format "mtalab-load\/1"/],
    ['a list', '[]', /no result of a load run/],
    ['null', 'null', /no result of a load run/],
    [
      'a later form',
      '{"format":"mtalab-load/2"}',
      /has the format "mtalab-load\/2"; this version of mtalab reads mtalab-load\/1\./,
    ],
    ['a form that is none', '{"format":"mtalab-load/x\\u001b[0m"}', /no result of a load run/],
    ['a count below 0', JSON.stringify({ ...legacy, counts: { ...legacy.counts, lost: -1 } }), /is damaged: counts\.lost: /],
    ['no samples', JSON.stringify({ ...legacy, samples: undefined }), /is damaged: samples: /],
    ['another verdict', JSON.stringify({ ...legacy, verdict: 'fine' }), /is damaged: verdict: /],
    ['much amiss', JSON.stringify({ format: 'mtalab-load/1' }), /is damaged: .*; and \d+ more$/],
  ];
  for (const [name, text, message] of wrong)
    t.throws(() => parseLoadJson(text, 'run.json'), { name: 'LoadReportError', message }, name);
  t.end();
});

test('the HdrHistogram log holds what was measured', (t) => {
  const log = renderHlog(changed(stall(), { label: 'two\nlines' }));
  t.match(log, /^#\[Histogram log format version 1\.3\]$/m);
  t.match(log, /^#\[StartTime: 1772357400\.000 \(seconds since epoch\), Sun, 01 Mar 2026 09:30:00 GMT\]$/m);
  t.ok(
    log.split('\n').every((line) => line === '' || /^(#\[|"|Tag=(corrected|raw|accept),)/.test(line)),
    'no line of a label',
  );
  t.same(hdr.listTags(log), ['corrected', 'raw', 'accept']);
  for (const name of ['corrected', 'raw', 'accept'] as const satisfies readonly LatencyName[]) {
    const own = log.split('\n').filter((line) => !line.startsWith('Tag=') || line.startsWith(`Tag=${name},`));
    const histogram = new hdr.HistogramLogReader(own.join('\n')).nextIntervalHistogram();
    if (histogram === null) throw new Error(`no interval of ${name}`);
    const { count, p50Ms, p99Ms, maxMs } = stall().latencies[name];
    t.equal(histogram.tag, name);
    t.equal(histogram.totalCount, count);
    for (const [percentile, ms] of [
      [50, p50Ms],
      [99, p99Ms],
    ] as const)
      t.equal(histogram.getValueAtPercentile(percentile) / 1000, ms, `${name} p${percentile}`);
    t.ok(Math.abs(histogram.maxValue / 1000 - maxMs) <= maxMs / 1000, `${name}: the most, to three digits`);
    t.equal(Math.round(histogram.endTimeStampMsec - histogram.startTimeStampMsec), Math.round(stall().seconds.delivering * 1000));
  }
  const nothing = { count: 0, minMs: 0, meanMs: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, p999Ms: 0, maxMs: 0 };
  const unmeasured = changed(legacy, { latencies: { ...legacy.latencies, raw: nothing } });
  t.same(hdr.listTags(renderHlog(unmeasured)), ['corrected', 'accept'], 'what was not measured has no line');
  t.throws(
    () => renderLoadHtml(changed(legacy, { histograms: { ...legacy.histograms, raw: 'AAAA' } })),
    /^histograms\.raw of the result is no compressed HdrHistogram/,
  );
  t.end();
});

test('a comparison names what differs, and says if the loads do', (t) => {
  const { comparable, warnings, options, mtas, figures } = compareLoads(legacy, fixed);
  t.equal(comparable, true);
  t.same(warnings, []);
  t.same(options, [{ option: '--legacy', a: 'Q166594', b: null, shapesLoad: false }]);
  t.same(
    mtas.map(({ mta, property, a, b }) => [mta, property, a, b]),
    [
      ['MTA-A', 'legacy', 'Q166594', '-'],
      ['MTA-B', 'legacy', 'Q166594', '-'],
    ],
  );
  const figure = (name: string) => figures.find((each) => each.name === name);
  t.match(figure('most associations of one MTA'), { a: 2, b: 1, ratio: 0.5 });
  t.match(figure('time with a Turn that nobody has'), { a: 34.5, b: 0, ratio: 0 });
  t.match(figure('lost'), { a: 0, b: 0, ratio: null }, 'no ratio to nothing');
  const p99 = figure('corrected latency p99');
  t.equal(p99?.ratio, fixed.latencies.corrected.p99Ms / legacy.latencies.corrected.p99Ms);

  const words = (...list: readonly string[]) => changed(legacy, { options: list });
  const loads: readonly (readonly [string, LoadResult, LoadResult, readonly string[]])[] = [
    ['another rate', words('--rate 10'), words('--rate 20'), ['--rate is 10 in A and 20 in B']],
    ['a flag', words('--both-ways'), words(), ['--both-ways is on in A and not given in B']],
    [
      'words of a shell',
      words('--fault', 'at 1s cut'),
      words('--fault "at 1s cut"'),
      ['--fault is at 1s cut in A and "at 1s cut" in B'],
    ],
    ['repeated', words('--fault x', '--fault y'), words('--fault=x'), ['--fault is x y in A and x in B']],
    ['another clock', legacy, changed(legacy, { timeScale: 2 }), ['the time scale is 1 in A and 2 in B']],
    ['another order', words('--count 1', '--rate 2'), words('--rate 2', '--count 1'), []],
    ['another release', words('--release 4.0'), words('--release 5.5'), []],
  ];
  for (const [name, a, b, differs] of loads) {
    const found = compareLoads(a, changed(b, { label: 'other' }));
    t.same(
      found.warnings,
      differs.map((what) => `the loads differ, so the ratios say little: ${what}`),
      name,
    );
    t.equal(found.comparable, differs.length === 0, name);
  }
  const said = compareLoads(
    legacy,
    changed(legacy, { seed: 8, version: '9', verdict: 'unknown', generator: { cpuS: 9, maxInFlight: 1, wasTheLimit: true } }),
  );
  t.match(said.warnings, [
    /^the seeds differ/,
    /made A, 9 made B$/,
    /^in B the generator was the limit/,
    /^B has no verdict/,
    /same run/,
  ]);
  t.equal(said.comparable, true);
  const third = loadResultOf({ ...storyOfOne, label: 'alone' });
  t.match(compareLoads(legacy, changed(third, { mtas: third.mtas.slice(0, 1) })).mtas.at(-1), {
    mta: 'MTA-B',
    property: 'took part',
    a: 'yes',
    b: null,
  });
  t.end();
});

test('a report is written in the form that its name asks for', async (t) => {
  const dir = t.testdir({});
  const begins = {
    txt: /^Load run: Q166594 legacy\n/,
    json: /^\{\n/,
    hlog: /^#\[mtalab /,
    html: /^<!doctype html>\n/,
    HTML: /^<!doctype html>\n/,
  };
  for (const [extension, begin] of Object.entries(begins)) {
    const path = join(dir, `run.${extension}`);
    await writeLoadReport(legacy, path);
    const text = await readFile(path, 'utf8');
    t.match(text, begin, extension);
    t.match(text, /[^\n]\n$/, 'one line end');
  }
  t.same(await readLoadResult(join(dir, 'run.json')), legacy);
  t.same(
    loadReportFormats.map((format) => renderLoadReport(legacy, format, plain).length > 100),
    [true, true, true, true],
  );
  t.throws(() => loadReportFormatOf('run.xml'), {
    exitCode: 2,
    message: /cannot tell the form of the report run\.xml .* \.txt, \.json, \.hlog, \.html$/,
  });
  await t.rejects(writeLoadReport(legacy, join(dir, 'run')), /cannot tell the form/);
  await mkdir(join(dir, 'folder.json'));
  await t.rejects(writeLoadReport(legacy, join(dir, 'folder.json')), /cannot write the report .*folder\.json: EISDIR/);
  await t.rejects(readLoadResult(join(dir, 'none.json')), /cannot read .*none\.json: ENOENT/);
});

test('mtalab load compare', async (t) => {
  const dir = t.testdir({});
  const file = (name: string): string => join(dir, name);
  await Promise.all([
    writeLoadReport(legacy, file('a.json')),
    writeLoadReport(fixed, file('b.json')),
    writeFile(file('c.json'), '{}'),
  ]);
  const compare = (...args: readonly string[]) => command('load', 'compare', ...args);
  const text = await compare(file('a.json'), file('b.json'), '--html', file('out.html'));
  const json = await compare(file('a.json'), file('b.json'), '--json');
  const wrong = await compare(file('a.json'), file('c.json'));
  const usage = await compare(file('a.json'), file('b.json'), '--html', 'out.txt');
  t.match(text, { code: 0, stdout: /^A: Q166594 legacy, .*\nB: Q166594 fixed, /, stderr: `wrote ${file('out.html')}\n` });
  t.match(await readFile(file('out.html'), 'utf8'), /<h1>Load runs: Q166594 legacy and Q166594 fixed<\/h1>/);
  t.same({ ...json, stdout: JSON.parse(json.stdout) }, { code: 0, stdout: compareLoads(legacy, fixed), stderr: '' });
  t.match(wrong, { code: 1, stdout: '', stderr: /^mtalab: .*c\.json is no result of a load run/ });
  t.match(usage, { code: 2, stdout: '', stderr: /--html takes a file name that ends in \.html, not out\.txt/ });
});
