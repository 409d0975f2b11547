import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  explainWaits,
  findRun,
  generateMail,
  HarnessError,
  joinAssociations,
  judgeRest,
  keepsBack,
  LabCounters,
  type LabOptions,
  type LabSights,
  type Look,
  listeningClash,
  listRuns,
  type MailItem,
  type MtaStatus,
  makeFolder,
  octetsOf,
  readMail,
  registerRun,
  smallestGenerated,
  spawnPair,
} from '@mtalab/harness';
import type { AssociationView } from '@mtalab/mta-core';
import type { DeliveryNotice } from '@mtalab/transport';
import { test } from 'tap';

async function all(items: AsyncIterable<MailItem>): Promise<MailItem[]> {
  const list: MailItem[] = [];
  for await (const item of items) list.push(item);
  return list;
}

test('the reader gives mail octet for octet: files in the given order, folders sorted', async (t) => {
  const nasty = Buffer.from([0x00, 0x0d, 0x0a, 0x0a, 0x2e, 0x0d, 0xff]);
  const dir = t.testdir({
    box: { 'b.eml': 'second', 'a.eml': 'first', '.hidden': 'no', inner: { 'c.eml': 'no' } },
    bare: { inner: {} },
    empty: '',
  });
  writeFileSync(join(dir, 'nasty'), nasty);
  writeFileSync(join(dir, 'big'), Buffer.alloc(300_000, 'y'));
  const items = await all(readMail([join(dir, 'nasty'), join(dir, 'box'), join(dir, 'empty'), join(dir, 'big')]));
  t.same(
    items.map(({ name, sizeBytes }) => [name, sizeBytes]),
    [
      ['nasty', 7],
      ['a.eml', 5],
      ['b.eml', 6],
      ['empty', 0],
      ['big', 300_000],
    ],
  );
  t.same(Buffer.from(await octetsOf(items[0]?.content as Uint8Array)), nasty);
  const big = items[4]?.content as () => AsyncIterable<Uint8Array>;
  t.type(big, 'function');
  t.same([(await octetsOf(big)).length, (await octetsOf(big)).length], [300_000, 300_000], 'twice, for a second try');
  for (const [paths, message] of [
    [[], /^no mail is named/],
    [[join(dir, 'nothing')], /^no such file or folder: .*nothing$/],
    [[join(dir, 'bare')], /bare has no mail: it has no regular file$/],
    [['/dev/null'], /^\/dev\/null is no file, folder or pipe$/],
  ] as const) {
    await t.rejects(all(readMail(paths)), { message });
  }
});

test('makeFolder also makes the folders above, and reports the errors of the system', async (t) => {
  const dir = t.testdir({ file: '' });
  await makeFolder(join(dir, 'a', 'b'));
  await makeFolder(join(dir, 'a', 'b'));
  t.ok(statSync(join(dir, 'a', 'b')).isDirectory());
  await t.rejects(makeFolder(join(dir, 'file')), { message: 'a file has this name' });
  await t.rejects(makeFolder(join(dir, 'file', 'a')), { code: 'ENOTDIR' });
  // Node's recursive mkdir spins here for ever.
  if (process.platform === 'linux') await t.rejects(makeFolder('/proc/no-such-folder/a'), { code: 'ENOENT' });
});

test('generated mail has the size asked for, proper lines, and the same octets for a seed', (t) => {
  for (const sizeBytes of [smallestGenerated(3, 5), 200, 201, 202, 300, 1024, 40_000]) {
    for (const item of generateMail(3, sizeBytes, 5)) {
      const octets = item.content as Uint8Array;
      t.equal(octets.length, sizeBytes);
      const lines = Buffer.from(octets).toString('latin1').split('\r\n');
      t.ok(lines.every((line) => line.length <= 78 && !/[\r\n]/.test(line.replace(/\r$/, ''))));
      t.match(lines[2], /^Subject: Message \d$/);
    }
  }
  const texts = (seed: number) =>
    [...generateMail(2, 1024, seed)].map((item) => Buffer.from(item.content as Uint8Array).toString('latin1'));
  t.same(texts(1), texts(1));
  t.not(texts(1)[0], texts(2)[0]);
  t.not(texts(1)[0], texts(1)[1]);
  t.throws(() => [...generateMail(1, 10, 1)], /the header alone takes \d+; choose a larger size$/);
  t.throws(() => [...generateMail(-1, 10, 1)], /the count of generated mail must be a whole number, not -1/);
  t.end();
});

