/** Journals: what real processes write is what the core does, cut and killed as they may be; and what is wrong is told. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VirtualLab } from '@mtalab/engine';
import { generateMail, journalOf, readJournal } from '@mtalab/harness';
import { type Effect, start, step } from '@mtalab/mta-core';
import {
  type JournalEntry,
  JournalError,
  JournalVerifier,
  readJournalText,
  type Verification,
  verifyJournal,
} from '@mtalab/trace';
import { type Lab, spawnPair } from 'mtalab';
import { test } from 'tap';

const names = ['MTA-A', 'MTA-B'] as const;

async function verified(file: string): Promise<Verification & { remarks: string[] }> {
  const remarks: string[] = [];
  const verifier = new JournalVerifier(file);
  for await (const located of readJournal(file, (text) => remarks.push(text))) verifier.take(located);
  return { ...verifier.result, remarks };
}

/** Mail both ways at the same time. */
async function load(lab: Lab, count: number, seed: number): Promise<void> {
  const one = (from: string, to: string) =>
    lab.submitAll(from, generateMail(count, 2000, seed), {
      originator: `sender@${lab.domain(from)}`,
      recipients: [`user@${lab.domain(to)}`],
    });
  await Promise.all([one('MTA-A', 'MTA-B'), one('MTA-B', 'MTA-A')]);
}

/** Lab time goes on, as fast as nothing happens, until so many copies are delivered. */
async function moveOnUntil(lab: Lab, delivered: number): Promise<void> {
  for (let timers = 0; timers < 500 && lab.delivered < delivered; timers += 1) await lab.advance();
  await lab.waitForDelivered(delivered, { timeoutMs: 5000 });
}

test('journals of a real pair under 200 random cuts replay without a difference', async (t) => {
  await using lab = await spawnPair({ delivery: 'ledger', journal: true, faults: ['cut randomly 1/8 seed 7 limit 200'] });
  const fault = lab.proxy?.faults()[0];
  let sent = 0;
  for (let batch = 1; batch <= 100 && (fault?.hits ?? 0) < 200; batch += 1) {
    await load(lab, 20, batch);
    sent += 40;
    await lab.settle();
    await lab.advance();
  }
  t.equal(fault?.hits, 200, 'all cuts were made');
  await moveOnUntil(lab, sent);
  await lab.settle();
  for (const name of names) {
    const result = await verified(journalOf(lab, name));
    t.same(result.differences, []);
    t.same(result.remarks, []);
    t.ok(result.steps > sent && result.effects > sent, `${result.steps} steps, ${result.effects} effects`);
    t.equal(result.lives, 1);
  }
});

test('a journal whose process was killed replays too; the torn line is passed over', async (t) => {
  await using lab = await spawnPair({ delivery: 'ledger', journal: true });
  await load(lab, 5, 1);
  await lab.waitForDelivered(10);
  const killed = lab.process('MTA-B');
  const late = load(lab, 30, 2);
  killed.kill('SIGKILL');
  await killed.exited;
  const file = journalOf(lab, 'MTA-B');
  // Whether the kill tears a line is chance; here the last whole one always is torn.
  truncateSync(file, readFileSync(file).lastIndexOf('\n') - 2);
  const torn = await verified(file);
  t.same(torn.differences, []);
  t.match(torn.remarks, [/journal\.jsonl:\d+: this line was torn when its process died; it is passed over$/]);

  await killed.restart();
  await late;
  await moveOnUntil(lab, 70);
  await lab.settle();
  const whole = await verified(file);
  t.same(whole.differences, []);
  t.equal(whole.lives, 2);
  t.same(whole.remarks, torn.remarks, 'the new life begins a line of its own');
  t.same((await verified(journalOf(lab, 'MTA-A'))).differences, []);
});

/** Two MTAs on virtual time, one message each way, over a cut. */
async function virtualJournal(): Promise<readonly JournalEntry[]> {
  const mtas = names.map((name, at) => ({ name, domain: `${'ab'[at]}.example` }));
  const lab = new VirtualLab({ mtas, settings: {}, legacy: {} });
  const [a, b] = ['ada@a.example', 'ben@b.example'];
  lab.fault('cut after rttr 1');
  await lab.submit('MTA-A', { originator: a, recipients: [b], priority: 'normal', content: 'Hello.\r\n' });
  await lab.submit('MTA-B', { originator: b, recipients: [a], priority: 'urgent', content: 'Hello.\r\n' });
  await lab.settle();
  await lab.advanceBy(3_600_000);
  return lab.journal;
}

