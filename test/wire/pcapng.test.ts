/** What the writer of captures writes, as tshark and capinfos read it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Capture,
  enhancedPacket,
  interfaceDescription,
  interfaceStatistics,
  maxPacketBytes,
  packetOf,
  sectionHeader,
  TcpStream,
} from '@mtalab/harness/internal';
import { test } from 'tap';
import { packetsIn } from '../e2e/capture.js';

const hasTshark = spawnSync('tshark', ['--version']).status === 0 && spawnSync('capinfos', ['--version']).status === 0;
const skip = hasTshark ? false : 'tshark and capinfos are not installed';

const timeUs = Date.UTC(2026, 0, 2, 3, 4, 5) * 1000 + 678_901;
const v4 = [
  { address: '127.0.0.1', port: 40_000 },
  { address: '127.0.0.2', port: 4097 },
] as const;

type Ends = readonly [{ readonly address: string; readonly port: number }, { readonly address: string; readonly port: number }];

function capinfos(file: string): string {
  return execFileSync('capinfos', [file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

const addresses: readonly { readonly name: string; readonly ends: Ends; readonly shown: readonly [string, string] }[] = [
  { name: 'IPv4', ends: v4, shown: ['127.0.0.1', '127.0.0.2'] },
  {
    name: 'IPv4 in a socket of both families',
    ends: [
      { address: '::ffff:127.0.0.1', port: 1 },
      { address: '::FFFF:10.0.0.9', port: 65_535 },
    ],
    shown: ['127.0.0.1', '10.0.0.9'],
  },
  {
    name: 'IPv6',
    ends: [
      { address: '::1', port: 5 },
      { address: 'fe80::12:fffe%lo', port: 6 },
    ],
    shown: ['::1', 'fe80::12:fffe'],
  },
  {
    name: 'IPv6 without a gap',
    ends: [
      { address: '1:2:3:4:5:6:7:8', port: 5 },
      { address: '2001:db8::', port: 6 },
    ],
    shown: ['1:2:3:4:5:6:7:8', '2001:db8::'],
  },
];

for (const { name, ends, shown } of addresses) {
  test(`a conversation over ${name}`, { skip }, (t) => {
    const [client, server] = ends;
    const family = shown[0].includes(':') ? 'ipv6' : 'ip';
    const stream = new TcpStream(0xffff_fff0);
    const long = Buffer.alloc(150_001, 'x');
    const segments = [
      ...stream.open(),
      ...stream.data(true, Buffer.from('odd')),
      ...stream.data(false, Buffer.from('even')),
      ...stream.data(true, Buffer.alloc(0)),
      ...stream.data(true, long),
      ...stream.end(true),
      ...stream.end(true),
      ...stream.end(false),
      ...stream.reset(false),
    ];
    const blocks = segments.map((segment, at) =>
      enhancedPacket({ interfaceId: 0, timeUs: timeUs + at, octets: packetOf(segment, client, server) }),
    );
    const file = join(t.testdir(), 'talk.pcapng');
    writeFileSync(file, Buffer.concat([sectionHeader('test'), interfaceDescription('one'), ...blocks]));
    const checks = ['-o', 'tcp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE'];
    const fields = [
      `${family}.src`,
      'tcp.srcport',
      'tcp.flags.str',
      'tcp.seq',
      'tcp.ack',
      'tcp.len',
      'tcp.checksum.status',
      'frame.time_epoch',
    ];
    const rows = packetsIn(file, fields, 'tcp', checks).map((row) => Object.values(row));
    const from = { c: [shown[0], String(client.port)], s: [shown[1], String(server.port)] };
    const wanted: readonly [keyof typeof from, string, number, number, number][] = [
      ['c', 'S', 0, 0, 0],
      ['s', 'A··S', 0, 1, 0],
      ['c', 'A', 1, 1, 0],
      ['c', 'AP', 1, 1, 3],
      ['s', 'AP', 1, 4, 4],
      ['c', 'AP', 4, 5, 65_000],
      ['c', 'AP', 65_004, 5, 65_000],
      ['c', 'AP', 130_004, 5, 20_001],
      ['c', 'A···F', 150_005, 5, 0],
      ['s', 'A···F', 5, 150_006, 0],
    ];
    t.same(
      rows.map(([source, at, flags = '', ...rest]) => [source, at, flags.replace(/^·+|·+$/g, ''), ...rest]),
      wanted.map(([side, flags, seq, ack, length], at) => [
        ...from[side],
        flags,
        ...[seq, ack, length].map(String),
        '1',
        `${(timeUs + at - ((timeUs + at) % 1_000_000)) / 1_000_000}.${String((timeUs + at) % 1_000_000).padStart(6, '0')}000`,
      ]),
    );
    t.same(packetsIn(file, ['frame.number', '_ws.expert.message'], 'tcp.analysis.flags or _ws.malformed', checks), []);
    t.end();
  });
}

test('interfaces, comments, drops and statistics', { skip }, (t) => {
  const [client, server] = v4;
  const [syn] = new TcpStream().open();
  const octets = packetOf(syn as NonNullable<typeof syn>, client, server);
  const file = join(t.testdir(), 'all.pcapng');
  const longText = `${'é'.repeat(40_000)}`;
  writeFileSync(
    file,
    Buffer.concat([
      sectionHeader('the writer', 'of the file'),
      interfaceDescription('MTA-A', 'sockets of MTA-A'),
      interfaceDescription('MTA-B'),
      enhancedPacket({ interfaceId: 1, timeUs, octets, dropped: 3, comment: 'of the packet' }),
      enhancedPacket({ interfaceId: 0, timeUs, octets, comment: longText }),
      interfaceStatistics({ interfaceId: 0, startUs: timeUs - 5, endUs: timeUs, received: 1, dropped: 0 }),
      interfaceStatistics({ interfaceId: 1, startUs: timeUs - 5, endUs: timeUs, received: 4, dropped: 3, comment: 'three' }),
    ]),
  );
  const facts = capinfos(file);
  for (const line of [
    /Number of packets: +2$/m,
    /Capture application: +the writer$/m,
    /Capture comment: +of the file$/m,
    /Name = MTA-A$/m,
    /Description = sockets of MTA-A$/m,
    /Name = MTA-B$/m,
    /Time resolution = 0x06$/m,
    /Encapsulation = Raw IP/m,
    /Number of stat entries = 1$/m,
    /First packet time: +2026-01-02 \d\d:04:05\.678901$/m,
  ])
    t.match(facts, line);
  const rows = packetsIn(file, ['frame.interface_name', 'frame.comment'], 'frame');
  t.same(rows[0], { 'frame.interface_name': 'MTA-B', 'frame.comment': 'of the packet' });
  t.match(rows[1]?.['frame.comment'], /^é{1000,}$/);
  t.throws(
    () => enhancedPacket({ interfaceId: 0, timeUs, octets: Buffer.alloc(maxPacketBytes + 1) }),
    new RangeError('a packet has at most 262144 octets, not 262145'),
  );
  t.end();
});

test('a capture whose reader is too slow drops packets and says how many', { skip }, (t) => {
  const [client, server] = v4;
  const stream = new TcpStream();
  const ended: Capture[] = [];
  const capture = new Capture(['MTA-A', 'MTA-B'], { maxBufferedBytes: 4000 }, (one) => ended.push(one));
  const take = (payload: string): void => {
    for (const segment of stream.data(true, Buffer.from(payload)))
      capture.take({ segment, client, server, mta: 'MTA-A', timeUs });
  };
  for (const segment of stream.open()) capture.take({ segment, client, server, mta: 'MTA-A', timeUs });
  for (let at = 0; at < 10; at += 1) take('x'.repeat(1000));
  const first = capture.read();
  take('after the gap');
  capture.take({
    segment: stream.end(true)[0] as NonNullable<ReturnType<TcpStream['end']>[0]>,
    client,
    server,
    mta: 'MTA-X',
    timeUs,
  });
  capture.end();
  capture.end();
  take('too late');
  t.same(ended, [capture], 'the end is told once');
  const octets = Buffer.concat([first, capture.read(1), capture.read()]);
  t.ok(capture.finished);
  const file = join(t.testdir(), 'dropped.pcapng');
  writeFileSync(file, octets);
  const rows = packetsIn(file, ['frame.interface_name', 'frame.comment', 'tcp.analysis.lost_segment'], 'frame');
  t.equal(capture.packets, rows.length);
  t.equal(capture.packets + capture.dropped, 3 + 10 + 2);
  t.ok(capture.dropped >= 6);
  t.same(
    rows.filter((row) => row['frame.comment'] !== ''),
    [
      {
        'frame.interface_name': 'MTA-A',
        'frame.comment': `${capture.dropped} packets were dropped: the file was written too slowly`,
        'tcp.analysis.lost_segment': '1',
      },
    ],
  );
  t.equal(rows.at(-1)?.['frame.interface_name'], 'unknown');
  t.end();
});

test('a capture ends by itself after its number of packets', { skip }, (t) => {
  const [client, server] = v4;
  const capture = new Capture(['MTA-A'], { maxPackets: 2 }, () => undefined);
  for (const segment of new TcpStream().open()) capture.take({ segment, client, server, mta: 'MTA-A', timeUs });
  t.match(capture, { packets: 2, dropped: 0, ended: true });
  t.end();
});
