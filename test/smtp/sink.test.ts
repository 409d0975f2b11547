import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { defaultSettings, type Settings } from '@mtalab/mta-core';
import {
  ControlClient,
  DamagedContent,
  type Delivery,
  type DeliveryInput,
  LabClock,
  type LedgerEntry,
  type RunningMta,
  SmtpDelivery,
  startMta,
} from '@mtalab/transport';
import type { SMTPServerOptions } from 'smtp-server';
import { type Test, test } from 'tap';
import { configOf } from '../driver/fakes.js';
import { bytes, delivering, sha256, toMailbox } from '../store/fixtures.js';
import { type Peer, peerFor } from './peer.js';

type Sink = { readonly sink: SmtpDelivery; readonly reports: DeliveryInput[]; readonly ledger: LedgerEntry[] };

/** A sink over contents in memory. Content n is the one at n. */
function sinkTo(t: Test, port: number, contents: readonly Uint8Array[], connections = 10): Sink {
  const reports: DeliveryInput[] = [];
  const ledger: LedgerEntry[] = [];
  const deadLetters: Delivery = {
    pending: 0,
    deliver: ({ copy }) => reports.push({ type: 'deliver-failed', copy, detail: 'a dead letter' }),
    idle: async () => undefined,
    close: async () => undefined,
  };
  const sink = new SmtpDelivery({
    smartHost: { host: '127.0.0.1', port, connections },
    name: 'b.example',
    store: {
      readContent(content, offset, length) {
        const octets = contents[content];
        if (octets === undefined) throw new DamagedContent(content, 'it is not there');
        return octets.subarray(offset, offset + length);
      },
      record: (entry) => ledger.push(entry),
      inLedger: (copy) => copy === 99 || ledger.some((entry) => entry.copy === copy),
    },
    deadLetters,
    input: (input) => reports.push(input),
  });
  t.teardown(() => sink.close());
  return { sink, reports, ledger };
}

/** Waits until the sink has reported on everything; tap's limit ends a vain wait. */
async function reported({ sink }: Sink): Promise<void> {
  while (sink.pending > 0) await new Promise((done) => setTimeout(done, 2));
}

test('contents arrive as they are, with CRLF at the ends of lines', async (t) => {
  const peer = await peerFor(t);
  const table: readonly (readonly [string, string])[] = [
    ['Subject: x\r\n\r\nplain\r\n', 'Subject: x\r\n\r\nplain\r\n'],
    ['.\r\n..\r\n.three\r\n', '.\r\n..\r\n.three\r\n'],
    ['\xe9\xff\0 octets\r\n', '\xe9\xff\0 octets\r\n'],
    [`${'long line '.repeat(20_000)}\r\n`, `${'long line '.repeat(20_000)}\r\n`],
    ['unix\nlines\n', 'unix\r\nlines\r\n'],
    ['no end', 'no end\r\n'],
    ['', '\r\n'],
    ['a\n.\nMAIL FROM:<evil@x>\n', 'a\r\n.\r\nMAIL FROM:<evil@x>\r\n'],
    ['a\r.\rb\r\n', 'a\r\n.\r\nb\r\n'],
  ];
  const contents = table.map(([content]) => bytes(content));
  const run = sinkTo(t, peer.port, contents, 2);
  for (const [at, content] of contents.entries())
    for (const again of [1, 2]) run.sink.deliver(delivering(again * 100 + at, at, content.length, toMailbox(`u${at}@b.example`)));
  // A second call for the same copy.
  run.sink.deliver(delivering(100, 0, contents[0]?.length ?? 0, toMailbox('u0@b.example')));
  await reported(run);
  t.same(
    peer.arrived.map(({ from, to, content }) => JSON.stringify([from, to, content])).sort(),
    table
      .flatMap(([, arrived], at) =>
        [arrived, arrived].map((content) => JSON.stringify(['alice@a.example', [`u${at}@b.example`], content])),
      )
      .sort(),
  );
  t.equal(peer.connections(), 2, 'connections have a limit and are used again');
  t.equal(run.reports.length, 2 * table.length);
  t.ok(run.reports.every(({ type }) => type === 'delivered'));
  t.same(
    run.ledger.map((entry) => [entry.copy, Buffer.from(entry.sha256).toString('hex')]).sort(),
    contents.flatMap((content, at) => [100 + at, 200 + at].map((copy) => [copy, sha256(content)])).sort(),
    'the ledger has each delivery once',
  );
  const others = sinkTo(t, peer.port, []);
  others.sink.deliver(delivering(99, 0, 5, toMailbox('u@b.example')));
  others.sink.deliver(delivering(98, 0, 5, { to: 'dead-letter' }));
  t.same(others.reports, [
    { type: 'delivered', copy: 99 },
    { type: 'deliver-failed', copy: 98, detail: 'a dead letter' },
  ]);
  t.equal(peer.arrived.length, 2 * table.length, 'a copy that the ledger has does not leave again');
});

