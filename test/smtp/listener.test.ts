import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { defaultSettings, mailboxName, type Settings } from '@mtalab/mta-core';
import { ControlClient, LabClock, mailboxFolders, type RunningMta, type SmtpSettings, startMta } from '@mtalab/transport';
import Database from 'better-sqlite3';
import { type Test, test } from 'tap';
import { configOf } from '../driver/fakes.js';
import { Client, type Dialogue, dialogues, type Expected, play } from './dialogue.js';

type Started = { readonly mta: RunningMta; readonly client: ControlClient; readonly port: number; readonly folder: string };

type Wish = {
  readonly settings?: Partial<Settings>;
  readonly smtp?: Partial<SmtpSettings>;
  readonly maxStoreBytes?: number;
};

function portOf({ smtp }: RunningMta): number {
  return Number(/\[(\d+)\]$/.exec(smtp[0] ?? '')?.[1]);
}

async function startOn(folder: string, { settings = {}, smtp = {}, maxStoreBytes }: Wish = {}): Promise<Started> {
  const mta = await startMta({
    config: { ...configOf('MTA-A'), localDomains: ['a.example'], settings: { ...defaultSettings, ...settings } },
    dataFolder: folder,
    delivery: { kind: 'maildir', path: join(folder, 'mailboxes') },
    clock: new LabClock(),
    smtp: { port: 0, ...smtp },
    ...(maxStoreBytes === undefined ? {} : { maxStoreBytes }),
  });
  const client = await ControlClient.connect(mta.control, readFileSync(mta.tokenFile, 'utf8').trim());
  return { mta, client, port: portOf(mta), folder };
}

async function started(t: Test, wish: Wish = {}): Promise<Started> {
  const one = await startOn(t.testdir(), wish);
  t.teardown(async () => {
    one.client.close();
    await one.mta.stop();
  });
  return one;
}

/** Waits until the MTA has nothing to do; tap's limit ends a vain wait. */
async function idle({ client }: Started): Promise<void> {
  for (;;) {
    const { queuedCopies, pendingWork, smtp } = await client.command('status');
    if (queuedCopies === 0 && pendingWork === 0 && smtp?.sessions === 0) return;
    await new Promise((done) => setTimeout(done, 5));
  }
}

/** What each mailbox holds, and what the notices of deliveries say, in a form that compares. */
function found(folder: string, notices: readonly { mailbox: string; priority: string; originator: string }[]): string[] {
  const boxes = new Map<string, string[]>();
  for (const { mailbox } of notices) {
    const path = join(folder, 'mailboxes', ...mailboxFolders({ to: 'mailbox', address: mailbox }), 'new');
    const files = existsSync(path) ? readdirSync(path).sort() : [];
    boxes.set(
      mailbox,
      files.map((file) => readFileSync(join(path, file), 'latin1')),
    );
  }
  const contents = [...boxes].flatMap(([box, list]) => list.map((content) => JSON.stringify([mailboxName(box), content])));
  const envelopes = notices.map(({ mailbox, priority, originator }) => `${mailboxName(mailbox)} ${priority} ${originator}`);
  return [...contents, ...envelopes].sort();
}

function wanted(mail: readonly Expected[]): string[] {
  const contents = mail.map(({ box, content }) => JSON.stringify([box, content.toString('latin1')]));
  const envelopes = mail.map(({ box, priority, originator }) => `${box} ${priority} ${originator}`);
  return [...contents, ...envelopes].sort();
}

/** Rows of contents and messages in a store that is closed. */
function rowsLeft(folder: string): unknown {
  const db = new Database(join(folder, 'mtadata', 'mta.db'), { readonly: true });
  try {
    return db.prepare('SELECT (SELECT count(*) FROM piece) AS pieces, (SELECT count(*) FROM message) AS messages').get();
  } finally {
    db.close();
  }
}

test('dialogues', async (t) => {
  const wishes: Readonly<Record<string, Wish>> = {
    usual: { settings: { maxMessageBytes: 100_000 } },
    full: { settings: { maxQueuedCopies: 1 } },
    'no-room': { maxStoreBytes: 1 },
    tight: { smtp: { idleTimeoutS: 1 } },
  };
  const folder = t.testdir();
  const mtas = new Map<string, Started>();
  for (const [name, wish] of Object.entries(wishes)) mtas.set(name, await startOn(join(folder, name), wish));
  const all: Dialogue[] = [...dialogues().values()].flat();
  const usual = mtas.get('usual') as Started;
  const notices: { mailbox: string; priority: string; originator: string }[] = [];
  await usual.client.subscribe('deliveries', (entry) => notices.push(entry), 0);
  const problems = await Promise.all(
    all.map(async (dialogue) => [dialogue.title, await play((mtas.get(dialogue.mta) as Started).port, dialogue)]),
  );
  for (const [title, problem] of problems) t.equal(problem, null, title ?? '');
  for (const one of mtas.values()) await idle(one);
  const status = await usual.client.command('status');
  t.match(status.smtp, { endpoint: usual.mta.smtp[0], sessions: 0 });
  t.ok((status.smtp?.refused ?? 0) >= 8, 'refusals are counted');
  for (const { mta, client } of mtas.values()) {
    client.close();
    await mta.stop();
  }
  const expected = wanted(all.flatMap(({ mail }) => mail));
  t.same(found(usual.folder, notices), expected, 'each mailbox has its messages, octet for octet, and no other');
  for (const [name, one] of mtas)
    t.same(rowsLeft(one.folder), { pieces: 0, messages: 0 }, `${name}: nothing is left in the store`);
});

