import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describeEvent, type MtaConfig } from '@mtalab/mta-core';
import { ControlClient, LabClock, type MtaStatus, type RunningMta, type StartOptions, startMta } from '@mtalab/transport';
import Database from 'better-sqlite3';
import { type Test, test } from 'tap';
import { configOf } from './fakes.js';

type StartedMta = { readonly mta: RunningMta; readonly client: ControlClient; readonly said: string[] };

/**
 * Starts an MTA on this folder, with a client; the end of the test stops it. Its clock keeps real time: on a faster clock, two
 * seconds of standstill of the machine would make every dial fail.
 */
async function node(
  t: Test,
  folder: string,
  config: Partial<MtaConfig> & { name: string },
  options: Partial<StartOptions> = {},
): Promise<StartedMta> {
  const said: string[] = [];
  const mta = await startMta({
    config: { ...configOf(config.name), ...config },
    dataFolder: join(folder, config.name),
    delivery: { kind: 'maildir', path: join(folder, config.name, 'mailboxes') },
    clock: new LabClock(),
    hooks: {
      event: (event) => said.push(describeEvent(event).text),
      log: (_level, text) => said.push(text),
    },
    ...options,
  });
  const client = await ControlClient.connect(mta.control, readFileSync(mta.tokenFile, 'utf8').trim());
  t.teardown(async () => {
    client.close();
    await mta.stop();
  });
  return { mta, client, said };
}

const digest = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex');

/** Resolves when this many different copies have been delivered. */
async function delivered(client: ControlClient, count: number): Promise<void> {
  const copies = new Set<number>();
  await new Promise<void>((resolve, reject) => {
    client
      .subscribe(
        'deliveries',
        (entry) => {
          copies.add(entry.copy);
          if (copies.size >= count) resolve();
        },
        0,
      )
      .catch(reject);
  });
}

function peers(b: RunningMta): Partial<MtaConfig> & { name: string } {
  return {
    name: 'MTA-A',
    peers: [{ name: 'MTA-B', endpoints: b.endpoints, password: 'secret' }],
    routes: [{ domain: 'b.example', mta: 'MTA-B' }],
    localDomains: ['a.example'],
  };
}
const configB = {
  name: 'MTA-B',
  peers: [{ name: 'MTA-A', endpoints: [], password: 'secret' }],
  routes: [{ domain: 'a.example', mta: 'MTA-A' }],
  localDomains: ['b.example'],
};

