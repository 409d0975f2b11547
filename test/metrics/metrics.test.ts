/** The metrics of MTAs on real sockets: what a scrape says, against status and locality table, and who asks wrongly. */
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { defaultSettings, type LtabView, type MtaConfig, type ReportedEvent } from '@mtalab/mta-core';
import {
  ControlClient,
  LabClock,
  mailboxesLabel,
  metricGroups,
  metricsLimits,
  mtaLabel,
  type RunningMta,
  restLabel,
  type StartOptions,
  startMta,
} from '@mtalab/transport';
import { type Test, test } from 'tap';
import { configOf } from '../driver/fakes.js';
import { type Family, parseExposition } from './exposition-parser.js';

const listed = new Map(metricGroups.flatMap(({ metrics }) => metrics.map((metric) => [metric.name, metric] as const)));

type Started = { readonly mta: RunningMta; readonly client: ControlClient; readonly url: string; readonly said: string[] };

async function started(
  t: Test,
  config: Partial<MtaConfig> & { name: string },
  options: Partial<StartOptions> = {},
): Promise<Started> {
  const said: string[] = [];
  const mta = await startMta({
    config: { ...configOf(config.name), ...config },
    dataFolder: join(t.testdirName, config.name),
    delivery: { kind: 'ledger' },
    clock: new LabClock(),
    metrics: { port: 0 },
    hooks: { log: (_level, text) => said.push(text) },
    ...options,
  });
  const client = await ControlClient.connect(mta.control, readFileSync(mta.tokenFile, 'utf8').trim());
  t.teardown(async () => {
    client.close();
    await mta.stop();
  });
  return { mta, client, url: mta.metrics ?? '', said };
}

async function scrape(url: string, accept = 'text/plain'): Promise<ReadonlyMap<string, Family>> {
  const response = await fetch(url, { headers: { accept } });
  const type = response.headers.get('content-type') ?? '';
  const form = type.startsWith('application/openmetrics-text; version=1.0.0') ? 'openmetrics' : 'prometheus';
  if (form === 'prometheus' && !type.startsWith('text/plain; version=0.0.4')) throw new Error(`answered as ${type}`);
  return parseExposition(await response.text(), form);
}

/** The value of one series. */
function seriesOf(families: ReadonlyMap<string, Family>, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const samples = (families.get(name)?.samples ?? []).filter(({ labels: has }) =>
    Object.entries(labels).every(([label, value]) => has.get(label) === value),
  );
  if (samples.length !== 1) throw new Error(`${samples.length} series of ${name} ${JSON.stringify(labels)}`);
  return samples[0]?.value ?? Number.NaN;
}

/** How many values a histogram has. */
function countOf(families: ReadonlyMap<string, Family>, name: string): number {
  return families.get(name)?.samples.find((sample) => sample.name === `${name}_count`)?.value ?? Number.NaN;
}

const settled = async (mtas: readonly Started[], delivered: number): Promise<void> => {
  for (;;) {
    const statuses = await Promise.all(mtas.map(({ client }) => client.command('status')));
    const sum = statuses.reduce((total, { counters }) => total + counters.delivered, 0);
    if (sum === delivered && statuses.every(({ queuedCopies, pendingWork }) => queuedCopies + pendingWork === 0)) return;
    await pause(20);
  }
};

async function pair(t: Test): Promise<readonly [Started, Started]> {
  const b = await started(t, {
    name: 'MTA-B',
    peers: [{ name: 'MTA-A', endpoints: [], password: '' }],
    routes: [{ domain: 'a.example', mta: 'MTA-A' }],
    localDomains: ['b.example'],
  });
  const a = await started(t, {
    name: 'MTA-A',
    peers: [{ name: 'MTA-B', endpoints: b.mta.endpoints, password: '' }],
    routes: [{ domain: 'b.example', mta: 'MTA-B' }],
    localDomains: ['a.example'],
  });
  return [a, b];
}