test('one message for all recipients of a transaction, and a report for one without a route', async (t) => {
  const { port, client, folder } = await started(t);
  const to = ['ben@a.example', 'eve@a.example', 'lost@nowhere.example'];
  const dialogue = [
    'S: 220 *',
    'C: EHLO x',
    'S: 250 *',
    'C: MAIL FROM:<ann@a.example>',
    'S: 250 *',
    ...to.flatMap((address) => [`C: RCPT TO:<${address}>`, 'S: 250 *']),
    'C: DATA',
    'S: 354 *',
    'C: hello',
    'C: .',
    'S: 250 *',
  ];
  const notices: { mailbox: string; mtsId: string }[] = [];
  const three = new Promise<void>((done) => {
    const take = (entry: { mailbox: string; mtsId: string }): void => {
      if (notices.push(entry) === 3) done();
    };
    client.subscribe('deliveries', take, 0).catch(() => undefined);
  });
  t.equal(await play(port, { title: '', mta: '', mail: [], steps: dialogue }), null);
  await three;
  const idOf = (box: string): string | undefined => notices.find(({ mailbox }) => mailbox === box)?.mtsId;
  t.equal(idOf('ben@a.example'), idOf('eve@a.example'));
  t.not(idOf('ann@a.example'), idOf('eve@a.example'), 'the report is another message');
  const box = join(folder, 'mailboxes', 'a.example', 'ann', 'new');
  t.match(readFileSync(join(box, readdirSync(box)[0] ?? ''), 'utf8'), /Final-Recipient: rfc822; lost@nowhere\.example/);
});

test('sessions have a limit', async (t) => {
  const { port } = await started(t, { smtp: { sessions: 2 } });
  const clients = [new Client(port), new Client(port)];
  for (const client of clients) t.match(await client.line(), /^220 /);
  const third = new Client(port);
  t.match(await third.line(), /^421 .*Too many/);
  t.equal(await third.line(), null);
  clients[0]?.send('QUIT\r\n');
  t.match(await clients[0]?.line(), /^221 /);
  const fourth = new Client(port);
  t.match(await fourth.line(), /^220 /, 'there is room again');
  for (const client of [...clients, third, fourth]) client.close();
});

test('a stop ends sessions with 421, those in the middle of a message too', async (t) => {
  const { mta, port, client, folder } = await startOn(t.testdir());
  const waiting = new Client(port);
  const sending = new Client(port);
  // It never closes its side, which must not delay the end.
  const stubborn = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined);
  for (const one of [waiting, sending]) await one.line();
  sending.send('HELO x\r\nMAIL FROM:<ann@a.example>\r\nRCPT TO:<nobody@a.example>\r\nDATA\r\n');
  for (let n = 0; n < 4; n += 1) await sending.line();
  sending.send('half a message\r\n');
  await client.command('status');
  client.close();
  const ended = mta.stop();
  for (const one of [waiting, sending]) {
    t.equal(await one.line(), '421 4.3.2 the MTA MTA-A is stopping');
    t.equal(await one.line(), null);
  }
  t.match(await ended, { code: 0, clean: true });
  stubborn.destroy();
  t.same(rowsLeft(folder), { pieces: 0, messages: 0 });
  await t.rejects(new Promise((resolve, reject) => connect(port, '127.0.0.1').on('connect', resolve).on('error', reject)), {
    code: 'ECONNREFUSED',
  });
});

test('the port is kept; a taken one is named', async (t) => {
  const folder = t.testdir();
  const first = await startOn(folder);
  first.client.close();
  await first.mta.stop();
  const again = await startOn(folder);
  t.equal(again.port, first.port);
  again.client.close();
  await again.mta.stop();
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await t.rejects(startOn(folder, { smtp: { port } }), {
    message: `the SMTP listener's 127.0.0.1[${port}] is in use by another program; choose another port, or 0 for a free one (smtp.port, EADDRINUSE)`,
  });
  await t.rejects(startOn(folder, { smtp: { address: '203.0.113.1' } }), {
    message: "the SMTP listener's 203.0.113.1 is on no address of this machine; choose another address (smtp, EADDRNOTAVAIL)",
  });
  server.close();
  const whole = await startOn(folder);
  t.equal((await whole.client.command('status')).phase, 'running', 'the failed starts left the store as it was');
  whole.client.close();
  await whole.mta.stop();
});
