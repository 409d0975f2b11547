/** `mtalab load` on MTAs that run already: its output, its files and its exit codes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadResult } from '@mtalab/harness';
import { spawnPair } from 'mtalab';
import { test } from 'tap';
import { type CommandOutcome, command } from '../support/command.js';

const bin = 'packages/cli/bin/mtalab.js';

/** Runs the command as a process. @param onStderr sees what has come so far, and may send a signal. */
async function asProcess(
  words: readonly string[],
  onStderr: (text: string, signal: (name: NodeJS.Signals) => void) => void,
): Promise<Pick<CommandOutcome, 'stdout' | 'stderr'> & { readonly code: number | null }> {
  const child = spawn(process.execPath, [bin, ...words], {
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    onStderr(stderr, (name) => child.kill(name));
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

test('load of MTAs that run: outcome, files, exit codes, Ctrl-C', async (t) => {
  const pair = await spawnPair({ delivery: 'ledger', proxy: true });
  await pair.register();
  t.teardown(() => pair.close());
  const out = join(t.testdir(), 'run.json');
  const load = ['load', '--running', '--dir', pair.dir];

  const passed = await command(
    ...load,
    '--rate',
    '100',
    '--count',
    '40',
    '--priority',
    'urgent:1,normal:1',
    '--out',
    out,
    '--label',
    'first',
    '--seed',
    '5',
  );
  t.equal(passed.code, 0, passed.stderr);
  t.match(passed.stdout, /40 accepted/);
  t.match(passed.stdout, /verdict: passed/);
  t.match(passed.stderr, /40 delivered/, 'progress goes to stderr, as plain lines');
  const result = JSON.parse(readFileSync(out, 'utf8')) as LoadResult;
  t.match(result, {
    format: 'mtalab-load/1',
    label: 'first',
    seed: 5,
    counts: { intended: 40, accepted: 40, delivered: 40, lost: 0, outOfOrder: 0 },
    mtas: [
      { mta: 'MTA-A', threshold: 50 },
      { mta: 'MTA-B', threshold: 50 },
    ],
    verdict: 'passed',
  });
  t.ok(result.options.includes('--running') && result.options.includes('--seed 5'), result.options.join(' '));

  const missed = await command(
    ...load,
    '--in-flight',
    '2',
    '--count',
    '5',
    '--threshold',
    'p99<1us',
    '--threshold',
    'delivered>=5',
    '--json',
  );
  t.equal(missed.code, 99, missed.stderr);
  t.match(JSON.parse(missed.stdout), {
    verdict: 'threshold-missed',
    exitCode: 99,
    thresholds: [{ passed: false }, { passed: true, value: 5 }],
  });

  // A run of the library has no supervisor, so nobody can set faults on its link. A process can be suspended all the same.
  const unknown = await command(
    ...load,
    '--rate',
    '100',
    '--count',
    '3',
    '--fault',
    'at 0s suspend MTA-B',
    '--patience',
    '0.3',
    '--json',
  );
  t.equal(unknown.code, 3, unknown.stderr);
  t.match(JSON.parse(unknown.stdout), { verdict: 'unknown', exitCode: 3, seconds: { drain: null }, counts: { lost: 0 } });

  const unreached = await command(
    ...load,
    '--rate',
    '100',
    '--count',
    '3',
    '--fault',
    'when delivered 1000 suspend MTA-B',
    '--json',
  );
  t.equal(unreached.code, 1, unreached.stderr);
  t.match(JSON.parse(unreached.stdout), { verdict: 'check-failed', exitCode: 1 });

  const interrupted = await asProcess([...load, '--rate', '50', '--duration', '1h', '--interval', '100ms'], (text, signal) => {
    if (/ [1-9]\d* delivered/.test(text) && !text.includes('ending the load')) signal('SIGINT');
  });
  t.equal(interrupted.code, 0, interrupted.stderr);
  t.match(interrupted.stderr, /ending the load in order; press Ctrl-C to stop at once/);
  t.match(interrupted.stdout, /the load was interrupted before its plan was over/);
  t.match(interrupted.stdout, /verdict: passed/);

  const proxied = await command(...load, '--rate', '50', '--count', '1', '--fault', 'at 1s cut');
  t.equal(proxied.code, 1);
  t.match(proxied.stderr, /there is no fault proxy between the MTAs/);
});
