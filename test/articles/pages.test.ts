/**
 * The articles' pages: their generated parts (ladders, event log entries) match the short scenarios on virtual time, and every
 * link and name on a page exists. `UPDATE=1` rewrites the generated parts.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runOnSim, type VirtualRecord } from '@mtalab/engine';
import {
  describeEvent,
  describeEventLines,
  type EventId,
  errorMeaning,
  printOf,
  quirks,
  type ReportedEvent,
} from '@mtalab/mta-core';
import type { Mode } from '@mtalab/scenario';
import { folded, ladderMermaid, ladderOf, Trails, withShortOpenings } from '@mtalab/trace';
import { loadScenario, textFormat } from 'mtalab/internal';
import { test } from 'tap';

const folder = join(process.cwd(), 'docs/articles');
const end = '<!-- end -->';

/** Events that the pages omit: every run has them, or they only follow from others. */
const untold: readonly EventId[] = [271, 272, 289, 301, 9298, 9299];

/** The ladder as `mtalab ladder --format mermaid` draws it, with each opening as one line or in full. */
function ladder({ journal, pdus }: VirtualRecord, short: boolean): string {
  const trails = new Trails().read(
    'journal',
    journal.map((entry, at) => ({ line: at + 1, entry })),
  );
  const lines = ladderOf(pdus, trails.nodes);
  return `\`\`\`mermaid\n${ladderMermaid(folded(short ? withShortOpenings(lines) : lines)).trimEnd()}\n\`\`\``;
}

/** The first logged entry of each id, in the form of `ev0.log`. */
function entries({ journal }: VirtualRecord): string {
  const seen = new Set<EventId>(untold);
  const forms: string[] = [];
  for (const { t, node, effects } of journal) {
    for (const effect of effects) {
      if (effect.type !== 'report' || seen.has(effect.event.id)) continue;
      seen.add(effect.event.id);
      forms.push(entryOf(t, node, effect.event));
    }
  }
  return forms.length === 0 ? 'Nothing: no event tells of it.' : `\`\`\`\n${forms.join('\n').trimEnd()}\n\`\`\``;
}

function entryOf(nowMs: number, node: string, event: ReportedEvent): string {
  return textFormat({
    kind: 'event',
    nowMs,
    node,
    event: describeEvent(event),
    lines: describeEventLines(event),
    origin: printOf(event).origin,
    meaning: errorMeaning(event),
  });
}

async function recordsOf(page: string): Promise<ReadonlyMap<string, VirtualRecord>> {
  const records = new Map<Mode, VirtualRecord>();
  const scenario = loadScenario(join(folder, 'ladders', page.replace('.md', '.yaml')));
  const { asDocumented } = await runOnSim(scenario, { record: (record) => void records.set(record.mode, record) });
  if (!asDocumented) throw new Error(`${scenario.name} does not keep its verdict`);
  return records;
}

/** `ladder legacy`, `short ladder fixed`, `events legacy`. */
function drawing(what: string, records: ReadonlyMap<string, VirtualRecord>): string {
  const words = what.split(' ');
  const record = records.get(words.at(-1) ?? '');
  if (record === undefined) throw new Error(`no case for ${what}`);
  return words[0] === 'events' ? entries(record) : ladder(record, words[0] === 'short');
}

/** The page with all its generated parts rewritten. */
function redrawn(text: string, records: ReadonlyMap<string, VirtualRecord>): string {
  return text.replace(
    /<!-- drawn: (.*?) -->[\s\S]*?<!-- end -->/g,
    (_, what: string) => `<!-- drawn: ${what} -->\n\n${drawing(what, records)}\n\n${end}`,
  );
}

const pages = quirks.map(({ article }) => `${article.toLowerCase()}.md`);

for (const page of pages) {
  test(`${page}: the generated parts match the runs`, async (t) => {
    const path = join(folder, page);
    const text = readFileSync(path, 'utf8');
    t.match(text, /<!-- drawn: (short )?ladder legacy -->/);
    t.match(text, /<!-- drawn: events legacy -->/);
    const wanted = redrawn(text, await recordsOf(page));
    if (process.env['UPDATE'] === '1') writeFileSync(path, wanted);
    else t.equal(text, wanted);
  });

  test(`${page}: the article, its builds and its commands`, (t) => {
    const text = readFileSync(join(folder, page), 'utf8');
    const quirk = quirks.find(({ article }) => page === `${article.toLowerCase()}.md`);
    t.ok(text.startsWith(`# ${quirk?.article}: `), 'the title begins with the article');
    for (const build of quirk?.builds.match(/\d{3,4}\.\d+|SP\d/g) ?? []) t.ok(text.includes(build), `names ${build}`);
    for (const command of [`mtalab repro ${quirk?.article}`, `mtalab check`, 'mtalab pair'])
      t.ok(text.includes(command), command);
    for (const point of Object.keys(quirk?.override ?? {})) t.ok(text.includes(`\`${point}\``), `the decision point ${point}`);
    t.end();
  });
}

test('the index names every page, and every link leads somewhere', (t) => {
  const index = readFileSync(join(folder, 'README.md'), 'utf8');
  for (const page of pages) t.ok(index.includes(`(${page})`), page);
  for (const page of readdirSync(folder).filter((name) => name.endsWith('.md'))) {
    const links = readFileSync(join(folder, page), 'utf8').matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g);
    for (const [, link = ''] of links) t.ok(existsSync(join(dirname(join(folder, page)), link)), `${page}: ${link}`);
  }
  t.end();
});
