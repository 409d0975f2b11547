/** Pairs as a test suite uses them: what a forgotten pair leaves, how a signal ends one, and what can be read and submitted. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { HarnessError, type Lab, spawnPair } from 'mtalab';
import { type Test, test } from 'tap';
import { namingBreaches } from '../support/names.js';

const forgetful = fileURLToPath(new URL('./forgetful.js', import.meta.url));
const envelope = { originator: 'ada@a.example', recipients: ['ben@b.example'] };

/** Has the process ended? A zombie has: its parent decides when to reap it. */
function gone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

/** Waits until other processes make the condition true; tap's own limit ends a vain wait. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Runs the forgetful program with a folder for temporary files of its own. */
function startForgetful(t: Test, how: string, tmp: string, args: readonly string[] = []) {
  const report = join(t.testdirName, `${how.replace(':', '-')}.json`);
  const own = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^TAP|^NODE_/.test(key)));
  const child = spawn(process.execPath, [...args, forgetful], {
    env: { ...own, HOW: how, REPORT: report, TMPDIR: tmp },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stderr.resume();
  const read = () => JSON.parse(readFileSync(report, 'utf8')) as { readonly dir: string; readonly pids: readonly number[] };
  return { child, read };
}

test('a program that forgets its pair does not hang, and leaves nothing', { timeout: 200_000 }, async (t) => {
  const tmp = t.testdir();
  const programs = [
    { how: 'node:test', args: ['--test'], code: 1 },
    { how: 'tap', args: [], code: 1 },
    { how: 'throws', args: [], code: 1 },
    { how: 'ends', args: [], code: 0 },
  ];
  for (const { how, args, code } of programs) {
    const { child, read } = startForgetful(t, how, tmp, args);
    child.stdout.resume();
    t.same(await once(child, 'exit'), [code, null], how);
    const { dir, pids } = read();
    t.equal(pids.length, 2);
    await until(() => pids.every(gone));
    t.notOk(existsSync(dir), `${how}: the folder is gone`);
  }
});

test('after kill -9 the next start removes the folder, and no other', { timeout: 200_000 }, async (t) => {
  const tmp = t.testdir({ 'mtalab-strange': { file: 'of somebody else' }, 'mtalab-broken': { '.owner.json': 'no JSON' } });
  const { child, read } = startForgetful(t, 'waits', tmp);
  await once(child.stdout, 'data');
  const { dir, pids } = read();
  const living = startForgetful(t, 'waits', tmp);
  await once(living.child.stdout, 'data');
  t.ok(existsSync(dir), 'the start of another pair leaves the folder of a living one alone');
  child.kill('SIGKILL');
  await once(child, 'exit');
  await until(() => pids.every(gone));
  const next = startForgetful(t, 'ends', tmp);
  next.child.stdout.resume();
  t.same(await once(next.child, 'exit'), [0, null]);
  t.notOk(existsSync(dir));
  const left = readdirSync(tmp).filter((name) => name.startsWith('mtalab-'));
  t.same(
    left.map((name) => join(tmp, name)).sort(),
    [join(tmp, 'mtalab-broken'), join(tmp, 'mtalab-strange'), living.read().dir].sort(),
  );
  living.child.kill('SIGKILL');
  await once(living.child, 'exit');
});

test('a signal ends a start, and a pair', async (t) => {
  const reason = new Error('enough');
  await t.rejects(spawnPair({ signal: AbortSignal.abort(reason) }), reason, 'before the start');
  const during = new AbortController();
  const dir = t.testdir();
  const starting = spawnPair({ signal: during.signal, dir });
  during.abort(reason);
  await t.rejects(starting, reason, 'during the start');

  const controller = new AbortController();
  const pair = await spawnPair({ signal: controller.signal });
  const pids = [...pair.processes.values()].map(({ pid }) => pid);
  const waiting = pair.mailbox('ben@b.example').waitFor(1);
  const event = pair.waitForEvent(9316);
  controller.abort(reason);
  await t.rejects(waiting, { message: 'the lab was aborted by its signal', cause: reason });
  await t.rejects(event, HarnessError);
  await pair.close();
  t.ok(pids.every(gone));
  t.notOk(existsSync(pair.dir));
  await t.rejects(pair.status(), { message: 'the lab was aborted by its signal' });
});

/** The contents of a mailbox, in order. */
async function contentsOf(pair: Lab, address: string, count: number): Promise<readonly Buffer[]> {
  return (await pair.mailbox(address).waitFor(count)).map(({ content }) => content);
}

test('content of every form arrives octet for octet, and many large messages at once', { timeout: 200_000 }, async (t) => {
  await using pair = await spawnPair();
  const octets = Buffer.from([0, 13, 10, 255, 46, 13, 10, 46, 13]);
  const submit = (content: Parameters<Lab['submit']>[1]['content']) => pair.submit('MTA-A', { ...envelope, content });
  await submit('Grüße\n');
  await submit(octets);
  await submit(new Uint8Array(octets.buffer, octets.byteOffset + 1, 4));
  await submit(Readable.from([octets, octets]));
  await submit(new Blob(['from the ', 'web']).stream() as unknown as AsyncIterable<Uint8Array>);
  await submit([octets, Buffer.from('x')]);
  await submit(async function* () {
    yield 'a function';
  });
  await submit('');
  const expected = ['Grüße\n', octets, octets.subarray(1, 5), Buffer.concat([octets, octets]), 'from the web'];
  const more = [Buffer.concat([octets, Buffer.from('x')]), 'a function', ''];
  t.same(
    await contentsOf(pair, 'ben@b.example', 8),
    [...expected, ...more].map((each) => Buffer.from(each)),
  );
  const broken = Readable.from(
    (async function* () {
      yield 'some';
      throw new Error('the disk is gone');
    })(),
  );
  await t.rejects(submit(broken), { message: 'content: the stream failed: the disk is gone' });
  await t.rejects(submit(Readable.from([1, 2])), /content: expected a stream of octets/);

  const large = Array.from({ length: 40 }, (_, index) => Buffer.alloc(300_000, index + 65));
  const answers = await Promise.all(
    large.map((content) => pair.submit('MTA-A', { ...envelope, recipients: ['eve@b.example'], content })),
  );
  t.equal(new Set(answers.map(({ mtsId }) => mtsId)).size, 40);
  const many = Array.from({ length: 1500 }, (_, index) => `number ${index}`);
  await Promise.all(many.map((content) => pair.submit('MTA-B', { ...envelope, recipients: ['dan@b.example'], content })));
  t.same((await contentsOf(pair, 'dan@b.example', 1500)).map(String).sort(), [...many].sort());
  const arrived = (await contentsOf(pair, 'eve@b.example', 40)).map((content) => [content.length, content[0], content.at(-1)]);
  t.same(
    arrived.sort(([, one = 0], [, other = 0]) => one - other),
    large.map((content) => [300_000, content[0], content[0]]),
  );
});

function instant(text: string | undefined): number {
  return Date.parse(text ?? '');
}

/** The views keep the conventions of docs/json.md. */
async function conventional(t: Test, pair: Lab): Promise<void> {
  const views = [pair.status(), pair.associations(), pair.messages(), pair.queues(), pair.ltab(), pair.summary()];
  for (const view of [...(await Promise.all(views)), pair.events(), await pair.diagnostics('all', 'none')])
    t.same(namingBreaches(view), []);
}

test('what waits, what happened and what arrived can be read', { timeout: 200_000 }, async (t) => {
  const dir = t.testdir();
  const bindings = { 'MTA-B': [{ address: '127.0.0.1' }, { address: '127.0.0.2' }] };
  {
    await using pair = await spawnPair({ dir, bindings, legacy: { 'MTA-B': ['Q181721'] } });
    const message = {
      ...envelope,
      recipients: ['Ben@B.example', 'eve@b.example'],
      priority: 'urgent',
      contentType: 'text/plain',
    } as const;
    const { mtsId } = await pair.submit('MTA-A', { ...message, content: 'one' });
    t.match(await pair.waitForEvent(9316), { id: 9316, mta: 'MTA-A', category: 'Interface', parameters: { ntError: 1727 } });
    t.same(pair.events({ id: 9316, mta: 'MTA-B' }), []);
    t.match(pair.events({ id: 9298 }), [{ mta: /^MTA-/ }, { mta: /^MTA-/ }], 'from the start on');
    t.match(await pair.messages(), [
      { mta: 'MTA-A', messages: [{ mtsId, originator: 'ada@a.example', priority: 'urgent' }] },
      { mta: 'MTA-B', messages: [] },
    ]);
    t.match(await pair.queues(), [
      { mta: 'MTA-A', queues: [{ queue: 'MTA-B', queued: 1 }, { queue: 'mailboxes' }] },
      { mta: 'MTA-B', queues: [{ queued: 0 }, {}] },
    ]);
    t.match(await pair.ltab(), [{ mta: 'MTA-A', ltab: [{ peer: 'MTA-B', queued: 1 }] }, {}]);
    t.match(await pair.associations(), [{ between: ['MTA-A', 'MTA-B'] }]);
    const box = pair.mailbox('Ben@b.EXAMPLE');
    t.match(box, { address: 'Ben@b.EXAMPLE', mta: 'MTA-B' });
    t.same(await box.messages(), []);
    await t.rejects(box.waitFor(1, { timeoutMs: 30 }), {
      message: '0 of 1 messages arrived in the mailbox Ben@b.EXAMPLE within 30 ms',
    });
    await t.rejects(
      pair.waitForEvent(9318, { timeoutMs: 30 }),
      /^HarnessTimeout|event 9318 did not come within 30 ms; the latest events are MTA-/,
    );

    await pair.advanceBy(600_000);
    await pair.set('Q181721', 'fixed');
    await pair.advanceBy(600_000);
    const [mail, ...others] = await box.waitFor(1);
    t.same(others, []);
    t.match(mail, { content: Buffer.from('one'), file: join(dir, 'MTA-B', 'mailboxes') });
    t.match(mail?.envelope, {
      originator: 'ada@a.example',
      recipient: 'Ben@B.example',
      mtsId,
      priority: 'urgent',
      contentType: 'text/plain',
    });
    t.ok(instant(mail?.envelope?.deliveredAt) >= instant(mail?.envelope?.submittedAt) + 60_000, 'in lab time');
    await conventional(t, pair);
    t.same(namingBreaches(mail?.envelope), []);
    t.equal((await pair.mailbox('eve@b.example').waitFor(1)).length, 1);
    t.same(await pair.mailbox('nobody@b.example').messages(), []);

    // A mail reader moves what it has read. A restart does not count it again.
    const folder = join(dir, 'MTA-B', 'mailboxes', 'b.example', 'Ben');
    mkdirSync(join(folder, 'cur'), { recursive: true });
    await pair.restart('MTA-B', { kill: true });
    t.equal((await box.messages()).length, 1);
    t.equal((await pair.waitForEvent(9298, { mta: 'MTA-B', count: 2 })).mta, 'MTA-B');
  }
  await using again = await spawnPair({ dir, bindings });
  t.same(await again.mailbox('ben@b.example').messages(), [], 'mail of an earlier run is not listed');
  await again.submit('MTA-B', { ...envelope, recipients: ['Ben@b.example'], content: 'two' });
  t.same(await contentsOf(again, 'Ben@b.example', 1), [Buffer.from('two')]);
  t.throws(
    () => again.mailbox('x@c.example'),
    /^HarnessError|no MTA of this lab has the domain c.example; the domains are a.example, b.example/,
  );
});
