/** The command with real processes: a pair that delivers, a pair that cannot, and every command against a running pair. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { LabAssociation, LabSummary, MtaStatus } from '@mtalab/harness';
import { test } from 'tap';
import { digestOf, lettersIn, messagesBelow, sorted } from '../e2e/mailboxes.js';
import { namingBreaches } from '../support/names.js';

const bin = 'packages/cli/bin/mtalab.js';
const home = mkdtempSync(join(tmpdir(), 'mtalab-cli-'));
// These runs have their own registry and temporary folders.
const env = { ...process.env, XDG_RUNTIME_DIR: home, TMPDIR: home, NO_COLOR: '1' };

process.on('exit', () => rmSync(home, { recursive: true, force: true }));

type Outcome = { readonly code: number | string | null; readonly stdout: string; readonly stderr: string };

function mtalab(argv: readonly string[], input?: Buffer): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [bin, ...argv],
      { env, timeout: 200_000, maxBuffer: 1e8 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : (error.code ?? null), stdout, stderr });
      },
    );
    if (input !== undefined) child.stdin?.end(input);
  });
}

type SummaryLine = LabSummary & {
  readonly type: 'summary';
  readonly ending: string;
  readonly accepted: number;
  readonly problems: readonly string[];
  readonly unreachedFaults: readonly string[];
  readonly exitCode: number;
};

function lines(stdout: string): readonly unknown[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

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
  const [ready, summary] = lines(stdout) as [
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
    mtalab(['pair', '--once', ...fault, '--legacy', 'Q166594', '--json']),
    mtalab(['pair', '--once', ...fault, '--json']),
  ]);
  t.equal(legacy.code, 1);
  const stuck = lines(legacy.stdout)[1] as SummaryLine;
  t.equal(stuck.ending, 'stuck');
  t.ok(stuck.delivered < 20);
  t.match(stuck.problems.join('\n'), /MTA-B: \d+ messages wait for MTA-A, /);
  t.match(stuck.problems.join('\n'), /MTA-B believes MTA-A has the Turn/);
  t.match(legacy.stderr, /some mail was not delivered/);
  t.equal(fixed.code, 0, fixed.stderr);
  t.match(lines(fixed.stdout)[1], { ending: 'delivered', delivered: 20, unreachedFaults: [] });
});

test('the command reports logs that it cannot write, and the mail continues', async (t) => {
  const dir = join(home, 'unlogged');
  // A folder in the place of the file fails for root too.
  mkdirSync(join(dir, 'MTA-A', 'data', 'logs', 'events.jsonl'), { recursive: true });
  const { code, stderr } = await mtalab(['pair', '--once', '--count', '5', '--dir', dir]);
  t.equal(code, 0, stderr);
  t.match(stderr, /^MTA-A: .*cannot write .*events\.jsonl: EISDIR/m);
});

test('a fault that the run never reaches makes the exit code 1', async (t) => {
  const { code, stdout, stderr } = await mtalab([
    'pair',
    '--once',
    '--count',
    '1',
    '--fault',
    'cut before turn-give 1',
    '--json',
  ]);
  t.equal(code, 1);
  t.match(lines(stdout)[1], { ending: 'delivered', delivered: 1, unreachedFaults: ['cut before turn-give 1'] });
  t.match(stderr, /fault never reached: cut before turn-give 1/);
});

type Running = {
  readonly child: ChildProcess;
  readonly next: () => Promise<unknown>;
  readonly exited: Promise<readonly unknown[]>;
};

function startPair(argv: readonly string[]): Running {
  const child = spawn(process.execPath, [bin, 'pair', '--json', ...argv], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'close');
  child.stderr.resume();
  const reader = createInterface(child.stdout)[Symbol.asyncIterator]();
  return { child, next: async () => JSON.parse((await reader.next()).value as string) as unknown, exited };
}

/** Repeats a query until the answer is as expected; the test's time limit ends it otherwise. */
async function eventually<T>(ask: () => Promise<T>, wished: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (wished(answer)) return answer;
  }
}

