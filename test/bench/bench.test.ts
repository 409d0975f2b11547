/** Runs the parts of the bench with small numbers, and tests the reckoning of both benches. */
import { join } from 'node:path';
import t from 'tap';
import { noBrowser } from '../support/browser.js';
import { loadBacklog, proveExactlyOnce } from './backlog.js';
import { chosen, UsageError, wholeNumber } from './options.js';
import { parts } from './parts/index.js';
import type { PartOptions } from './parts/part.js';
import { Arrivals, contentOf } from './peers/client-messages.js';
import { figuresBetween } from './peers/measure.js';
import { lastCounter, recipientsOf } from './peers/postfix.js';
import { CpuMeter, memoryOf, parsePss, parseStat, treesOf } from './peers/process-usage.js';
import { fastestDurable, figuresTable, type Row } from './peers/report.js';
import { runProduct } from './product.js';
import { ratioOf } from './rounds.js';
import { shapeOf, shapeText } from './shape.js';
import { markdownOf, textOf, withSection } from './tables.js';

const small: PartOptions = {
  rounds: 1,
  messages: 2000,
  seconds: 1,
  inFlight: [2],
  perAssociation: 1,
  backlog: 1000,
  adjacent: 20,
  sizes: [{ bytes: 100 * 1024, messages: 300, inFlight: 1 }],
  waiting: 200,
  pageEventsPerS: 500,
  pageSeconds: 2,
  coreMessages: 200,
  say: () => {},
};

/** The proofs have tests of their own; the other parts differ from these in the run below only. */
const tested = chosen(parts, `core,retry,hand-over,sizes,start${noBrowser === false ? ',page' : ''}`);

/** A run that loses or repeats a message throws, so a table is the proof that the ledgers were right. */
for (const part of tested) {
  t.test(`the part ${part.name} of the bench runs`, async (t) => {
    const { tables, figures } = await part.run(small);
    t.ok(tables.length > 0 && typeof figures === 'object');
    for (const { title, columns, rows } of tables) {
      t.ok(rows.length > 0, title);
      for (const row of rows) {
        t.equal(row.length, columns.length, `${title}: ${row[0]}`);
        for (const cell of row) t.notMatch(cell, /NaN|Infinity|undefined|^-/, `${title}: ${row[0]}`);
      }
    }
  });
}

t.test('a run with a copied backlog, of which a part stays, and with idle adjacent MTAs', async (t) => {
  const dir = t.testdir();
  const load = { messages: 2000, stay: 300, seconds: 1, bytes: 1024 };
  const from = join(dir, 'kept');
  loadBacklog(from, load);
  const { messagesPerS } = await runProduct(join(dir, 'run'), { ...load, from }, { shape: shapeOf(3), idle: 4 });
  t.ok(messagesPerS > 0);
  const wrong = { ...load, messages: 2001, stay: 0 };
  t.throws(() => proveExactlyOnce(from, join(dir, 'run', 'b', 'data'), wrong, true), {
    message: /^not exactly once: 2001 messages/,
  });
});

t.test('messages in flight are spread over associations', async (t) => {
  const cases = [
    [1, 1, 1, 1],
    [256, 1, 256, 1],
    [256, 64, 4, 64],
    [9, 4, 3, 3],
    [1, 64, 1, 1],
    [7, 4, 7, 1],
  ] as const;
  for (const [inFlight, most, associations, perAssociation] of cases)
    t.strictSame(shapeOf(inFlight, most), { associations, perAssociation }, `${inFlight} at ${most}`);
  t.equal(shapeText(shapeOf(256, 64)), '256 in flight (4 associations, 64 on each)');
  t.equal(shapeText(shapeOf(1)), '1 in flight (one association)');
});

t.test('options', async (t) => {
  t.equal(wholeNumber('12', 'rounds', 1, 100), 12);
  for (const text of ['', '0', '101', '1.5', '1e1', 'x', '-1'])
    t.throws(
      () => wholeNumber(text, 'rounds', 1, 100),
      { message: /^--rounds .*: expected a whole number from 1 to 100$/ },
      text,
    );
  const all = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
  t.strictSame(chosen(all, undefined), all);
  t.strictSame(chosen(all, 'c, a'), [{ name: 'a' }, { name: 'c' }]);
  t.throws(() => chosen(all, 'a,d'), new UsageError('--only d: expected some of a, b, c, with commas between them'));
});

t.test('ratios', async (t) => {
  t.strictSame(ratioOf([10, 30, 20], [20, 20, 20]), { ofMedians: 1, median: 1, least: 0.5, most: 1.5 });
  t.strictSame(ratioOf([10, 30], [20]), { ofMedians: 1, median: 0.5, least: 0.5, most: 0.5 }, 'a round that failed');
});

