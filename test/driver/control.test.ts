import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Input } from '@mtalab/mta-core';
import { defaultSettings } from '@mtalab/mta-core';
import {
  ControlClient,
  type ControlError,
  ControlServer,
  controlLimits,
  Diagnostics,
  Driver,
  DriverStreams,
  Journal,
  LabClock,
} from '@mtalab/transport';
import { type Test, test } from 'tap';
import { WebSocket, WebSocketServer } from 'ws';
import { configOf, copy, envelope, type Fakes, fakes, recovered } from './fakes.js';

type Lab = {
  readonly server: ControlServer;
  readonly driver: Driver;
  readonly clock: LabClock;
  readonly parts: Fakes;
  readonly token: string;
  readonly streams: DriverStreams;
  readonly logged: string[];
  connect(): Promise<ControlClient>;
};

/** A control server and a driver on fakes. The driver accepts every submission. */
async function lab(t: Test, settings = {}, maxUnreadBytes?: number): Promise<Lab> {
  const parts = fakes((input: Input) => {
    if (input.type === 'submit') {
      const { submissionId, content } = input.submission;
      if (submissionId === 'silent') return [];
      if (submissionId === 'full')
        return [{ type: 'submit-refused', submissionId, refusal: 'full', reason: 'the queues are full' }];
      const message = { content, envelope, copies: [copy] };
      const submission = { submissionId, mtsId: 'm' };
      return [
        { type: 'store', token: 1, accept: [message], segments: [], forget: [], submission },
        { type: 'submitted', submissionId, mtsId: `mts-${submissionId}`, known: submissionId === 'again' },
      ];
    }
    return input.type === 'stop' ? [{ type: 'halt', code: 0, clean: true }] : [];
  });
  const clock = new LabClock({ epochMs: 5000, monotonic: () => 0 });
  const streams = new DriverStreams('MTA-A');
  const driver = new Driver({
    ...parts,
    clock,
    hooks: { event: (event, nowMs) => streams.event(event, nowMs), delivery: streams.delivery },
  });
  const journal = new Journal('MTA-A', null);
  const sources = streams.sources(journal, () => {
    driver.onStep = journal.wanted ? journal.record : null;
  });
  const tokenFile = join(t.testdir(), 'control.token');
  const logged: string[] = [];
  const backend = {
    driver,
    clock,
    diagnostics: new Diagnostics(),
    settings: { ...defaultSettings, ...settings },
    streams: sources,
    log: (text: string) => logged.push(text),
  };
  const server = await ControlServer.start({
    backend,
    port: 0,
    tokenFile,
    ...(maxUnreadBytes === undefined ? {} : { maxUnreadBytes }),
  });
  driver.begin(configOf('MTA-A'), recovered);
  const token = readFileSync(tokenFile, 'utf8').trim();
  const clients: ControlClient[] = [];
  t.teardown(async () => {
    for (const client of clients) client.close();
    await server.close();
  });
  const connect = async (): Promise<ControlClient> => {
    const client = await ControlClient.connect(server.url, token, { timeoutMs: 10_000 });
    clients.push(client);
    return client;
  };
  return { server, driver, clock, parts, token, streams, logged, connect };
}

/** The status of an upgrade request, or 101. */
function upgrade(url: string, headers: Record<string, string>, query = ''): Promise<number> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const asked = request({
      host: hostname,
      port,
      path: `/${query}`,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
        ...headers,
      },
    });
    asked.on('upgrade', (_response, socket) => {
      socket.destroy();
      resolve(101);
    });
    asked.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on('error', reject);
    asked.end();
  });
}

