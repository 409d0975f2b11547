import { createHash } from 'node:crypto';
import type { Destination, ReportFacts } from '@mtalab/mta-core';
import {
  addressPart,
  type DeliveryInput,
  folderName,
  ledgerDelivery,
  MemoryStore,
  mailboxFolders,
  renderReport,
} from '@mtalab/transport';
import { test } from 'tap';
import { octetsOf } from '../support/contents.js';
import { bytes, copyOf, delivering, facts, messageOf, pattern, toMailbox, toMta, whole } from './fixtures.js';

test('names of folders are safe, decodable and distinct', async (t) => {
  const table: readonly (readonly [string, string])[] = [
    ['bob', 'bob'],
    ['Bob.Smith+tag', 'Bob.Smith+tag'],
    ['', '%'],
    ['.', '%2E'],
    ['..', '%2E.'],
    ['.hidden', '%2Ehidden'],
    ['a/b\\c', 'a%2Fb%5Cc'],
    ['../../etc/passwd', '%2E.%2F..%2Fetc%2Fpasswd'],
    ['100%', '100%25'],
    ['%2F', '%252F'],
    ['a\0b\nc:2,S', 'a%00b%0Ac%3A2%2CS'],
    ['jürgen', 'j%C3%BCrgen'],
  ];
  for (const [part, name] of table) {
    t.equal(folderName(part), name);
    t.equal(addressPart(name), part);
  }
  const long = 'ü'.repeat(200);
  t.ok(folderName(long).length <= 240);
  t.not(folderName(long), folderName(`${long}x`));
  t.equal(addressPart(folderName(long)), null);
  t.same([addressPart(''), addressPart('a%2')], [null, null]);
  const folders: readonly (readonly [Destination, string[]])[] = [
    [toMailbox('Bob@B.Example'), ['b.example', 'Bob']],
    [toMailbox('"a@b"@c'), ['c', 'a@b']],
    [toMailbox('"ben smith"@b.example'), ['b.example', 'ben%20smith']],
    [toMailbox('"ben"@b.example'), ['b.example', 'ben']],
    [toMailbox('"..\\"/x"@b.example'), ['b.example', '%2E.%22%2Fx']],
    [toMailbox('nobody'), ['nobody', '%']],
    [toMailbox('x@'), ['%', 'x']],
    [toMailbox('x@dead-letters'), ['%64ead-letters', 'x']],
    [toMailbox('x@..'), ['%2E.', 'x']],
    [{ to: 'dead-letter' }, ['dead-letters']],
  ];
  for (const [destination, expected] of folders) t.same(mailboxFolders(destination), expected);
  t.throws(() => mailboxFolders(toMta('MTA-B')), /is not delivered here/);
});

test('the batch that forgets a copy also writes its ledger line', async (t) => {
  const store = new MemoryStore({ octetsOf, render: () => bytes('') });
  const long = pattern(150_000, 9);
  for (const [token, octets] of [
    [1, bytes('short')],
    [2, long],
  ] as const) {
    store.apply(
      whole(token, token * 10, octets, { accept: [messageOf(token * 10, octets.length, [copyOf(token, toMailbox('bob@b'))])] }),
    );
  }
  store.commit();
  const reports: DeliveryInput[] = [];
  const sink = ledgerDelivery({ store, input: (input) => reports.push(input) });
  sink.deliver(delivering(1, 10, 5, toMailbox('bob@b')));
  sink.deliver(delivering(2, 20, long.length, { to: 'dead-letter' }));
  sink.deliver(delivering(2, 20, long.length, { to: 'dead-letter' }));
  sink.deliver(delivering(3, 30, 1, toMailbox('bob@b')));
  t.match(reports, [
    { type: 'delivered', copy: 1 },
    { type: 'delivered', copy: 2 },
    { type: 'delivered', copy: 2 },
    { type: 'deliver-failed', copy: 3, detail: /content 30/, damaged: true },
  ]);
  store.apply({ type: 'forget', token: 3, copies: [1, 2] });
  store.commit();
  const after = store.crash();
  const digest = (octets: Uint8Array) => createHash('sha256').update(octets).digest('hex');
  t.same(
    after.ledger(0, 10).map(({ copy, mailbox, sha256 }) => [copy, mailbox, Buffer.from(sha256).toString('hex')]),
    [
      [1, 'bob@b', digest(bytes('short'))],
      [2, 'dead-letters', digest(long)],
    ],
  );
  t.same([...after.recovered.messages], []);
  await sink.close();
  sink.deliver(delivering(1, 10, 5, toMailbox('bob@b')));
  t.equal(reports.length, 4);
});

type Part = { readonly header: Record<string, string>; readonly raw: string; readonly body: string };

/** Reads a MIME entity as strictly as the product writes one. */
function parse(entity: string): Part {
  const at = entity.startsWith('\r\n') ? 0 : entity.indexOf('\r\n\r\n') + 2;
  const header: Record<string, string> = {};
  for (const line of entity
    .slice(0, at)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) header[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const raw = entity.slice(at + 2);
  if (header['content-transfer-encoding'] !== 'quoted-printable') return { header, raw, body: raw };
  const decoded = raw
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return { header, raw, body: Buffer.from(decoded, 'latin1').toString('utf8') };
}
function partsOf(message: Part): Part[] {
  const boundary = /boundary="([^"]+)"/.exec(message.header['content-type'] ?? '')?.[1] ?? 'none';
  const pieces = `\r\n${message.raw}`.split(`\r\n--${boundary}`);
  if (pieces.at(-1) !== '--\r\n' || pieces[0] !== '') throw new Error('the boundaries do not match');
  return pieces.slice(1, -1).map((piece) => parse(piece.slice(2)));
}
const render = (changes: Partial<ReportFacts>, head: string) => {
  const octets = renderReport({ ...facts, ...changes }, bytes(head));
  const report = Buffer.from(octets).toString('latin1');
  const message = parse(report);
  return { report, message, parts: partsOf(message) };
};