test('two MTAs exchange mail over real sockets into Maildirs', async (t) => {
  const folder = t.testdir();
  const b = await node(t, folder, configB);
  const a = await node(t, folder, peers(b.mta), { journal: true });
  const sizes = [0, 1, 1023, 1024, 30 * 1024, 30 * 1024 + 1, 300_000, 1_500_000];
  const contents = Array.from({ length: 20 }, (_, n) =>
    Buffer.alloc(sizes[n % sizes.length] as number, `message ${n}\r\n.\r\n\0\xff`, 'latin1'),
  );
  const toB = contents.slice(0, 10);
  const toA = contents.slice(10);
  const submitted = await Promise.all([
    ...toB.map((content, n) =>
      a.client.submit({ submissionId: `b${n}`, originator: 'u@a.example', recipients: ['v@b.example'], content }),
    ),
    ...toA.map((content, n) =>
      b.client.submit({ submissionId: `a${n}`, originator: 'v@b.example', recipients: ['u@a.example'], content }),
    ),
  ]);
  t.equal(new Set(submitted.map(({ mtsId }) => mtsId)).size, 20, 'each has an identifier of its own');
  const again = await a.client.submit({
    submissionId: 'b0',
    originator: 'u@a.example',
    recipients: ['v@b.example'],
    content: toB[0] as Buffer,
  });
  t.same(again, { mtsId: submitted[0]?.mtsId, known: true }, 'a repeated submission makes no second message');
  await Promise.all([delivered(b.client, 10), delivered(a.client, 10)]);
  for (const [name, box, sent] of [
    ['MTA-B', 'b.example/v', toB],
    ['MTA-A', 'a.example/u', toA],
  ] as const) {
    const path = join(folder, name, 'mailboxes', box, 'new');
    const got = readdirSync(path).map((file) => digest(readFileSync(join(path, file))));
    t.same(got.sort(), sent.map(digest).sort(), `${box}: octet for octet, each once`);
  }
  const idle = async (client: ControlClient): Promise<MtaStatus> => {
    for (;;) {
      const status = await client.command('status');
      if (status.pendingWork === 0 && status.queuedCopies === 0) return status;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const [statusA, statusB] = [await idle(a.client), await idle(b.client)];
  t.match(statusA, { phase: 'running', queuedCopies: 0, delays: { count: 10 }, counters: { submitted: 10, delivered: 10 } });
  t.match(statusB, { delays: { count: 10 }, counters: { submitted: 10, delivered: 10 } });
  const ends = (status: MtaStatus): string[] => status.sockets.map(({ local, remote }) => [local, remote].sort().join());
  t.same(ends(statusA).sort(), ends(statusB).sort(), 'both list the same sockets');
  t.match(await a.client.request('ltab'), [
    { ltabIndex: 1, peer: 'MTA-B', queued: 0, performance: { 'Outbound Messages Total': 10, 'Inbound Messages Total': 10 } },
  ]);
  const associations = [await a.client.request<object[]>('associations'), await b.client.request<object[]>('associations')];
  t.ok(associations[0]?.length, 'an association is still open');
  t.match(associations[0], [{ peer: 'MTA-B', state: 'open', dataConnection: String, believes: /mine|theirs/ }]);
  t.same(await a.client.request('messages'), []);
  await t.rejects(a.client.request('endpoints', { mta: 'MTA-B', endpoints: ['127.0.0.1[4097]', '127.0.0.1[0]'] }), {
    code: 'refused',
    message: /^endpoints: "127\.0\.0\.1\[0\]" is no string binding/,
  });
  t.same(await a.mta.stop(), { code: 0, clean: true });
  t.same(await b.mta.stop(), { code: 0, clean: true });
  const journal = readFileSync(join(folder, 'MTA-A', 'journal.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.match(journal[0], { n: 1, node: 'MTA-A', input: { type: 'start' } });
  t.equal(journal.at(-1).n, journal.length, 'no step is missing');
  t.match(journal.at(-1).effects.at(-1), { type: 'halt', clean: true });
});

test('queued mail survives a restart, on the same ports', async (t) => {
  const folder = t.testdir();
  // Nothing else listens on these addresses, so no other process takes the ports of a stopped MTA.
  const at = (address: string) => ({ bindings: [{ address, port: 0, label: '', enabled: true }] });
  const b = { ...configB, ...at('127.0.0.52') };
  const listenB = await node(t, folder, b);
  const a = { ...peers(listenB.mta), ...at('127.0.0.51') };
  const first = await node(t, folder, a);
  const { endpoints, control } = first.mta;
  const endpointsB = listenB.mta.endpoints;
  await listenB.mta.stop();
  const content = Buffer.from('Subject: later\r\n\r\nhello\r\n');
  await first.client.submit({ submissionId: 's', originator: 'u@a.example', recipients: ['v@b.example'], content });
  t.match(await first.client.request('queues'), [
    { queue: 'MTA-B', queued: 1 },
    { queue: 'mailboxes', queued: 0 },
  ]);
  t.match(await first.client.request('messages'), [
    { copy: /^1-\d+$/, recipients: ['v@b.example'], destination: 'MTA-B', state: 'queued' },
  ]);
  t.same(await first.mta.stop(), { code: 0, clean: true });
  const second = await node(t, folder, a);
  t.same(second.mta.endpoints, endpoints, 'the port of the first start');
  t.equal(second.mta.control, control);
  t.match(await second.client.request('status'), { incarnation: 2, queuedCopies: 1 });
  const again = await node(t, folder, b);
  t.same(again.mta.endpoints, endpointsB);
  await second.client.request('retry');
  await delivered(again.client, 1);
  t.equal(readdirSync(join(folder, 'MTA-B', 'mailboxes', 'b.example', 'v', 'new')).length, 1);
});

test('a failed start names its obstacle', async (t) => {
  const folder = t.testdir();
  const first = await node(t, folder, configB);
  await t.rejects(node(t, folder, configB), /MTA-B/, 'a second process on one store');
  const { ports, control } = first.mta;
  await first.mta.stop();
  const taken = await Promise.all(
    [ports[0], Number(new URL(control).port)].map(async (port) => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: port as number }, resolve));
      return server;
    }),
  );
  const second = await node(t, folder, configB);
  t.notSame(second.mta.ports, ports);
  t.notSame(second.mta.control, control);
  t.match(
    second.said.join('\n'),
    new RegExp(`127.0.0.1\\[${ports[0]}\\], kept from an earlier start, cannot be had again \\(EADDRINUSE\\)`),
  );
  t.match(second.said.join('\n'), /control port \d+, kept from an earlier start, cannot be had again/);
  await second.mta.stop();
  const fixed = (taken[0] as Server).address() as AddressInfo;
  const third = { ...configB, bindings: [{ address: '127.0.0.1', port: fixed.port, label: '', enabled: true }] };
  await t.rejects(
    node(t, folder, third),
    /^there is no address to listen on: 127\.0\.0\.1\[\d+\] is in use .*EADDRINUSE/,
    'a configured port that is in use',
  );
  // A missing address does not return with another port either.
  writeFileSync(join(folder, 'MTA-B', 'ports.json'), '{"listen":{"203.0.113.1":4097}}');
  const gone = [...configOf('MTA-B').bindings, { address: '203.0.113.1', port: 0, label: '', enabled: true }];
  const fourth = await node(t, folder, { ...configB, bindings: gone });
  t.match(fourth.said.join('\n'), /Address: 203\.0\.113\.1, Operating system error: EADDRNOTAVAIL/);
  t.notMatch(fourth.said.join('\n'), /203\.0\.113\.1.*kept from an earlier start/);
  await fourth.mta.stop();
  await t.rejects(
    node(t, folder, configB, { control: { port: fixed.port } }),
    /control channel's .*EADDRINUSE/,
    'a control port that is in use',
  );
  const keptFile = join(folder, 'MTA-B', 'ports.json');
  const why = (reason: string): RegExp =>
    new RegExp(`/MTA-B/ports\\.json cannot be read \\(${reason}.*\\): remove it, and fresh`);
  const broken = {
    '{"listen":{"0":"x"}}': 'a port',
    '{"listen":[]}': '"listen" is no',
    null: 'it holds no',
    '[]': 'it holds no',
    '': 'Unex',
  };
  for (const [content, reason] of Object.entries(broken)) {
    writeFileSync(keptFile, content);
    await t.rejects(node(t, folder, configB), why(reason), content);
  }
  rmSync(keptFile);
  mkdirSync(keptFile);
  await t.rejects(node(t, folder, configB), why('EISDIR'), 'a folder in its place');
  for (const server of taken) server.close();
});

