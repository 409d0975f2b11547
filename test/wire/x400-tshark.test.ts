/** A stock dissector reads the octets of the X.400 connector. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { X400Frame } from '@mtalab/mta-core';
import { test } from 'tap';
import { handleOf } from '../support/contents.js';
import { Capture } from './capture-file.js';
import { connectFrame, encode, newEnds, openedAt, openedEnds, opening, readAll, smallHead } from './x400-samples.js';

type Said = readonly (readonly ['client' | 'server', X400Frame])[];

const activity = (number: number): number => 300 * 2 ** 32 + number;
const data = (size: number, checkpoint: number, end = false): X400Frame => ({
  type: 'data',
  content: handleOf(Buffer.alloc(size, 'From: a@x.example\r\n')),
  checkpoint,
  end,
});
const withHead = (frame: X400Frame, sizeBytes: number): X400Frame =>
  ({ ...frame, head: { ...smallHead, envelope: { ...smallHead.envelope, sizeBytes } } }) as X400Frame;

/** Conversations that have every frame. */
const conversations: readonly Said[] = [
  [
    ...opening,
    ['client', { type: 'activity-start', activity: activity(17) }],
    ['client', withHead(data(30_000, 1), 200_000)],
    ['client', data(100_000, 2)],
    ['server', { type: 'minor-sync-ack', checkpoint: 1 }],
    ['server', { type: 'please-tokens', priority: 2 }],
    ['server', { type: 'minor-sync-ack', checkpoint: 2 }],
    ['client', data(70_000, 3, true)],
    ['server', { type: 'activity-end-ack', checkpoint: 3 }],
    ['client', { type: 'give-tokens-confirm' }],
    ['server', { type: 'give-tokens-ack' }],
    ['server', { type: 'activity-start', activity: activity(2 ** 32 - 1) }],
    ['server', withHead(data(0, 1), 90)],
    ['client', { type: 'exception', reason: 'temporaryProblem' }],
    ['server', { type: 'activity-interrupt', reason: 'temporaryProblem' }],
    ['client', { type: 'activity-interrupt-ack' }],
    ['server', { type: 'activity-start', activity: activity(18) }],
    ['server', { type: 'activity-discard', reason: 'invalidParameter' }],
    ['client', { type: 'activity-discard-ack' }],
    ['server', { type: 'abort', reason: 'userError' }],
    ['client', { type: 'abort-accept' }],
  ],
  [
    ['client', { type: 'connection-request', source: 3 }],
    ['server', { type: 'connection-confirm', source: 4, destination: 3 }],
    ['client', { ...connectFrame, apdu: { ...connectFrame.apdu, recovery: 1, turn: 'responder' } }],
    ['server', opening[3]?.[1] as X400Frame],
    [
      'server',
      { type: 'activity-resume', activity: activity(19), checkpoint: 2, association: 'MTA-A/3/16', openedAtMs: openedAt },
    ],
    ['server', data(1, 3, true)],
    ['client', { type: 'activity-end-ack', checkpoint: 3 }],
    ['server', { type: 'give-tokens-confirm' }],
    ['client', { type: 'give-tokens-ack' }],
    ['client', { type: 'finish' }],
    ['server', { type: 'disconnect' }],
  ],
  [
    ['client', { type: 'connection-request', source: 5 }],
    ['server', { type: 'connection-confirm', source: 6, destination: 5 }],
    ['client', { ...connectFrame, from: { ...connectFrame.from, password: 'p'.repeat(512) } }],
    [
      'server',
      {
        type: 'refuse',
        from: { mtaName: 'MTA-B', incarnation: 7 },
        apdu: { kind: 'rtorj', reason: 'validationFailure' },
      },
    ],
  ],
  [
    ['client', { type: 'connection-request', source: 7 }],
    ['server', { type: 'connection-confirm', source: 8, destination: 7 }],
    ['client', { ...connectFrame, from: { ...connectFrame.from, password: '' } }],
    ['server', { type: 'refuse', from: null, apdu: { kind: 'rtorj', reason: 'rtsBusy' } }],
  ],
  [
    ['client', { type: 'connection-request', source: 9 }],
    ['server', { type: 'disconnect-request', destination: 9, reason: 'congestion' }],
  ],
];

function captureOf(port: number): Buffer {
  const capture = new Capture(port);
  for (const said of conversations) {
    const { client, server } = newEnds();
    capture.begin();
    for (const [side, frame] of said) {
      const octets = encode(side === 'client' ? client : server, frame);
      readAll(side === 'client' ? server : client, octets);
      capture.send(side, octets);
    }
  }
  return capture.octets();
}

const hasTshark = spawnSync('tshark', ['--version']).status === 0;
const skip = hasTshark ? false : 'tshark is not installed';

function tshark(file: string, ...args: string[]): string {
  return execFileSync('tshark', ['-r', file, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 1e8,
  });
}

const fields = [
  'ses.type',
  'ses.serial_number',
  'ses.calling_ss_user_reference',
  'ses.called_ss_user_reference',
  'ses.calling_session_selector',
  '_ws.malformed',
  '_ws.expert.severity',
  '_ws.expert.message',
] as const;
type Row = Readonly<Record<(typeof fields)[number], string>>;

/** What tshark finds in each packet. */
function rowsIn(file: string, ...args: string[]): Row[] {
  return tshark(file, ...args, '-T', 'fields', '-E', 'separator=\t', ...fields.flatMap((field) => ['-e', field]))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const values = line.split('\t');
      return Object.fromEntries(fields.map((field, at) => [field, values[at] ?? ''])) as Row;
    });
}