function delivery(node: string, copy: number, delayMs = 5, mailbox = 'ben@b.example'): DeliveryNotice {
  const envelope = { originator: 'ada@a.example', priority: 'normal', contentType: 'message/rfc822' } as const;
  return { t: 0, node, copy, mtsId: 'm', mailbox, ...envelope, submittedAtMs: 0, delayMs, sizeBytes: 1 };
}

function statusOf(mta: string, more: object = {}): MtaStatus {
  const counters = { submitted: 3, delivered: 0, deadLetters: 0, loopsDetected: 0, reports: 1, setAside: 0 };
  const base = {
    mta,
    pid: 1,
    phase: 'running',
    incarnation: 1,
    nowMs: 1000,
    waits: [],
    nextDeadlineMs: null,
    pendingWork: 0,
    queuedCopies: 0,
    turnsGiven: 2,
    associationsOpened: 1,
  };
  return { ...base, counters, sockets: [], ...more } as unknown as MtaStatus;
}

/** Options of a lab that would listen twice on one port of one address, and their error messages. */
const inTheWay: readonly (readonly [Partial<LabOptions>, string])[] = [
  [
    { bindings: { 'MTA-A': [{ port: 5001 }], 'MTA-B': [{ address: '::1' }, { address: '127.0.0.1', port: 5001 }] } },
    'bindings: MTA-A and MTA-B would both listen on 127.0.0.1[5001]; give one of them another port',
  ],
  [
    { bindings: { 'MTA-A': [{ address: '0.0.0.0', port: 5001 }], 'MTA-B': [{ address: '127.0.0.2', port: 5001 }] } },
    'bindings: MTA-A and MTA-B would both listen on 127.0.0.2[5001]; give one of them another port',
  ],
  [
    { bindings: { 'MTA-A': [{ port: 5001 }], 'MTA-B': [{ address: '::', port: 5001 }] } },
    'bindings: MTA-A and MTA-B would both listen on 127.0.0.1[5001]; give one of them another port',
  ],
  [
    { bindings: { 'MTA-A': [{ port: 5001 }, { address: '0.0.0.0', port: 5001 }] } },
    'bindings: MTA-A would listen on 127.0.0.1[5001] twice; give one of them another port',
  ],
  [
    { mapper: { 'MTA-A': 4190, 'MTA-B': 4190 } },
    'mapper: the endpoint mapper of MTA-A and the endpoint mapper of MTA-B would both listen on 127.0.0.1[4190]; give one of them another port',
  ],
  [
    { mapper: { 'MTA-A': 4190 }, bindings: { 'MTA-A': [{ address: '::1' }, { port: 4190 }] } },
    'mapper: MTA-A and the endpoint mapper of MTA-A would both listen on 127.0.0.1[4190]; give one of them another port',
  ],
  [
    { metrics: { 'MTA-A': 4190 }, mapper: { 'MTA-B': 4190 } },
    'mapper: the metrics of MTA-A and the endpoint mapper of MTA-B would both listen on 127.0.0.1[4190]; give one of them another port',
  ],
  [{ metrics: { 'MTA-C': 0 } }, "metrics: unknown MTA 'MTA-C'; the MTAs are MTA-A, MTA-B"],
  [
    { mapper: { 'MTA-B': 4190 }, bindings: { 'MTA-A': [{ port: 4190 }] } },
    'mapper: MTA-A and the endpoint mapper of MTA-B would both listen on 127.0.0.1[4190]; give one of them another port',
  ],
  [
    { bindings: { 'MTA-B': [{ address: '224.0.0.1' }] } },
    'bindings: MTA-B: 224.0.0.1 is a multicast address, which no MTA can call; name an address of this machine',
  ],
];

test('the harness refuses a lab whose MTAs would collide, before it makes anything', async (t) => {
  const dir = join(t.testdir(), 'lab');
  for (const [options, message] of inTheWay) {
    const lab = spawnPair({ command: ['/nowhere/mta'], renderConfig: () => '', dir, ...options });
    await t.rejects(lab, new HarnessError(message));
    t.notOk(existsSync(dir));
  }
  const [name, other] = ['MTA-A', 'MTA-B'];
  const free: readonly (readonly Parameters<typeof listeningClash>[0][number][])[] = [
    [
      { name, bindings: [{}, {}], mapperPort: 0 },
      { name: other, bindings: [{}], mapperPort: 0 },
    ],
    [
      { name, bindings: [{ port: 5001 }] },
      {
        name: other,
        bindings: [
          { address: '127.0.0.2', port: 5001 },
          { port: 5001, enabled: false },
        ],
      },
    ],
    [
      { name, bindings: [{ address: '0.0.0.0', port: 5001 }] },
      { name: other, bindings: [{ address: '::1', port: 5001 }] },
    ],
    [{ name, bindings: [{}, { port: 5001 }], mapperPort: 4190 }],
  ];
  for (const mtas of free) t.equal(listeningClash(mtas), undefined, JSON.stringify(mtas));
  // If one of two MTAs is down, they use the port one after the other.
  const bindings = { 'MTA-A': [{ port: 5001 }], 'MTA-B': [{ port: 5001 }] };
  const started = spawnPair({ command: ['/nowhere/mta'], renderConfig: () => '', dir, bindings, down: ['MTA-B'] });
  await t.rejects(started, { message: /^MTA-A ended before it was ready/ });
});