test('who may connect', async (t) => {
  const { server, token, connect } = await lab(t);
  t.equal(statSync(server.tokenFile).mode & 0o777, 0o600, 'the token is for its owner alone');
  const bearer = { authorization: `Bearer ${token}` };
  const cases: readonly [string, Record<string, string>, string, number][] = [
    ['the token in the header', bearer, '', 101],
    ['the token in the query', {}, `?token=${token}`, 101],
    ['no token', {}, '', 401],
    ['a wrong token', { authorization: `Bearer ${token.slice(1)}x` }, '', 401],
    ['a short token', {}, '?token=x', 401],
    ['a page of this machine', { ...bearer, origin: 'http://localhost:5173' }, '', 101],
    ['a page of this machine by address', { ...bearer, origin: 'http://127.0.0.1' }, '', 101],
    ['a page of another site', { ...bearer, origin: 'https://example.org' }, '', 403],
    ['a page that looks like this machine', { ...bearer, origin: 'http://localhost.example.org' }, '', 403],
    ['a page without an origin', { ...bearer, origin: 'null' }, '', 403],
  ];
  for (const [name, headers, query, expected] of cases) t.equal(await upgrade(server.url, headers, query), expected, name);
  await t.rejects(ControlClient.connect(server.url, 'wrong'), { code: 'unauthorised', message: /401/ });
  await t.rejects(ControlClient.connect('ws://127.0.0.1:1', 'x'), { code: 'unreachable', message: /ECONNREFUSED/ });
  t.equal((await fetch(server.url.replace('ws:', 'http:'))).status, 426, 'plain HTTP gets an explanation');
  t.ok(await connect());
});

