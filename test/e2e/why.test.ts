/** `mtalab why` on MTAs that are processes: for each kind of wait the reason, the numbers, what happens next and what may help. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MtaStatus, Readable, WaitExplanation } from '@mtalab/harness';
import { type Lab, spawnPair } from 'mtalab';
import { type Test, test } from 'tap';
import { command as mtalab } from '../support/command.js';
import { home, interrupt, start, until } from './shell.js';

const addresses = { 'MTA-A': 'ada@a.example', 'MTA-B': 'ben@b.example' } as const;
type Name = keyof typeof addresses;
/** As `mtalab why --json` prints it. */
type Explanation = Readable<WaitExplanation>;

async function send(lab: Lab, from: Name, to: Name, count = 1): Promise<void> {
  const message = { originator: addresses[from], recipients: [addresses[to]], content: Buffer.from('x') };
  for (let left = count; left > 0; left -= 1) await lab.submit(from, message);
}

/** What `why` says of one queue, once it says this; and the text for people. */
async function whySays(
  t: Test,
  dir: string,
  from: string,
  queue: string,
  reason: string,
): Promise<{ readonly why: Explanation; readonly text: string }> {
  let why: Explanation | undefined;
  await until(async () => {
    const { stdout } = await mtalab('why', '--json', '--dir', dir);
    const all = JSON.parse(stdout) as readonly Explanation[];
    why = all.find((each) => each.mta === from && each.queue === queue);
    return why?.reasons.some((each) => each.reason === reason) ?? false;
  });
  const { stdout } = await mtalab('why', '--dir', dir, '--mta', from);
  t.match(
    stdout,
    new RegExp(`^${from}: \\d+ messages? waits? for ${queue === 'mailboxes' ? 'its mailboxes' : queue}, the oldest for `),
  );
  t.match(stdout, /^ {2}because {5}\S/m);
  return { why: why as Explanation, text: stdout };
}

const limitMs = { timeout: 200_000 };

test('a mailbox that cannot be written', limitMs, async (t) => {
  await using lab = await spawnPair();
  await lab.register();
  const folder = join(lab.dir, 'MTA-B', 'mailboxes', 'b.example');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'ben'), 'a file where the mailbox should be');
  await send(lab, 'MTA-A', 'MTA-B', 2);
  const { why, text } = await whySays(t, lab.dir, 'MTA-B', 'mailboxes', 'mailbox');
  t.match(why.reasons[0], { says: /^the mailbox ben@b\.example cannot be written \(\d messages?\): E[A-Z]+/, reason: 'mailbox' });
  t.ok((why.nextAt ?? '') > why.now, 'the next try has a time');
  t.match(text, /next {8}in (\d+ s|\d+ min.*|\d\.\d s), at \d{4}-\d\d-\d\d /);
  t.match(text, /try {9}mtalab retry --mta MTA-B/);
  for (const view of ['queues', 'messages', 'status'])
    t.match(
      (await mtalab(view, '--dir', lab.dir)).stdout,
      /^MTA-B.*: (the mailbox ben@b\.example cannot be written.*)?E[A-Z]+/m,
      view,
    );
});

test('no common address family, and no adjacent MTA', limitMs, async (t) => {
  const bindings = { 'MTA-A': [{ address: '::1' }], 'MTA-B': [{ address: '127.0.0.1' }] };
  await using lab = await spawnPair({ bindings });
  await lab.register();
  await send(lab, 'MTA-A', 'MTA-B');
  const { why, text } = await whySays(t, lab.dir, 'MTA-A', 'MTA-B', 'no-common-family');
  t.match(
    why.reasons[0]?.says ?? '',
    /^MTA-A and MTA-B have no address family in common: 127\.0\.0\.1\[\d+\] is IPv4, and dials leave from ::1 \(IPv6\); the Open Interval runs; /,
  );
  t.match(why.reasons[0]?.says ?? '', /the mail is returned after \d+ more failed attempts$/);
  t.match(why.lastError, { event: 9318, meaning: 'the RPC server is unavailable' });
  t.match(text, /last error {2}event 9318, .* ago: /);
  for (const view of ['queues', 'messages', 'status'])
    t.match((await mtalab(view, '--dir', lab.dir)).stdout, /^MTA-A.*: MTA-A and MTA-B have no address family in common/m, view);
  t.match((await mtalab('why', '--dir', lab.dir, '--mta', 'MTA-B')).stdout, /^no message waits$/m);
});