test('a running pair answers every command, and stops on the stop command', { timeout: 400_000 }, async (t) => {
  const dir = join(home, 'kept');
  const pair = startPair(['--dir', dir, '--mail', 'examples', '--proxy']);
  t.teardown(() => pair.child.kill('SIGKILL'));
  t.match(await pair.next(), { type: 'ready', dir, kept: true });
  const ask = async <T>(...argv: readonly string[]): Promise<T> => {
    const { code, stdout, stderr } = await mtalab([...argv, '--dir', dir, '--timeout', '60', '--json']);
    t.equal(code, 0, `${argv.join(' ')}: ${stderr}`);
    t.same(namingBreaches(JSON.parse(stdout)), [], argv.join(' '));
    return JSON.parse(stdout) as T;
  };

  const examples = lettersIn('examples');
  const statuses = await eventually(
    () => ask<MtaStatus[]>('status'),
    ([, b]) => (b?.counters.delivered ?? 0) >= examples.length,
  );
  t.match(statuses, [
    { mta: 'MTA-A', phase: 'running' },
    { mta: 'MTA-B', phase: 'running' },
  ]);
  t.same(
    messagesBelow(join(dir, 'MTA-B', 'mailboxes')),
    sorted(examples.map(({ content }) => digestOf(content))),
    'the sample mail arrived octet for octet, each once',
  );

  const runs = await mtalab(['runs', '--json']);
  t.same([runs.code, ...namingBreaches(JSON.parse(runs.stdout))], [0]);
  t.match(await ask('status', '--mta', 'mta-b'), [{ mta: 'MTA-B' }]);
  t.match(await ask('ltab'), [
    { mta: 'MTA-A', ltab: [{ peer: 'MTA-B', ltabIndex: 1 }] },
    { mta: 'MTA-B', ltab: [{ peer: 'MTA-A' }] },
  ]);
  const [association] = await ask<LabAssociation[]>('associations');
  t.match(association, { turn: 'one', between: ['MTA-A', 'MTA-B'], sides: [{ holder: 'MTA-A' }, { holder: 'MTA-A' }] });
  t.equal(association?.sides[0]?.moved, examples.length);
  t.match(await ask('queues', '--mta', 'MTA-A'), [
    {
      mta: 'MTA-A',
      queues: [
        { queue: 'MTA-B', queued: 0 },
        { queue: 'mailboxes', queued: 0 },
      ],
    },
  ]);
  t.match(await ask('messages'), [
    { mta: 'MTA-A', messages: [] },
    { mta: 'MTA-B', messages: [] },
  ]);
  const events = await ask<{ id: number; mta: string }[]>('events');
  t.equal(events.filter((event) => event.id === 9298).length, 2, 'both have logged that they are up');

  const up = await ask<{ id: number; mta: string; explanation?: string }[]>(
    'events',
    ...[
      '--id',
      '9298,9299',
      '--category',
      'x.400 service',
      '--type',
      'information',
      '--since',
      '10min',
      '--limit',
      '1',
      '--explain',
    ],
  );
  t.match(up, [{ id: 9298, mta: events.at(-1)?.mta, explanation: /mail can move/ }], 'the last selected event, explained');
  t.same(await ask('events', '--until', '10min'), [], 'nothing was logged before the start');
  t.same(await ask('events', '--severity', '16'), []);

  const levels = await ask<{ mta: string; levels: Record<string, string> }[]>('diagnostics');
  t.match(levels, [{ mta: 'MTA-A', levels: { 'X.400 Service': 'none', APDU: 'none' } }, { mta: 'MTA-B' }]);
  t.same(await ask('diagnostics', 'x.400 service', 'MEDIUM', '--mta', 'mta-b'), [
    { mta: 'MTA-B', levels: { 'X.400 Service': 'medium' } },
  ]);
  t.same(await ask('diagnostics', 'interface'), [
    { mta: 'MTA-A', levels: { Interface: 'none' } },
    { mta: 'MTA-B', levels: { Interface: 'none' } },
  ]);
  t.match(await ask('diagnostics', 'all', '0'), [
    { levels: { 'X.400 Service': 'none' } },
    { levels: { 'X.400 Service': 'none' } },
  ]);
  t.match(
    readFileSync(join(dir, 'MTA-B', 'mta.yaml'), 'utf8'),
    /^ {4}X\.400 Service: none$/m,
    'the pair keeps the new settings for a restart',
  );

  t.match(await ask('set', 'legacy', 'Q166594', '--mta', 'MTA-B'), [{ mta: 'MTA-B', article: 'Q166594', mode: 'legacy' }]);
  t.match(await ask('status'), [{ legacy: [] }, { legacy: ['Q166594'] }]);
  t.match(await ask('retry', 'MTA-B'), [{ mta: 'MTA-A' }]);

  const fault = await ask<{ id: number }>('fault', 'hold', 'rttr', '1');
  t.match(fault, { text: /hold rttr/, state: 'armed', hits: 0 });
  const letter = Buffer.from('no header at all\r.\n\0\xff', 'latin1');
  const submitted = await mtalab(['submit', '-', '--dir', dir, '--json', '--id', 'asked-twice', '--to', 'ben@b.example'], letter);
  t.match(
    JSON.parse(submitted.stdout),
    [{ file: '-', mta: 'MTA-A', submissionId: 'asked-twice', known: false }],
    submitted.stderr,
  );
  await eventually(
    () => ask<{ hits: number }[]>('fault', 'list'),
    ([one]) => one?.hits === 1,
  );
  t.match(await ask('messages', '--mta', 'MTA-A'), [
    { messages: [{ state: 'in-transfer', recipients: ['ben@b.example'], sizeBytes: letter.length }] },
  ]);
  const again = await mtalab(['submit', '-', '--dir', dir, '--json', '--id', 'asked-twice', '--to', 'ben@b.example'], letter);
  t.match(JSON.parse(again.stdout), [{ known: true }], 'a submission with the same id makes no second message');
  await ask('fault', 'release');
  await eventually(
    () => ask<MtaStatus[]>('status', '--mta', 'MTA-B'),
    ([b]) => b?.counters.delivered === examples.length + 1,
  );
  const [file = ''] = readdirSync(join(dir, 'MTA-B', 'mailboxes'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /ben\b.*\/new\//.test(name),
  );
  t.same(readFileSync(join(dir, 'MTA-B', 'mailboxes', file)), letter);
  t.match(await ask('fault', 'remove', String(fault.id)), {});
  t.match(await mtalab(['fault', 'remove', '99', '--dir', dir]), { code: 1, stderr: /unknown fault 99/ });

  const far = join(home, 'far.eml');
  writeFileSync(far, 'Subject: back\r\n\r\n');
  t.match(
    await ask('submit', far, '--from', 'cleo@b.example'),
    [{ mta: 'MTA-B' }],
    'the domain of --from selects the MTA that takes the message',
  );
  await eventually(
    () => ask<MtaStatus[]>('status', '--mta', 'MTA-A'),
    ([a]) => a?.counters.delivered === 1,
  );
  t.match(await mtalab(['submit', join(home, 'none.eml'), '--dir', dir]), { code: 1, stderr: /no such file/ });

  const pipe = join(home, 'letter.pipe');
  execFileSync('mkfifo', [pipe]);
  const several = 'ben@b.example,"ben smith"@b.example,"smith, ben"@b.example';
  const [piped] = await Promise.all([ask('submit', pipe, '--to', several), writeFile(pipe, letter)]);
  t.match(piped, [{ file: 'letter.pipe', mta: 'MTA-A' }], 'a pipe is a message');
  const fromPath = await mtalab(['submit', '/dev/stdin', '--dir', dir, '--json', '--to', 'eve@b.example'], letter);
  t.match(JSON.parse(fromPath.stdout), [{ mta: 'MTA-A' }], 'standard input by its path');
  await eventually(
    () => ask<MtaStatus[]>('status', '--mta', 'MTA-B'),
    ([b]) => b?.counters.delivered === examples.length + 5,
  );
  const mailboxes = ['ben%20smith', 'smith%2C%20ben', 'eve'].map((name) =>
    join(dir, 'MTA-B', 'mailboxes', 'b.example', name, 'new'),
  );
  for (const box of mailboxes)
    t.same(
      readdirSync(box).map((name) => readFileSync(join(box, name))),
      [letter],
      box,
    );
  const tooMany = Array.from({ length: 1001 }, (_, at) => `u${at}@b.example`).join(',');
  t.match(await mtalab(['submit', far, '--dir', dir, '--to', tooMany]), {
    code: 2,
    stderr: 'mtalab: --to: 1001 recipients; a message has at most 1000\n',
  });

  const tables = ['status', 'ltab', 'associations', 'queues', 'messages', 'events', 'diagnostics', 'runs'];
  const said = await Promise.all(tables.map((command) => mtalab([command, ...(command === 'runs' ? [] : ['--dir', dir])])));
  for (const [at, command] of tables.entries()) {
    t.match(said[at], { code: 0, stderr: '' }, command);
    t.match(said[at]?.stdout, /MTA-A|no /, command);
  }
  const second = await mtalab(['pair', '--dir', dir, '--once', '--count', '1']);
  t.match(second, { code: 1, stderr: /another run uses .*kept/ });

  t.match(await ask('stop'), {
    dir,
    mtas: [
      { mta: 'MTA-A', killed: null },
      { mta: 'MTA-B', killed: null },
    ],
  });
  t.match(await pair.next(), { type: 'summary', ending: 'interrupted', delivered: examples.length + 6 });
  t.same(await pair.exited, [0, null]);
  t.match(await mtalab(['status', '--dir', dir]), { code: 1 });
  const log = readFileSync(join(dir, 'MTA-A', 'data', 'logs', 'events.jsonl'), 'utf8');
  t.match(log, /"id":9299/, 'it stopped in order');
  t.match(await ask('events', '--id', '9299', '--mta', 'mta-b'), [{ id: 9299, mta: 'MTA-B' }], 'its log is still readable');
  t.match(await mtalab(['events', '--dir', join(dir, 'MTA-A', 'data'), '--id', '9299', '--follow']), { code: 0, stdout: /9299/ });
  const wrong = await mtalab(['events', '--dir', dir, '--mta', 'MTA-C']);
  t.match(wrong, { code: 2, stderr: /unknown MTA MTA-C \(known: MTA-., MTA-.\)/ });
  t.match(await mtalab(['events', '--dir', dir, '--since', '1h']), { code: 2, stderr: /the run is over/ });
});

for (const [signal, what] of [
  ['SIGINT', 'Ctrl-C'],
  ['SIGHUP', 'the end of its terminal'],
] as const) {
  test(`${what} stops a pair in order`, async (t) => {
    const pair = startPair([]);
    t.teardown(() => pair.child.kill('SIGKILL'));
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
  t.teardown(() => pair.child.kill('SIGKILL'));
  const ready = (await pair.next()) as { readonly dir: string; readonly mtas: readonly { readonly pid: number }[] };
  pair.child.kill('SIGINT');
  pair.child.kill('SIGTERM');
  await pair.exited;
  t.notOk(existsSync(ready.dir), 'the temporary folder is gone');
});

test('an MTA of a pair is restarted, killed, does not start, and starts again', { timeout: 280_000 }, async (t) => {
  const dir = join(home, 'restarts');
  const pair = startPair(['--dir', dir, '--bindings', 'MTA-B=127.0.0.1,192.0.2.1']);
  t.teardown(() => pair.child.kill('SIGKILL'));
  const ready = (await pair.next()) as {
    readonly mtas: readonly { readonly pid: number; readonly endpoints: readonly string[] }[];
  };
  const tell = (...argv: readonly string[]): Promise<Outcome> => mtalab([...argv, '--dir', dir, '--timeout', '60']);
  const pids = async (): Promise<readonly number[]> => {
    const { stdout } = await tell('status', '--json');
    return (JSON.parse(stdout) as MtaStatus[]).map(({ pid }) => pid);
  };
  const ids = (name: string): readonly number[] =>
    lines(readFileSync(join(dir, name, 'data', 'logs', 'events.jsonl'), 'utf8')).map((line) => (line as { id: number }).id);

  t.match(await tell('restart', '--json'), { code: 0, stdout: /"mta": "MTA-A",\s*"killed": null\s*\},\s*\{\s*"mta": "MTA-B"/ });
  const [a, b] = await pids();
  t.notOk(
    ready.mtas.some(({ pid }) => pid === a || pid === b),
    'these are new processes',
  );
  t.match(await tell('restart', '--kill', '--mta', 'mta-a'), { code: 0, stdout: 'MTA-A runs again\n' });
  t.equal(ids('MTA-A').filter((id) => id === 2219).length, 1, 'its store was checked');

  t.match(await tell('set', 'legacy', 'Q285350', '--mta', 'MTA-B'), { code: 0, stdout: /shows at the next start$/m });
  t.match(await tell('restart', '--mta', 'MTA-B'), { code: 1, stderr: /MTA-B ended before it was ready.*exit code 1/s });
  t.same(ids('MTA-B').slice(-2), [9321, 9266]);
  t.match(await tell('events', '--mta', 'MTA-B', '--limit', '1'), { code: 0, stdout: /9266/ }, 'its log is still readable');
  t.match(await tell('status'), { code: 1, stdout: /MTA-A/, stderr: /MTA-B is down; `mtalab restart --mta MTA-B` starts it/ });
  t.match(await tell('submit', 'examples/01-plain.eml', '--mta', 'MTA-B'), { code: 1, stderr: /MTA-B is down/ });
  t.match(await tell('submit', 'examples/01-plain.eml', '--to', 'ben@b.example'), { code: 0 }, 'the other MTA continues');
  t.match(await tell('bindings', 'disable', '192.0.2.1', '--mta', 'MTA-B'), {
    code: 0,
    stdout: /^MTA-B.*\n.*192\.0\.2\.1\[0\] +- +no/m,
  });
  t.match(await tell('restart', '--mta', 'MTA-B'), { code: 0 }, 'the workaround of the article');
  t.match(await tell('retry', 'MTA-B'), { code: 0 }, 'without a wait for the Open Interval');
  await eventually(
    async () => JSON.parse((await tell('status', '--json', '--mta', 'MTA-B')).stdout) as MtaStatus[],
    ([one]) => one?.counters.delivered === 1,
  );
  pair.child.kill('SIGINT');
  t.match(await pair.next(), { type: 'summary', ending: 'interrupted', delivered: 1 });
  t.same(await pair.exited, [0, null]);
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
    env: { ...env, TERM: 'xterm' },
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