/** The first reply to this raw text. */
function raw(url: string, token: string, data: string | Buffer): Promise<{ code?: number; text?: string }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}` } });
    socket.on('open', () => socket.send(data));
    socket.on('message', (message) => {
      resolve({ text: String(message) });
      socket.close();
    });
    socket.on('close', (code) => resolve({ code }));
    socket.on('error', reject);
  });
}

test('a wrong request gets an explanation, and the channel stays open', async (t) => {
  const { server, token, connect } = await lab(t, { maxMessageBytes: 1000 });
  const submission = { submissionId: 's', originator: 'a@a.example', recipients: ['b@b.example'], content: 'aGk=' };
  const cases: readonly [string, object, RegExp][] = [
    ['statsu', {}, /^cmd: "statsu" is no command; did you mean status\?$/],
    ['xyzzy12', {}, /^cmd: "xyzzy12" is no command; there is status, ltab/],
    ['constructor', {}, /is no command/],
    ['', {}, /is no command/],
    ['subscribe', { stream: 'news' }, /^stream: expected one of journal, events, deliveries, got "news"$/],
    ['set', { article: 'Q1', mode: 'legacy' }, /^article: "Q1" is not known here; there is Q166594, /],
    ['set', { article: 'Q166594', mode: 'on' }, /^mode: expected one of legacy, fixed, got "on"$/],
    ['retry', { mta: 'MTA-B' }, /^mta: "MTA-B" is no adjacent MTA of MTA-A$/],
    ['messages', { limit: 0 }, /^limit: expected a number from 1 to 10000, got 0$/],
    ['clock', {}, /one of offsetMs, advanceToMs and line/],
    ['clock', { line: { timeScale: 0 } }, /^line: expected a timeScale above 0 and at most 1000000, got 0/],
    ['clock', { line: { timeScale: 2, epochMs: 1 } }, /both epochMs and baseMs, or neither/],
    ['clock', { line: { timeScale: 2, epochMs: 1, baseMs: 1e9 } }, /is 1000000 s from now; .* within a minute/],
    ['clock', { offsetMs: -1 }, /never goes back/],
    ['clock', { offsetMs: Number.MAX_SAFE_INTEGER }, /^clock offset \d+: lab time would be beyond 8000000000000000 ms/],
    ['clock', { advanceToMs: Number.MAX_SAFE_INTEGER }, /^clock instant \d+: lab time would be beyond/],
    [
      'submit',
      { ...submission, originator: 'nobody' },
      /^originator: expected an address such as user@domain \(it needs .* an @ .*\), got "nobody"$/,
    ],
    ['submit', { ...submission, recipients: [] }, /^recipients: expected a list/],
    ['submit', { ...submission, recipients: ['b@b.example', 7] }, /^recipients: expected texts/],
    [
      'submit',
      { ...submission, recipients: ['a\n@b.example'] },
      /^recipients: expected an address such as user@domain \(its local part has a control character\), got/,
    ],
    ['submit', { ...submission, recipients: ['b@b.example,c@b.example'] }, /a comma is possible only in a quoted local part/],
    ['submit', { ...submission, priority: 'high' }, /^priority: expected one of urgent, normal, non-urgent, got "high"$/],
    ['submit', { ...submission, content: 'a*==' }, /^content: expected octets in base64/],
    ['submit', { ...submission, content: undefined }, /^content: expected octets in base64, got nothing/],
    ['submit', { ...submission, content: Buffer.alloc(1001).toString('base64') }, /1001 octets, the largest message is 1000/],
    ['submit', { ...submission, upload: 'u' }, /not both/],
    ['submit', { ...submission, content: undefined, upload: 'u' }, /^upload u: is not open/],
    ['submit', { ...submission, submissionId: 'full' }, /^the queues are full$/],
    ['upload-begin', { upload: 'a b' }, /printable ASCII/],
    ['diagnostics', { category: 'interfce' }, /^category: "interfce" is no category; did you mean Interface\?$/],
    ['diagnostics', { category: 'x' }, /^category: "x" is no category; there is X\.400 Service, Resource, .*, APDU, all$/],
    ['diagnostics', { category: 'all', level: 'maximim' }, /^level: "maximim" is no level; did you mean maximum\?$/],
    ['diagnostics', { level: 3 }, /^level: expected a text/],
    ['bindings', { bindings: 'all' }, /^bindings: expected a list of at most 64 entries, got "all"$/],
    ['bindings', { bindings: [{ id: 'x', enabled: true }] }, /^bindings: expected entries with an id and enabled, got "x"$/],
    ['retry', { mta: 'x'.repeat(257) }, /^mta: 257 characters, at most 256 are allowed$/],
    ['set', { mode: 'legacy' }, /^article: expected a text that is not empty, got nothing$/],
    ['submit', { ...submission, recipients: Array(1001).fill('b@b.example') }, /^recipients: 1001 entries, at most 1000 are/],
  ];
  const client = await connect();
  for (const [cmd, args, expected] of cases)
    await t.rejects(client.request(cmd, args), { code: 'refused', message: expected }, cmd);
  t.match((await raw(server.url, token, '{"id":')).text, /"id":null,"ok":false,"error":"a request must be JSON/);
  t.match((await raw(server.url, token, '[]')).text, /a request must be an object/);
  t.match((await raw(server.url, token, '{"cmd":"status"}')).text, /id: expected a whole number/);
  t.match((await raw(server.url, token, Buffer.of())).text, /binary frame/);
  t.match((await raw(server.url, token, Buffer.from([200, 1]))).text, /binary frame/);
  t.same(
    await raw(server.url, token, ' '.repeat(controlLimits.maxMessageBytes + 1)),
    { code: 1009 },
    'an oversized message ends the connection',
  );
  await t.rejects(client.request('submit', { content: 'x'.repeat(controlLimits.maxMessageBytes) }), /too big/);
  t.match(await client.command('status'), { mta: 'MTA-A', phase: 'running', incarnation: 3, pendingWork: Number });
});

test('commands', async (t) => {
  const { driver, parts, connect } = await lab(t);
  const client = await connect();
  t.same(await client.command('clock', { offsetMs: 10 }), { nowMs: 5010, offsetMs: 10, timeScale: 1 });
  t.same(await client.command('clock', { advanceToMs: 9000 }), { nowMs: 9000, offsetMs: 4000, timeScale: 1 });
  t.same(await client.command('clock', { line: { timeScale: 60 } }), { nowMs: 9000, offsetMs: 4000, timeScale: 60 });
  for (const cmd of ['ltab', 'associations', 'messages'] as const) t.same(await client.command(cmd), [], cmd);
  t.match(await client.command('queues'), [{ queue: 'mailboxes', queued: 0, oldestSubmittedAtMs: null }]);
  const message = { originator: 'a@a.example', recipients: ['b@b.example'], content: Buffer.from('hi') };
  t.same(await client.submit({ ...message, submissionId: 's1' }), { mtsId: 'mts-s1', known: false });
  t.same(await client.submit({ ...message, submissionId: 'again' }), { mtsId: 'mts-again', known: true });
  t.same(await client.command('set', { article: 'Q166594', mode: 'legacy' }), { legacy: [] });
  t.match(await client.command('diagnostics', { category: 'x.400  service', level: 'MEDIUM' }), {
    'X.400 Service': 'medium',
    Interface: 'none',
  });
  t.match(await client.command('diagnostics', { level: '5' }), { 'X.400 Service': 'maximum', APDU: 'maximum' });
  t.match(await client.command('diagnostics', { category: 'ALL', level: 'none' }), { 'X.400 Service': 'none', APDU: 'none' });
  await client.command('retry');
  t.ok(parts.log.includes('step command set') && parts.log.includes('step command retry'));
  t.same(await client.command('stop'), { limitMs: 50 }, 'real time, at the present scale');
  t.same(await driver.ended, { code: 0, clean: true });
  await t.rejects(client.submit({ ...message, submissionId: 's2' }), { code: 'refused', message: /not running/ });
});

test('more requests at once than the server takes wait for their turn', async (t) => {
  const { connect } = await lab(t, { maxMessageBytes: 300_000 });
  const client = await connect();
  const message = { originator: 'a@a.example', recipients: ['b@b.example'] };
  const counts: [count: number, content: Buffer][] = [
    [controlLimits.maxUploadsPerClient + 4, Buffer.alloc(controlLimits.maxInlineBytes + 1)],
    [controlLimits.maxOutstanding + 50, Buffer.from('x')],
  ];
  for (const [count, content] of counts) {
    const ids = Array.from({ length: count }, (_, index) => `${count}-${index}`);
    const answers = await Promise.all(ids.map((submissionId) => client.submit({ ...message, submissionId, content })));
    t.same(
      answers.map(({ mtsId }) => mtsId),
      ids.map((id) => `mts-${id}`),
    );
  }
  const asked = Array.from({ length: controlLimits.maxOutstanding + 50 }, () => client.command('queues'));
  t.ok((await Promise.all(asked)).every((queues) => queues.length === 1));
  // A refusal gives its turn back too.
  const tooLarge = { ...message, content: Buffer.alloc(300_001) };
  const refused = Array.from({ length: controlLimits.maxUploadsPerClient + 4 }, (_, index) =>
    client.submit({ ...tooLarge, submissionId: `big-${index}` }),
  );
  t.ok((await Promise.allSettled(refused)).every(({ status }) => status === 'rejected'));
  t.match(await client.submit({ ...message, submissionId: 'last', content: Buffer.alloc(300_000) }), { mtsId: 'mts-last' });
});

/** A batch frame with this head and these contents. */
function frameOf(head: unknown, contents = ''): Buffer {
  const text = Buffer.from(typeof head === 'string' ? head : JSON.stringify(head));
  const length = Buffer.alloc(5);
  length.writeUInt32LE(text.length, 1);
  return Buffer.concat([length, text, Buffer.from(contents)]);
}

test('a batch of submissions: one commit, one answer, and each message has its own outcome', async (t) => {
  const { server, token, parts, connect } = await lab(t, { maxMessageBytes: 1_000_000 });
  const client = await connect();
  const message = { originator: 'a@a.example', recipients: ['b@b.example'] };
  const content = (text: string): Buffer => Buffer.from(text);
  const outcomes = await client.submitBatch([
    { ...message, submissionId: 'one', content: content('first') },
    { ...message, submissionId: 'full', content: content('second') },
    { ...message, submissionId: 'again', content: Buffer.alloc(0) },
    { ...message, recipients: ['nobody'], submissionId: 'r', content: content('third') },
    { ...message, submissionId: '', content: content('fourth') },
    { ...message, submissionId: 'large', content: Buffer.alloc(controlLimits.maxInlineBytes + 1, 'x') },
    { ...message, submissionId: 'huge', content: Buffer.alloc(1_000_001) },
    { ...message, priority: 'urgent', submissionId: 'last', content: content('fifth') },
  ]);
  t.match(outcomes, [
    { ok: true, mtsId: 'mts-one', known: false },
    { ok: false, reason: 'the queues are full' },
    { ok: true, mtsId: 'mts-again', known: true },
    { ok: false, reason: /^recipients: expected an address/ },
    { ok: false, reason: /^submissionId: expected a text/ },
    { ok: true, mtsId: 'mts-large', known: false },
    { ok: false, reason: /larger than the largest message/ },
    { ok: true, mtsId: 'mts-last', known: false },
  ]);
  const kept = [...parts.content.values()].map(String).filter((text) => text.length < 100);
  t.same(kept.sort(), ['fifth', 'first'], 'the contents of those that were accepted');
  t.same(await client.submitBatch([]), [], 'nothing to do');

  const many = Array.from({ length: 3 * controlLimits.maxBatchMessages * controlLimits.maxBatches }, (_, at) => ({
    ...message,
    submissionId: `m${at}`,
    content: content(`${at}`),
  }));
  const all = await client.submitBatch(many);
  t.ok(all.every((outcome, at) => outcome.ok && outcome.mtsId === `mts-m${at}`));

  const head = { id: 5, envelopes: [message], messages: [[0, 's', 2]] };
  const wrong: readonly [string, Buffer, RegExp][] = [
    ['no length of the head', Buffer.of(0, 9), /"id":null,.*the frame ends within its head/],
    ['a head longer than the frame', Buffer.of(0, 9, 0, 0, 0, 123), /the frame ends within its head/],
    ['no JSON', frameOf('{'), /the head must be JSON/],
    ['no id', frameOf({ ...head, id: 'x' }, 'hi'), /"id":null,.*id: expected/],
    ['no messages', frameOf({ ...head, messages: [] }), /"id":5,"ok":false,.*messages: expected/],
    ['too few octets', frameOf(head, 'h'), /the lengths add up to 2 octets, and 1 came/],
    ['too many octets', frameOf(head, 'hip'), /the lengths add up to 2 octets, and 3 came/],
    ['a negative length', frameOf({ ...head, messages: [[0, 's', -2]] }), /messages: expected/],
    ['too many messages', frameOf({ ...head, messages: Array(1025).fill([0, 's', 0]) }), /messages: 1025 entries, at most 1024/],
    ['an envelope that is not there', frameOf({ ...head, messages: [[1, 's', 2]] }, 'hi'), /"ok":true.*there is no envelope 1/],
    ['an envelope that is none', frameOf({ ...head, envelopes: [7] }, 'hi'), /"ok":true.*"refused":\[\[0,/],
  ];
  for (const [what, frame, expected] of wrong) t.match((await raw(server.url, token, frame)).text, expected, what);

  const socket = new WebSocket(server.url, { headers: { authorization: `Bearer ${token}` } });
  t.teardown(() => socket.terminate());
  await once(socket, 'open');
  const refusal = new Promise<string>((resolve) => {
    socket.on('message', (data) => resolve(String(data)));
  });
  for (let id = 0; id <= controlLimits.maxBatches; id += 1)
    socket.send(frameOf({ id, envelopes: [message], messages: [[0, 'silent', 0]] }));
  t.match(await refusal, /"id":8,"ok":false,"error":"8 batches wait for their answers already; wait for one"/);
});

test('large content comes in pieces, and the server drops uploads without a submission', async (t) => {
  const { parts, connect, driver } = await lab(t, { checkpointSizeK: 100, maxMessageBytes: 3_000_000 });
  const client = await connect();
  const content = Buffer.alloc(1_500_001, 'abcdefg');
  const message = { originator: 'a@a.example', recipients: ['b@b.example'] };
  t.same(await client.submit({ ...message, submissionId: 's', content }), { mtsId: 'mts-s', known: false });
  const [stored] = [...parts.content.values()];
  t.ok(stored?.equals(content), 'octet for octet');
  const puts = parts.log.filter((line) => line.startsWith('put ')).map((line) => line.slice(4).split('+').map(Number));
  t.ok(
    puts.every(([offset = 0, length = 0]) => Math.floor(offset / 102_400) === Math.floor((offset + length - 1) / 102_400)),
    'no row spans two checkpoints',
  );

  parts.content.clear();
  await t.rejects(client.submit({ ...message, submissionId: 'big', content: Buffer.alloc(3_000_001) }), {
    code: 'refused',
    message: /larger than the largest message/,
  });
  t.equal(parts.content.size, 0, 'the server drops an upload that grows too large');
  await t.rejects(client.submit({ ...message, submissionId: 'full', content }), /full/);
  t.equal(parts.content.size, 0, 'and an upload whose submission is refused');

  await client.upload(content);
  t.equal(parts.content.size, 1);
  for (let n = 1; n < controlLimits.maxUploadsPerClient; n += 1) await client.command('upload-begin', { upload: `x${n}` });
  await t.rejects(client.command('upload-begin', { upload: 'one-more' }), /16 uploads are open already/);
  await client.command('upload-drop', { upload: 'x1' });
  await t.rejects(client.command('upload-drop', { upload: 'x1' }), /is not open/);
  client.close();
  while (parts.content.size > 0) await new Promise((resolve) => setImmediate(resolve));
  t.pass('the uploads of a disconnected client are gone');
  t.equal(driver.mta.phase, 'running');
});

const noticed = { originator: 'a@a', priority: 'normal', contentType: 'message/rfc822' } as const;

test('streams', async (t) => {
  const { driver, streams, connect, parts } = await lab(t);
  const client = await connect();
  const entries: { stream: string; n: number }[] = [];
  const note = (stream: string) => (entry: { readonly n: number }) => void entries.push({ stream, ...entry });
  const notice = {
    t: 1,
    node: 'MTA-A',
    copy: 1,
    mtsId: 'm',
    mailbox: 'b@b',
    ...noticed,
    submittedAtMs: 0,
    delayMs: 1,
    sizeBytes: 2,
  };
  streams.event({ id: 9298, params: { version: '5.5', build: '2653.23' } }, 4000);
  streams.delivery({ ...notice, copy: 0 });
  t.same(await client.subscribe('events', note('events'), 0), { stream: 'events', latest: 1 });
  t.same(await client.subscribe('deliveries', note('deliveries')), { stream: 'deliveries', latest: 1 });
  t.equal(driver.onStep, null, 'without subscribers the journal costs nothing');
  await client.subscribe('journal', note('journal'));
  t.not(driver.onStep, null);
  streams.delivery(notice);
  driver.input({ type: 'lost', conn: 5, error: 10054 });
  await client.command('status');
  t.match(entries, [
    {
      stream: 'events',
      t: 4000,
      node: 'MTA-A',
      n: 1,
      id: 9298,
      source: 'MSExchangeMTA',
      type: 'Information',
      text: /2653\.23/,
      trailer: String,
    },
    { stream: 'deliveries', ...notice, n: 2 },
    { stream: 'journal', t: 5000, node: 'MTA-A', n: 1, input: { type: 'lost', conn: 5 }, effects: [] },
  ]);
  t.equal(entries.length, 3, 'earlier entries come only on request');
  await client.unsubscribe('journal');
  t.equal(driver.onStep, null);
  parts.log.length = 0;
});

test('a slow subscriber loses its subscription and never delays the MTA', async (t) => {
  const { server, token, streams, connect } = await lab(t, {}, 100_000);
  const slow = new WebSocket(server.url, { headers: { authorization: `Bearer ${token}` } });
  await new Promise((resolve) => slow.once('open', resolve));
  slow.send(JSON.stringify({ id: 1, cmd: 'subscribe', stream: 'deliveries' }));
  await new Promise((resolve) => slow.once('message', resolve));
  slow.pause();
  const client = await connect();
  const notice = {
    t: 1,
    node: 'MTA-A',
    copy: 1,
    mtsId: 'x'.repeat(10_000),
    mailbox: 'b@b',
    ...noticed,
    submittedAtMs: 0,
    delayMs: 1,
    sizeBytes: 2,
  };
  const sent = 5000;
  for (let n = 0; n < sent; n += 1) streams.delivery({ ...notice, copy: n });
  t.match(await client.command('status'), { mta: 'MTA-A' }, 'the server still serves others');
  const received: { dropped?: boolean; entries?: readonly { readonly copy: number }[] }[] = [];
  const dropped = new Promise<void>((resolve) => {
    slow.on('message', (data) => {
      const entry = JSON.parse(String(data)) as { dropped?: boolean };
      received.push(entry);
      if (entry.dropped === true) resolve();
    });
  });
  slow.resume();
  await dropped;
  t.same(received.at(-1), { stream: 'deliveries', dropped: true });
  const copies = received.flatMap(({ entries = [] }) => entries.map(({ copy }) => copy));
  t.ok(copies.length > 1 && copies.length < sent, `${copies.length} of ${sent} came, in order, before the end`);
  t.ok(copies.every((copy, at) => copy === at));
  slow.close();
});

test('a client learns that its MTA is gone', async (t) => {
  const { server, connect } = await lab(t);
  const client = await connect();
  const message = { submissionId: 'silent', originator: 'a@a.example', recipients: ['b@b.example'], content: Buffer.from('x') };
  await t.rejects(client.submit(message, { timeoutMs: 5 }), { code: 'timeout', message: /no answer to submit in 5 ms/ });
  const pending = client.submit(message).catch((error: ControlError) => `${error.code}: ${error.message}`);
  await client.command('status');
  const closing = server.close();
  t.match(await client.closed, /the MTA has ended/);
  await closing;
  t.match(await pending, /^gone: .* no answer to submit: the MTA has ended$/);
  await t.rejects(client.command('status'), { code: 'gone', message: /status cannot be asked: the MTA has ended/ });
  t.throws(() => statSync(server.tokenFile), /ENOENT/, 'the token is void');
});

/** A client of a server that answers each request as the test specifies. */
async function clientOf(t: Test, answer: (id: number) => unknown): Promise<ControlClient> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      const { id } = JSON.parse(String(data)) as { id: number };
      const said = answer(id);
      socket.send(typeof said === 'string' ? said : JSON.stringify(said));
    });
  });
  const client = await ControlClient.connect(`ws://127.0.0.1:${(server.address() as { port: number }).port}`, 'token');
  t.teardown(() => {
    client.close();
    server.close();
  });
  return client;
}

test('a client checks what arrives', async (t) => {
  const odd = await clientOf(t, (id) => ({ id, ok: true, result: { mta: 7 } }));
  await t.rejects(odd.command('status'), { code: 'unreadable', message: /status: what came is not what was expected \(mta: / });
  await t.rejects(odd.command('queues'), { code: 'unreadable', message: /queues: what came is not/ });
  t.same(await odd.command('retry'), { mta: 7 }, 'additional keys do no harm');
  t.same(await odd.request('status'), { mta: 7 }, 'an untyped request accepts any answer');

  const notice = { stream: 'deliveries', entries: [{ t: 1, node: 'MTA-A', n: 1, copy: 'one' }] };
  for (const [what, said, why] of [
    ['an entry', notice, /copy: /],
    ['a reply', { id: 1, ok: false }, /error: /],
    ['a text', 'no JSON', /JSON/],
    ['an unknown stream', { stream: 'news' }, /stream: /],
  ] as const) {
    const client = await clientOf(t, () => said);
    await client.subscribe('deliveries', () => t.fail('no entry')).catch(() => undefined);
    await t.rejects(client.command('status'), { code: 'gone', message: why }, `${what}: a malformed one ends the connection`);
  }
});
