/** The simulator with X.400 connectors: it finds no fault in the core, it finds the articles, and its journals replay. */
import { spawnSync } from 'node:child_process';
import { type SimOptionsGiven, shrink, simFaultKinds, simOptions, simulate, simulatePlan, verdictText } from '@mtalab/proof';
import { type JournalEntry, verifyJournal } from '@mtalab/trace';
import { test } from 'tap';

const x400 = { link: 'x400' } as const;

/** 500 seeds. */
const networks: readonly (readonly [options: SimOptionsGiven, seeds: number])[] = [
  [x400, 180],
  [{ ...x400, messages: 8 }, 200],
  [{ link: 'mixed', mtas: 3, topology: 'chain', messages: 16 }, 60],
  [{ link: 'mixed', mtas: 4, topology: 'mesh', messages: 16 }, 30],
  [{ link: 'mixed', mtas: 5, topology: 'ring', messages: 16 }, 10],
  [{ ...x400, swarm: false }, 10],
  [{ ...x400, faults: {} }, 10],
];

test('seeds with X.400 connectors keep all rules, and every kind of fault happens', (t) => {
  const seen = new Set<string>();
  for (const [options, seeds] of networks) {
    const failures: string[] = [];
    let accepted = 0;
    for (let seed = 1; seed <= seeds && failures.length < 3; seed += 1) {
      const { verdict, faults, mail } = simulate(options, seed);
      for (const kind of Object.keys(faults)) seen.add(kind);
      accepted += mail.accepted;
      if (verdict !== null) failures.push(`seed ${seed}: ${verdictText(verdict)}`);
    }
    t.same(failures, [], `${seeds} seeds of ${JSON.stringify(options)}`);
    t.ok(accepted > seeds * 4, 'mail really moves');
  }
  t.same([...seen].sort(), [...simFaultKinds].sort());
  t.end();
});

function linksOf(options: SimOptionsGiven, seed: number): ReadonlySet<string> {
  const { plan } = simulate({ ...options, messages: 0, faults: {} }, seed);
  return new Set(plan.mtas.flatMap(({ peers }) => peers.map(({ link = 'rpc' }) => link)));
}

test('the link of each pair of neighbours', (t) => {
  t.same(linksOf({}, 1), new Set(['rpc']), 'RPC, unless the options say otherwise');
  t.same(linksOf(x400, 1), new Set(['x400']));
  const mixed = { link: 'mixed', mtas: 4, topology: 'chain' } as const;
  const seeds = Array.from({ length: 20 }, (_, seed) => simulate({ ...mixed, messages: 0, faults: {} }, seed).plan);
  const chains = seeds.map(({ mtas }) => mtas.map(({ peers }) => peers.map(({ link = 'rpc' }) => link).join()).join(' '));
  t.ok(chains.includes('rpc rpc,x400 x400,rpc rpc'), 'LAN, X.400, LAN is among the chains');
  t.equal(simOptions({ legacy: ['Q232602'] }).link, 'x400', 'an article that needs a connector gets one');
  t.end();
});

const articles: readonly (readonly [article: string, rule: string])[] = [
  ['Q232602', 'reachable'],
  ['Q229643', 'control-blocks'],
];

test('a few seeds find the articles of the connector, and the shrinker reduces each run', (t) => {
  for (const [article, rule] of articles) {
    const options = { legacy: [article] };
    const found: number[] = [];
    for (let seed = 1; seed <= 12; seed += 1) if (simulate(options, seed).verdict?.rule === rule) found.push(seed);
    t.ok(found.length >= 2, `${article} is found by seeds ${found.join(', ')}`);
    const shrunk = shrink(options, found[0] ?? 1);
    t.equal(shrunk?.result.verdict?.rule, rule, article);
    t.ok((shrunk?.plan.faults.length ?? 9) <= 2, `${article}: two faults at most`);
  }
  t.end();
});

test('with Q166594 over an X.400 connector nobody holds the Turn', (t) => {
  const rules = new Set<string>();
  for (let seed = 1; seed <= 20; seed += 1) {
    const { verdict } = simulate({ ...x400, legacy: ['Q166594'] }, seed);
    if (verdict !== null) rules.add(verdict.rule);
  }
  t.ok(rules.has('holder-after-faults'), [...rules].join(', '));
  t.end();
});

test('a run repeats exactly, from its seed and from its plan, and its journal replays through the core', (t) => {
  for (const options of [x400, { link: 'mixed', mtas: 3, topology: 'chain' }] as const) {
    let starts = 0;
    for (let seed = 1; seed <= 4; seed += 1) {
      const [first, second, third]: [string[], string[], string[]] = [[], [], []];
      const { plan } = simulate(options, seed, { journal: (line) => first.push(line) });
      simulate(options, seed, { journal: (line) => second.push(line) });
      simulatePlan(JSON.parse(JSON.stringify(plan)), { journal: (line) => third.push(line) });
      starts += first.filter((line) => line.includes('activity-start')).length;
      t.strictSame(second, first, 'from the seed');
      t.strictSame(third, first, 'from the plan');
      t.same(verifyJournal(first.map((line) => JSON.parse(line) as JournalEntry)).differences, []);
    }
    t.ok(starts > 0, 'mail moves over X.400');
  }
  t.end();
});

test('mtalab sim --link', (t) => {
  const command = ['packages/cli/bin/mtalab.js', 'sim', '--link', 'x400', '--seed', '6', '--legacy', 'Q229643'];
  const { status, stdout } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  t.equal(status, 1);
  t.match(stdout, /\ntopology: pair\nlink: x400\n/);
  t.match(stdout, /To repeat it: mtalab sim --seed 6 --link x400 --legacy Q229643\n/);
  t.end();
});