function asText(entries: readonly unknown[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
}

test('whatever is changed in a journal is found, and told with its place', async (t) => {
  const journal = await virtualJournal();
  const asWritten = readJournalText(asText(journal)).entries.map((located) => located.entry);
  t.match(verifyJournal(asWritten), { steps: journal.length, lives: 2, differences: [] });

  const at = asWritten.findIndex(({ effects }) =>
    effects.some((effect) => effect.type === 'frame' && effect.link === 'rpc' && effect.frame.type === 'response'),
  );
  const entry = asWritten[at] as JournalEntry;
  const changed = (effects: readonly Effect[]): Verification =>
    verifyJournal(asWritten.map((each) => (each === entry ? { ...each, effects } : each)));
  const [first] = changed(entry.effects.slice(1)).differences;
  t.match(first, { line: at + 1, node: entry.node, n: entry.n, effect: 0 });
  t.not(first?.expected, first?.got);
  t.match(changed([...entry.effects, { type: 'close', conn: 2 }]).differences, [
    { expected: '{"type":"close","conn":2}', got: 'nothing', effect: entry.effects.length, path: '' },
  ]);
  const bent = entry.effects.map((effect) => (effect.type === 'frame' ? { ...effect, conn: effect.conn + 2 } : effect));
  t.match(changed(bent).differences, [{ path: '.conn', got: /^frame on connection \d+: response/, input: /^(frame|stored)/ }]);

  // Every single effect counts.
  for (const [index, each] of asWritten.entries()) {
    if (each.effects.length === 0) continue;
    const without = asWritten.with(index, { ...each, effects: each.effects.slice(0, -1) });
    t.equal(verifyJournal(without).differences[0]?.line, index + 1);
  }
});

test('a core that does otherwise is found by the journal of one that did right', async (t) => {
  const journal = await virtualJournal();
  const silent: typeof step = (mta, input, nowMs) => {
    const stepped = step(mta, input, nowMs);
    return { ...stepped, effects: stepped.effects.filter((effect) => effect.type !== 'forget') };
  };
  const [difference] = verifyJournal(journal, { start, step: silent }).differences;
  t.match(difference, { expected: /^\{"type":"forget"/, path: '' });
  const failing: typeof step = (mta, input, nowMs) => {
    if (input.type === 'stored') throw new Error('out of order');
    return step(mta, input, nowMs);
  };
  const [failure, ...others] = verifyJournal(journal, { start, step: failing }).differences;
  t.match(failure, { effect: null, got: 'the core fails: out of order', input: /^stored, token \d+$/ });
  t.ok(others.length <= 1, 'one difference for each MTA at most');
});

const begin = '{"t":1,"node":"A","n":1,"input":{"type":"start","config":{},"recovered":{}},"effects":[]}';
const timer = '{"t":1,"node":"A","n":2,"input":{"type":"timer"},"effects":[]}';

/** The lines, the line of the error, and the words about it. */
const unreadable: readonly (readonly [readonly string[], number, RegExp])[] = [
  [['{"t":1', timer], 1, /^j:1: this line is no JSON \(/],
  [['{"t":1', 'half', begin], 1, /this line is no JSON/],
  [['17'], 1, /this is no entry of a journal: an object \{t, node, n, input, effects\} is expected$/],
  [['', '{}'], 2, /^j:2: `t` must be the time, a number of milliseconds$/],
  [['{"t":1,"n":1}'], 1, /`node` must be the name of an MTA$/],
  [[timer.replace('"n":2', '"n":0')], 1, /`n` must be the number of the step, a whole number from 1$/],
  [[timer.replace('{"type":"timer"}', '[]')], 1, /`input` must be an object with a `type`$/],
  [[begin, timer.replace('timer', 'tiemr')], 2, /there is no input of the type "tiemr"$/],
  [[timer.replace('timer', 'start')], 1, /an input `start` has the configuration of the MTA/],
  [[timer.replace('[]', '[1]')], 1, /`effects` must be a list of objects, each with a `type`$/],
];

test('what is no journal is told with its line', async (t) => {
  for (const [lines, line, message] of unreadable) {
    t.throws(() => readJournalText(lines.join('\n'), 'j'), { name: 'JournalError', line, message });
  }
  t.same(readJournalText(`${begin}\n\n{"t":`, 'j').remarks, ['j:3: this line was torn when its process died; it is passed over']);
  t.same(readJournalText(`${begin}\n{"end":"the limit"}`, 'j').remarks, ['j:2: the recording ends here: the limit']);
  const journal = await virtualJournal();
  const ofB = journal.filter((entry) => entry.node === 'MTA-B');
  t.throws(() => verifyJournal(ofB.slice(1)), new JournalError('journal', 1, 'the journal of MTA-B does not begin with a start'));
  t.throws(() => verifyJournal(ofB.toSpliced(5, 1)), {
    message: /^journal:6: step 7 of MTA-B comes after its step 5: lines are missing/,
  });
});

test('mtalab replay tells the first difference and ends with 1', async (t) => {
  const dir = t.testdir();
  const [good, bad, none] = ['good.jsonl', 'bad.jsonl', 'none.jsonl'].map((name) => join(dir, name)) as [string, string, string];
  const journal = await virtualJournal();
  writeFileSync(good, asText(journal));
  appendFileSync(good, '{"t":9');
  const at = journal.findIndex((entry) => entry.effects.some((effect) => effect.type === 'store'));
  writeFileSync(bad, asText(journal.with(at, { ...(journal[at] as JournalEntry), effects: [] })));
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, ['packages/cli/bin/mtalab.js', 'replay', ...args], { encoding: 'utf8' });
  t.match(run(good, '--verify'), {
    status: 0,
    stdout: new RegExp(`good.jsonl: ${journal.length} steps, \\d+ effects, 2 starts: every effect is the same\n$`),
    stderr: /torn/,
  });
  t.match(run(good), { status: 0, stdout: /: replayed\n$/ });
  t.match(run(bad, '--verify'), {
    status: 1,
    stdout: new RegExp(
      `one difference\n  line ${at + 1}, step \\d+ of MTA-A, effect 1\n    input +submit .*\n    expected +nothing\n    got +\\{"type":"store"`,
    ),
  });
  const json = run(good, bad, '--verify', '--json');
  t.equal(json.status, 1);
  t.match(JSON.parse(json.stdout), [{ differences: [] }, { file: bad, differences: [{ line: at + 1, expected: 'nothing' }] }]);
  t.match(run(none, '--verify'), { status: 1, stderr: /cannot read .*none\.jsonl: there is no such file/ });
});
