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
import { statusesOf } from '../support/statuses.js';

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
  t.match((await lab.status())[0], { told: [{ mta: 'MTA-B', endpoints: [endpoint] }] });
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
  t.throws(
    () => lab.fault('cut before turn-give 1'),
    /this lab has none; start it with the option proxy: --proxy or proxy: true/,
  );
  t.same(await lab.summary(), {
    submitted: 2,
    delivered: 2,
    meanDelayMs: 10,
    maxDelayMs: 10,
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
  const due = (await statusesOf(lab)).map(({ nextDeadlineMs }) => nextDeadlineMs ?? Number.NaN);
  const goalMs = Math.min(...due) + 1_800_000;
  t.equal(await lab.quiescent(), true);
  t.equal(await lab.advance(), 'advanced');
  await lab.advanceBy(1_800_000);
  for (const status of await statusesOf(lab)) {
    const { mta, fired, nowMs } = status as unknown as { mta: string; fired: number[]; nowMs: number };
    t.ok(fired.length === 3 || fired.length === 4, `${mta} fired ${fired.length} times`);
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
  t.ok(((await statusesOf(lab))[0]?.nowMs ?? 0) >= goalMs);
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

test('wrong arguments get an error that names the argument and says what it should be', async (t) => {
  const unknown = (value: unknown) => value as never;
  const starts: [unknown, RegExp][] = [
    [{ names: 'AB' }, /^names: expected a list of texts, got "AB"$/],
    [
      { neighbours: [{ between: ['MTA-A'] }] },
      /^neighbours: expected a list of objects such as \{ between: \['MTA-A', 'MTA-B'\]/,
    ],
    [{ neighbours: [{ between: ['MTA-A', 'MTA-B'], link: 'rpc' }] }, /^neighbours: expected a list of objects/],
    [{ neighbours: [{ between: ['MTA-A', 'MTA-X'] }] }, /^neighbours: unknown MTA 'MTA-X'; the MTAs are MTA-A, MTA-B$/],
    [{ neighbours: [{ between: ['MTA-A', 'MTA-A'] }] }, /^neighbours: 'MTA-A' is no neighbour of itself$/],
    [
      { neighbours: [{ between: ['MTA-A', 'MTA-B'] }, { between: ['MTA-B', 'MTA-A'], link: 'x400' }] },
      /^neighbours: 'MTA-B' and 'MTA-A' occur twice$/,
    ],
    [{ timeScale: '5' }, /^timeScale: expected a number above 0 and at most 1,000,000, got "5"$/],
    [{ timeScale: 0 }, /^timeScale: expected a number above 0 and at most 1,000,000, got 0$/],
    [
      { legacy: ['Q166594'] },
      /^legacy: expected an object with a list of articles, such as \['Q166594'\], under the name of each MTA, got a list$/,
    ],
    [{ legacy: { 'MTA-A': 'Q166594' } }, /^legacy: expected an object with a list of articles/],
    [
      { fixed: { 'MTA-A': ['Q1'] } },
      /^fixed: MTA-A: expected one of the articles Q166594, Q181721, Q185934, Q187929, Q229643, Q232602, Q280449, Q285350, got "Q1"$/,
    ],
    [
      { release: '5.5sp4' },
      /^release: expected an object with a release, such as '5\.5sp4', under the name of each MTA, got "5\.5sp4"$/,
    ],
    [{ nt: { 'MTA-A': 4 } }, /^nt: expected an object with a release of Windows NT, such as '4\.0sp6a', under the name/],
    [{ nt: { 'MTA-A': '9' } }, /^nt: MTA-A: no documented Windows NT release is/],
    [{ bindings: { 'MTA-A': '127.0.0.1' } }, /^bindings: expected an object with a list of bindings/],
    [{ mapper: { 'MTA-A': 70_000 } }, /^mapper: expected an object with a port/],
    [{ answerTimeoutMs: 0 }, /^answerTimeoutMs: expected a number of milliseconds above 0, got 0$/],
    [
      { settings: { openRetryIntervalX: 5 } },
      /^settings: unknown setting 'openRetryIntervalX'; did you mean openRetryIntervalS\?$/,
    ],
    [{ delivery: 'mbox' }, /^delivery: expected 'maildir', 'ledger' or 'smtp', got "mbox"$/],
    [{ smtp: { 'MTA-A': -1 } }, /^smtp: expected an object with a port/],
    [{ smtp: { 'MTA-X': 0 } }, /^smtp: unknown MTA 'MTA-X'/],
    [{ smtp: { 'MTA-A': 4190, 'MTA-B': 4190 } }, /^smtp: the SMTP listener of MTA-A and the SMTP listener of MTA-B would both/],
    [{ delivery: 'smtp' }, /^smartHost: delivery 'smtp' needs one$/],
    [{ smartHost: { port: 1025 } }, /^smartHost: only delivery 'smtp' has one$/],
    [{ delivery: 'smtp', smartHost: { port: 0 } }, /^smartHost: expected an object such as/],
    [
      { delivery: 'smtp', smartHost: { port: 4190 }, smtp: { 'MTA-A': 4190 } },
      /^smartHost: 4190 is the port of the SMTP listener of MTA-A, so mail would go round for ever$/,
    ],
    [{ journal: 'yes' }, /^journal: expected true or false, got "yes"$/],
    [{ faults: 'cut before rttr 1' }, /^faults: expected a list of texts, got "cut before rttr 1"$/],
    [{ dir: 5 }, /^dir: expected the name of a folder, got 5$/],
    [{ env: { A: 1 } }, /^env: expected an object with texts, got an object$/],
    [{ readyTimeoutMs: -1 }, /^readyTimeoutMs: expected a number of milliseconds above 0, got -1$/],
    [{ signal: {} }, /^signal: expected an AbortSignal, got an object$/],
    [{ fault: 'x' }, /^unknown option 'fault'; did you mean faults\?$/],
  ];
  for (const [options, message] of starts)
    await t.rejects(spawnPair(optionsOf({}, unknown(options))), { name: 'HarnessError', message });

  await using lab = await spawnPair(optionsOf());
  const content = 'x';
  const submit = (message: unknown) => () => lab.submit('MTA-A', unknown(message));
  const calls: [() => unknown, RegExp][] = [
    [submit(null), /^message: expected an object with originator, recipients and content, got null$/],
    [submit({ ...envelope, content, originator: 5 }), /^originator: expected an address such as user@domain, got 5$/],
    [
      submit({ ...envelope, content, recipients: 'ben@b.example' }),
      /^recipients: expected a list of addresses, such as \['user@domain'\], got "ben/,
    ],
    [submit({ ...envelope, content, recipients: [] }), /^recipients: expected a list of addresses, .*, got an empty list$/],
    [submit({ ...envelope, content, priority: 'high' }), /^priority: expected one of urgent, normal, non-urgent, got "high"$/],
    [submit({ ...envelope, content, contentType: 1 }), /^contentType: expected a text that is not empty, got 1$/],
    [submit({ ...envelope, content, submissionId: '' }), /^submissionId: expected a text that is not empty, got ""$/],
    [
      submit(envelope),
      /^content: expected a text, a Buffer or Uint8Array, a stream of them, or a function that returns a stream, got nothing$/,
    ],
    [submit({ ...envelope, content: () => 5 }), /^content: expected a function that returns a stream, got 5$/],
    [
      () => lab.submit('MTA-A', { ...envelope, content }, unknown({ timeoutMs: 'x' })),
      /^timeoutMs: expected a number of milliseconds of at least 0, got "x"$/,
    ],
    [() => lab.submit('MTA-X', { ...envelope, content }), /^unknown MTA 'MTA-X'; the MTAs of this lab are MTA-A, MTA-B$/],
    [
      () => lab.submitAll('MTA-A', [], unknown({})),
      /^options: expected an object with originator and recipients, got an object$/,
    ],
    [
      () => lab.submitAll('MTA-A', [], { ...envelope, concurrency: 0 }),
      /^concurrency: expected a whole number of at least 1, got 0$/,
    ],
    [() => lab.waitForDelivered(unknown('3')), /^count: expected a whole number of at least 0, got "3"$/],
    [() => lab.waitForDelivered(1, unknown(5000)), /^options: expected an object, such as \{ timeoutMs: 5000 \}, got 5000$/],
    [
      () => lab.waitForEvent(unknown('9316')),
      /^id: expected the id of an event, such as 9316 \(docs\/events\.md lists them\), got "9316"$/,
    ],
    [() => lab.waitForEvent(9316, { mta: 'MTA-X' }), /^unknown MTA 'MTA-X'/],
    [() => lab.waitForEvent(9316, { count: 0 }), /^count: expected a whole number of at least 1, got 0$/],
    [() => lab.events(unknown(9316)), /^filter: expected an object, such as \{ id: 9316, mta: 'MTA-A' \}, got 9316$/],
    [() => lab.mailbox(unknown(undefined)), /^address: expected an address such as user@domain, got nothing$/],
    [
      () => lab.mailbox('ben@nowhere'),
      /^address: no MTA of this lab has the domain nowhere; the domains are a\.example, b\.example$/,
    ],
    [() => lab.mailbox('ada@a.example').waitFor(-1), /^count: expected a whole number of at least 0, got -1$/],
    [() => lab.messages(0), /^limit: expected a whole number of at least 1, got 0$/],
    [() => lab.advanceBy(-1), /^ms: expected a number of milliseconds of at least 0, got -1$/],
    [() => lab.set(unknown('Q1'), 'fixed'), /^article: expected one of the articles Q166594, .*, got "Q1"$/],
    [() => lab.set('Q166594', unknown('off')), /^mode: expected 'legacy' or 'fixed', got "off"$/],
    [() => lab.fault(unknown(1)), /^text: expected a fault, such as 'cut before turn-give 1', got 1$/],
    [
      () => lab.set('Q166594', 'fixed', unknown('MTA-A')),
      /^names: expected a list of names of MTAs, such as \['MTA-A'\], got "MTA-A"$/,
    ],
    [() => lab.changes.set(unknown('Q1'), 'fixed'), /^article: expected one of the articles Q166594, .*, got "Q1"$/],
    [
      () => lab.diagnostics(unknown(5), 'none'),
      /^category: expected a category of events, such as 'Interface', or 'all', got 5$/,
    ],
    [() => lab.diagnostics('all', unknown(5)), /^level: expected one of none, .*, got 5$/],
    [() => lab.ask(unknown('status')), /^ask: expected a function that asks a control channel, got "status"$/],
    [() => lab.ask(async () => 1, unknown('MTA-A')), /^names: expected a list of names of MTAs/],
    [() => lab.setBindings('MTA-A', unknown('x')), /^wish: expected an object with order, enable or disable, got "x"$/],
  ];
  for (const [call, message] of calls) await t.rejects(async () => call(), { name: 'HarnessError', message }, String(message));
  await using ledgers = await spawnPair(optionsOf({}, { delivery: 'ledger', down: ['MTA-A', 'MTA-B'] }));
  t.throws(() => ledgers.mailbox('ada@a.example'), /a ledger keeps no contents/);
});

/** Calls that a closed lab still answers. */
const answeredWhenClosed = new Set([
  'constructor',
  'close',
  'closeLimitMs',
  'end',
  'abort',
  'onClose',
  'delivered',
  'isRestarting',
  'runEntry',
  'updateRegistry',
]);

test('after close() every call fails, and says why', async (t) => {
  const lab = await spawnPair(optionsOf({}, { proxy: true }));
  const box = lab.mailbox('ada@a.example');
  await lab.close();
  await lab.close();
  const message = { ...envelope, content: 'x' };
  const calls: Record<string, () => unknown> = {
    process: () => lab.process('MTA-A'),
    domain: () => lab.domain('MTA-A'),
    submit: () => lab.submit('MTA-A', message),
    submitFile: () => lab.submitFile('MTA-A', { name: 'x', sizeBytes: 1, content: Buffer.from('x') }, envelope),
    submitAll: () => lab.submitAll('MTA-A', generateMail(1, 400, 1), envelope),
    load: () => lab.load({ rate: 1, durationS: 1 }),
    waitForDelivered: () => lab.waitForDelivered(0),
    status: () => lab.status(),
    associations: () => lab.associations(),
    ask: () => lab.ask(async () => 1),
    messages: () => lab.messages(),
    queues: () => lab.queues(),
    ltab: () => lab.ltab(),
    mailbox: () => lab.mailbox('ada@a.example'),
    events: () => lab.events(),
    waitForEvent: () => lab.waitForEvent(9316),
    quiescent: () => lab.quiescent(),
    settle: () => lab.settle(),
    advance: () => lab.advance(),
    advanceBy: () => lab.advanceBy(1),
    setTimeScale: () => lab.setTimeScale(2),
    summary: () => lab.summary(),
    restart: () => lab.restart('MTA-A'),
    set: () => lab.set('Q166594', 'fixed'),
    diagnostics: () => lab.diagnostics('all', 'none'),
    bindings: () => lab.bindings('MTA-A'),
    setBindings: () => lab.setBindings('MTA-A', {}),
    fault: () => lab.fault('cut before rttr 1'),
    register: () => lab.register(),
  };
  const all = Object.getOwnPropertyNames(Object.getPrototypeOf(lab)).filter((name) => !answeredWhenClosed.has(name));
  t.same(Object.keys(calls).sort(), all.sort(), 'every method is tried');
  const changes: Record<string, () => unknown> = {
    set: () => lab.changes.set('Q166594', 'fixed', []),
    diagnostics: () => lab.changes.diagnostics('all', 'none'),
    bindings: () => lab.changes.bindings('MTA-A'),
    setBindings: () => lab.changes.setBindings('MTA-A', {}),
    setTimeScale: () => lab.changes.setTimeScale(2),
  };
  const allChanges = Object.getOwnPropertyNames(Object.getPrototypeOf(lab.changes)).filter((name) => name !== 'constructor');
  t.same(Object.keys(changes).sort(), allChanges.sort());
  const closed = { name: 'HarnessError', message: 'the lab is closed; start a new one' };
  for (const [name, call] of [...Object.entries(calls), ...Object.entries(changes)])
    await t.rejects(async () => call(), closed, name);
  await t.rejects(box.messages(), closed);
  await t.rejects(box.waitFor(0), closed);
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
