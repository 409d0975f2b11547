/**
 * `npm run verify`: the long proofs. 10,000 seeds of a simulated pair and some hundreds of larger networks keep every rule,
 * 100 seeds give the same journals when run twice, the simulator finds and shrinks each article and finds every planted fault,
 * and the checker searches its larger spaces completely. `npm run verify -- pair` runs the parts whose names begin with `pair`.
 * It prints one line for each part; the exit code is 1 if one fails.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);

function build() {
  const typescript = require.resolve('typescript/package.json');
  const compiler = resolve(dirname(typescript), require(typescript).bin.tsc);
  const run = spawnSync(process.execPath, [compiler, '-b'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (run.status !== 0) throw new Error('The build failed, so no proof ran.');
}

const { shrink, simulate, verdictText } = await (async () => {
  build();
  return import('@mtalab/proof');
})();

/** Runs seeds. @throws Error at the first seed that breaks a rule. */
function seeds(options, count) {
  let [states, virtualMs, faults] = [0, 0, 0];
  for (let seed = 1; seed <= count; seed += 1) {
    const result = simulate(options, seed);
    states += result.states;
    virtualMs += result.virtualMs;
    for (const number of Object.values(result.faults)) faults += number;
    if (!result.ok) throw new Error(`seed ${seed} of ${JSON.stringify(options)}\n${verdictText(result.verdict)}`);
  }
  return `${count} seeds keep all rules: ${states} states, ${faults} faults, ${(virtualMs / 3_600_000).toFixed(0)} virtual hours`;
}

function journal(options, seed) {
  const digest = createHash('sha256');
  simulate(options, seed, { journal: (line) => digest.update(`${line}\n`) });
  return digest.digest('hex');
}

function twice(count) {
  for (let seed = 1; seed <= count; seed += 1) {
    const [once, again] = [journal({}, seed), journal({}, seed)];
    if (once !== again) throw new Error(`seed ${seed} gives two different journals`);
  }
  return `${count} seeds, run twice, give identical journals`;
}

/** Does a broken rule fit the article? An article that only delays or returns mail breaks no safety rule. */
const symptoms = {
  Q166594: ({ kind }) => kind === 'liveness',
  Q181721: ({ kind }) => kind === 'liveness',
  Q229643: ({ rule }) => rule === 'control-blocks',
  Q232602: ({ rule }) => rule === 'reachable',
  Q280449: ({ rule }) => rule === 'reachable',
  Q285350: ({ rule }) => rule === 'starts',
};

function quirk(article, count) {
  let [found, tried, single, mostFaults] = [0, 0, 0, 0];
  for (let seed = 1; seed <= count; seed += 1) {
    const options = { legacy: [article] };
    const { verdict } = simulate(options, seed);
    if (verdict === null) continue;
    found += 1;
    if (!symptoms[article](verdict)) throw new Error(`seed ${seed} with ${article}\n${verdictText(verdict)}`);
    if (found > 20) continue;
    const shrunk = shrink(options, seed);
    if (shrunk === null) throw new Error(`seed ${seed} with ${article} fails only once`);
    mostFaults = Math.max(mostFaults, shrunk.plan.faults.length);
    if (shrunk.plan.faults.length <= 1) single += 1;
    tried += 1;
  }
  if (found === 0) throw new Error(`none of ${count} seeds finds ${article}`);
  return `${found} of ${count} seeds find ${article} by the rules it is known to break; of ${tried} that were shrunk ${single} need one fault at most, the others up to ${mostFaults}`;
}

/** Searches a whole space of the checker in a separate process, which has a large enough heap. */
function exhausted(bounds, expected = 0) {
  const command = [resolve(root, 'packages/cli/bin/mtalab.js'), 'check', '--json', ...bounds];
  const run = spawnSync(process.execPath, command, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 2 ** 28 });
  if (run.status !== expected) throw new Error(`mtalab check ${bounds.join(' ')} ended with ${run.status}, not ${expected}`);
  const { states, transitions, exhausted: whole } = JSON.parse(run.stdout);
  if (expected === 0 && !whole) throw new Error(`mtalab check ${bounds.join(' ')} did not visit every state`);
  return `${bounds.join(' ')}: ${expected === 0 ? 'every property holds' : 'the article is found'}, ${states} states, ${transitions} transitions`;
}

/** Reproduces everything on processes, again and again, with the same verdicts: the test does that once, and compares it with virtual time. */
async function reproduced(count) {
  const { verdictsOf } = await import('./dist/e2e/reproduced.js');
  const command = [resolve(root, 'packages/cli/bin/mtalab.js'), 'repro', 'all', '--json'];
  const verdicts = Array.from({ length: count }, () => {
    const run = spawnSync(process.execPath, command, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 2 ** 28,
    });
    if (run.status !== 0) throw new Error(`mtalab repro all ended with ${run.status}`);
    return JSON.stringify(verdictsOf(JSON.parse(run.stdout)));
  });
  if (new Set(verdicts).size !== 1) throw new Error('two runs give different verdicts');
  return `${count} runs on processes reproduce everything, with the same verdicts`;
}

/** Alters every octet of a small store in turn: the test of the store does that to some of them. */
function everyOctet() {
  const env = { ...process.env, MTALAB_OCTET_STRIDE: '1', MTALAB_NO_INSTALL: '1' };
  const test = resolve(root, 'test/dist/store/damage.test.js');
  const run = spawnSync(process.execPath, [test], { encoding: 'utf8', env, maxBuffer: 2 ** 28 });
  if (run.status !== 0)
    throw new Error(
      run.stdout
        .split('\n')
        .filter((line) => /not ok/.test(line))
        .join('\n'),
    );
  const found = run.stdout.match(/\d+ octets altered: .*/g) ?? [];
  return found.join('; ');
}

