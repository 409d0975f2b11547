/** `mtalab pair` from its start to its end: mail that is delivered, mail that cannot be, signals, and a terminal. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LabSummary } from '@mtalab/harness';
import { test } from 'tap';
import { command } from '../support/command.js';
import { namingBreaches } from '../support/names.js';
import { bin, home, jsonLines, mtalab, startPair } from './pair-process.js';

type SummaryLine = LabSummary & {
  readonly type: 'summary';
  readonly ending: string;
  readonly accepted: number;
  readonly problems: readonly string[];
  readonly unreachedFaults: readonly string[];
  readonly exitCode: number;
};

test('--once --json: two lines of JSON, exit 0, and nothing left behind', async (t) => {
  const { code, stdout, stderr } = await mtalab([
    'pair',
    '--once',
    '--count',
    '20',
    '--both-ways',
    '--mapper',
    'MTA-B=0',
    '--metrics',
    'MTA-A=0',
    '--json',
  ]);
  t.equal(code, 0, stderr);
  const [ready, summary] = jsonLines(stdout) as [
    { type: string; dir: string; mtas: { mta: string; endpoints: string[] }[] },
    SummaryLine,
  ];
  t.same(namingBreaches([ready, summary]), []);
  t.match(ready, {
    type: 'ready',
    kept: false,
    mtas: [
      { mta: 'MTA-A', domains: ['a.example'], mapper: [], metrics: /^http:\/\/127\.0\.0\.1:\d+\/metrics$/ },
      { mta: 'MTA-B', mapper: [/^127\.0\.0\.1\[\d+\]$/], metrics: null },
    ],
  });
  t.match(ready.mtas[0]?.endpoints[0], /^127\.0\.0\.1\[\d+\]$/);
  t.match(summary, {
    type: 'summary',
    ending: 'delivered',
    submitted: 20,
    accepted: 20,
    delivered: 20,
    reports: 0,
    problems: [],
    exitCode: 0,
  });
  t.ok(summary.associationsOpened >= 1);
  t.ok(summary.turnsGiven >= 1, 'mail went both ways');
  t.ok(summary.maxDelayMs >= summary.meanDelayMs);
  t.notOk(existsSync(ready.dir), 'the temporary folder is gone');
});

test('--once with the Turn lost: exit 1 and the beliefs of both sides; without the article all mail arrives', async (t) => {
  const fault = ['--count', '20', '--both-ways', '--fault', 'cut before turn-give 1'];
  const [legacy, fixed] = await Promise.all([
    command('pair', '--once', ...fault, '--legacy', 'Q166594', '--json'),
    command('pair', '--once', ...fault, '--json'),
  ]);
  t.equal(legacy.code, 1);
  const stuck = jsonLines(legacy.stdout)[1] as SummaryLine;
  t.equal(stuck.ending, 'stuck');
  t.ok(stuck.delivered < 20);
  t.match(stuck.problems.join('\n'), /MTA-B: \d+ messages wait for MTA-A, /);
  t.match(stuck.problems.join('\n'), /MTA-B believes MTA-A has the Turn/);
  t.match(legacy.stderr, /some mail was not delivered/);
  t.equal(fixed.code, 0, fixed.stderr);
  t.match(jsonLines(fixed.stdout)[1], { ending: 'delivered', delivered: 20, unreachedFaults: [] });
});

test('the command reports logs that it cannot write, and the mail continues', async (t) => {
  const dir = join(home, 'unlogged');
  // A folder in the place of the file fails for root too.
  mkdirSync(join(dir, 'MTA-A', 'data', 'logs', 'events.jsonl'), { recursive: true });
  const { code, stderr } = await command('pair', '--once', '--count', '5', '--dir', dir);
  t.equal(code, 0, stderr);
  t.match(stderr, /^MTA-A: .*cannot write .*events\.jsonl: EISDIR/m);
});

test('a fault that the run never reaches makes the exit code 1', async (t) => {
  const { code, stdout, stderr } = await command('pair', '--once', '--count', '1', '--fault', 'cut before turn-give 1', '--json');
  t.equal(code, 1);
  t.match(jsonLines(stdout)[1], { ending: 'delivered', delivered: 1, unreachedFaults: ['cut before turn-give 1'] });
  t.match(stderr, /fault never reached: cut before turn-give 1/);
});

for (const [signal, what] of [
  ['SIGINT', 'Ctrl-C'],
  ['SIGHUP', 'the end of its terminal'],
] as const) {
  test(`${what} stops a pair in order`, async (t) => {
    const pair = startPair([]);
    const ready = (await pair.next()) as { readonly dir: string; readonly mtas: readonly { readonly pid: number }[] };
    pair.child.kill(signal);
    t.match(await pair.next(), { type: 'summary', ending: 'interrupted' });
    t.same(await pair.exited, [0, null]);
    for (const { pid } of ready.mtas) t.throws(() => process.kill(pid, 0), { code: 'ESRCH' }, 'its processes are gone');
    t.notOk(existsSync(ready.dir), 'the temporary folder is gone');
  });
}

test('a second signal ends a pair at once, and nothing is left behind', async (t) => {
  const pair = startPair(['--count', '3000', '--both-ways']);
  const ready = (await pair.next()) as { readonly dir: string; readonly mtas: readonly { readonly pid: number }[] };
  pair.child.kill('SIGINT');
  pair.child.kill('SIGTERM');
  await pair.exited;
  t.notOk(existsSync(ready.dir), 'the temporary folder is gone');
});

const scriptWorks = process.platform === 'linux' && existsSync('/usr/bin/script');

test('on a terminal the status says what was asked for and why nothing moves, and follows a new size', {
  skip: !scriptWorks,
  timeout: 200_000,
}, async (t) => {
  const options = ['--legacy', 'Q166594', '--fault', "'cut before turn-give 1'", '--count', '20', '--both-ways'];
  // A line of input is the wish for the next step. A background process ignores SIGINT.
  const steps = [
    'stty cols 100 rows 30',
    `${process.execPath} ${bin} pair ${options.join(' ')} & pair=$!`,
    'read step; stty cols 50',
    'read step; kill -TERM $pair; wait $pair',
  ];
  const terminal = spawn('script', ['-qec', steps.join('; '), '/dev/null'], {
    env: { ...process.env, TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => terminal.kill('SIGKILL'));
  const ended = once(terminal, 'close');
  let shown = '';
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  // Control sequences as plain text: UP rows and ERASE.
  const plain = (): string => shown.replaceAll('\u001b', 'ESC').replace(/ESC\[(\d+)AESC\[0J/g, '<UP $1>');
  const until = async (pattern: RegExp, from = 0): Promise<void> => {
    while (!pattern.test(plain().slice(from))) await once(terminal.stdout, 'data');
  };
  await until(/nothing can move:[\s\S]* no timer can move this mail\r\n\d+ of 20 messages delivered[^<]*</);
  t.match(plain(), /association MTA-A\/1\/\d+ is open; MTA-A believes MTA-B has the Turn, MTA-B believes/);
  const before = plain().length;
  terminal.stdin.write('\n');
  await until(/ {4}MTA-B has the Turn[\s\S]*?of 20 messages delivered[^<]*</, before);
  // The first drawing for 50 columns, and the last one for 100. Its erasure goes up over all the rows it takes in 50 columns.
  const drawings = [...plain().matchAll(/<UP (\d+)>([^<]*)/g)].map(([, up, text = '']) => ({
    up: Number(up),
    rows: text.trimEnd().split('\r\n'),
  }));
  const narrow = drawings.findIndex(({ rows }) => rows.some((row) => row.startsWith('    MTA-B has the Turn')));
  t.same(
    drawings[narrow]?.rows.filter((row) => row.length > 49),
    [],
  );
  const wrapped = drawings[narrow - 1]?.rows.reduce((sum, row) => sum + Math.max(1, Math.ceil(row.length / 50)), 0);
  t.equal(drawings[narrow]?.up, wrapped);
  terminal.stdin.write('\n');
  await ended;
  t.match(shown, /Turns given/);
});