type Outcome = 'delivered' | 'permanent' | 'again' | 'damaged';

function outcomeOf(report: DeliveryInput | undefined): Outcome | undefined {
  if (report?.type === 'delivered') return 'delivered';
  if (report === undefined) return undefined;
  return report.damaged === true ? 'damaged' : report.permanent === true ? 'permanent' : 'again';
}

test('what the smart host answers decides whether another try follows', async (t) => {
  const plain = bytes('plain\r\n');
  const eight = bytes('\xe9\r\n');
  const refusing = (responseCode: number): SMTPServerOptions => ({
    onConnect: (_session, callback) => callback(Object.assign(new Error('closed today'), { responseCode })),
  });
  const table: readonly (readonly [Outcome, RegExp, string, Uint8Array, SMTPServerOptions])[] = [
    ['delivered', /^$/, 'u@b.example', eight, {}],
    ['permanent', /answered 550 told to say 550/, '550-rcpt@b.example', plain, {}],
    ['again', /answered 450 told to say 450/, '450-rcpt@b.example', plain, {}],
    ['permanent', /answered 554 told to say 554/, '554-data@b.example', plain, {}],
    ['again', /answered 452 told to say 452/, '452-data@b.example', plain, {}],
    ['again', /answered 503/, '503-data@b.example', plain, {}],
    ['again', /connection/i, 'cut@b.example', plain, {}],
    ['permanent', /larger than allowed 3/, 'u@b.example', plain, { size: 3 }],
    ['permanent', /does not offer SMTPUTF8, and an address needs it/, 'zoë@b.example', plain, { hideSMTPUTF8: true }],
    ['delivered', /^$/, 'zoë@b.example', plain, {}],
    ['permanent', /does not offer 8BITMIME, and the content has octets above 127/, 'u@b.example', eight, { hide8BITMIME: true }],
    ['delivered', /^$/, 'u@b.example', plain, { hide8BITMIME: true, hidePIPELINING: true, hideSize: true }],
    ['again', /answered 554 closed today/, 'u@b.example', plain, refusing(554)],
    ['again', /answered 421 closed today/, 'u@b.example', plain, refusing(421)],
  ];
  await Promise.all(
    table.map(async ([outcome, detail, to, content, options]) => {
      const peer = await peerFor(t, options);
      const run = sinkTo(t, peer.port, [content]);
      run.sink.deliver(delivering(1, 0, content.length, toMailbox(to)));
      await reported(run);
      const [report] = run.reports;
      t.equal(outcomeOf(report), outcome, `${to}: ${outcome}`);
      t.match(report?.type === 'deliver-failed' ? report.detail : '', detail);
      t.equal(peer.arrived.length, outcome === 'delivered' ? 1 : 0);
      t.equal(run.ledger.length, peer.arrived.length);
    }),
  );
});

test('a damaged content never arrives; a lost connection without work is replaced; a host that is away is named', async (t) => {
  const peer = await peerFor(t);
  const good = bytes('good\r\n');
  const run = sinkTo(t, peer.port, [good]);
  const bad = delivering(1, 0, good.length, toMailbox('u@b.example'));
  run.sink.deliver({ ...bad, envelope: { ...bad.envelope, digest: sha256(bytes('other')) } });
  run.sink.deliver(delivering(2, 7, 5, toMailbox('u@b.example')));
  await reported(run);
  t.same(run.reports.map(outcomeOf), ['damaged', 'damaged']);
  t.same(peer.arrived, []);
  for (const copy of [3, 4]) {
    run.sink.deliver(delivering(copy, 0, good.length, toMailbox('u@b.example')));
    await reported(run);
    peer.cut();
  }
  t.same(run.reports.slice(2).map(outcomeOf), ['delivered', 'delivered']);
  t.equal(peer.arrived.length, 2);
  await peer.close();
  run.sink.deliver(delivering(5, 0, good.length, toMailbox('u@b.example')));
  await reported(run);
  t.match(run.reports.at(-1), {
    type: 'deliver-failed',
    detail: new RegExp(`^the smart host 127\\.0\\.0\\.1\\[${peer.port}\\] cannot be reached: `),
  });
});

