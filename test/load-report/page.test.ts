/** The HTML reports in a browser: they load nothing, break no policy, draw everything, and show hostile texts as texts. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { LoadResult } from '@mtalab/harness';
import { renderComparisonHtml, renderLoadHtml } from '@mtalab/load-report';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { type Test, test } from 'tap';
import { complaintsOf, newBrowser, noBrowser, picture } from '../support/browser.js';
import { longRun, stall, turnLost } from '../support/load-results.js';

/** For a browser on a machine that may be busy. */
const timeout = 300_000;
const skip = noBrowser;
const home = mkdtempSync(join(tmpdir(), 'mtalab-page-'));

let browser: Awaited<ReturnType<typeof newBrowser>> | undefined;

async function context(): Promise<BrowserContext> {
  browser ??= await newBrowser();
  return browser.context;
}

type Opened = { readonly page: Page; readonly problems: readonly string[]; readonly requests: readonly string[] };
type Look = { readonly dark?: boolean; readonly width?: number; readonly height?: number; readonly scripts?: boolean };

let opened = 0;

/** Opens a report as a user does: as a file. Resolves when its script has run. */
async function open(t: Test, html: string, look: Look = {}): Promise<Opened> {
  const { dark = false, width = 1280, height = 720, scripts = true } = look;
  opened += 1;
  const file = join(home, `report-${opened}.html`);
  writeFileSync(file, html);
  const page = await (await context()).newPage();
  t.teardown(() => page.close());
  const problems = await complaintsOf(page);
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' });
  const address = pathToFileURL(file).href;
  await page.goto(address);
  if (scripts) await page.waitForSelector('html.scripted');
  await picture(page, `report-${opened}-${width}x${height}${dark ? '-dark' : ''}`, { fullPage: true });
  t.same(problems, [], 'no message, no error, no breach of the policy');
  t.same(requests, [address], 'nothing else is loaded');
  return { page, problems, requests };
}

/** How much of a colour there is: pixels, and the part of the width and of the height that it fills in its best row and column. */
type Ink = { readonly pixels: number; readonly longestRow: number; readonly longestColumn: number };

/** How much of a colour of the style sheet a chart shows. */
function inkOf(page: Page, chart: string, colour: string): Promise<Ink> {
  return page.evaluate(
    `(() => {
      const canvas = document.querySelector('#plot-${chart} canvas');
      const { width, height } = canvas;
      // A copy to read from: a chart that is read often would be drawn in another way.
      const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
      copy.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--${colour}');
      copy.fillRect(0, 0, 1, 1);
      const [r, g, b] = copy.getImageData(0, 0, 1, 1).data;
      copy.clearRect(0, 0, 1, 1);
      copy.drawImage(canvas, 0, 0);
      const { data } = copy.getImageData(0, 0, width, height);
      const rows = new Uint32Array(height);
      const columns = new Uint32Array(width);
      let pixels = 0;
      for (let at = 0; at < width * height; at += 1) {
        const from = at * 4;
        const off = Math.max(Math.abs(data[from] - r), Math.abs(data[from + 1] - g), Math.abs(data[from + 2] - b));
        if (off >= 40 || data[from + 3] < 90) continue;
        pixels += 1;
        rows[Math.floor(at / width)] += 1;
        columns[at % width] += 1;
      }
      return { pixels, longestRow: Math.max(...rows) / width, longestColumn: Math.max(...columns) / height };
    })()`,
  );
}

/** The text that a reader sees: not what is hidden, and the cells of a table apart. */
// biome-ignore lint/performance/useDomNodeTextContent: the text of the nodes is not what is asked for.
const seen = (locator: Locator): Promise<string> => locator.first().innerText();
const text = (page: Page, selector: string): Promise<string> => seen(page.locator(selector));

/** Waits until the page has drawn what it was asked to. */
async function nextFrames(page: Page): Promise<void> {
  await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(true))))');
}

