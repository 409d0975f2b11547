/**
 * The simulator: it finds no fault in the core, it finds planted faults, and it repeats its runs exactly.
 * `SEEDS=from-to` runs a pair with other seeds than the usual ones.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineCore } from '@mtalab/engine';
import { type Effect, ltabOf, nextDeadline, type StoreEffect, start, step } from '@mtalab/mta-core';
import {
  rules,
  type SimOptionsGiven,
  shrink,
  simFaultKinds,
  simFaults,
  simOptions,
  simulate,
  simulatePlan,
  verdictText,
} from '@mtalab/proof';
import { type JournalEntry, verifyJournal } from '@mtalab/trace';
import { test } from 'tap';
import { type GroundName, grounds } from '../mutants/mutant.js';

const range = /^(\d+)-(\d+)$/.exec(process.env['SEEDS'] ?? '');
const [firstSeed, lastSeed] = range === null ? [1, 500] : [Number(range[1]), Number(range[2])];

test('seeds of a pair keep all rules, and every kind of fault happens', (t) => {
  const failures: string[] = [];
  const seen = new Set<string>();
  let accepted = 0;
  for (let seed = firstSeed; seed <= lastSeed && failures.length < 3; seed += 1) {
    const result = simulate({}, seed);
    for (const kind of Object.keys(result.faults)) seen.add(kind);
    accepted += result.mail.accepted;
    if (result.verdict !== null) failures.push(`seed ${seed}: ${verdictText(result.verdict)}`);
  }
  t.same(failures, []);
  t.ok(accepted > (lastSeed - firstSeed) * 10, 'mail really moves');
  if (range === null) t.same([...seen].sort(), [...simFaultKinds].sort());
  t.end();
});

const networks: readonly (readonly [options: SimOptionsGiven, seeds: number])[] = [
  [{ mtas: 3, topology: 'chain' }, 40],
  [{ mtas: 5, topology: 'chain' }, 20],
  [{ mtas: 4, topology: 'mesh' }, 30],
  [{ mtas: 5, topology: 'ring' }, 20],
  [{ mtas: 6, topology: 'star' }, 20],
  [{ mtas: 40, topology: 'mesh' }, 3],
  [{ swarm: false }, 20],
  [{ faults: {} }, 20],
];

for (const [options, seeds] of networks) {
  test(`${seeds} seeds of ${JSON.stringify(options)} keep all rules`, (t) => {
    const failures: string[] = [];
    for (let seed = 1; seed <= seeds && failures.length < 3; seed += 1) {
      const { verdict } = simulate(options, seed);
      if (verdict !== null) failures.push(`seed ${seed}: ${verdictText(verdict)}`);
    }
    t.same(failures, []);
    t.end();
  });
}

/** Breaches that the simulator has found in the core, all mended. */
const pinned: readonly (readonly [ground: GroundName, seed: number])[] = [
  ['connector-segments', 19],
  ['connector-timeouts', 114],
  ['connector-timeouts', 4313],
  ['connector-timeouts', 6359],
  ['impatient', 82],
  ['impatient', 250],
  ['impatient', 1129],
  ['poisoned', 1395],
];

test('seeds that once broke a rule keep all rules', (t) => {
  for (const [ground, seed] of pinned) {
    const { verdict } = simulate(grounds[ground], seed);
    t.equal(verdict === null ? null : verdictText(verdict), null, `seed ${seed} of the ground ${ground}`);
  }
  t.end();
});

test('without faults, all routable mail arrives once', (t) => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const { ok, mail, plan } = simulate({ faults: {}, swarm: false }, seed);
    const lost = plan.submissions
      .flatMap(({ recipients }) => [...new Set(recipients)])
      .filter((each) => /nowhere|loop/.test(each));
    t.ok(ok, `seed ${seed}`);
    t.equal(mail.accepted, plan.submissions.length);
    t.ok(mail.reported + mail.deadLetters >= lost.length, `seed ${seed}: what has no way is reported`);
  }
  t.end();
});

function journalOf(options: SimOptionsGiven, seed: number): string {
  const digest = createHash('sha256');
  simulate(options, seed, { journal: (line) => digest.update(`${line}\n`) });
  return digest.digest('hex');
}

test('the same seed gives the same journal, and another seed gives another', (t) => {
  const digests = new Set<string>();
  for (let seed = 1; seed <= 100; seed += 1) {
    const [once, twice] = [journalOf({}, seed), journalOf({}, seed)];
    if (once !== twice) t.fail(`seed ${seed} gives two journals`);
    digests.add(once);
  }
  t.equal(digests.size, 100);
  t.equal(journalOf({ mtas: 6, topology: 'ring' }, 5), journalOf({ mtas: 6, topology: 'ring' }, 5));
  t.end();
});

