/** `mtalab repro all` reproduces every article and its companions, on virtual time and on processes, with the same verdicts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { command } from '../support/command.js';
import { outcomeOf } from './altered.js';
import { articles, everything, type ReproduceReport, verdictsOf } from './reproduced.js';

const bin = 'packages/cli/bin/mtalab.js';
const mtalab = (...argv: readonly string[]) => outcomeOf(bin, argv);

test('repro all reproduces everything, on virtual time and on processes, with the same verdicts', {
  timeout: 600_000,
}, async (t) => {
  const dir = join(t.testdir(), 'kept');
  const reportOf = async (...argv: readonly string[]): Promise<ReproduceReport> => {
    const { code, stdout, stderr } = await mtalab('repro', ...argv, '--json');
    t.equal(code, 0, stderr);
    return JSON.parse(stdout) as ReproduceReport;
  };
  const onSim = await reportOf('all', '--on', 'sim');
  const real = await reportOf('all', '--evidence', dir, '--jobs', '3');
  t.match([onSim.on, real.on], ['sim', 'processes']);
  t.same(onSim.results.map((each) => each.scenario).sort(), everything);
  t.same(
    onSim.results.filter((each) => each.companionTo === null).map((each) => each.scenario),
    articles,
  );
  t.same(verdictsOf(real), verdictsOf(onSim));
  // The evidence agrees with the verdict.
  for (const { scenario: name, result } of real.results) {
    for (const { mode, counts } of result?.cases ?? []) {
      const folder = join(dir, name, mode);
      t.same(JSON.parse(readFileSync(join(folder, 'counts.json'), 'utf8')).counts, counts, `${name}, ${mode}`);
      t.match(readFileSync(join(folder, 'ladder.txt'), 'utf8'), /^[0-9-]{10} +MTA-A .*MTA-B/);
      for (const mta of ['MTA-A', 'MTA-B'])
        for (const file of ['journal.jsonl', 'events.jsonl', 'ev0.log'])
          t.ok(existsSync(join(folder, mta, file)), `${mta}: ${file}`);
    }
  }
  const journals = real.results.flatMap(({ scenario: name, result }) =>
    (result?.cases ?? []).flatMap(({ mode }) => ['MTA-A', 'MTA-B'].map((mta) => join(dir, name, mode, mta, 'journal.jsonl'))),
  );
  t.match(await mtalab('replay', '--verify', ...journals), { code: 0, stdout: /every effect is the same/ });
  const ladder = readFileSync(join(dir, 'Q181721', 'legacy', 'ladder.txt'), 'utf8');
  t.match(ladder, /-- \d+ binds of a data connection, each answered by bind_nak --/);
  const log = readFileSync(join(dir, 'Q181721', 'legacy', 'MTA-A', 'ev0.log'), 'utf8');
  t.ok(log.split('NMI9316').length - 1 >= 100, 'the event log has every attempt');
  for (const argv of [['Q285350', '--on', 'sim'], ['all']]) {
    const again = await command('repro', ...argv, '--evidence', dir);
    t.match(again, { code: 2, stdout: '', stderr: /\/legacy holds an earlier run; give an empty folder\n$/ });
    t.equal(again.stderr.split('\n').length, 2, 'the command started nothing');
  }
});

/** Processes whose command line has this text. */
function processesOf(text: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
    } catch {
      return false;
    }
  });
}

test('Ctrl-C stops everything in order and leaves nothing behind', {
  timeout: 250_000,
  skip: process.platform !== 'linux',
}, async (t) => {
  const home = join(t.testdir(), 'home');
  mkdirSync(home);
  const child = spawn(process.execPath, [bin, 'repro', 'all'], {
    env: { ...process.env, TMPDIR: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  let said = '';
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  let asked = false;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    // At this point a lab is at work.
    if (asked || !said.includes('B queues a message')) return;
    asked = true;
    child.kill('SIGINT');
  });
  const [code] = (await ended) as [number | null];
  t.equal(code, 130, said);
  t.match(told, /NOT reproduced +it was interrupted/);
  t.same(
    readdirSync(home).filter((name) => name.startsWith('mtalab-')),
    [],
  );
  t.same(processesOf(home), []);
});

test('repro: wrong words', async (t) => {
  t.match(await command('repro', 'Q18172'), { code: 2, stderr: /unknown scenario Q18172; did you mean Q181721\?/ });
  t.match(await command('repro', 'all', '--jobs', '0'), { code: 2, stderr: /Expected a whole number from 1 to 16/ });
  t.match(await command('repro', 'all', '--on', 'sim', '--dir', 'x'), { code: 2, stderr: /--evidence keeps journals/ });
  // Only the folder of the last case is in the way.
  const dir = t.testdir({ 'Q285350-cluster': { fixed: { old: '' } } });
  for (const option of ['--evidence', '--dir']) {
    const refused = await command('repro', 'all', option, dir);
    t.match(refused, { code: 2, stdout: '', stderr: `mtalab: ${option}: ${join(dir, 'Q285350-cluster', 'fixed')} holds an` });
  }
  t.same(readdirSync(dir), ['Q285350-cluster'], 'and the command makes no folder');
  t.match(await command('repro', 'Q166594', '--evidence', join(dir, 'Q285350-cluster', 'fixed', 'old')), {
    code: 2,
    stdout: '',
    stderr: /^mtalab: --evidence: cannot make and write .*legacy: ENOTDIR/,
  });
  t.match(await command('scenario', '9277', '--mode', 'legacy'), {
    code: 2,
    stderr: /9277 has no legacy case; it has only fixed/,
  });
});