test('the MTA does not silently take an emptied database for a new one', async (t) => {
  const folder = t.testdir();
  const first = await node(t, folder, configB);
  t.notMatch(first.said.join('\n'), /is empty/);
  await first.mta.stop();
  truncateSync(join(folder, 'MTA-B', 'mtadata', 'mta.db'));
  const second = await node(t, folder, configB);
  t.match(
    second.said.join('\n'),
    /mta\.db is empty, though .*ports\.json tells of an earlier start: whatever mail was queued is gone/,
  );
  await second.mta.stop();
  const third = await node(t, folder, configB);
  t.notMatch(third.said.join('\n'), /is empty/);
});

test('a port in the configuration takes precedence over a kept port', async (t) => {
  const folder = t.testdir();
  const first = await node(t, folder, configB);
  const port = first.mta.ports[0] as number;
  const control = Number(new URL(first.mta.control).port);
  await first.mta.stop();
  const bindings = [0, port, control].map((each) => ({ address: '127.0.0.1', port: each, label: '', enabled: true }));
  const second = await node(t, folder, { ...configB, bindings });
  t.same(second.mta.ports.slice(1), [port, control]);
  t.notOk([port, control].includes(second.mta.ports[0] as number), 'the open one is fresh');
  t.not(second.mta.control, first.mta.control);
  t.notMatch(second.said.join('\n'), /cannot be had again|cannot be listened on/);
  await second.mta.stop();
  const [kept] = second.mta.ports;
  const third = await node(t, folder, configB, { control: { port: kept as number } });
  t.equal(third.mta.control, `ws://127.0.0.1:${kept}`);
  t.notSame(third.mta.ports, [kept]);
});