test('a plan repeats its run without the generator, and survives JSON', (t) => {
  for (let seed = 1; seed <= 10; seed += 1) {
    const [first, second]: [string[], string[]] = [[], []];
    const { plan, states } = simulate({}, seed, { journal: (line) => first.push(line) });
    const again = simulatePlan(JSON.parse(JSON.stringify(plan)), { journal: (line) => second.push(line) });
    t.same(second, first, `seed ${seed}`);
    t.equal(again.states, states);
    t.same(again.plan, plan);
    if (seed === 1)
      t.same(
        verifyJournal(first.map((line) => JSON.parse(line) as JournalEntry)).differences,
        [],
        'the journal replays through the core',
      );
  }
  t.end();
});

test('a liveness rule finds Q166594, and the shrinker reduces the run to one lost Turn-Give', (t) => {
  const found: number[] = [];
  for (let seed = 1; seed <= 100; seed += 1) {
    const { verdict } = simulate({ legacy: ['Q166594'] }, seed);
    if (verdict === null) continue;
    t.equal(verdict.kind, 'liveness', `seed ${seed}: ${verdict.rule}`);
    found.push(seed);
  }
  t.ok(found.length >= 5, `${found.length} of 100 seeds find it`);
  // Shrinking ends where nothing more can be left out, which is not always the smallest run there is.
  const all = found.slice(0, 3).map((seed) => shrink({ legacy: ['Q166594'] }, seed));
  const shrunk = all.reduce((one, other) => ((other?.plan.faults.length ?? 9) < (one?.plan.faults.length ?? 9) ? other : one));
  t.match(shrunk?.plan.faults, [{ kind: /^(lose-give|cut|lose)$/ }]);
  t.equal(shrunk?.plan.faults.length, 1);
  t.ok((shrunk?.plan.submissions.length ?? 9) <= 2, 'one message each way is enough');
  t.equal(shrunk?.result.verdict?.rule, 'holder-after-faults');
  t.equal(shrink({}, 1), null, 'nothing to shrink where no rule is broken');
  t.end();
});

const lanArticles: readonly (readonly [article: string, rule: string, faults: readonly string[], submissions: number])[] = [
  ['Q181721', 'queues-drain', [], 1],
  ['Q280449', 'reachable', [], 1],
  ['Q285350', 'starts', ['adapter'], 0],
];

test('a few seeds find the LAN articles, and the shrinker reduces each run to its essentials', (t) => {
  for (const [article, rule, faults, submissions] of lanArticles) {
    const options = { legacy: [article] };
    const seed = [...Array(20).keys()].find((each) => simulate(options, each + 1).verdict?.rule === rule);
    t.ok(seed !== undefined, `${article} is found after ${(seed ?? 0) + 1} seeds`);
    const shrunk = shrink(options, (seed ?? 0) + 1);
    t.equal(shrunk?.result.verdict?.rule, rule, article);
    t.same(
      shrunk?.plan.faults.map(({ kind }) => kind),
      faults,
      `${article}: faults`,
    );
    t.equal(shrunk?.plan.submissions.length, submissions, `${article}: messages`);
  }
  t.end();
});

/** A core with changed effects. */
function coreWith(change: (effect: Effect) => readonly Effect[]): EngineCore {
  return {
    start,
    step: (mta, input, nowMs) => {
      const stepped = step(mta, input, nowMs);
      return { mta: stepped.mta, effects: stepped.effects.flatMap(change) };
    },
    nextDeadline,
  };
}

function storeWith(change: (effect: StoreEffect) => StoreEffect): EngineCore {
  return coreWith((effect) => [effect.type === 'store' ? change(effect) : effect]);
}