test('deliveries count once for each copy, and counters add up over restarts of a process', async (t) => {
  const tally = new LabCounters();
  tally.noteEarlier('B', 7);
  const wait = tally.whenDelivered(3);
  for (const line of [
    delivery('B', 1, 10),
    delivery('B', 1, 99),
    delivery('A', 1, 30),
    delivery('B', 7),
    delivery('B', 8, 5, 'dead-letters'),
  ])
    tally.noteDelivery(line);
  t.equal(tally.delivered, 2);
  t.same(tally.delays, { meanMs: 20, maxMs: 30 });
  t.ok(tally.noteCopy('B', 2));
  t.notOk(tally.noteCopy('B', 2));
  await wait.done;
  await tally.whenDelivered(3).done;
  tally.noteStatus(statusOf('A'));
  tally.noteStatus(statusOf('A'));
  tally.noteStatus(statusOf('A', { incarnation: 2 }));
  t.same(tally.sums(), { submitted: 6, reports: 2, deadLetters: 0, turnsGiven: 4, associationsOpened: 2 });
});

test('a lab is at rest exactly when every sent PDU has arrived and no process works', (t) => {
  const a = { local: 'a:1', remote: 'b:2', sent: 5, received: 3 };
  const b = { local: 'b:2', remote: 'a:1', sent: 3, received: 5 };
  // Through the proxy: A's leg ends at p:1, the proxy's own leg begins at p:2.
  const legs = [
    { local: 'p:1', remote: 'a:1', sent: 3, received: 5 },
    { local: 'p:2', remote: 'b:2', sent: 4, received: 3 },
  ];
  const [aToProxy, bToProxy] = [
    { ...a, remote: 'p:1' },
    { ...b, remote: 'p:2', received: 4 },
  ];
  const look = (one: object, other: object, more: Partial<Look> = {}): Look => ({
    statuses: [statusOf('A', one), statusOf('B', other)],
    joints: [],
    ...more,
  });
  const cases: [string, Look, readonly string[]][] = [
    ['nothing open', look({}, {}), []],
    ['all received', look({ sockets: [a] }, { sockets: [b] }), []],
    ['one under way', look({ sockets: [{ ...a, sent: 6 }] }, { sockets: [b] }), ['1 PDUs are on their way from A to B']],
    ['one end lost', look({ sockets: [a] }, {}), ['A has a connection a:1 to b:2 without another end in the lab']],
    ['work', look({ pendingWork: 2 }, {}), ['A has 2 store writes, deliveries or dials under way']],
    ['timer due', look({}, { nextDeadlineMs: 1000 }), ['a timer of B is due']],
    ['timer later', look({}, { nextDeadlineMs: 1001 }), []],
    ['stopping', look({ phase: 'stopping' }, {}), ['A is stopping']],
    ['held in the proxy', look({ sockets: [aToProxy] }, { sockets: [bToProxy] }, { joints: [{ legs, kept: 1 }] }), []],
    [
      'moving in the proxy',
      look({ sockets: [aToProxy] }, { sockets: [bToProxy] }, { joints: [{ legs, kept: 0 }] }),
      ['1 PDUs are in the proxy'],
    ],
    ['delayed in the proxy', look({}, {}, { delaying: true }), ['the proxy delays a PDU']],
  ];
  for (const [name, one, unrest] of cases) t.same(judgeRest(one).unrest, unrest, name);
  const prints = [
    look({ sockets: [a] }, { sockets: [b] }),
    look({ sockets: [{ ...a, sent: 6 }] }, { sockets: [{ ...b, received: 6 }] }),
    look({ queuedCopies: 1 }, {}),
    look({}, {}),
  ].map((one) => judgeRest(one).fingerprint);
  t.equal(new Set(prints).size, prints.length, 'every difference shows');
  t.equal(judgeRest(look({ sockets: [a] }, { sockets: [b] })).fingerprint, prints[0]);
  t.end();
});