test('Q166594: the page shows the queue flat below its threshold, nobody with the Turn, and the fault', {
  skip,
  timeout,
}, async (t) => {
  const { page } = await open(t, renderLoadHtml(turnLost('legacy')));
  t.equal(await page.locator('.plot canvas').count(), 6, 'six charts');
  for (const [chart, colour] of [
    ['throughput', 'c3'],
    ['latency', 'c2'],
    ['distribution', 'c1'],
    ['queues', 'c1'],
    ['associations', 'c1'],
    ['turn', 'c1'],
  ] as const)
    t.ok((await inkOf(page, chart, colour)).pixels > 60, `${chart} is drawn`);
  t.ok((await inkOf(page, 'queues', 'threshold')).longestRow > 0.5, 'the line of the threshold');
  t.ok((await inkOf(page, 'queues', 'c1')).longestRow > 0.7, 'the queue is flat');
  for (const chart of ['throughput', 'latency', 'queues', 'associations', 'turn'])
    t.ok((await inkOf(page, chart, 'fault')).longestColumn > 0.5, `the fault in ${chart}`);
  const colours = await page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--nobody')");
  t.equal(colours, '#c4222f');
  t.match(await page.locator('#plot-turn').getAttribute('aria-label'), /nobody: 0 to 1\. Arrow keys/);
  t.match(await page.locator('#plot-queues').getAttribute('aria-label'), /MTA-A queued: 0 to 49; .*; threshold 50\./);
  t.match(await text(page, '.verdict'), /a threshold was missed/);
  t.match(await text(page, 'pre'), 'mtalab load --prefill 49 --count 1 --fault "when turn-give 1 cut" --legacy Q166594');

  // The keyboard moves the cursor of every chart of time, and what it shows is read out.
  await page.locator('#plot-queues').focus();
  await page.keyboard.press('Home');
  for (let step = 0; step < 20; step += 1) await page.keyboard.press('ArrowRight');
  t.equal(
    await text(page, '#heard'),
    'at 10 s: MTA-A queued 49, MTA-A per association 49, MTA-B queued 0, MTA-B per association 0',
  );
  const turn = page.locator('figure', { has: page.locator('#plot-turn') });
  t.equal(await seen(turn.locator('.place')), 'at 10 s');
  t.same(await turn.locator('.key output').allInnerTexts(), ['0', '0', '0', '1'], 'stacked values are shown by themselves');
  await page.keyboard.press('End');
  t.match(await text(page, '#heard'), /^at 36 s: MTA-A queued 0/);

  // A press on a series hides it.
  const before = (await inkOf(page, 'queues', 'c1')).pixels;
  const button = page
    .locator('figure', { has: page.locator('#plot-queues') })
    .locator('button.series')
    .first();
  await button.click();
  t.equal(await button.getAttribute('aria-pressed'), 'false');
  await nextFrames(page);
  t.ok((await inkOf(page, 'queues', 'c1')).pixels < before / 2, 'its line is gone');
});

test('light and dark, a wide window and a phone: nothing is wider than the window', { skip, timeout }, async (t) => {
  const pages: readonly (readonly [string, string, Look])[] = [
    ['phone', renderLoadHtml(stall()), { width: 844, height: 390 }],
    ['upright phone, dark', renderLoadHtml(turnLost('fixed')), { width: 390, height: 844, dark: true }],
    ['two runs on a phone', renderComparisonHtml(turnLost('legacy'), stall()), { width: 844, height: 390, dark: true }],
  ];
  for (const [name, html, look] of pages) {
    const { page } = await open(t, html, look);
    t.equal(await page.evaluate('document.documentElement.scrollWidth'), look.width ?? 1280, name);
    t.ok((await inkOf(page, 'distribution', 'c1')).pixels > 60, `${name}: drawn`);
    const tall: number = await page.evaluate(
      "Math.max(...[...document.querySelectorAll('.uplot')].map((each) => each.clientHeight))",
    );
    t.ok(tall < (look.height ?? 720), `${name}: a chart fits the window`);
    await page.close();
  }
  const { page } = await open(t, renderLoadHtml(stall()));
  const light = await inkOf(page, 'latency', 'c1');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.waitForFunction("getComputedStyle(document.documentElement).getPropertyValue('--c1').trim() === '#5aaef2'");
  await nextFrames(page);
  const dark = await inkOf(page, 'latency', 'c1');
  t.ok(dark.pixels > light.pixels / 2 && dark.pixels < light.pixels * 2, 'the charts take the colours of the new scheme');
});

test('two runs over each other: both are drawn, with the marks of both', { skip, timeout }, async (t) => {
  const { page } = await open(t, renderComparisonHtml(turnLost('legacy'), turnLost('fixed')));
  t.same(await page.locator('#plot-queues ~ .key button').allInnerTexts(), [
    'A: MTA-A queued',
    'A: MTA-A per association',
    'A: MTA-B queued',
    'A: MTA-B per association',
    'B: MTA-A queued',
    'B: MTA-A per association',
    'B: MTA-B queued',
    'B: MTA-B per association',
  ]);
  for (const colour of ['c1', 'c2']) t.ok((await inkOf(page, 'queues', colour)).pixels > 60, colour);
  t.equal(await page.evaluate('document.documentElement.scrollWidth'), 1280);
  t.equal(await page.locator('#plot-turna canvas, #plot-turnb canvas').count(), 2);
  t.match(await text(page, 'main'), /corrected latency p99, ms\s+33,292\s+5,292\s+0\.159/);
  t.match(await text(page, 'main'), /B4\s+30 s\s+end-of-load/);
});

