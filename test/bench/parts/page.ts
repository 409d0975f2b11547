/** What the page costs: its frames and its memory under thousands of events a second, and the rate of a pair that is watched. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { LabFeed, PageActions } from '@mtalab/harness/internal';
import { FeedLog, PageServer, PageSession, readRecording, readStaticFiles } from '@mtalab/harness/internal';
import type { FeedItem, PageHello } from '@mtalab/trace';
import type { Page } from 'playwright-core';
import { newBrowser, noBrowser } from '../../support/browser.js';
import { median } from '../figures.js';
import { inFolder, interleaved, ratioOf, ratioText } from '../rounds.js';
import { mebibytes, type Table, whole } from '../tables.js';
import type { Part, PartOptions } from './part.js';

const program = fileURLToPath(new URL('../../../../packages/cli/bin/mtalab.js', import.meta.url));
const builtPage = fileURLToPath(new URL('../../../../packages/web/dist', import.meta.url));
/** Real time between two portions of events, ms. */
const portionMs = 20;
const watchedInFlight = 64;

type Frames = {
  readonly eventsPerS: number;
  /** Real time between two frames of the page, ms. */
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly heapBytes: number;
};

type Command = {
  readonly child: ChildProcess;
  /** @returns what it printed. @throws Error with what it said unless it ends with code 0. */
  readonly ended: () => Promise<string>;
};

function started(dir: string, argv: readonly string[]): Command {
  const env = { ...process.env, XDG_RUNTIME_DIR: dir, TMPDIR: dir, NO_COLOR: '1' };
  const child = spawn(process.execPath, [program, ...argv], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  let [printed, said] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
  });
  const ended = async (): Promise<string> => {
    const [code] = await closed;
    if (code !== 0) throw new Error(`mtalab ${argv.join(' ')} ended with ${String(code)}: ${said}`);
    return printed;
  };
  return { child, ended };
}

/** Steps of a real pair that hands over enough messages, and as many of its events as are wanted. */
async function recorded(dir: string, events: number): Promise<readonly FeedItem[]> {
  const run = join(dir, 'run');
  // A message makes at least ten steps of both MTAs together.
  const messages = Math.ceil(events / 10);
  await started(dir, ['pair', '--once', '--no-page', '--journal', '--dir', run, '--count', `${messages}`]).ended();
  const journals = readdirSync(run, { recursive: true, encoding: 'utf8' }).filter((file) => /journal[^/]*\.jsonl$/.test(file));
  const { items } = await readRecording(
    journals.map((file) => join(run, file)),
    Number.POSITIVE_INFINITY,
  );
  return items.slice(0, events);
}

/** Has a page note the time between its frames, and forget what it has noted. */
const watchFrames = `(() => {
  window.frames_ = [];
  let last = performance.now();
  const next = (now) => { window.frames_.push(now - last); last = now; requestAnimationFrame(next); };
  requestAnimationFrame(next);
})()`;

/** Serves a recording as a live feed, so many events a second, to a page in Chromium. */
async function framesAt(items: readonly FeedItem[], eventsPerS: number): Promise<Frames> {
  const log = new FeedLog();
  const feed = { log, refresh: async () => log.latest } as unknown as LabFeed;
  const actions = { paused: false } as unknown as PageActions;
  const names = [...new Set(items.flatMap((item) => (item.k === 'step' ? [item.entry.node] : [])))];
  const hello = (): PageHello => ({
    type: 'hello',
    run: 'bench',
    title: names.join(' and '),
    mtas: names.map((name) => ({ name, domain: `${name.toLowerCase()}.example` })),
    timeScale: 1,
    labNowMs: 0,
    proxied: false,
    twin: 'none',
  });
  const server = await PageServer.start({
    files: readStaticFiles(builtPage),
    recording: () => '',
    onPage: (socket) => new PageSession(socket, { feed, actions, hello }),
  });
  const { context, close } = await newBrowser();
  try {
    const page: Page = await context.newPage();
    await page.setViewportSize({ width: 1280, height: 720 });
    await page.goto(server.newAddress());
    await page.waitForSelector('.state:has-text("live")');
    await page.evaluate(watchFrames);
    const beganMs = performance.now();
    let given = 0;
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        // What is due by now: a late timer makes a larger portion, not a slower feed.
        const due = Math.min(items.length, Math.floor(((performance.now() - beganMs) / 1000) * eventsPerS));
        for (; given < due; given += 1) log.add(items[given] as FeedItem);
        if (given < items.length) return;
        clearInterval(timer);
        resolve();
      }, portionMs);
    });
    const tookS = (performance.now() - beganMs) / 1000;
    const [frames, heapBytes] = (await page.evaluate('[window.frames_, performance.memory.usedJSHeapSize]')) as [
      number[],
      number,
    ];
    const sorted = [...frames].sort((one, other) => one - other);
    const p95Ms = sorted[Math.floor(sorted.length * 0.95)] ?? 0;
    return { eventsPerS: items.length / tookS, medianMs: median(sorted), p95Ms, heapBytes };
  } finally {
    await close();
    await server.close();
  }
}