test('people and programs can read a report', async (t) => {
  const { message, parts } = render(
    { recipients: ['bob@b.example', 'eve@b.example'] },
    'From: a@b\r\nSubject: x\r\n y\r\n\r\nBody: z\r\n',
  );
  t.match(message.header, {
    date: 'Tue, 14 Nov 2023 22:23:20 +0000',
    to: 'alice@a.example',
    from: '"Mail system MTA-A" <postmaster@mta-a>',
    'auto-submitted': 'auto-replied',
    'content-type': /^multipart\/report; report-type=delivery-status; boundary="/,
  });
  t.same(
    parts.map(({ header }) => header['content-type']?.split(';')[0]),
    ['text/plain', 'message/delivery-status', 'text/rfc822-headers'],
  );
  const [human, status, original] = parts as [Part, Part, Part];
  t.match(human.body, /not delivered to:\r\n\r\n {4}bob@b.example\r\n {4}eve@b.example\r\n/);
  t.match(human.body, /MTA-B could not be reached 144 times\./);
  t.notMatch(human.body, /sent once/);
  const [about, ...recipients] = status.body
    .trimEnd()
    .split('\r\n\r\n')
    .map((group) => parse(`${group}\r\n\r\n`).header);
  t.match(about, {
    'reporting-mta': 'x-mta-name; MTA-A',
    'arrival-date': 'Tue, 14 Nov 2023 22:13:20 +0000',
    'original-envelope-id': facts.subject.mtsId,
  });
  t.match(recipients, [
    {
      'final-recipient': 'rfc822; bob@b.example',
      action: 'failed',
      status: '5.4.7',
      'diagnostic-code': 'x-x411; unable-to-transfer (maximum-time-expired)',
    },
    { 'final-recipient': 'rfc822; eve@b.example', action: 'failed', status: '5.4.7' },
  ]);
  t.equal(original.body, 'From: a@b\r\nSubject: x\r\n y\r\n');
  t.match(
    render({ outcomeUnknown: true }, '').parts[0]?.body.replace(/\r\n/g, ' '),
    /sent once and no confirmation came back\. It may have been delivered all the same/,
  );
});

test('each diagnostic has its status', async (t) => {
  const table = {
    'unrecognised-OR-name': '5.1.1',
    'mts-congestion': '5.4.5',
    'loop-detected': '5.4.6',
    'recipient-unavailable': '5.2.1',
    'maximum-time-expired': '5.4.7',
    'content-too-long': '5.3.4',
  } as const;
  for (const [diagnostic, status] of Object.entries(table)) {
    const { parts } = render({ diagnostic: diagnostic as keyof typeof table, reason: 'transfer-failure' }, '');
    t.match(parts[1]?.body, `\r\nStatus: ${status}\r\n`);
    t.match(parts[1]?.body, `transfer-failure (${diagnostic})\r\n`);
  }
});

test('hostile input cannot break a report', async (t) => {
  const heads: readonly (readonly [string, string | null])[] = [
    ['', null],
    ['no header here\r\n\r\n', null],
    ['\r\nbody', null],
    [' starts with a continuation\r\n\r\n', null],
    ['From: a\nTo: b\n\nbody', 'From: a\r\nTo: b\r\n'],
    ['From: a\r\nReceived: cut\r\n off in the mid', 'From: a\r\n'],
    ['From: a\rb\r\n\r\n', null],
    ['Subject: \xc3\xbc and = and --report\r\n\r\n', 'Subject: ü and = and --report\r\n'],
    [`X-Long: ${'y'.repeat(2000)}\r\n\r\n`, `X-Long: ${'y'.repeat(2000)}\r\n`],
    [`${'A: b\r\n'.repeat(5000)}\r\n`, 'A: b\r\n'.repeat(1366)],
    ['\0\x01\x02\xff'.repeat(100), null],
  ];
  for (const [head, expected] of heads) {
    const { parts, report } = render({}, head);
    t.equal(parts[2]?.body ?? null, expected, JSON.stringify(head.slice(0, 40)));
    t.match(report, /^[\t\r\n\x20-\x7e]*$/, 'ASCII only');
    t.equal(report.replace(/\r\n/g, '').search(/[\r\n]/), -1, 'CRLF only');
    t.ok(report.split('\r\n').every((line) => line.length <= 998));
  }
  const { message, parts } = render(
    {
      reportingMta: 'MTÄ "1"\r\nBcc: x',
      recipients: ['jürgen@b\r\nAction: delivered', 'a b@c'],
      explanation: `Größe\r\n--${'word '.repeat(60)}`,
      subject: { ...facts.subject, originator: 'odd, "name"\r\nBcc: y@z', mtsId: 'x\r\nEvil: 1' },
    },
    '',
  );
  t.same(Object.keys(message.header).sort(), [
    'auto-submitted',
    'content-type',
    'date',
    'from',
    'message-id',
    'mime-version',
    'subject',
    'to',
  ]);
  t.match(parts[0]?.body, /Größe/);
  t.match(parts[1]?.body, 'Final-Recipient: utf-8; j\\x{FC}rgen@b\\x{D}\\x{A}Action:\\x{20}delivered\r\nAction: failed');
  t.match(parts[1]?.body, 'Final-Recipient: rfc822; a b@c\r\n');
  t.notMatch(parts[1]?.body, /^Evil/m);
  t.equal(
    Buffer.compare(renderReport(facts, bytes('a')), renderReport(facts, bytes('a'))),
    0,
    'the same facts give the same octets',
  );
});