t.test('tables', async (t) => {
  const table = {
    title: 'Rates',
    columns: ['', 'a'],
    rows: [
      ['one', '1'],
      ['two', '22'],
    ],
    notes: ['ratio 2'],
  };
  t.equal(textOf(table), 'Rates\n        a\n  one   1\n  two  22\n  ratio 2');
  t.equal(markdownOf(table), '**Rates**\n\n|  | a |\n|---|---:|\n| one | 1 |\n| two | 22 |\n\n- ratio 2');
  const page = 'x\n<!-- bench:a -->\nold\n<!-- end -->\ny\n<!-- bench:b -->\nkept\n<!-- end -->\n';
  const once = withSection(page, 'a', 'new');
  t.equal(once, 'x\n<!-- bench:a -->\n\nnew\n\n<!-- end -->\ny\n<!-- bench:b -->\nkept\n<!-- end -->\n');
  t.equal(withSection(once, 'a', 'new'), once, 'twice is as good as once');
  t.throws(() => withSection(page, 'c', ''), { message: /bench:c/ });
});

/** A line of /proc/PID/stat: user, system, and of ended children, in ticks. */
const statLine = (pid: number, parent: number, ticks: readonly number[], name = 'node'): string =>
  `${pid} (${name}) S ${parent} 1 1 0 -1 4194304 1 2 3 4 ${ticks.join(' ')} 20 0 1 0 100 1000 200`;

t.test('processor time and memory of process trees', async (t) => {
  t.strictSame(parseStat(statLine(7, 3, [100, 50, 25, 25], 'a (b) c')), { pid: 7, parent: 3, state: 'S', cpuS: 2 });
  t.throws(() => parseStat('7 (node) S'), { message: /not a line/ });
  const all = [
    statLine(1, 0, [1, 0, 0, 0]),
    statLine(9, 8, [4, 0, 0, 0]),
    statLine(8, 7, [2, 0, 0, 0]),
    statLine(7, 1, [1, 0, 0, 0]),
  ];
  const trees = treesOf(all.map(parseStat), [7]);
  t.strictSame(
    trees.map(({ pid }) => pid),
    [7, 8, 9],
  );
  t.equal(parsePss('Rss:  100 kB\nPss:   60 kB\nPss_Dirty: 5 kB\n'), 60 * 1024);
  t.equal(parsePss(''), 0, 'a process that has ended');
  if (process.platform !== 'linux') return;
  t.ok(new CpuMeter().read([process.pid]) > 0);
  t.ok(memoryOf([process.pid]) > 2 ** 20);
});

t.test('what clients and tools report', async (t) => {
  const arrivals = new Arrivals(3);
  for (const index of [0, 2]) arrivals.take(contentOf(index));
  t.equal(arrivals.wrong, 0);
  arrivals.take(contentOf(2));
  t.equal(arrivals.wrong, 1, 'a second time');
  arrivals.take(contentOf(3));
  arrivals.take(contentOf(1).subarray(1));
  arrivals.take(new Uint8Array());
  t.equal(arrivals.wrong, 4, 'beyond the end, cut, empty');
  t.equal(lastCounter('sess=1 quit=0 mesg=9\rsess=1 quit=0 mesg=10\r', /mesg=(\d+)/g), 10);
  t.equal(lastCounter('', /mesg=(\d+)/g), undefined);
  const dump = ['1ben@b.example', '2ben@b.example', '2ben@b.example'].map((to) => `X-Rcpt-Args: <${to}>\nX\n`).join('');
  t.strictSame(recipientsOf(dump), { count: 3, distinct: 2 });
});

t.test('figures and rows of the peers', async (t) => {
  const memory = { serverBytes: 5, clientBytes: 6 };
  const begin = { count: 100, atMs: 1000, serverCpuS: 1, clientCpuS: 2 };
  const end = { count: 300, atMs: 3000, serverCpuS: 1.5, clientCpuS: 3 };
  const run = figuresBetween(begin, end, memory);
  t.strictSame(run, {
    messagesPerS: 100,
    cpuSPerMillion: 7500,
    serverCpuSPerMillion: 2500,
    clientCpuSPerMillion: 5000,
    ...memory,
  });
  t.throws(() => figuresBetween(begin, begin, memory), { message: /nothing could be measured/ });
  const row = (name: string, messagesPerS: number): Row => {
    return { name, title: name, version: '1', durable: 'yes', settings: [], runs: [{ ...run, messagesPerS }] };
  };
  const rows = [
    row('mtalab', 300),
    row('baseline', 400),
    row('nats', 500),
    row('redis', 150),
    { ...row('postfix', 9), runs: [] },
  ];
  t.equal(fastestDurable(rows)?.name, 'redis', 'not the product, its baseline, or a broker without a sync');
  const table = figuresTable(rows, 256, 1);
  t.strictSame(
    table.rows.map(([name, , ratio]) => [name, ratio]),
    [
      ['mtalab', '1.00'],
      ['baseline', '0.75'],
      ['nats', '0.60'],
      ['redis', '2.00'],
    ],
  );
  const withoutOurs = figuresTable(rows.slice(1), 256, 1);
  t.strictSame([withoutOurs.notes, withoutOurs.rows[0]?.[2]], [[], ''], 'no ratios without the product');
  t.match(table.notes[0], /fastest durable peer \(redis\): ratio of medians 2\.00/);
});