test('a close does not wait for a host that does not answer', async (t) => {
  const peer = await peerFor(t);
  const silent = new Set<Socket>();
  const mute = createServer((socket) => silent.add(socket));
  await new Promise<void>((done) => mute.listen(0, '127.0.0.1', done));
  const content = bytes('x\r\n');
  const runs = [sinkTo(t, peer.port, [content]), sinkTo(t, (mute.address() as { port: number }).port, [content], 1)];
  for (const { sink } of runs)
    for (const copy of [1, 2]) sink.deliver(delivering(copy, 0, content.length, toMailbox('hang@b.example')));
  while (peer.connections() < 2 || silent.size < 1) await new Promise((done) => setTimeout(done, 2));
  await Promise.all(runs.map(({ sink }) => sink.close()));
  for (const { reports, ledger } of runs) t.same([reports, ledger], [[], []], 'after a close nothing is reported');
  for (const socket of silent) socket.destroy();
  mute.close();
});

type Mta = { readonly mta: RunningMta; readonly client: ControlClient; readonly folder: string };

async function mtaTo(t: Test, peer: Pick<Peer, 'port'>, settings: Partial<Settings>): Promise<Mta> {
  const folder = t.testdir();
  const mta = await startMta({
    config: { ...configOf('MTA-B'), localDomains: ['b.example'], settings: { ...defaultSettings, ...settings } },
    dataFolder: folder,
    delivery: { kind: 'smtp', path: join(folder, 'mailboxes'), smartHost: { host: '127.0.0.1', port: peer.port } },
    clock: new LabClock({ timeScale: 1000 }),
  });
  const client = await ControlClient.connect(mta.control, readFileSync(mta.tokenFile, 'utf8').trim());
  t.teardown(async () => {
    client.close();
    await mta.stop();
  });
  return { mta, client, folder };
}

test('an MTA reports at once on what the smart host refuses for good, and tries the rest again', async (t) => {
  let refusals = 2;
  const peer = await peerFor(t, {
    onRcptTo({ address }, _session, callback) {
      if (address === 'no@b.example') callback(Object.assign(new Error('no such user'), { responseCode: 550 }));
      else if (address === 'later@b.example' && refusals > 0) {
        refusals -= 1;
        callback(Object.assign(new Error('greylisted'), { responseCode: 450 }));
      } else callback();
    },
  });
  const { client, folder } = await mtaTo(t, peer, {});
  const submit = (submissionId: string, originator: string, to: string): Promise<unknown> =>
    client.submit({ submissionId, originator, recipients: [to], content: Buffer.from('Subject: original\r\n\r\nx\r\n') });
  await submit('1', 'ann@b.example', 'no@b.example');
  await submit('2', 'ann@b.example', 'later@b.example');
  // The report on this one has no route, so it is a dead letter.
  await submit('3', 'ann@nowhere.example', 'no@b.example');
  for (;;) {
    const { queuedCopies, pendingWork } = await client.command('status');
    if (queuedCopies === 0 && pendingWork === 0) break;
    await new Promise((done) => setTimeout(done, 5));
  }
  const { counters } = await client.command('status');
  t.match(counters, { submitted: 3, delivered: 2, reports: 2, deadLetters: 1 });
  const report = peer.arrived.find(({ to }) => to[0] === 'ann@b.example');
  t.equal(report?.from, '', 'a report leaves with the empty path');
  t.match(report?.content, /no\s+such\s+user/);
  t.match(report?.content, /Final-Recipient: rfc822; no@b\.example\r\nAction: failed\r\nStatus: 5\.2\.1/);
  t.match(
    peer.arrived.find(({ to }) => to[0] === 'later@b.example'),
    { from: 'ann@b.example', content: 'Subject: original\r\n\r\nx\r\n' },
  );
  t.equal(peer.arrived.length, 2);
  t.equal(readdirSync(join(folder, 'mailboxes', 'dead-letters', 'new')).length, 1);
});
