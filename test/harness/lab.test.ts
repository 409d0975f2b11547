import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  generateMail,
  HarnessError,
  HarnessTimeout,
  type LabOptions,
  listRuns,
  SubmissionRefused,
  spawnMta,
  spawnPair,
} from '@mtalab/harness';
import { test } from 'tap';

const fake = fileURLToPath(new URL('./fake-mta.js', import.meta.url));
const parent = fileURLToPath(new URL('./parent.js', import.meta.url));
const command = [process.execPath, fake];

function optionsOf(env: Record<string, string> = {}, more: Partial<LabOptions> = {}): LabOptions {
  return { command, renderConfig: (config) => JSON.stringify(config), env, ...more };
}

const envelope = { originator: 'ada@a.example', recipients: ['ada@a.example'] };

/** Has the process ended? A zombie counts as ended, because only its parent decides when to reap it. */
function gone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' || !existsSync(`/proc/${pid}`);
  }
}

/** Waits until other processes make the condition true; tap's own limit ends a vain wait. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

test('a pair starts, exchanges addresses, takes mail, gives a summary, and leaves nothing behind', async (t) => {
  const lab = await spawnPair(optionsOf({}, { timeScale: 10, legacy: { 'MTA-B': ['Q166594'] } }));
  const { dir } = lab;
  const config = JSON.parse(readFileSync(join(dir, 'MTA-A', 'mta.yaml'), 'utf8'));
  const [endpoint] = lab.process('MTA-B').ready.endpoints;
  t.match(config, {
    name: 'MTA-A',
    bindings: [{ address: '127.0.0.1', port: 0 }],
    clock: { timeScale: 10 },
    peers: [{ name: 'MTA-B', endpoints: [endpoint] }],
    routes: [{ domain: 'b.example', mta: 'MTA-B' }],
    local: { domains: ['a.example'], delivery: 'maildir', path: 'mailboxes' },
  });
  t.match((await lab.status())['MTA-A'], { told: [{ mta: 'MTA-B', endpoints: [endpoint] }] });
  t.match(await lab.submit('MTA-A', { ...envelope, content: Buffer.from('hello') }), { mtsId: String, known: false });
  const big = Buffer.alloc(1_000_000, 'x');
  await lab.submit('MTA-A', {
    ...envelope,
    content: async function* () {
      yield big.subarray(0, 7);
      yield big.subarray(7);
    },
  });
  await lab.waitForDelivered(2);
  const box = join(dir, 'MTA-A', 'mailboxes', 'a.example', 'ada', 'new');
  t.same(
    readdirSync(box)
      .map((name) => readFileSync(join(box, name)).length)
      .sort(),
    [1_000_000, 5],
  );
  await t.rejects(
    lab.submit('MTA-A', { ...envelope, content: Buffer.from('X-Refuse: me') }),
    new SubmissionRefused(`MTA-A refused submission ${lab.runId}-3: content: this MTA does not like it`),
  );
  await t.rejects(
    async () => lab.submit('MTA-C', { ...envelope, content: Buffer.from('') }),
    /unknown MTA 'MTA-C'; the MTAs of this lab are MTA-A, MTA-B/,
  );
  t.throws(() => lab.fault('cut before turn-give 1'), /this lab has none; start it with the option proxy: --proxy or proxy: true/);
  t.same(await lab.summary(), {
    submitted: 2,
    delivered: 2,
    meanDelayMs: 10,
    worstDelayMs: 10,
    associationsOpened: 2,
    turnsGiven: 4,
    reports: 0,
  });
  const late = await lab.waitForDelivered(3, { timeoutMs: 50 }).catch((error: unknown) => error);
  t.ok(late instanceof HarnessTimeout);
  t.match(late, {
    message: /^2 of 3 copies were delivered within 50 ms; MTA-A has queued 0 and delivered 2 copies; MTA-B/,
  });
  await lab.set('Q166594', 'fixed');
  t.same(JSON.parse(readFileSync(join(dir, 'MTA-B', 'mta.yaml'), 'utf8')).legacy, []);
  const pids = [...lab.processes.values()].map((one) => one.pid);
  const waiting = lab.waitForDelivered(99);
  const closing = lab.close();
  await t.rejects(waiting, new HarnessError('the lab was closed meanwhile'));
  await closing;
  t.ok(pids.every(gone));
  t.notOk(existsSync(dir));
});

test('if a process dies during a submission, the harness repeats it with the same id after the restart', async (t) => {
  const lab = await spawnPair(optionsOf({ FAKE_DIES_ON_SUBMIT: '1' }));
  t.teardown(() => lab.close());
  const target = lab.process('MTA-A');
  const first = target.pid;
  const sent = lab.submitAll('MTA-A', generateMail(20, 400, 7), { ...envelope, concurrency: 4 });
  t.same(await target.exited, { code: null, signal: 'SIGKILL' });
  await target.restart();
  t.not(target.pid, first);
  t.match(await sent, { accepted: 20, refusedCount: 0 });
  // The third message was in its mailbox when the process died, before any answer.
  await lab.waitForDelivered(20);
  t.equal(readdirSync(join(lab.dir, 'MTA-A', 'mailboxes', 'a.example', 'ada', 'new')).length, 20);
  t.match(await lab.summary(), { delivered: 20, submitted: 20 });
});

test('lab time advances from timer to timer, on all clocks together', async (t) => {
  const lab = await spawnPair(optionsOf());
  t.teardown(() => lab.close());
  const due = Object.values(await lab.status()).map(({ nextDeadlineMs }) => nextDeadlineMs ?? Number.NaN);
  const goalMs = Math.min(...due) + 1_800_000;
  t.equal(await lab.quiescent(), true);
  t.equal(await lab.advance(), 'advanced');
  await lab.advanceBy(1_800_000);
  const status = await lab.status();
  for (const name of ['MTA-A', 'MTA-B']) {
    const { fired, nowMs } = status[name] as unknown as { fired: number[]; nowMs: number };
    t.ok(fired.length === 3 || fired.length === 4, `${name} fired ${fired.length} times`);
    // A delayed process fires late, and then sooner after that. Timers that the clock jumped over would fire together.
    t.ok(
      fired.every((atMs, index) => index === 0 || atMs - (fired[index - 1] ?? 0) >= 300_000),
      'one interval apart',
    );
    t.ok(nowMs >= goalMs);
  }
  // A restarted process continues in the same lab time.
  lab.process('MTA-A').kill('SIGKILL');
  await lab.process('MTA-A').restart();
  t.ok(((await lab.status())['MTA-A']?.nowMs ?? 0) >= goalMs);
});

test('errors at the start or the end name the process', async (t) => {
  const cases: [string, Record<string, string>, Partial<LabOptions>, RegExp][] = [
    [
      'dies',
      { FAKE_DIES: '1' },
      {},
      /^MTA-[AB] ended before it was ready: it ended with exit code 3\. Its stderr:\ncannot open the store: it is full of holes$/,
    ],
    [
      'says nothing',
      { FAKE_SILENT: '1' },
      { readyTimeoutMs: 700 },
      /^MTA-[AB] was not ready within 700 ms \(it wrote nothing to stderr\)$/,
    ],
    [
      'no program',
      {},
      { command: ['/nowhere/mta'] },
      /^MTA-[AB] ended before it was ready: it ended with exit code \S+\. Its stderr:\nthe command cannot run: spawn \/nowhere\/mta ENOENT$/,
    ],
    ['domains', {}, { domains: ['a.example'] }, /^domains: found 1 domain for 2 MTAs; each MTA needs one$/],
    ['legacy', {}, { legacy: { 'MTA-X': [] } }, /^legacy: unknown MTA 'MTA-X'; the MTAs are MTA-A, MTA-B$/],
    ['names', {}, { names: ['A', '../B'] }, /^names: '\.\.\/B' must start with a letter/],
    ['fault', {}, { faults: ['cut sideways'] }, /sideways/],
  ];
  for (const [name, env, more, message] of cases) {
    const error: unknown = await spawnPair(optionsOf(env, more)).then(
      (lab) => lab.close(),
      (reason: unknown) => reason,
    );
    t.ok(error instanceof Error, name);
    t.match((error as Error).message, message, name);
  }
  const stuck = await spawnMta({
    command,
    name: 'MTA-S',
    configFile: await configOf(t.testdir()),
    env: { FAKE_STAYS: '1' },
    stopTimeoutMs: 200,
  });
  await t.rejects(stuck.stop(), new HarnessError('MTA-S did not end within 200 ms of its stop and was killed'));
  t.ok(gone(stuck.pid));
  t.throws(() => stuck.client, /MTA-S is not running: it was ended by SIGKILL/);
});

async function configOf(folder: string): Promise<string> {
  const { writeFile } = await import('node:fs/promises');
  const file = join(folder, 'mta.yaml');
  await writeFile(file, JSON.stringify({ name: 'MTA-S', clock: {}, legacy: [] }));
  return file;
}

test('no MTA outlives its parent, stand-in or real, and the registry forgets the run', async (t) => {
  for (const program of [fake, 'real']) {
    const dir = t.testdir({ [program === fake ? 'fake' : 'real']: {} });
    const child = spawn(process.execPath, [parent, program, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    const line = await new Promise<string>((resolve, reject) => {
      child.stdout.once('data', (octets: Buffer) => resolve(octets.toString('utf8')));
      child.once('exit', () => reject(new Error('the parent ended by itself')));
    });
    const pids = JSON.parse(line) as number[];
    t.equal(pids.length, 2);
    t.ok((await listRuns()).some((run) => run.pid === child.pid && run.dir === dir));
    // Until this process reaps the child, the child's pid still exists.
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await until(() => pids.every(gone));
    await ended;
    t.notOk((await listRuns()).some((run) => run.pid === child.pid));
  }
});