test('a run in which nothing was measured has a page too', { skip, timeout }, async (t) => {
  const base = turnLost('legacy');
  const none = { count: 0, minMs: 0, meanMs: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, p999Ms: 0, maxMs: 0 };
  const nothing = { corrected: none, raw: none, accept: none };
  const empty: LoadResult = { ...base, latencies: nothing, marks: [], samples: [], mtas: [], verdict: 'unknown', exitCode: 3 };
  const one: LoadResult = { ...empty, mtas: base.mtas, samples: base.samples.slice(0, 1) };
  for (const html of [renderLoadHtml(empty), renderLoadHtml(one), renderComparisonHtml(empty, base)]) {
    const { page } = await open(t, html);
    t.match(await text(page, '.verdict'), /unknown: nothing was measured/);
    t.equal(await page.locator('.plot canvas').count(), await page.locator('.plot').count());
    await page.locator('#plot-latency').focus();
    await page.keyboard.press('ArrowRight');
    await page.close();
  }
});

/** Texts that would act if a page took them as anything but texts. */
const hostile = '</script><script>console.log("ran")</script><img src=x onerror=console.log("ran")>\'"&{{1}}\u202e\u0000<!--';

test('hostile texts stay texts, and the policy lets nothing run', { skip, timeout }, async (t) => {
  const base = turnLost('legacy');
  const poisoned = JSON.parse(
    JSON.stringify(base, (key, value: unknown) => {
      const isWord = typeof value === 'string' && !['format', 'startedAt', 'kind', 'verdict'].includes(key) && value.length < 200;
      return isWord ? `${value}${hostile}` : value;
    }),
  ) as LoadResult;
  const named = { ...poisoned, marks: poisoned.marks.slice(0, 3), histograms: base.histograms, warnings: [hostile] };
  for (const html of [renderLoadHtml(named), renderComparisonHtml(named, base)]) {
    const { page } = await open(t, html);
    t.equal(await page.locator('img, main script').count(), 0);
    t.match(await text(page, 'h1'), '</script><script>console.log("ran")</script><img src=x');
    t.ok((await inkOf(page, 'throughput', 'fault')).pixels > 60);
    t.same(/(?![\n\t])[\p{Cc}\u202e]/u.exec(await text(page, 'main')) ?? [], [], 'controls are written out');
    const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content');
    t.match(
      policy,
      /^default-src 'none'; script-src 'sha256-[\w+/=]{44}' 'sha256-[\w+/=]{44}'; style-src 'sha256-[\w+/=]{44}'; base-uri/,
    );
    t.notMatch(policy, /unsafe/);
    await page.close();
  }
  // The policy holds also against a script that got in.
  const { page, problems } = await open(t, renderLoadHtml(base));
  await page.evaluate(
    "document.body.append(Object.assign(document.createElement('script'), { textContent: 'document.title = 1' }))",
  );
  await page.waitForFunction('true');
  t.match(await page.title(), /^Load run: /);
  t.match(problems.join('\n'), /policy: script-src-elem inline/, 'a breach of the policy is seen by these tests');
});

test('a long run is thinned, its peak stays, and the page says so; without scripts the tables can be read', {
  skip,
}, async (t) => {
  const html = renderLoadHtml(longRun(20_000));
  t.ok(html.length < 500_000, `${html.length} octets`);
  const { page } = await open(t, html);
  const note =
    /20,000 intervals are drawn as ([\d,]+) points; the least and the most value of each group of intervals are among them\./;
  const figure = page.locator('figure', { has: page.locator('#plot-throughput') });
  const [, points = ''] = note.exec(await seen(figure)) ?? [];
  t.ok(Number(points.replace(',', '')) > 600 && Number(points.replace(',', '')) <= 2000, points);
  const data = JSON.parse((await page.locator('#data').textContent()) ?? '') as {
    readonly charts: readonly {
      readonly tables: readonly { readonly x: readonly number[]; readonly columns: readonly (readonly number[])[] }[];
    }[];
  };
  t.ok(data.charts.every(({ tables }) => tables.reduce((sum, { x }) => sum + x.length, 0) <= 2000));
  t.equal(Math.max(...(data.charts[0]?.tables[0]?.columns[2] ?? [])), 98_765);
  t.match(await seen(figure), /^Throughput/);

  const bare = await (await context()).newPage();
  t.teardown(() => bare.close());
  const session = await (await context()).newCDPSession(bare);
  await session.send('Emulation.setScriptExecutionDisabled', { value: true });
  const file = join(home, 'bare.html');
  writeFileSync(file, renderLoadHtml(turnLost('legacy')));
  await bare.goto(pathToFileURL(file).href);
  const main = await text(bare, 'main');
  t.match(main, /The charts need JavaScript; their summaries do not\./);
  t.notMatch(main, /arrow keys move it/);
  t.match(main, /p99<10s\s+FAILED/);
  t.equal(await bare.locator('.plot').first().isVisible(), false);
  await bare
    .locator('details', { has: bare.locator('text=Queue depth and threshold, messages') })
    .locator('summary')
    .click();
  t.match(await text(bare, 'main'), /MTA-A queued\s+0\s+[\d.]+\s+49\s+0\.5 s/);
});

test('the browser ends', { skip, timeout }, async () => {
  await browser?.close();
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
});