/** The first line that a command prints. @throws Error if it ends without one. */
async function firstLine({ stdout }: ChildProcess): Promise<string> {
  for await (const line of createInterface(stdout as NonNullable<typeof stdout>)) return line;
  throw new Error('the pair has ended before it was ready');
}

/** Messages a second of a pair under load. @param watched is its page open in a browser? */
async function rateOf(seconds: number, watched: boolean): Promise<number> {
  return inFolder(async (dir) => {
    const run = join(dir, 'run');
    const lab = started(dir, ['pair', '--page', '--json', '--dir', run, '--set', `activitiesInFlight=${watchedInFlight}`]);
    const browser = watched ? await newBrowser() : null;
    try {
      const { page: address } = JSON.parse(await firstLine(lab.child)) as { readonly page: string };
      if (browser !== null) {
        const page = await browser.context.newPage();
        await page.setViewportSize({ width: 1280, height: 720 });
        await page.goto(address);
        await page.waitForSelector('.state:has-text("live")');
      }
      const load = ['load', '--running', '--dir', run, '--warm-up', '--in-flight', `${watchedInFlight}`];
      const answer = await started(dir, [...load, '--duration', `${seconds}s`, '--json']).ended();
      return (JSON.parse(answer) as { readonly rates: { readonly delivered: number } }).rates.delivered;
    } finally {
      await browser?.close();
      lab.child.kill('SIGINT');
      await lab.ended();
    }
  });
}

async function framesTable({
  pageEventsPerS,
  pageSeconds,
  say,
}: PartOptions): Promise<{ table: Table; runs: readonly Frames[] }> {
  say(`recording ${whole(pageEventsPerS * pageSeconds)} events`);
  return inFolder(async (dir) => {
    const items = await recorded(dir, pageEventsPerS * pageSeconds);
    say(`showing them for ${pageSeconds} s`);
    const run = await framesAt(items, pageEventsPerS);
    const half = await framesAt(items.slice(0, items.length / 2), pageEventsPerS);
    const row = (what: string, of: (frames: Frames) => string) => [what, of(half), of(run)];
    const table: Table = {
      title: `The page at ${whole(pageEventsPerS)} events a second`,
      columns: ['', `${whole(pageSeconds / 2)} s`, `${whole(pageSeconds)} s`],
      rows: [
        row('events a second', ({ eventsPerS }) => whole(eventsPerS)),
        row('time between two frames, median', ({ medianMs }) => `${medianMs.toFixed(1)} ms`),
        row('95th percentile', ({ p95Ms }) => `${p95Ms.toFixed(1)} ms`),
        row('heap of the page', ({ heapBytes }) => mebibytes(heapBytes)),
      ],
      notes: [],
    };
    return { table, runs: [half, run] };
  });
}

export const page: Part = {
  name: 'page',
  about: 'the page under many events, and the rate of a pair that is watched; needs Chromium',
  run: async (options) => {
    if (noBrowser !== false) {
      options.say(`the part 'page' is left out: ${noBrowser}`);
      return { tables: [], figures: null };
    }
    const frames = await framesTable(options);
    const competitors = { closed: () => rateOf(options.seconds, false), open: () => rateOf(options.seconds, true) };
    const rates = await interleaved(options.rounds, competitors, options.say);
    const ratio = ratioText('with the page open to without', ratioOf(rates.open, rates.closed));
    const watched: Table = {
      title: `A pair under load whose page is open, ${watchedInFlight} in flight`,
      columns: ['', 'no page open', 'page open in Chromium'],
      rows: [['messages per second', whole(median(rates.closed)), whole(median(rates.open))]],
      notes: [ratio],
    };
    return { tables: [frames.table, watched], figures: { frames: frames.runs, rates } };
  },
};