const planted: readonly (readonly [what: string, core: EngineCore, rule: string])[] = [
  [
    'a core that throws',
    {
      start,
      nextDeadline,
      step: (mta, input, nowMs) => {
        if (input.type === 'lost') throw new Error('no edge');
        return step(mta, input, nowMs);
      },
    },
    'total',
  ],
  ['received ids that are not kept', storeWith(({ received: _, ...effect }) => effect), 'confirm-after-store'],
  [
    'a confirmed message that is not stored',
    storeWith((effect) => (effect.received === undefined ? effect : { ...effect, accept: [] })),
    'nothing-lost',
  ],
  [
    'segments stored at the wrong offset',
    storeWith((effect) => ({ ...effect, segments: effect.segments.map((each) => ({ ...each, offset: each.offset + 1 })) })),
    'content',
  ],
  ['deliveries that are forgotten', coreWith((effect) => (effect.type === 'deliver' ? [] : [effect])), 'queues-drain'],
  ['copies that are never erased', coreWith((effect) => (effect.type === 'forget' ? [] : [effect])), 'rest'],
  [
    'an envelope that cuts off the end of its message',
    coreWith((effect) => [
      effect.type === 'deliver'
        ? { ...effect, envelope: { ...effect.envelope, sizeBytes: effect.envelope.sizeBytes + 1 } }
        : effect,
    ]),
    'content',
  ],
  [
    'a delivery to the wrong recipient',
    coreWith((effect) => [
      effect.type === 'deliver' && effect.destination.to === 'mailbox'
        ? { ...effect, destination: { to: 'mailbox', address: 'eve@a.example' } }
        : effect,
    ]),
    'addressed',
  ],
  [
    'two copies of each delivery',
    coreWith((effect) => (effect.type === 'deliver' ? [effect, { ...effect, copy: effect.copy + 0.5 }] : [effect])),
    'once',
  ],
  [
    'a submission accepted before it is stored',
    {
      start,
      nextDeadline,
      step: (mta, input, nowMs) => {
        const { mta: after, effects } = step(mta, input, nowMs);
        if (input.type !== 'submit') return { mta: after, effects };
        const { submissionId } = input.submission;
        return {
          mta: after,
          effects: [...effects, { type: 'submitted', submissionId, mtsId: 'c=lab;mta=MTA-A;1-1', known: false }],
        };
      },
    },
    'accept-after-store',
  ],
  ['a timer that is never set', { start, step, nextDeadline: () => null }, 'queues-drain'],
  [
    'a timer that fires for ever at one instant',
    { start, step, nextDeadline: (mta) => (ltabOf(mta).some(({ queued }) => queued > 0) ? 0 : nextDeadline(mta)) },
    'time-moves',
  ],
];

for (const [what, core, rule] of planted) {
  test(`the rules find ${what}`, (t) => {
    const broken = new Set<string>();
    for (let seed = 1; seed <= 30 && !broken.has(rule); seed += 1) {
      const { verdict } = simulate({}, seed, { core });
      if (verdict !== null) broken.add(verdict.rule);
    }
    t.ok(broken.has(rule), `${rule} is among ${[...broken].join(', ')}`);
    t.end();
  });
}

test('an option out of range gives an error that names it', (t) => {
  t.throws(() => simOptions({ mtas: 1 }), /mtas must be a whole number from 2 to 1000/);
  t.throws(() => simOptions({ mtas: 3, topology: 'pair' }), /pair has 2 MTAs/);
  t.throws(() => simOptions({ faults: { cut: { n: 2, of: 1 } } }), /ratio of the fault cut/);
  t.throws(() => simOptions({ messages: -1 }), /messages must be/);
  t.throws(() => simulate({}, -1), /seed is a whole number/);
  for (const { words, clause } of Object.values(rules)) t.ok(words.endsWith('.') && clause.length > 5);
  t.end();
});

function mtalab(...args: string[]): { readonly code: number | null; readonly out: string; readonly err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['packages/cli/bin/mtalab.js', 'sim', ...args], {
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
}

test('mtalab sim', (t) => {
  const folder = t.testdir();
  const good = mtalab('--seeds', '5', '--json');
  t.equal(good.code, 0, good.err);
  t.match(JSON.parse(good.out), { ok: true, seeds: 5, failures: [] });
  const [journal, plan] = [join(folder, 'run.jsonl'), join(folder, 'plan.json')];
  const bad = mtalab('--seed', '7', '--legacy', 'Q166594', '--shrink', '--journal', journal, '--save-plan', plan);
  t.equal(bad.code, 1);
  t.match(bad.out, /^seed: 7\nmtas: 2\ntopology: pair\n/);
  t.match(bad.out, /To repeat it: mtalab sim --seed 7 --legacy Q166594\n/);
  t.match(bad.out, /The fewest faults and messages/);
  const lines = readFileSync(journal, 'utf8').trimEnd().split('\n');
  t.same(verifyJournal(lines.map((line) => JSON.parse(line) as JournalEntry)).differences, []);
  t.equal(mtalab('--plan', plan).code, 1, 'the plan fails again');
  t.match(mtalab('--faults', 'flood'), {
    code: 2,
    err: /--faults takes all, none, or a list of faults such as cut,lose=1\/50, not "flood"; the faults are cut, /,
  });
  t.end();
});

test('the documentation lists every fault and every rule', (t) => {
  const text = readFileSync('docs/verification/simulator.md', 'utf8');
  for (const [kind, { ratio, most }] of Object.entries(simFaults)) {
    const row = text.split('\n').find((line) => line.startsWith(`| \`${kind}\` |`)) ?? '';
    t.ok(row.includes(`| ${ratio.n} of ${ratio.of}, per `) && row.endsWith(`| ${most} |`), kind);
  }
  for (const [rule, { words }] of Object.entries(rules)) {
    t.ok(text.includes(`| \`${rule}\` |`) && text.includes(words), rule);
  }
  t.end();
});
