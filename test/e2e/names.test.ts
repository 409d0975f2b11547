/** Every command that prints JSON keeps the conventions of docs/json.md. Those of a running pair: see test/cli/running-pair.test.ts. */
import { join } from 'node:path';
import { test } from 'tap';
import { command } from '../support/command.js';
import { namingBreaches } from '../support/names.js';
import { home, start, until } from './shell.js';

test('the walk finds each kind of breach', (t) => {
  const breaches: readonly (readonly [unknown, RegExp])[] = [
    [{ name: 'MTA-A' }, /\$\.name: the name of an MTA stands under `mta`/],
    [{ node: 'x' }, /\$\.node: an MTA is called/],
    [{ rows: { 'MTA-A': 1 } }, /\$\.rows\.MTA-A: a map by MTA/],
    [[{ nowMs: Date.UTC(2026, 0) }], /\$\[0\]\.nowMs: \d+ is an instant as a number/],
    [{ openedAt: 5 }, /\$\.openedAt: an instant is a text/],
    [{ opened: '2026-01-02T03:04:05.678Z' }, /\$\.opened: the name of an instant ends in `At`/],
    [{ delay: 5 }, /\$\.delay: a duration has its unit/],
    [{ 'two words': 5 }, /\$\.two words: the key is not in camel case/],
  ];
  for (const [value, words] of breaches) t.match(namingBreaches(value), [words]);
  const right = [{ mta: 'MTA-A', now: '2026-01-02T03:04:05.678Z', delayMs: 5, nextDeadlineAt: null }];
  t.same(namingBreaches(right), []);
  t.end();
});

test('commands that need no run', async (t) => {
  const journal = join(t.testdir({}), 'run.jsonl');
  const commands = [
    ['releases'],
    ['explain', '--all'],
    ['explain', '1722', 'Q181721'],
    ['sim', '--seed', '3', '--journal', journal],
    ['check', '--messages', '1,0', '--losses', '0'],
    ['scenario', 'Q280449'],
    ['repro', 'Q166594', '--on', 'sim'],
    ['replay', '--verify', journal],
    ['runs'],
  ];
  for (const argv of commands) {
    const { code, stdout, stderr } = await command(...argv, '--json');
    t.equal(code, 0, `${argv.join(' ')}: ${stderr}`);
    t.same(namingBreaches(JSON.parse(stdout)), [], argv.join(' '));
  }
});

test('commands that print lines, or act on the link', { timeout: 200_000 }, async (t) => {
  const dir = join(home, 'lines');
  const pair = start('pair', '--json', '--dir', dir, '--proxy');
  t.same(namingBreaches(await pair.next()), []);
  const where = ['--dir', dir, '--timeout', '60', '--json'];
  // Earlier deliveries do not show, so the second letter waits until the command follows.
  const deliveries = start('deliveries', ...where);
  let line: Record<string, unknown> | undefined;
  void deliveries.next().then((first) => {
    line = first;
  });
  await until(async () => {
    await command('submit', 'examples/01-plain.eml', ...where);
    return line !== undefined;
  });
  t.match(line, { time: /Z$/, mta: 'MTA-B', copy: /^\d+-\d+$/, submittedAt: /Z$/, delayMs: Number });
  t.same(namingBreaches(line), []);
  for (const argv of [
    ['fault', 'cut'],
    ['fault', 'release'],
    ['fault', 'heal'],
    ['restart', '--kill', '--mta', 'MTA-B'],
  ]) {
    const { stdout, stderr } = await command(...argv, ...where);
    t.same(namingBreaches(JSON.parse(stdout || `"${stderr}"`)), [], argv.join(' '));
  }
  t.match(await command('stop', ...where), { code: 0 });
  t.same(namingBreaches(await pair.next()), []);
  t.same(await deliveries.ended, [0, null], 'the deliveries end with the run');
});