test('an adjacent MTA that is killed, and one that is down', limitMs, async (t) => {
  await using lab = await spawnPair();
  await lab.register();
  process.kill(lab.process('MTA-B').pid, 'SIGKILL');
  await lab.process('MTA-B').exited;
  await send(lab, 'MTA-A', 'MTA-B', 3);
  const { why, text } = await whySays(t, lab.dir, 'MTA-A', 'MTA-B', 'open-interval');
  t.equal(why.queued, 3);
  const reasons = why.reasons.map(({ reason }) => reason);
  t.match(reasons[0], /^peer-(down|silent)$/, 'the first reason is the process');
  const open = why.reasons.find(({ reason }) => reason === 'open-interval');
  t.match(
    open?.says,
    /^opening an association with MTA-B has failed( \d+ times)?; the Open Interval runs; the mail is returned after \d+ more/,
  );
  t.ok((open?.untilAt ?? '') > why.now && why.nextAt === open?.untilAt, 'the next attempt has a time');
  t.match(why.lastError, { event: 9318 });
  t.ok(why.advice.includes('mtalab retry MTA-B --mta MTA-A'));
  t.match(text, /next {8}in /);
  t.equal((await mtalab('why', '--dir', lab.dir)).code, 1, 'not every MTA has answered');
});

test('PDUs that a fault keeps back', limitMs, async (t) => {
  await t.test('a transfer', async (t) => {
    await using lab = await spawnPair({ faults: ['hold rttr 1'] });
    await register(lab);
    await send(lab, 'MTA-A', 'MTA-B', 2);
    const { why } = await whySays(t, lab.dir, 'MTA-A', 'MTA-B', 'in-transfer');
    t.match(why.reasons[0]?.says, /^MTA-A\/1\/\d+ carries a message: 1 of 1 octets are sent, 0 confirmed; 1 transfer PDUs wait/);
    t.ok(why.nextAt !== null, 'the timeout of the transfer');
    t.notOk(
      why.reasons.some(({ reason }) => reason === 'below-threshold'),
      'it moves as far as MTA-A knows',
    );
  });
  await t.test('a Turn-Please: the peer has the Turn and does not know', async (t) => {
    await using lab = await spawnPair({ faults: ['hold turn-please 1'] });
    await register(lab);
    await send(lab, 'MTA-A', 'MTA-B');
    await lab.waitForDelivered(1);
    await send(lab, 'MTA-B', 'MTA-A');
    // MTA-B asks when its data connection is open.
    await until(() => lab.proxy?.faults().some(({ hits }) => hits > 0) === true);
    const { why } = await whySays(t, lab.dir, 'MTA-B', 'MTA-A', 'turn');
    t.match(why.reasons[0], {
      reason: 'turn',
      says: /^MTA-B believes that MTA-A has the Turn of MTA-A\/1\/\d+; MTA-B has asked for it \(Turn-Please\); MTA-A has it, and it has no Turn-Please yet$/,
    });
    t.match(why.reasons[1], {
      reason: 'below-threshold',
      says: 'another association opens when 50 messages are queued: 49 more than now',
    });
  });
});

/** Registers a lab; its faults are known to the pair's own control channel only, which a lab of the library does not have. */
const register = (lab: Lab): Promise<void> => lab.register();

