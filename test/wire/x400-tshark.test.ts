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

test('tshark names every SPDU, reads the values of the reliable transfer, and finds no error', { skip }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mtalab-tshark-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const [port, args] of [
    [102, []],
    [49_734, ['-d', 'tcp.port==49734,tpkt']],
  ] as const) {
    const file = join(folder, `port${port}.pcap`);
    writeFileSync(file, captureOf(port));
    t.equal(tshark(file, ...args, '-Y', '_ws.malformed || _ws.expert.group == "Malformed"'), '', `port ${port}`);
    const warnings = tshark(file, ...args, '-Y', '_ws.expert.severity >= 0x600000', '-T', 'fields', '-e', '_ws.expert.message');
    t.equal(warnings.trim(), 'Size constraint: string too long: 512 (0 .. 62)', 'the long password');
    const types = tshark(file, ...args, '-Y', 'ses.type', '-T', 'fields', '-e', 'ses.type').split(/[\n,]/);
    // GIVE TOKENS in front, and DATA TRANSFER, have the type 1.
    t.same(
      types.filter((type) => type !== '' && type !== '1').map(Number),
      [
        [13, 14, 45, 49, 49, 50, 2, 50, 41, 42, 21, 22, 45, 49, 48, 25, 26, 45, 57, 58, 25, 26],
        [13, 14, 29, 41, 42, 21, 22, 9, 10],
        [13, 12],
        [13, 12],
      ].flat(),
    );
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
  const fields = (filter: string, ...names: string[]): string[] =>
    tshark(file, '-Y', filter, '-T', 'fields', ...names.flatMap((name) => ['-e', name]))
      .split('\n')
      .filter((line) => line !== '');
  const text = (hex: string): string => Buffer.from(hex, 'hex').subarray(2).toString();
  t.equal(text(fields('ses.type == 13', 'ses.calling_ss_user_reference')[0] ?? ''), 'MTA-A/3/17');
  t.equal(text(fields('ses.type == 14', 'ses.called_ss_user_reference')[0] ?? ''), 'MTA-B/7');
  t.equal(fields('ses.type == 13', 'ses.calling_session_selector')[0], connectFrame.from.storeUuid.replaceAll('-', ''));
  const points = fields('ses.type == 49 || ses.type == 41', 'ses.type', 'ses.serial_number');
  t.same(
    points.map((line) => line.split(',').at(-1)),
    ['49\t1', '49\t2', '41\t3', '49\t1', '41\t3'],
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
  t.equal(tshark(file, ...contexts, '-Y', '_ws.malformed || _ws.expert.group == "Malformed"'), '');
  const verbose = tshark(file, ...contexts, '-V');
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