test('the view joins associations by name, with the belief of each side', (t) => {
  const row = (name: string, role: string, peer: string, believes: string) =>
    ({ name, role, peer, believes, state: 'open' }) as unknown as AssociationView;
  const joined = joinAssociations(
    new Map([
      ['A', [row('x', 'initiator', 'B', 'theirs'), row('y', 'responder', 'B', 'mine'), row('z', 'initiator', 'B', 'mine')]],
      ['B', [row('x', 'responder', 'A', 'theirs'), row('y', 'initiator', 'A', 'theirs')]],
    ]),
  );
  t.same(
    joined.map(({ name, between, sides, turn }) => ({
      name,
      between,
      holders: sides.map(({ mta, holder }) => `${mta}: ${holder}`),
      turn,
    })),
    [
      { name: 'x', between: ['A', 'B'], holders: ['A: B', 'B: A'], turn: 'nobody' },
      { name: 'y', between: ['B', 'A'], holders: ['B: A', 'A: A'], turn: 'one' },
      { name: 'z', between: ['A', 'B'], holders: ['A: A'], turn: 'unknown' },
    ],
  );
  t.end();
});

test('the registry finds live runs, forgets ended ones, and hides them from other users', async (t) => {
  const before = process.env.XDG_RUNTIME_DIR;
  const runtime = mkdtempSync(join(tmpdir(), 'registry-test-'));
  const elsewhere = mkdtempSync(join(tmpdir(), 'registry-test-'));
  process.env.XDG_RUNTIME_DIR = runtime;
  t.teardown(() => {
    if (before === undefined) delete process.env.XDG_RUNTIME_DIR;
    else process.env.XDG_RUNTIME_DIR = before;
    for (const folder of [runtime, elsewhere]) rmSync(folder, { recursive: true, force: true });
  });
  const dir = t.testdir({ one: {}, two: {} });
  const entry = (name: string) => ({
    pid: process.pid,
    startedAt: new Date().toISOString(),
    dir: join(dir, name),
    mtas: [{ mta: 'MTA-A', domains: ['a.example'], process: { pid: 999_999_999, control: 'ws://127.0.0.1:1', tokenFile: '/t' } }],
  });
  await t.rejects(findRun(), { message: 'no MTAs are running; start a pair with `mtalab pair`' });
  const one = await registerRun(entry('one'));
  t.match(await findRun(), { run: { dir: join(dir, 'one'), mtas: [{ mta: 'MTA-A' }] }, others: [] });
  t.match(await findRun({ dir: join(dir, 'one') }), { run: { dir: join(dir, 'one') } });
  await t.rejects(findRun({ dir: join(dir, "it's $HOME") }), {
    message: /; start a pair there with `mtalab pair --dir '.*it'\\''s \$HOME'`$/,
  });
  await t.rejects(findRun({ dir: join(dir, 'two') }), { message: /^nothing runs in .*two: it has no run\.json; start/ });
  t.equal(statSync(join(runtime, 'mtalab')).mode & 0o777, 0o700);
  t.equal(statSync(join(dir, 'one', 'run.json')).mode & 0o777, 0o600);
  await one.update({ ...entry('one'), lab: { control: 'ws://127.0.0.1:2', tokenFile: '/l' } });
  t.match((await findRun()).run, { lab: { control: 'ws://127.0.0.1:2' } });
  const two = await registerRun({ ...entry('two'), startedAt: new Date(Date.now() + 1000).toISOString() });
  await t.rejects(findRun(), { message: /^there are 2 runs; choose one:\n {2}--dir .*two \(pid/ });
  await two.remove();
  // Another process has the pid of the ended run.
  const file = join(dir, 'one', 'run.json');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/"pidStart": "\d+"/, '"pidStart": "1"'));
  await t.rejects(findRun({ dir: join(dir, 'one') }), { message: /^the run in .*one is over \(its process \d+ is gone\)/ });
  writeFileSync(join(runtime, 'mtalab', 'run-999999999-x.json'), JSON.stringify({ ...entry('two'), pid: 999_999_999 }));
  writeFileSync(join(runtime, 'mtalab', 'run-5-x.json'), 'rubbish');
  t.equal((await listRuns()).length, 1);
  await one.remove();
  t.same(await listRuns(), []);
  mkdirSync(join(elsewhere, 'target'));
  symlinkSync(join(elsewhere, 'target'), join(elsewhere, 'mtalab'));
  process.env.XDG_RUNTIME_DIR = elsewhere;
  await t.rejects(listRuns(), { message: /does not belong to this user; set XDG_RUNTIME_DIR to a folder that does$/ });
});