async function send({ client }: Started, to: string, sizes: readonly number[]): Promise<void> {
  await Promise.all(
    sizes.map((size, at) =>
      client.submit({
        submissionId: `${to}-${at}`,
        originator: `s@${to}`,
        recipients: [`u@${to}`],
        content: Buffer.alloc(size, 'x'),
      }),
    ),
  );
}

test('what a scrape says is what status and locality table say', async (t) => {
  t.testdir();
  const [a, b] = await pair(t);
  await send(a, 'b.example', [100, 200, 300, 0, 1]);
  await send(b, 'a.example', [1000, 2000, 70_000]);
  await settled([a, b], 8);
  for (const [one, peer] of [
    [a, 'MTA-B'],
    [b, 'MTA-A'],
  ] as const) {
    const { client, url, mta } = one;
    const status = await client.command('status');
    t.equal(status.metrics, url);
    t.match(url, /^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    const [row] = (await client.command('ltab')) as readonly LtabView[];
    const families = await scrape(url);
    const { performance: counters, counters: own } = row as LtabView;
    const expected: Readonly<Record<string, number>> = {
      queue_length: counters['Queue Length'],
      queued_bytes: counters['Queued Bytes'],
      associations: counters.Associations,
      current_inbound_associations: counters['Current Inbound Associations'],
      current_outbound_associations: counters['Current Outbound Associations'],
      cumulative_inbound_associations_total: counters['Cumulative Inbound Associations'],
      cumulative_outbound_associations_total: counters['Cumulative Outbound Associations'],
      failed_outbound_associations_total: counters['Failed Outbound Associations'],
      inbound_rejected_total: counters['Inbound Rejected Total'],
      inbound_messages_total: counters['Inbound Messages Total'],
      outbound_messages_total: counters['Outbound Messages Total'],
      inbound_bytes_total: counters['Inbound Bytes Total'],
      outbound_bytes_total: counters['Outbound Bytes Total'],
      connector_index: 1,
      oldest_message_queued_seconds: 0,
      next_association_threshold: 50 * Math.max(1, counters.Associations),
    };
    for (const [name, value] of Object.entries(expected))
      t.equal(seriesOf(families, `mtalab_connections_${name}`, { peer }), value, `${mta.name} ${name}`);
    t.equal(seriesOf(families, 'mtalab_turn_gives_total', { peer }), own.turnsGiven);
    t.equal(seriesOf(families, 'mtalab_turn_gives_received_total', { peer }), own.turnsReceived);
    t.equal(seriesOf(families, 'mtalab_turn_pleases_total', { peer }), own.pleasesSent);
    t.equal(seriesOf(families, 'mtalab_turn_pleases_received_total', { peer }), own.pleasesReceived);
    t.equal(seriesOf(families, 'mtalab_connections_inbound_messages_total', { peer: mailboxesLabel }), status.counters.submitted);
    t.equal(
      seriesOf(families, 'mtalab_connections_outbound_messages_total', { peer: mailboxesLabel }),
      status.counters.delivered,
    );
    t.equal(seriesOf(families, 'mtalab_delivered_copies_total'), status.counters.delivered);
    t.equal(countOf(families, 'mtalab_delivery_delay_seconds'), status.counters.delivered);
    t.ok(countOf(families, 'mtalab_store_commit_seconds') >= 3, 'every submission was committed');
    t.equal(countOf(families, 'mtalab_store_commit_writes'), countOf(families, 'mtalab_store_commit_seconds'));
    t.equal(seriesOf(families, 'mtalab_messages_total'), 16);
    t.equal(seriesOf(families, 'mtalab_message_bytes_total'), 2 * (601 + 73_000));
  }
  const [ofA, ofB] = [await scrape(a.url), await scrape(b.url)];
  t.equal(seriesOf(ofA, 'mtalab_connections_outbound_bytes_total', { peer: 'MTA-B' }), 601);
  t.equal(seriesOf(ofB, 'mtalab_connections_outbound_bytes_total', { peer: mailboxesLabel }), 601);
  t.equal(seriesOf(ofA, 'mtalab_connections_inbound_bytes_total', { peer: mailboxesLabel }), 601);
  t.equal(seriesOf(ofA, 'mtalab_turn_pleases_received_total'), seriesOf(ofB, 'mtalab_turn_pleases_total'));
  t.ok(seriesOf(ofB, 'mtalab_turn_pleases_total') >= 1, 'B had to ask for the Turn');
  // The association is open on both sides, and nothing is under way: one side holds the Turn.
  const held = [ofA, ofB].map((families) => seriesOf(families, 'mtalab_turn_seconds_total', { turn: 'held' }));
  t.ok(Math.max(...held) > 0, 'somebody held the Turn');
});

/** Resolves when the first row of the locality table is as wanted. */
async function firstRow({ client }: Started, fits: (row: LtabView) => boolean): Promise<LtabView> {
  for (;;) {
    const [row] = (await client.command('ltab')) as readonly LtabView[];
    if (row !== undefined && fits(row)) return row;
    await pause(20);
  }
}

test('every metric of the list appears, in both forms, with the type, the help and the labels of the list', async (t) => {
  t.testdir();
  const [a, b] = await pair(t);
  await send(a, 'b.example', [10]);
  await settled([a, b], 1);
  // Their dialogue modes differ, so C refuses what D opens.
  const c = await started(t, {
    name: 'MTA-C',
    peers: [{ name: 'MTA-D', endpoints: [], password: '' }],
    settings: { ...defaultSettings, twoWayAlternate: false },
    legacy: ['Q166594'],
    x400Port: 0,
  });
  const d = await started(t, {
    name: 'MTA-D',
    peers: [{ name: 'MTA-C', endpoints: c.mta.endpoints, password: '' }],
    routes: [{ domain: 'c.example', mta: 'MTA-C' }],
  });
  await send(d, 'c.example', [10]);
  await firstRow(d, ({ performance }) => performance['Outbound Failure Reason'] !== null);
  const mtas = [a, b, c, d];
  for (const accept of ['text/plain;version=0.0.4', 'application/openmetrics-text;version=1.0.0']) {
    const scrapes = await Promise.all(mtas.map(({ url }) => scrape(url, accept)));
    const suffix = accept.startsWith('text') ? '' : '_total';
    const seen = new Set<string>();
    for (const [at, families] of scrapes.entries()) {
      for (const { name, type, help, samples } of families.values()) {
        const full = type === 'counter' ? `${name}${suffix}` : name;
        const metric = listed.get(full);
        seen.add(full);
        t.match(metric, { type, help }, full);
        for (const { labels } of samples) {
          t.equal(labels.get(mtaLabel), mtas[at]?.mta.name);
          const own = [...labels.keys()].filter((label) => label !== mtaLabel && !(type === 'histogram' && label === 'le'));
          t.same(own.sort(), [...(metric?.labels ?? [])].sort(), `labels of ${full}`);
        }
      }
    }
    t.same(
      [...listed.keys()].filter((name) => !seen.has(name)),
      [],
      'nothing of the list is missing',
    );
  }
  const [ofC, ofD] = [await scrape(c.url), await scrape(d.url)];
  const reason = 'unacceptableDialogueMode';
  t.equal(seriesOf(ofC, 'mtalab_connections_inbound_reject_reason', { peer: 'MTA-D', reason }), 1);
  t.equal(seriesOf(ofD, 'mtalab_connections_outbound_failure_reason', { peer: 'MTA-C', reason }), 1);
  t.ok(seriesOf(ofC, 'mtalab_connections_inbound_rejected_total') >= 1);
  t.ok(seriesOf(ofD, 'mtalab_connections_next_association_retry_seconds') <= 600);
  t.equal(seriesOf(ofD, 'mtalab_connections_queue_length', { peer: 'MTA-C' }), 1);
  t.equal(seriesOf(ofC, 'mtalab_legacy', { article: 'Q166594' }), 1);
  t.ok(
    seriesOf(ofD, 'mtalab_oldest_message_age_seconds') >=
      seriesOf(ofD, 'mtalab_connections_oldest_message_queued_seconds', { peer: 'MTA-C' }),
  );
});

test('the adjacent MTAs beyond the limit share their series', async (t) => {
  t.testdir();
  const names = Array.from({ length: metricsLimits.maxPeers + 3 }, (_, at) => `P${at + 1}`);
  const many = await started(t, {
    name: 'HUB',
    peers: names.map((name) => ({ name, endpoints: [], password: '' })),
    routes: names.map((name) => ({ domain: `${name.toLowerCase()}.example`, mta: name })),
  });
  for (const name of names.slice(-2)) await send(many, `${name.toLowerCase()}.example`, [100, 50]);
  const families = await scrape(many.url);
  const peers = families.get('mtalab_connections_queue_length')?.samples.map(({ labels }) => labels.get('peer'));
  t.same(peers, [...names.slice(0, metricsLimits.maxPeers), restLabel, mailboxesLabel]);
  t.equal(seriesOf(families, 'mtalab_connections_queue_length', { peer: restLabel }), 4);
  t.equal(seriesOf(families, 'mtalab_connections_queued_bytes', { peer: restLabel }), 300);
  t.equal(seriesOf(families, 'mtalab_work_queue_length'), 4);
  t.equal(seriesOf(families, 'mtalab_work_queue_bytes'), 300);
  t.equal(seriesOf(families, 'mtalab_turn_seconds_total', { peer: restLabel, turn: 'given' }), 0);
  t.equal(families.get('mtalab_connections_connector_index')?.samples.length, metricsLimits.maxPeers, 'an index has no sum');
});

/** Sends octets, and resolves with all that comes back until the other side closes. */
function exchange(url: string, octets: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) });
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    // A reset also ends it.
    socket.on('error', () => undefined).on('close', () => resolve(text));
    socket.write(octets);
  });
}