/** Alters the database of a stopped MTA: one bit, or a page of zeros. `at`: where, as a share of its length. */
function alter(folder: string, what: 'bit' | 'page', at: number): void {
  const file = join(folder, 'mtadata', 'mta.db');
  const octets = readFileSync(file);
  const page = Math.floor((octets.length * at) / 4096) * 4096;
  if (what === 'page') octets.fill(0, page, page + 4096);
  else octets.writeUInt8(octets.readUInt8(page + 2048) ^ 4, page + 2048);
  writeFileSync(file, octets);
}

/** Resolves when the MTA has nothing left to do. */
async function emptied(client: ControlClient): Promise<void> {
  for (;;) {
    const { pendingWork, queuedCopies } = await client.command('status');
    if (pendingWork === 0 && queuedCopies === 0) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('mail in a damaged store is delivered whole, or set aside and reported on', async (t) => {
  const alterations = {
    'a page of zeros': [['page', 0.5]],
    'bits of several messages': [0.3, 0.5, 0.7, 0.9].map((at) => ['bit', at]),
  } as Readonly<Record<string, readonly (readonly ['bit' | 'page', number])[]>>;
  for (const [name, altered] of Object.entries(alterations)) {
    const folder = join(t.testdir(), name.replaceAll(' ', '-'));
    const b = await node(t, folder, configB);
    // At first MTA-A looks for MTA-B at a port where nobody listens.
    const unreachable = [{ name: 'MTA-B', endpoints: ['127.0.0.1[1]'], password: 'secret' }];
    const before = await node(t, folder, { ...peers(b.mta), peers: unreachable });
    const contents = Array.from({ length: 40 }, (_, n) => Buffer.from(`Subject: message ${n}\r\n\r\n${`${n} `.repeat(1500)}`));
    for (const [n, content] of contents.entries())
      await before.client.submit({ submissionId: `m${n}`, originator: 'u@a.example', recipients: ['v@b.example'], content });
    before.client.close();
    await before.mta.stop();
    for (const [what, at] of altered) alter(join(folder, 'MTA-A'), what, at);
    const a = await node(t, folder, peers(b.mta));
    await emptied(a.client);
    await emptied(b.client);
    const filesIn = (path: string): string[] => (existsSync(path) ? readdirSync(path).map((file) => join(path, file)) : []);
    const got = filesIn(join(folder, 'MTA-B/mailboxes/b.example/v/new')).map((file) => digest(readFileSync(file)));
    const reports = filesIn(join(folder, 'MTA-A/mailboxes/a.example/u/new')).length;
    const sent = new Set(contents.map(digest));
    const foreign = got.filter((each) => !sent.has(each));
    t.same(foreign, [], `${name}: nothing altered is delivered`);
    t.equal(new Set(got).size, got.length, `${name}: nothing is delivered twice`);
    t.ok(got.length >= 30 && got.length < 40, `${name}: ${got.length} of 40 are delivered`);
    const told = a.said.filter((text) => /message in the message database is damaged/.test(text));
    t.ok(told.length >= 1 && told.length <= 10, `${name}: the log tells of it ${told.length} times`);
    const untold = 40 - got.length - reports;
    const isSaid = told.some((text) => /row does not match|how many messages they had is not known/.test(text));
    t.ok(untold === 0 || isSaid, `${name}: ${reports} are reported on, and of ${untold} not even the envelope can be read`);
    t.same(
      a.said.filter((text) => /ended abnormally/.test(text)),
      [],
      `${name}: it costs no association`,
    );
    const { setAside } = (await a.client.command('status')).counters;
    t.equal(setAside, reports, `${name}: the status counts them`);
    const database = new Database(join(folder, 'MTA-A/mtadata/mta.db'), { readonly: true });
    t.ok((database.prepare('SELECT count(*) FROM damaged').pluck().get() as number) >= reports, `${name}: all of them are kept`);
    database.close();
  }
});
