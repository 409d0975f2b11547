/** `mtalab top`: figures from samples, and drawings of fixed sizes. The drawings are in data/top.txt; UPDATE=1 rewrites them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { type RawAssociation, readable, unanswered } from '@mtalab/harness';
import type { AssociationView, QueueView } from '@mtalab/mta-core';
import { renderTop, sortedTop, TopHistory, type TopSample, type TopSight } from 'mtalab/internal';
import { test } from 'tap';
import { namingBreaches } from '../support/names.js';
import { agreed, lostTurn, mailboxes, nowMs, queue, status } from './canned-views.js';

const dataFile = 'test/cli/data/top.txt';

function sidesOf(joined: readonly RawAssociation[], mta: string): readonly AssociationView[] {
  return joined.flatMap(({ sides }) => sides.filter((side) => side.mta === mta));
}

type Given = { readonly joined?: readonly RawAssociation[]; readonly queues?: readonly QueueView[] } & Parameters<
  typeof status
>[1];

function sight(mta: string, { joined = [], queues = [mailboxes], ...more }: Given = {}) {
  const value: TopSight = { status: status(mta, more), queues, associations: sidesOf(joined, mta) };
  return { mta, ok: true as const, value };
}

const down = unanswered('MTA-C', 'down', 'is down; `mtalab restart --mta MTA-C` starts it');
const suspended = unanswered('MTA-D', 'silent', 'does not answer: its process 9 is suspended; `kill -CONT 9` resumes it');
const counted = (delivered: number) => ({ submitted: 50, delivered, deadLetters: 0, loopsDetected: 0, reports: 0, setAside: 0 });

function sample(atMs: number, joined: readonly RawAssociation[], delivered: number): TopSample {
  const counters = counted(delivered);
  return {
    atMs,
    answers: [
      sight('MTA-A', {
        joined,
        counters,
        queues: [queue, mailboxes],
        turnsGiven: delivered,
        cpu: { userS: atMs / 4000, systemS: 0 },
      }),
      sight('MTA-B', { joined, timeScale: 60, queues: [{ ...mailboxes, queued: 3, oldestSubmittedAtMs: nowMs - 1000 }] }),
      down,
      suspended,
    ],
  };
}

function after(...samples: readonly TopSample[]) {
  const history = new TopHistory();
  return samples.map((each) => history.add(each)).at(-1) ?? { mtas: [], associations: [] };
}

const usual = after(sample(0, agreed, 10), sample(2000, agreed, 16));
const lost = after(sample(0, lostTurn, 10), sample(500, lostTurn, 10));
const crowded = after({
  atMs: 0,
  answers: Array.from({ length: 9 }, (_, at) =>
    sight(`MTA-${at}-with-a-name-that-is-far-too-long`, {
      queues: Array.from({ length: 12 }, (__, of) => ({ ...queue, queue: `peer ${of}`, queued: of * 10, waits: [] })),
    }),
  ),
});

const drawings: Readonly<Record<string, () => readonly string[]>> = {
  'agreement, 80 columns': () => renderTop(usual, { dir: '/tmp/lab', columns: 80 }),
  'a lost Turn, 100 columns, on a terminal': () =>
    renderTop(lost, { dir: '/tmp/lab', columns: 100, rows: 40, sort: 'name', isPaused: true }),
  'a lost Turn, 40 columns': () => renderTop(lost, { dir: '/tmp/a/folder/with/a/long/name', columns: 40 }),
  'first look': () => renderTop(after(sample(0, lostTurn, 10)), { dir: '/tmp/lab', columns: 100 }),
  'a terminal of 12 rows': () =>
    renderTop(sortedTop(crowded, 'queue'), { dir: '/tmp/lab', columns: 80, rows: 12, sort: 'queue' }),
  'no association, no MTA that answers': () => renderTop(after({ atMs: 0, answers: [down] }), { dir: '/tmp/lab', columns: 80 }),
};

test('drawings', (t) => {
  const text = Object.entries(drawings)
    .map(([name, draw]) => `== ${name}\n${draw().join('\n')}\n`)
    .join('\n');
  if (process.env['UPDATE'] === '1') writeFileSync(dataFile, text);
  t.equal(text, readFileSync(dataFile, 'utf8'));
  for (const columns of [20, 40, 80, 120])
    for (const view of [usual, lost, crowded])
      for (const row of renderTop(view, { dir: '/tmp/lab', columns, rows: 10, sort: 'name' }))
        t.ok(row.length <= columns, `${columns} columns: ${row}`);
  t.ok(renderTop(lost, { dir: '', columns: 80, colour: true }).join('\n').includes('\u001b[31mDISAGREE: NOBODY'), 'in red');
  t.end();
});

test('rates are those of the last seconds, and begin anew with a process', (t) => {
  const [first] = after(sample(0, agreed, 10)).mtas;
  t.match(first, { error: null, rates: null, restarted: false });
  t.match(usual.mtas, [
    { mta: 'MTA-A', rates: { deliveredPerS: 3, turnsGivenPerS: 3, submittedPerS: 0, cpuPercent: 25 }, queued: 49 },
    { mta: 'MTA-B', queued: 3 },
    { mta: 'MTA-C', error: { code: 'down' } },
    { mta: 'MTA-D', error: { code: 'silent' } },
  ]);
  const history = new TopHistory();
  const life = (atMs: number, pid: number, delivered: number) =>
    history.add({ atMs, answers: [sight('MTA-A', { pid, counters: counted(delivered) })] }).mtas[0];
  life(0, 1, 100);
  t.match(life(1000, 2, 0), { restarted: true, rates: null });
  t.match(life(2000, 2, 4), { restarted: true, rates: { deliveredPerS: 4 } });
  t.match(life(20_000, 2, 4), { restarted: false, rates: { deliveredPerS: 0 } }, 'after a pause: since the last look');
  for (let at = 0; at < 200; at += 1) t.ok(life(20_000 + at, 2, 4));
  t.end();
});

test('sides disagree if two looks say so', (t) => {
  const turns = (...samples: readonly TopSample[]) => after(...samples).associations.map(({ turn }) => turn);
  t.same(turns(sample(0, lostTurn, 0)), ['passing'], 'one look may have met a Turn on its way');
  t.same(turns(sample(0, lostTurn, 0), sample(500, lostTurn, 0)), ['nobody']);
  t.same(turns(sample(0, agreed, 0), sample(500, lostTurn, 0)), ['passing']);
  t.same(turns(sample(0, agreed, 0)), ['one', 'unknown']);
  t.same(usual.associations[0]?.holder, 'MTA-A');
  t.end();
});

test('the order of the MTAs, and names in JSON', (t) => {
  const names = (sort: Parameters<typeof sortedTop>[1]) => sortedTop(usual, sort).mtas.map(({ mta }) => mta);
  t.same(names('name'), ['MTA-A', 'MTA-B', 'MTA-C', 'MTA-D']);
  t.same(names('queue'), ['MTA-A', 'MTA-B', 'MTA-C', 'MTA-D']);
  t.equal(names('oldest')[0], 'MTA-A');
  t.same(namingBreaches(readable(lost)), []);
  t.end();
});