const closing = 'Host: x\r\nConnection: close\r\n\r\n';
const requests: Readonly<Record<string, readonly [request: string, answer: RegExp]>> = {
  'asks with a query': [`GET /metrics?x=1 HTTP/1.1\r\n${closing}`, /^HTTP\/1\.1 200 [\s\S]*# TYPE mtalab_/],
  'speaks HTTP/1.0': ['GET /metrics HTTP/1.0\r\n\r\n', /^HTTP\/1\.1 200 [\s\S]*# TYPE mtalab_/],
  'wants the head only': [`HEAD /metrics HTTP/1.1\r\n${closing}`, /^HTTP\/1\.1 200 [\s\S]*content-length: \d{4,}\r\n[^#]*$/i],
  'wants to upgrade': [
    'GET /metrics HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade, close\r\n\r\n',
    /^HTTP\/1\.1 200 [\s\S]*# TYPE mtalab_/,
  ],
  'asks at another path': [`GET / HTTP/1.1\r\n${closing}`, /^HTTP\/1\.1 404 [\s\S]*The metrics are at \/metrics/],
  'asks below the path': [`GET /metrics/../etc/passwd HTTP/1.1\r\n${closing}`, /^HTTP\/1\.1 404 /],
  'asks by another method': [`DELETE /metrics HTTP/1.1\r\n${closing}`, /^HTTP\/1\.1 405 [\s\S]*allow: GET, HEAD\r\n/i],
  'leaves a body unfinished': ['POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc', /^HTTP\/1\.1 405 /],
  'sends a GET with a body': ['GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc', /^HTTP\/1\.1 200 /],
  'speaks no HTTP': ['\x05\0\x0b\x03\x10\0\0\0 hello\r\n\r\n', /^HTTP\/1\.1 400 /],
  'has no host': ['GET /metrics HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
  'has too large a head': [
    `GET /metrics HTTP/1.1\r\nX: ${'x'.repeat(metricsLimits.maxHeadBytes)}\r\n${closing}`,
    /^HTTP\/1\.1 431 /,
  ],
  'leaves its head unfinished': ['GET /metrics HTTP/1.1\r\nHost: x\r\n', /^HTTP\/1\.1 408 /],
};

test('who asks wrongly gets an answer, and the MTA goes on', async (t) => {
  t.testdir();
  const one = await started(t, { name: 'MTA-A', localDomains: ['a.example'] });
  await Promise.all(
    Object.entries(requests).map(async ([name, [request, answer]]) => t.match(await exchange(one.url, request), answer, name)),
  );
  for (const accept of [
    '',
    '*/*;q=x',
    'application/openmetrics-text;version=0.0.1',
    'image/png',
    'text/plain, application/openmetrics-text;q=0.9',
  ])
    t.match((await fetch(one.url, { headers: { accept } })).headers.get('content-type'), /^text\/plain/, `Accept: ${accept}`);
  await send(one, 'a.example', [5]);
  await settled([one], 1);
  t.same(one.said, []);
});

async function silent(url: string): Promise<{ readonly socket: Socket; readonly closed: Promise<void> }> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) });
  socket.on('error', () => undefined);
  socket.resume();
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await new Promise((resolve) => socket.once('connect', resolve));
  return { socket, closed };
}

test('connections have a limit, and none of them keeps the MTA from ending', async (t) => {
  t.testdir();
  const { url, mta, client } = await started(t, { name: 'MTA-A' });
  const some = await Promise.all(Array.from({ length: metricsLimits.maxConnections }, () => silent(url)));
  await (await silent(url)).closed;
  t.pass('one more is closed at once');
  some[0]?.socket.destroy();
  some[1]?.socket.destroy();
  // The server learns of the closes in its own time.
  let families: ReadonlyMap<string, Family> | undefined;
  while (families === undefined) families = await scrape(url).catch(() => undefined);
  t.equal(seriesOf(families, 'mtalab_phase', { phase: 'running' }), 1);
  client.close();
  t.match(await mta.stop(), { code: 0, clean: true });
  await Promise.all(some.map(({ closed }) => closed));
  await t.rejects(fetch(url), 'nobody listens there any more');
});

test('a port or an address that cannot be had is a clear error, and does no harm', async (t) => {
  t.testdir();
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.teardown(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  await t.rejects(started(t, { name: 'MTA-A' }, { metrics: { port } }), {
    message: `the metrics endpoint's 127.0.0.1[${port}] is in use by another program; choose another port, or 0 for a free one (metrics, EADDRINUSE)`,
  });
  await t.rejects(started(t, { name: 'MTA-A' }, { metrics: { port: 0, address: '203.0.113.1' } }), {
    message:
      "the metrics endpoint's 203.0.113.1 is on no address of this machine; choose another address (metrics, EADDRNOTAVAIL)",
  });
  const events: number[] = [];
  const options = { metrics: { port: 0, address: '::1' }, hooks: { event: ({ id }: ReportedEvent) => events.push(id) } };
  const { mta } = await started(t, { name: 'MTA-A' }, options);
  t.match(mta.metrics, /^http:\/\/\[::1\]:\d+\/metrics$/);
  t.same(
    events.filter((id) => id === 2219),
    [],
    'the failed starts closed the store in order',
  );
});

test('an MTA without the setting has no metrics', async (t) => {
  t.testdir();
  const clock = new LabClock();
  const mta = await startMta({
    config: configOf('MTA-A'),
    dataFolder: join(t.testdirName, 'a'),
    delivery: { kind: 'ledger' },
    clock,
  });
  t.equal(mta.metrics, null);
  await mta.stop();
});