test('why mail waits, from the sights of all MTAs', (t) => {
  const wait = {
    reason: 'turn',
    says: 'A believes that B has the Turn of A/1/3',
    untilMs: null,
    association: 'A/1/3',
    advice: null,
  } as const;
  const queue = { queue: 'B', queued: 49, oldestSubmittedAtMs: 5, waits: [wait], lastError: null, nextAssociationThreshold: 50 };
  const side = {
    name: 'A/1/3',
    role: 'responder',
    state: 'open',
    believes: 'theirs',
    peer: 'A',
    askedPriority: null,
    transfer: null,
  };
  const rows = (b: object | null) =>
    joinAssociations(
      new Map([
        ['A', [{ ...side, role: 'initiator', peer: 'B' } as unknown as AssociationView]],
        ['B', b === null ? [] : [{ ...side, ...b } as unknown as AssociationView]],
      ]),
    );
  const mtas = [
    { mta: 'A', nowMs: 1000, waits: [queue] },
    { mta: 'B', nowMs: 1000, waits: [] },
  ];
  const why = (more: Partial<LabSights>) => explainWaits({ mtas, associations: rows({}), ...more });
  const says = (more: Partial<LabSights>) =>
    why(more).flatMap(({ reasons }) => reasons.map((each) => `${each.reason}: ${each.says}`));
  const near = 'below-threshold: another association opens when 50 messages are queued: 1 more than now';
  const lost = 'turn-lost: each side believes that the other has the Turn of A/1/3, so no side may send on it (Q166594)';
  t.same(says({}), [lost, near]);
  t.match(why({}), [
    {
      mta: 'A',
      queue: 'B',
      queued: 49,
      oldestSubmittedAtMs: 5,
      nowMs: 1000,
      nextAtMs: null,
      advice: ['mtalab set fixed Q166594'],
    },
  ]);
  const has = 'turn: A believes that B has the Turn of A/1/3; B has it, and';
  const mine = { believes: 'mine' };
  t.same(says({ associations: rows(mine) }), [`${has} it has no Turn-Please yet`, near]);
  t.same(says({ associations: rows({ ...mine, askedPriority: 2 }) })[0], `${has} it has the Turn-Please and passes the Turn on`);
  t.same(
    says({ associations: rows({ ...mine, transfer: {} }) })[0],
    `${has} it carries a message now; it has no Turn-Please yet`,
  );
  t.same(says({ associations: rows(null) })[0], 'unknown-to-peer: B does not know A/1/3');
  t.same(says({ associations: rows(null), mtas: mtas.slice(0, 1), down: ['B'] }), [
    'peer-down: B is down',
    `turn: ${wait.says}`,
    near,
  ]);
  t.same(
    says({ associations: rows(null), mtas: mtas.slice(0, 1), silent: ['B'] })[0],
    'peer-silent: the process of B does not answer',
  );
  const faults = [
    { text: 'hold rttr 1', state: 'reached' },
    { text: 'black-hole MtaBind', state: 'reached' },
    { text: 'hold rttr 2', state: 'armed' },
    { text: 'cut randomly 5% seed 1', state: 'reached' },
  ];
  const keeping = faults.filter(keepsBack).map(({ text }) => text);
  t.same(says({ keeping }).slice(2), [
    'fault: the fault "hold rttr 1" keeps PDUs back',
    'fault: the fault "black-hole MtaBind" keeps PDUs back',
  ]);
  t.same(why({ keeping })[0]?.advice, ['mtalab set fixed Q166594', 'mtalab fault release', 'mtalab fault heal']);
  const moving = {
    ...queue,
    waits: [
      { ...wait, reason: 'in-transfer' as const, untilMs: 9000 },
      { ...wait, untilMs: 8000 },
    ],
  };
  const [moves] = explainWaits({ mtas: [{ mta: 'A', nowMs: 1, waits: [moving] }], associations: [] });
  t.same(
    moves?.reasons.map(({ reason }) => reason),
    ['in-transfer', 'turn'],
    'mail that moves needs no threshold',
  );
  t.equal(moves?.nextAtMs, 8000);
  t.same(explainWaits({ mtas: mtas.slice(1), associations: [] }), []);
  t.end();
});