/** The sample peer keeps every rule of `mtalab grade`; the test plays some of the schedules. */
function graded(count) {
  const command = [resolve(root, 'packages/cli/bin/mtalab.js'), 'grade', 'examples/peer/peer.py', '--schedules', `${count}`];
  const run = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`mtalab grade ended with ${run.status}\n${run.stdout}${run.stderr}`);
  return run.stdout.trim();
}

/** The name and the function of each part. The function returns its findings, or throws. */
const parts = [
  ['pair', () => seeds({}, 10_000)],
  ['x400 pair', () => seeds({ link: 'x400' }, 10_000)],
  ['x400 chain', () => seeds({ link: 'mixed', mtas: 4, topology: 'chain' }, 500)],
  ['x400 mesh', () => seeds({ link: 'mixed', mtas: 5, topology: 'mesh' }, 300)],
  ['chain', () => seeds({ mtas: 4, topology: 'chain' }, 500)],
  ['ring', () => seeds({ mtas: 5, topology: 'ring' }, 500)],
  ['star', () => seeds({ mtas: 6, topology: 'star' }, 500)],
  ['mesh', () => seeds({ mtas: 5, topology: 'mesh' }, 500)],
  ['large mesh', () => seeds({ mtas: 100, topology: 'mesh' }, 10)],
  ['1000 MTAs', () => seeds({ mtas: 1000, topology: 'ring' }, 1)],
  ['determinism', () => twice(100)],
  ['store', () => everyOctet()],
  ['repro', () => reproduced(2)],
  ['grade', () => graded(1000)],
  ['quirk Q166594', () => quirk('Q166594', 500)],
  ['quirk Q181721', () => quirk('Q181721', 50)],
  ['quirk Q229643', () => quirk('Q229643', 100)],
  ['quirk Q232602', () => quirk('Q232602', 200)],
  ['quirk Q280449', () => quirk('Q280449', 200)],
  ['quirk Q285350', () => quirk('Q285350', 200)],
  ['grounds', async () => (await import('./dist/mutants/verify.js')).verifyGrounds(1000)],
  ['mutants', async () => (await import('./dist/mutants/verify.js')).verifyMutants(1000)],
  ['checker, two losses', () => exhausted(['--messages', '1,1', '--losses', '2'])],
  ['checker, a loss and a crash', () => exhausted(['--messages', '1,1', '--losses', '1', '--crashes', '1'])],
  ['checker, two and one', () => exhausted(['--messages', '2,1', '--losses', '1', '--threshold', '9'])],
  ['checker, chain', () => exhausted(['--messages', '1,1', '--losses', '0', '--chain'])],
  ['checker, two listeners', () => exhausted(['--environment', 'two-listeners', '--losses', '1', '--messages', '1,1'])],
  ['checker, other family first', () => exhausted(['--environment', 'other-family-first', '--losses', '1', '--messages', '1,1'])],
  [
    'checker, other network first',
    () => exhausted(['--environment', 'other-network-first', '--losses', '1', '--messages', '1,1']),
  ],
  ['checker, failing adapter', () => exhausted(['--environment', 'failing-adapter', '--losses', '1', '--messages', '1,1'])],
  ['checker, cure', () => exhausted(['--legacy', 'Q181721', '--cure', '--losses', '0', '--messages', '1,1'])],
  ['checker, Q181721', () => exhausted(['--legacy', 'Q181721'], 1)],
  ['checker, Q280449', () => exhausted(['--legacy', 'Q280449'], 1)],
  ['checker, Q285350', () => exhausted(['--legacy', 'Q285350'], 1)],
  ['checker, x400, two losses', () => exhausted(['--link', 'x400', '--messages', '1,1', '--losses', '2'])],
  [
    'checker, x400, a loss and a crash',
    () => exhausted(['--link', 'x400', '--messages', '1,1', '--losses', '1', '--crashes', '1']),
  ],
  [
    'checker, x400, segments',
    () => exhausted(['--link', 'x400', '--messages', '1,1', '--losses', '1', '--segments', '2', '--full', 'stores']),
  ],
  ['checker, x400, chain', () => exhausted(['--link', 'x400', '--messages', '1,1', '--losses', '0', '--chain'])],
  ['checker, x400, cure', () => exhausted(['--legacy', 'Q232602', '--cure', '--messages', '1,0', '--losses', '2'])],
  ['checker, Q229643', () => exhausted(['--legacy', 'Q229643'], 1)],
  ['checker, Q232602', () => exhausted(['--legacy', 'Q232602', '--messages', '1,0', '--losses', '2'], 1)],
  ['checker, x400, quirk', () => exhausted(['--link', 'x400', '--legacy', 'Q166594'], 1)],
  ['checker, quirk', () => exhausted(['--messages', '1,1', '--losses', '1', '--legacy', 'Q166594'], 1)],
];

const chosen = process.argv.slice(2);
let failed = 0;
for (const [name, verify] of parts) {
  if (chosen.length > 0 && !chosen.some((each) => name.startsWith(each))) continue;
  const startedAtMs = performance.now();
  const seconds = () => `${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`;
  try {
    console.log(`ok      ${name}: ${await verify()} (${seconds()})`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name} (${seconds()}): ${error instanceof Error ? error.message : error}`);
  }
}
process.exitCode = failed === 0 ? 0 : 1;
