/** The ladder as a picture, as rows that come one by one, and built from journals that grow. */
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type JournalEntry,
  JournalReader,
  LadderFollower,
  type LadderLine,
  LadderStream,
  ladderLine,
  ladderSvg,
  mergeTrails,
  noteLine,
  readJournalText,
  Trails,
} from '@mtalab/trace';
import { JournalTail } from 'mtalab/internal';
import { test } from 'tap';
import { atEnd } from '../support/at-end.js';
import { command } from '../support/command.js';
import { ladders } from './canned-ladders.js';

const home = mkdtempSync(join(tmpdir(), 'mtalab-ladder-'));
atEnd(() => rmSync(home, { recursive: true, force: true }));

/** Why a text is no well-formed XML; null if it is. It knows what the picture uses: elements, attributes, number references. */
function xmlFlaw(text: string): string | null {
  const forbidden = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.exec(text);
  if (forbidden !== null) return `forbidden character at ${forbidden.index}`;
  const open: string[] = [];
  const rest = text
    .replace(/^<\?xml [^?]*\?>\n/, '')
    .replaceAll(/<(\/?)([\w:]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g, (...found) => {
      const [, closes, name = '', , single] = found as string[];
      if (closes === '/') {
        const last = open.pop();
        if (last !== name) open.push(`${last} closed by ${name}`);
      } else if (single !== '/') open.push(name);
      return '';
    });
  if (open.length > 0) return `open: ${open.join(' ')}`;
  const stray = /<|&(?!#\d+;)/.exec(rest) ?? /&(?!#\d+;)/.exec(text);
  return stray === null ? null : `stray ${stray[0]} at ${stray.index}`;
}

const hostile = '<b>&"\'\u0000\u0007\ud800 \ufffe ]]> --> \u{1f4e7}';
const odd: readonly LadderLine[] = [
  ladderLine({ from: `A ${hostile}`, to: 'B', text: `turn-give ${hostile}`, fate: 'cut', fault: `cut ${hostile}`, tMs: 1 }),
  ladderLine({ from: 'B', to: `A ${hostile}`, text: 'rttr', association: hostile, believes: { B: 'mine' }, tMs: Number.NaN }),
  noteLine('B', hostile, { tMs: 1e300 }),
  noteLine('', hostile),
];

test('the picture is well-formed XML whatever the names are, and bounded', (t) => {
  t.equal(xmlFlaw('<a><b></a>'), 'open: a b closed by a', 'the check finds a flaw');
  t.match(xmlFlaw('<a>&x</a>'), /stray/);
  const long = Array.from({ length: 5000 }, (_, at) => ladderLine({ from: 'A', to: 'B', text: `rttr ${at}`, tMs: at }));
  const crowd = Array.from({ length: 40 }, (_, at) => ladderLine({ from: `M${at}`, to: `M${at + 1}`, text: 'bind' }));
  const cases: Readonly<Record<string, readonly LadderLine[]>> = { ...ladders, odd, long, crowd, empty: [] };
  for (const [name, lines] of Object.entries(cases)) {
    const svg = ladderSvg(lines);
    t.equal(xmlFlaw(svg), null, name);
    t.match(svg, /<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 \d+ \d+"/, name);
    t.match(svg, /<title id="ladder-title">.+<\/title><desc id="ladder-desc">.+<\/desc>/, name);
    t.match(svg, /prefers-color-scheme:dark/);
    t.notMatch(svg, /NaN|undefined|Infinity/, name);
    t.notMatch(svg.replace('http://www.w3.org/2000/svg', ''), /https?:|<script|@import|href/, 'it loads nothing');
  }
  const cut = ladderSvg(long);
  t.match(cut, /3000 more lines are left out/);
  t.ok(cut.length < 2_000_000, `${cut.length}`);
  t.match(ladderSvg([]), /Nothing passed between MTAs/);
  t.end();
});

test('lifelines carry beliefs, and arrows slant to their arrival', (t) => {
  const give = { association: 'A/1/3', text: 'request 3 MtaSend turn-give' };
  const lines = [
    ladderLine({ from: 'A', to: 'B', ...give, text: 'bind', believes: { A: 'mine', B: 'theirs' }, tMs: 1, arrivedMs: 2 }),
    ladderLine({ from: 'A', to: 'B', ...give, believes: { A: 'theirs', B: 'mine' }, tMs: 3, arrivedMs: 9 }),
    ladderLine({
      from: 'B',
      to: 'A',
      ...give,
      text: 'response 3 turn-give-ack',
      believes: { A: 'theirs' },
      tMs: 9,
      arrivedMs: 12,
    }),
    ladderLine({ from: 'B', to: 'A', ...give, text: 'rttr', fate: 'cut', fault: 'cut before rttr 1', tMs: 20 }),
  ];
  const svg = ladderSvg(lines);
  const [drawing = ''] = svg.split('aria-hidden');
  const parts = [...drawing.matchAll(/<rect class="(mine|theirs|given)" x="([\d.]+)"/g)].map(
    ([, state, x]) => [state, Number(x)] as const,
  );
  const left = Math.min(...parts.map(([, x]) => x));
  const states = (isLeft: boolean) =>
    parts.filter(([, x]) => x > 100 && (x === Math.min(...parts.filter(([, y]) => y > 100).map(([, y]) => y))) === isLeft);
  t.ok(left > 0);
  t.same(
    states(true).map(([state]) => state),
    ['mine', 'given', 'theirs'],
    'hatched until the acknowledgement',
  );
  t.same(
    states(false).map(([state]) => state),
    ['theirs', 'mine'],
  );
  t.match(svg, /class="arrow turn" d="M\d+ (\d+)L\d+ (?!\1\b)\d+"/, 'the Turn-Give slants');
  t.match(svg, /class="cross".*cut before rttr 1/);
  t.match(svg, /aria-label="[^"]*A to B: request 3 MtaSend turn-give/);
  t.end();
});

test('a ladder that goes on fits its columns', (t) => {
  const names = ['MTA-with-a-long-name-one', 'MTA-with-a-long-name-two'];
  const of = (from: number, text: string, more: Partial<LadderLine> = {}) =>
    ladderLine({ from: names[from] ?? '', to: names[1 - from] ?? '', text, association: 'A/1/3', ...more });
  const long = 'request 2 MtaSend rttr '.repeat(12);
  const stream = new LadderStream(names, { columns: 100 });
  const [one = '', two = ''] = names;
  const rows = [
    ...stream.head(),
    ...stream.rows(of(0, long, { tMs: 0, believes: { [one]: 'mine', [two]: 'mine' } })),
    ...stream.rows(of(1, 'confirm', { tMs: 700_000, fate: 'lost' })),
    ...stream.rows(of(0, 'turn-give', { tMs: 86_500_000, believes: { [one]: 'theirs' } })),
  ];
  for (const row of rows) t.ok(row.length <= 100, `${row.length}: ${row}`);
  const text = rows.join('\n');
  t.match(text, /nothing passes for 12 min/);
  t.match(text, /each\s+believes that it has\s+the Turn/);
  t.match(text, /both agree again/);
  t.match(text, /x-+ confirm/);
  t.match(text, /MTA-wi…ame-one +MTA-wi…ame-two/);
  const many = new LadderStream(['A', 'B', 'C'], { columns: 60 });
  for (const row of [...many.head(), ...many.rows(ladderLine({ from: 'A', to: 'C', text: long, tMs: 5 }))])
    t.ok(row.length <= 60, row);
  t.end();
});

let found: Promise<readonly JournalEntry[]> | undefined;

/** The journal of a lost Turn-Give, as the model checker finds it. */
function journal(): Promise<readonly JournalEntry[]> {
  found ??= findJournal();
  return found;
}

async function findJournal(): Promise<readonly JournalEntry[]> {
  const file = join(home, 'lost.jsonl');
  const { code, stderr } = await command('check', '--messages', '1,1', '--losses', '1', '--legacy', 'Q166594', '--journal', file);
  if (code !== 1) throw new Error(stderr);
  return readJournalText(readFileSync(file, 'utf8')).entries.map(({ entry }) => entry);
}

const shape = ({ from, to, text, fate, believes, association }: LadderLine) => ({ from, to, text, fate, believes, association });

/** The journals of the MTAs, each as a file of its own, which counts its own steps. */
function apart(entries: readonly JournalEntry[]): ReadonlyMap<string, readonly JournalEntry[]> {
  return new Map(
    ['A', 'B'].map((name) => [name, entries.filter(({ node }) => node === name).map((entry, at) => ({ ...entry, n: at + 1 }))]),
  );
}

/** Gives the entries to a follower in rounds of this many of each MTA. */
function followed(entries: readonly JournalEntry[], perRound: number): readonly LadderLine[] {
  const follower = new LadderFollower({ nodes: ['A', 'B'] });
  const files = apart(entries);
  const lines: LadderLine[] = [];
  for (let round = 0; round * perRound < entries.length; round += 1) {
    for (const [node, own] of files)
      for (const [at, entry] of own.slice(round * perRound, (round + 1) * perRound).entries())
        follower.take(node, { line: round * perRound + at + 1, entry }, round);
    lines.push(...follower.ready(round));
  }
  return [...lines, ...follower.end()];
}

test('a follower of journals that grow says the same as a ladder of whole journals', async (t) => {
  const entries = await journal();
  const trails = new Trails();
  for (const [file, own] of apart(entries))
    trails.read(
      file,
      own.map((entry, at) => ({ line: at + 1, entry })),
    );
  const sorted = (lines: readonly LadderLine[]) => lines.map((line) => JSON.stringify(shape(line))).sort();
  const whole = mergeTrails(trails.nodes.values());
  t.ok(whole.some(({ fate, text }) => fate === 'lost' && text.includes('turn-give')));
  for (const perRound of [1, 3, 1000]) t.same(sorted(followed(entries, perRound)), sorted(whole), `${perRound} entries a round`);
});

test('a quiet run, followed at its own pace, has no line that waits, and no answer before its request', async (t) => {
  const file = join(home, 'quiet.jsonl');
  t.equal((await command('sim', '--seed', '4', '--faults', 'none', '--messages', '30', '--journal', file)).code, 0);
  const entries = readJournalText(readFileSync(file, 'utf8')).entries.map(({ entry }) => entry);
  const files = new Map(
    [...new Set(entries.map(({ node }) => node))].map((name) => [name, entries.filter(({ node }) => node === name)]),
  );
  for (const names of [[...files.keys()], [...files.keys()].reverse()]) {
    const follower = new LadderFollower({ nodes: names });
    const lines: LadderLine[] = [];
    const places = new Map(names.map((name) => [name, 0]));
    const endMs = (entries.at(-1)?.t ?? 0) + 1000;
    for (let clockMs = entries[0]?.t ?? 0; clockMs < endMs; clockMs += 200) {
      for (const name of names) {
        const own = files.get(name) ?? [];
        let at = places.get(name) ?? 0;
        for (let entry = own[at]; entry !== undefined && entry.t <= clockMs; entry = own[at]) {
          at += 1;
          follower.take(name, { line: at, entry: { ...entry, n: at } }, clockMs);
        }
        places.set(name, at);
      }
      lines.push(...follower.ready(clockMs));
    }
    const trails = new Trails().read(
      file,
      entries.map((entry, at) => ({ line: at + 1, entry })),
    );
    t.ok(lines.length > 60);
    // The last answer of a closing may find its connection closed.
    const whole = mergeTrails(trails.nodes.values());
    t.equal(lines.length, whole.length);
    const failed = (all: readonly LadderLine[]) => all.filter(({ fate }) => fate !== 'passed').map(({ text }) => text);
    t.same(failed(lines), failed(whole));
    const early = lines.filter(({ text, association, to }, at) => {
      const number = /^response (\d+) /.exec(text)?.[1];
      const isRequest = (line: LadderLine) =>
        line.from === to && line.association === association && line.text.startsWith(`request ${number} `);
      return number !== undefined && association !== null && !lines.slice(0, at).some(isRequest);
    });
    t.same(
      early.map(({ text }) => text),
      [],
    );
  }
});

test('a line waits for its arrival, but not for ever', async (t) => {
  const entries = await journal();
  const files = apart(entries);
  const own = files.get('A') ?? [];
  const follower = new LadderFollower({ nodes: ['A', 'B'], waitMs: 1000 });
  const lossAt = own.findIndex(({ input }) => input.type === 'lost');
  const take = (entries: readonly JournalEntry[], file: string, clockMs: number): void => {
    for (const [at, entry] of entries.entries()) follower.take(file, { line: at + 1, entry }, clockMs);
  };
  take(own.slice(0, lossAt), 'A', 0);
  t.same(follower.ready(0), []);
  t.same(follower.ready(900), [], 'the other journal may be behind');
  const shown = follower.ready(1000);
  t.match(shown[0], { from: 'A', to: 'B', fate: 'held', text: /not arrived yet/ });
  t.ok(shown.some(({ text }) => /turn-give.*not arrived yet/.test(text)));
  take(own.slice(lossAt), 'A', 1000);
  take(files.get('B') ?? [], 'B', 1000);
  const later = [...follower.ready(1001), ...follower.ready(1100), ...follower.ready(3000), ...follower.end()].map(
    ({ text }) => text,
  );
  t.ok(later.some((text) => /^receives only now: bind group=0/.test(text)));
  t.ok(
    later.some((text) => /^has lost on the way: .*turn-give/.test(text)),
    'the loss is said, though late',
  );

  const alone = new LadderFollower();
  for (const [at, entry] of own.entries()) alone.take('A', { line: at + 1, entry }, 0);
  t.ok(
    alone.end().every(({ fate }) => fate === 'passed'),
    'without the journal of the receiver a PDU counts as passed',
  );
});

test('the tail of a journal waits for the end of a line, and notices another file', async (t) => {
  const file = join(home, 'grows.jsonl');
  const tail = new JournalTail(file);
  t.same(await tail.read(), { lines: [], replaced: false, atEnd: true }, 'no file yet');
  writeFileSync(file, 'one\ntw');
  t.same(await tail.read(), { lines: ['one'], replaced: false, atEnd: true });
  t.same((await tail.read()).lines, []);
  appendFileSync(file, 'o\nthree\n');
  t.same((await tail.read()).lines, ['two', 'three']);
  writeFileSync(file, 'new\n');
  t.same(await tail.read(), { lines: ['new'], replaced: true, atEnd: true }, 'it shrank');
  writeFileSync(`${file}.next`, 'other file\n');
  renameSync(`${file}.next`, file);
  t.match(await tail.read(), { lines: ['other file'], replaced: true });
  const long = 'x'.repeat(700_000);
  appendFileSync(file, `${long}\nend\n`);
  const lines: string[] = [];
  for (let atEnd = false; !atEnd; ) {
    const next = await tail.read();
    lines.push(...next.lines);
    atEnd = next.atEnd;
  }
  t.same(
    lines.map(({ length }) => length),
    [700_000, 3],
    'a line longer than a chunk',
  );
  const endless = new JournalTail(`${file}.endless`);
  writeFileSync(endless.file, 'y'.repeat(34_000_000));
  const read = async (): Promise<void> => {
    for (let atEnd = false; !atEnd; ) ({ atEnd } = await endless.read());
  };
  await t.rejects(read(), { message: /a line is longer than 33554432 octets, so this is no journal/ });
});

test('torn lines and wrong options', async (t) => {
  const entries = await journal();
  const reader = new JournalReader('torn');
  t.equal(reader.take('{"t":1,"no'), null);
  t.ok(reader.take(JSON.stringify(entries[0])), 'a new life follows');
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /give the files to draw, or --follow/],
    [['--dir', home], /--dir goes with --follow/],
    [['x', '--from-start'], /--from-start goes with --follow/],
    [['--follow', '--format', 'svg'], /--follow prints text or json/],
    [['--follow', '--short-openings'], /--short-openings needs the whole ladder/],
    [['x', '--follow', '--dir', home], /files or --dir, not both/],
  ];
  for (const [argv, stderr] of wrong) t.match(await command('ladder', ...argv), { code: 2, stderr }, argv.join(' '));
  t.match(await command('ladder', '--follow', join(home, 'none')), { code: 1, stderr: /no such file/ });
  const drawn = await command('ladder', join(home, 'lost.jsonl'), '--format', 'svg');
  t.equal(drawn.code, 0);
  t.equal(xmlFlaw(drawn.stdout), null);
});
