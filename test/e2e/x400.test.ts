/** MTAs as processes, joined by X.400 connectors. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { HarnessError } from '@mtalab/harness';
import { spawnPair } from 'mtalab';
import { test } from 'tap';
import { command } from '../support/command.js';
import { delivered, digestOf, messagesBelow, sorted } from './mailboxes.js';
import { home, interrupt, start, until } from './shell.js';

const toBen = { originator: 'ada@a.example', recipients: ['ben@b.example'] };
const toAda = { originator: 'ben@b.example', recipients: ['ada@a.example'] };

function letters(count: number, of: string): Buffer[] {
  return Array.from({ length: count }, (_, at) => Buffer.from(`Subject: ${of} ${at}\r\n\r\nHello.\r\n`));
}

test('a pair over an X.400 connector: mail both ways, a restart, a power failure, a message of 20 MiB', async (t) => {
  const pair = await spawnPair({ link: 'x400' });
  t.teardown(() => pair.close());
  const sent = { 'MTA-A': [] as string[], 'MTA-B': [] as string[] };
  const send = async (count: number, of: string): Promise<void> => {
    for (const content of letters(count, of)) {
      await pair.submit('MTA-A', { ...toBen, content });
      sent['MTA-B'].push(digestOf(content));
      await pair.submit('MTA-B', { ...toAda, content });
      sent['MTA-A'].push(digestOf(content));
    }
  };
  const first = Buffer.from('Subject: first\r\n\r\nHello.\r\n');
  await pair.submit('MTA-A', { ...toBen, content: first });
  sent['MTA-B'].push(digestOf(first));
  await pair.waitForDelivered(1);
  const [association] = await pair.associations();
  t.match(association?.sides, [
    { mta: 'MTA-A', connections: 1, dataConnection: 'bound', role: 'initiator' },
    { mta: 'MTA-B', connections: 1, dataConnection: 'bound', role: 'responder' },
  ]);
  const [status] = await pair.status();
  t.match(status, { x400: { endpoints: [/^127\.0\.0\.1\[\d+\]$/], controlBlocks: { configured: 20, inUse: 2 } } });
  const place = pair.process('MTA-B').ready.x400;
  const mapped = { mta: 'MTA-B', endpoints: ['127.0.0.1[,mapper=4135]'] };
  await t.rejects(pair.process('MTA-A').client.command('endpoints', mapped), {
    message: /is no address of an X\.400 connector, such as 127\.0\.0\.1\[102\]$/,
  });

  await send(2, 'before the stop');
  await pair.restart('MTA-B');
  t.same(pair.process('MTA-B').ready.x400, place, 'the connector keeps its port');
  await send(2, 'before the failure');
  await pair.restart('MTA-B', { kill: true });
  const large = randomBytes(20 * 1024 * 1024);
  await pair.submit('MTA-B', { ...toAda, content: large });
  sent['MTA-A'].push(digestOf(large));
  await pair.submit('MTA-A', { ...toBen, content: large });
  sent['MTA-B'].push(digestOf(large));
  await pair.waitForDelivered(11);
  t.same(delivered(pair, 'MTA-A'), sorted(sent['MTA-A']), 'each message has arrived once, octet for octet');
  t.same(delivered(pair, 'MTA-B'), sorted(sent['MTA-B']));
  t.equal((await pair.summary()).reports, 0);
});

test('wrong values of the option link', async (t) => {
  await t.rejects(spawnPair({ link: 'x25' as 'x400' }), new HarnessError(`link: expected 'lan' or 'x400', got "x25"`));
  const names = ['MTA-A', 'an-mta-whose-name-has-34-letters-x'];
  await t.rejects(
    spawnPair({ link: 'x400', names }),
    /^names: 'an-mta.*' has 34 characters; with link x400 a name has at most 32$/,
  );
});

type Ready = { readonly mta: string; readonly endpoints: readonly string[]; readonly x400: readonly string[] };
type Joint = {
  readonly name: string;
  readonly link: 'lan' | 'x400';
  readonly endpoints: readonly string[];
  readonly more?: string;
};

/** Writes the configuration of an MTA of a chain. @param routes the next MTA for each domain. */
function configure(folder: string, name: string, joints: readonly Joint[], routes: Readonly<Record<string, string>>): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.yaml`);
  const peers = joints.map(
    ({ name: peer, link, endpoints, more = '' }) =>
      `  - { name: ${peer}, link: ${link}, endpoints: ${JSON.stringify(endpoints)}${more === '' ? '' : `, ${more}`} }`,
  );
  const lines = [
    `name: ${name}`,
    `data: ${name}`,
    ...(joints.some(({ link }) => link === 'x400') ? ['x400: { port: 0 }'] : []),
    'peers:',
    ...peers,
    'routes:',
    ...Object.entries(routes).map(([domain, mta]) => `  - { domain: "${domain}", mta: ${mta} }`),
    `local: { domains: [${name.toLowerCase()}.example] }`,
    'log: { console: false, levels: { Interoperability: maximum, APDU: maximum } }',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

test('four MTAs in a row: LAN, X.400, LAN', { timeout: 280_000 }, async (t) => {
  const folder = join(home, 'chain');
  const startOne = async (name: string, joints: readonly Joint[], routes: Readonly<Record<string, string>>) => {
    const running = start('mta', '--config', configure(folder, name, joints, routes), '--json');
    const ready = (await running.next()) as Ready | undefined;
    if (ready === undefined) throw new Error(running.stderr());
    return { running, ready };
  };
  // The last one comes first, so that each knows where the next one listens. The others have to be called.
  const d = await startOne('D', [{ name: 'C', link: 'lan', endpoints: [] }], { '*': 'C' });
  const c = await startOne(
    'C',
    [
      { name: 'D', link: 'lan', endpoints: d.ready.endpoints },
      // It has no endpoint of B, so it never dials: its mail goes when B does.
      { name: 'B', link: 'x400', endpoints: [], more: 'activation: remote-initiated' },
    ],
    { 'd.example': 'D', '*': 'B' },
  );
  const b = await startOne(
    'B',
    [
      { name: 'C', link: 'x400', endpoints: c.ready.x400, more: 'overrides: { checkpointSizeK: 1 }' },
      { name: 'A', link: 'lan', endpoints: [] },
    ],
    { 'a.example': 'A', '*': 'C' },
  );
  const a = await startOne('A', [{ name: 'B', link: 'lan', endpoints: b.ready.endpoints }], { '*': 'B' });
  t.same(a.ready.x400, []);

  const there = join(home, 'there.eml');
  writeFileSync(there, `Subject: there\r\n\r\n${'0123456789abcdef\r\n'.repeat(1000)}`);
  const back = 'examples/01-plain.eml';
  const dataOf = (name: string): string => join(folder, name);
  const submitted = await command('submit', there, '--dir', dataOf('A'), '--from', 'x@a.example', '--to', 'y@d.example');
  t.equal(submitted.code, 0, submitted.stderr);
  const boxOf = (name: string): string[] => messagesBelow(join(dataOf(name), 'mailboxes'));
  // A letter that is being written is below the folder too, and has another digest.
  const holds = (name: string, letter: string) => until(() => boxOf(name).join() === digestOf(readFileSync(letter)));
  await holds('D', there);
  const returned = await command('submit', back, '--dir', dataOf('D'), '--from', 'y@d.example', '--to', 'x@a.example');
  t.equal(returned.code, 0, returned.stderr);
  await holds('A', back);

  const table = await command('ltab', '--dir', dataOf('B'));
  t.match(table.stdout, /^B +1 +C +x400 .*\n +2 +A +lan /m);
  t.match(table.stdout, /^B, connector to C: checkpointSizeK=1$/m);
  t.match((await command('ltab', '--dir', dataOf('C'))).stdout, /^C, connector to B: activation remote-initiated$/m);
  t.match(
    (await command('status', '--dir', dataOf('B'))).stdout,
    /^B: X\.400 connector on 127\.0\.0\.1\[\d+\], 2 of 20 TCP\/IP control blocks in use$/m,
  );
  t.match((await command('bindings', '--dir', dataOf('B'))).stdout, /LISTENING +X\.400\nB .* up +\d+$/m);
  for (const { running } of [a, b, c, d]) {
    interrupt(running);
    t.same(await running.ended, [0, null], running.stderr());
  }
  const decoded = readFileSync(join(dataOf('B'), 'logs', 'ap0.log'), 'utf8');
  for (const line of [
    'APDU connect sent',
    'RTORQ',
    'APDU data sent',
    'MTS-ID',
    'APDU activity-end-ack received',
    'APDU MtaSend request received',
  ])
    t.match(decoded, line);
  t.match(
    readFileSync(join(dataOf('B'), 'logs', 'bf0.log'), 'utf8'),
    /APDU give-tokens-confirm sent, \d+ octets\n[\s\S]*?00000000 {2}03 00 00 /,
  );
});

test('a start with the port of the connector in use, or without the right to it', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const file = join(home, 'taken.yaml');
  writeFileSync(file, `name: T\ndata: taken\nx400: { port: ${port} }\nlog: { console: false }\n`);
  const { code, stderr } = await command('mta', '--config', file);
  t.equal(code, 1);
  t.equal(
    stderr.trim().split('\n').at(-1),
    `mtalab: the X.400 connector's 127.0.0.1[${port}] is in use by another program; choose another port, or 0 for a free one (x400.port, EADDRINUSE)`,
  );
  t.ok(existsSync(join(home, 'taken')));
});