/** Session identifiers of the conversations, without those of GIVE TOKENS in front and of DATA TRANSFER. */
const spdus = [
  [13, 14, 45, 49, 49, 50, 2, 50, 41, 42, 21, 22, 45, 49, 48, 25, 26, 45, 57, 58, 25, 26],
  [13, 14, 29, 41, 42, 21, 22, 9, 10],
  [13, 12],
  [13, 12],
].flat();
const warn = 0x0060_0000;
/** The only thing that tshark says against a packet: its password is longer than X.411 permits. */
const warning = 'Size constraint: string too long: 512 (0 .. 62)';

test('tshark names every SPDU, reads the values of the reliable transfer, and finds no error', { skip }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mtalab-tshark-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  let rows: Row[] = [];
  for (const [port, args] of [
    [49_734, ['-d', 'tcp.port==49734,tpkt']],
    [102, []],
  ] as const) {
    const file = join(folder, `port${port}.pcap`);
    writeFileSync(file, captureOf(port));
    rows = rowsIn(file, ...args);
    const said = rows.filter(
      (row) => row['_ws.malformed'] !== '' || row['_ws.expert.severity'].split(',').some((severity) => Number(severity) >= warn),
    );
    t.same(
      said.map((row) => row['_ws.expert.message']),
      [warning],
      `port ${port}`,
    );
    const types = rows.flatMap((row) => row['ses.type'].split(','));
    t.same(types.filter((type) => type !== '' && type !== '1').map(Number), spdus);
  }

  const file = join(folder, 'port102.pcap');
  const verbose = tshark(file, '-V');
  for (const line of [
    /TPDU size: 8192/,
    /Preferred maximum TPDU size: 65408/,
    /mode-value: x410-1984-mode \(0\)/,
    /checkpointSize: 30/,
    /windowSize: 5/,
    /dialogueMode: twa \(1\)/,
    /initiator-name: MTA-A/,
    /responder-name: MTA-B/,
    /ia5-string: secret/,
    /applicationProtocol: mts-transfer-protocol \(12\)/,
    /connectionDataRQ: recover \(1\)/,
    /data token setting: responder's side \(0x1\)/,
    /Activity Identifier: 012c00000011$/m,
    /refuseReason: validationFailure \(2\)/,
    /refuseReason: rtsBusy \(0\)/,
    /abortReason: userError \(6\)/,
    /Flags: 0x0249/,
    /Protocol Version 2: True/,
    /Session extended user data/,
    /3 COTP Segments|COTP segments/i,
  ])
    t.match(verbose, line);
  const text = (hex = ''): string => Buffer.from(hex, 'hex').subarray(2).toString();
  const first = (type: string): Row | undefined => rows.find((row) => row['ses.type'] === type);
  t.equal(text(first('13')?.['ses.calling_ss_user_reference']), 'MTA-A/3/17');
  t.equal(first('13')?.['ses.calling_session_selector'], connectFrame.from.storeUuid.replaceAll('-', ''));
  t.equal(text(first('14')?.['ses.called_ss_user_reference']), 'MTA-B/7');
  const points = rows.filter((row) => /,(49|41)$/.test(row['ses.type']));
  t.same(
    points.map((row) => [row['ses.type'].slice(-2), row['ses.serial_number']]),
    [
      ['49', '1'],
      ['49', '2'],
      ['41', '3'],
      ['49', '1'],
      ['41', '3'],
    ],
  );
  t.end();
});

/** A value in BER with a length of two octets. */
function value(tag: number, ...parts: Buffer[]): Buffer {
  const octets = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, 0x82, octets.length >>> 8, octets.length & 0xff]), octets]);
}

/** Stock dissectors look for messages of X.411 in normal mode only. So this test puts the octets of an activity into that mode. */
test('tshark reads the envelope in front of the content', { skip }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mtalab-tshark-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const { client } = openedEnds();
  const content = Buffer.from('0404436f6e74', 'hex');
  const envelope = { ...smallHead.envelope, sizeBytes: content.length };
  const octets = encode(client, {
    type: 'data',
    head: { ...smallHead, envelope },
    content: handleOf(content),
    checkpoint: 1,
    end: true,
  });
  const size = octets.readUInt16BE(2);
  // TPKT, DT, two SPDU headers, then the tag and the length of the presentation data.
  const message = octets.subarray(7 + 4 + 4, size);
  t.equal(octets.readUInt16BE(7 + 4 + 2), message.length);
  const context = Buffer.from([2, 1, 1]);
  const external = value(0x28, context, value(0xa0, message));
  const presented = value(0x61, value(0x30, context, value(0xa0, value(0x04, external))));
  const tsdu = Buffer.concat([Buffer.from('0300000002f08001000100', 'hex'), presented]);
  tsdu.writeUInt16BE(tsdu.length, 2);
  const capture = new Capture(102);
  capture.begin();
  capture.send('client', Buffer.concat([tsdu, octets.subarray(size)]));
  const file = join(folder, 'message.pcap');
  writeFileSync(file, capture.octets());
  const contexts = ['-o', 'uat:pres_context_list:"1","2.6.0.2.7"'];
  const verbose = tshark(file, ...contexts, '-V');
  t.notMatch(verbose, /Malformed|BER Error/);
  for (const line of [
    /message-identifier \(\/C=XX\/A= \/P=MTALAB\/ \$ c=lab;mta=MTA-A;3-17\)/,
    /originator-name \(\/C=XX\/A= \/DD.RFC-822=a\(u\)b\(a\)x.example\/\)/,
    /priority: urgent \(2\)/,
    /arrival-time: .*25-01-01 00:00:00/,
    /private-extension: 1\.3\.6\.1\.4\.1\.32473\.400\.1/,
    /per-recipient-fields: 2 items/,
    /recipient-name \(\/C=XX\/A= \/DD.RFC-822=c\(a\)y.example\/\)/,
  ])
    t.match(verbose, line);
  t.end();
});