test('the Turn is lost, as Q166594 has it: 49 messages wait for the 50th', limitMs, async (t) => {
  const dir = join(home, 'why');
  mkdirSync(dir);
  const pair = start('pair', '--json', '--dir', dir, '--legacy', 'Q166594', '--fault', 'cut before turn-give 1');
  await pair.next();
  const submit = (from: Name, to: Name, files: number) =>
    mtalab(
      'submit',
      ...Array<string>(files).fill('examples/01-plain.eml'),
      '--from',
      addresses[from],
      '--to',
      addresses[to],
      '--dir',
      dir,
      '--timeout',
      '60',
    );
  t.equal((await submit('MTA-A', 'MTA-B', 1)).code, 0);
  await until(async () => {
    const [b] = JSON.parse((await mtalab('status', '--json', '--dir', dir, '--mta', 'MTA-B')).stdout) as MtaStatus[];
    return b?.counters.delivered === 1;
  });
  t.equal((await submit('MTA-B', 'MTA-A', 1)).code, 0);
  const lost = await whySays(t, dir, 'MTA-B', 'MTA-A', 'turn-lost');
  t.equal(lost.why.queued, 1);
  t.equal((await submit('MTA-A', 'MTA-B', 49)).code, 0);
  const { why, text } = await whySays(t, dir, 'MTA-A', 'MTA-B', 'turn-lost');
  t.equal(why.queued, 49);
  t.match(
    why.reasons.map(({ reason, says }) => [reason, says]),
    [
      ['turn-lost', /^each side believes that the other has the Turn of MTA-A\/1\/\d+, so no side may send on it \(Q166594\)$/],
      ['below-threshold', 'another association opens when 50 messages are queued: 1 more than now'],
    ],
  );
  t.equal(why.nextAt, null);
  t.match(text, /^MTA-A: 49 messages wait for MTA-B, the oldest for /m);
  t.match(text, /next {8}nothing happens by itself\n {2}try {9}mtalab set fixed Q166594/);
  t.match(await mtalab('set', 'fixed', 'Q166594', '--dir', dir), { code: 0 });
  await until(async () => (await mtalab('why', '--dir', dir)).stdout === 'no message waits\n');
  t.match(await mtalab('fault', '--dir', dir, 'hold', 'rttr', '1'), { code: 0 });
  t.equal((await submit('MTA-A', 'MTA-B', 1)).code, 0);
  const held = await whySays(t, dir, 'MTA-A', 'MTA-B', 'fault');
  t.match(
    held.why.reasons.map(({ reason }) => reason),
    ['in-transfer', 'fault'],
  );
  t.match(held.text, /the fault "hold rttr 1" keeps PDUs back/);
  t.match(held.text, /try {9}mtalab fault release$/m);
  t.match(await mtalab('fault', '--dir', dir, 'release'), { code: 0 });
  await until(async () => (await mtalab('why', '--dir', dir)).stdout === 'no message waits\n');
  interrupt(pair);
  await pair.ended;
});

test('a refused association, seen from one MTA of its own', limitMs, async (t) => {
  const config = (name: string, peer: string, endpoints: string, password: string): string => {
    const folder = join(home, name);
    mkdirSync(folder);
    const file = join(folder, 'mta.yaml');
    const lines = [
      `name: ${name}`,
      'data: data',
      'bindings: [{ address: 127.0.0.1, port: 0 }]',
      `peers: [{ name: ${peer}, endpoints: [${endpoints}], password: ${password} }]`,
      `routes: [{ domain: ${peer.toLowerCase()}.example, mta: ${peer} }]`,
      `local: { domains: [${name.toLowerCase()}.example] }`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    return file;
  };
  const paris = start('mta', '--json', '--config', config('PARIS', 'LONDON', '', 'secret'));
  const ready = await paris.next();
  const [endpoint = ''] = (ready?.['endpoints'] ?? []) as readonly string[];
  const london = start('mta', '--json', '--config', config('LONDON', 'PARIS', `"${endpoint}"`, 'another'));
  await london.next();
  const dir = join(home, 'LONDON', 'data');
  const sent = await mtalab('submit', 'examples/01-plain.eml', '--to', 'x@paris.example', '--dir', dir);
  t.equal(sent.code, 0, sent.stderr);
  const { why } = await whySays(t, dir, 'LONDON', 'PARIS', 'refused');
  t.match(why.reasons[0]?.says, /^PARIS refused the association: validationFailure \(2\); the Open Interval runs; /);
  t.match(why.lastError, { event: 1290 });
  t.match(
    (await mtalab('queues', '--dir', dir)).stdout,
    /^LONDON for PARIS: PARIS refused the association: .*last error: event 1290/m,
  );
  for (const one of [london, paris]) interrupt(one);
  await Promise.all([london.ended, paris.ended]);
});
