import { deepStrictEqual } from 'node:assert/strict';
import { headSizeBound, type X400Frame } from '@mtalab/mta-core';
import { MalformedFrame, OutgoingOctets, type TracedFrame } from '@mtalab/transport';
import fc from 'fast-check';
import { test } from 'tap';
import { handleOf } from '../support/contents.js';
import {
  acceptFrame,
  anyFrames,
  anyHead,
  codecs,
  comparable,
  connectFrame,
  encode,
  from,
  newEnds,
  openedAt,
  openedEnds,
  opening,
  readAll,
  smallHead,
} from './x400-samples.js';

/** Throws, so that a property test can shrink the case. It ignores prototypes. */
function sameData(found: unknown, wanted: unknown): void {
  deepStrictEqual(JSON.parse(JSON.stringify(found)), JSON.parse(JSON.stringify(wanted)));
}

const runs = { numRuns: 300 };
const segment = (size: number): Extract<X400Frame, { type: 'data' }> => ({
  type: 'data',
  content: handleOf(Buffer.alloc(size, 'x')),
  checkpoint: 1,
  end: false,
});
const start: X400Frame = { type: 'activity-start', activity: 3 * 2 ** 32 + 17 };
const resume: X400Frame = {
  type: 'activity-resume',
  activity: 3 * 2 ** 32 + 17,
  checkpoint: 2,
  association: 'MTA-A/3/16',
  openedAtMs: openedAt,
};

test('the codec reads every frame as it wrote it', (t) => {
  const { client, server } = newEnds();
  for (const [side, frame] of opening) {
    const [sender, reader] = side === 'client' ? [client, server] : [server, client];
    sameData(readAll(reader, encode(sender, frame)), [frame]);
  }
  fc.assert(
    fc.property(anyFrames, (frames) => {
      const ends = openedEnds();
      const octets = Buffer.concat(frames.map((frame) => encode(ends.client, frame)));
      sameData(readAll(ends.server, octets).map(comparable), frames.map(comparable));
    }),
    runs,
  );
  t.pass('every frame reads back');
  t.end();
});

test('reasons for which the session has no code of their own travel as their nearest relative', (t) => {
  const { client, server } = openedEnds();
  for (const [reason, read] of [
    ['localSystemProblem', 'temporaryProblem'],
    ['userError', 'invalidParameter'],
    ['protocolError', 'permanentProblem'],
  ] as const)
    t.same(readAll(server, encode(client, { type: 'exception', reason })), [{ type: 'exception', reason: read }]);
  t.end();
});

test('a stream may arrive in pieces of any size, even octet by octet', (t) => {
  const frames: X400Frame[] = [
    start,
    { ...segment(50), head: smallHead },
    { ...segment(40), end: true, checkpoint: 2 },
    { type: 'please-tokens', priority: 1 },
    { type: 'minor-sync-ack', checkpoint: 12 },
  ];
  const { client } = openedEnds();
  const stream = Buffer.concat(frames.map((frame) => encode(client, frame)));
  const expected = frames.map(comparable);
  for (let cut = 0; cut <= stream.length; cut += 1)
    sameData(readAll(openedEnds().server, stream.subarray(0, cut), stream.subarray(cut)).map(comparable), expected);
  const octets = Array.from(stream, (_, at) => stream.subarray(at, at + 1));
  t.same(readAll(openedEnds().server, ...octets).map(comparable), expected);
  t.end();
});

/** Sizes of the TPDUs in octets. */
function tpduSizes(octets: Buffer): number[] {
  const sizes: number[] = [];
  for (let at = 0; at < octets.length; at += octets.readUInt16BE(at + 2)) sizes.push(octets.readUInt16BE(at + 2) - 4);
  return sizes;
}

test('a TSDU is split over DTs of the agreed size', (t) => {
  for (const [offer, agreed] of [
    ['c00107', 128],
    ['c0010d', 8192],
    ['c0010df00401000000', 65_408],
    ['f0020004', 512],
    ['', 65_408],
  ] as const) {
    const { server, client } = newEnds();
    const parameters = Buffer.from(offer, 'hex');
    const head = Buffer.from([3, 0, 0, 11 + parameters.length, 6 + parameters.length, 0xe0, 0, 0, 0, 1, 0]);
    readAll(server, Buffer.concat([head, parameters]));
    encode(client, { type: 'connection-request', source: 1 });
    readAll(client, encode(server, { type: 'connection-confirm', source: 2, destination: 1 }));
    encode(client, connectFrame);
    readAll(client, encode(server, acceptFrame));
    encode(server, resume);
    const octets = encode(server, segment(200_000));
    const sizes = tpduSizes(octets);
    t.equal(Math.max(...sizes), agreed, `${offer || 'no size'} offered`);
    t.ok(sizes.slice(0, -2).every((size) => size === agreed));
    readAll(client, encode(server, resume));
    t.same(readAll(client, octets).map(comparable), [comparable(segment(200_000))]);
  }
  t.end();
});

test('a time that UTCTime cannot say becomes the nearest one that it can', (t) => {
  for (const [openedAtMs, read] of [
    [Date.UTC(2050, 0, 1), Date.UTC(2049, 11, 31, 23, 59, 59)],
    [Date.UTC(2049, 11, 31, 23, 59, 59), Date.UTC(2049, 11, 31, 23, 59, 59)],
  ] as const) {
    const { client, server } = openedEnds({}, 2);
    t.match(readAll(server, encode(client, { ...connectFrame, openedAtMs })), [{ type: 'connect', openedAtMs: read }]);
  }
  t.end();
});

test('what the session has no room for is refused, and nothing is written', (t) => {
  const { client } = openedEnds();
  const out = new OutgoingOctets();
  const association = `${'M'.repeat(60)}/3/17`;
  for (const frame of [
    { type: 'activity-start', activity: 2 ** 48 },
    { type: 'minor-sync-ack', checkpoint: 999_999 },
    { type: 'please-tokens', priority: -1 },
    { ...connectFrame, from: { ...from, storeUuid: 'store' } },
    { ...connectFrame, association: 'MTA-C/3/17' },
    { ...connectFrame, association: 'MTA-A' },
    { ...connectFrame, association, from: { ...from, mtaName: 'M'.repeat(60) } },
    { ...connectFrame, from: { ...from, password: 'x'.repeat(10_240) } },
    { ...connectFrame, apdu: { ...connectFrame.apdu, recovery: 2 ** 32 } },
    { ...segment(100), head: smallHead },
    { ...segment(10), head: { ...smallHead, settled: [2 ** 48] } },
    { ...segment(10), head: { ...smallHead, envelope: { ...smallHead.envelope, digest: 'ab' } } },
    { ...segment(10), content: { ...handleOf(Buffer.alloc(3)), length: 4 } },
  ] as X400Frame[]) {
    t.throws(() => client.encodeInto(out, frame), JSON.stringify(frame));
    t.equal(out.sizeBytes, 0);
  }
  t.throws(() => newEnds().client.encodeInto(out, connectFrame), RangeError, 'before the transport connection');
  t.end();
});

test('a CONNECT of more than 512 octets of user data has them in the parameter of version 2', (t) => {
  const { client, server } = openedEnds({}, 2);
  const frame = { ...connectFrame, from: { ...from, password: 'é'.repeat(500) } };
  const octets = encode(client, frame);
  t.ok(octets.includes(Buffer.from([194, 255, 4])), 'Extended User Data');
  t.same(readAll(server, octets), [frame]);
  t.end();
});

test('a stranger can hold 64 KiB, an open session the longest TSDU, and all together the budget', (t) => {
  const part = (size: number, mark: number): Buffer => {
    const octets = Buffer.alloc(7 + size);
    octets.set([3, 0, octets.length >>> 8, octets.length & 0xff, 2, 0xf0, mark]);
    return octets;
  };
  const full = part(65_405, 0);
  const malformed = (codec: ReturnType<typeof newEnds>['server'], octets: Buffer): MalformedFrame => {
    try {
      readAll(codec, octets);
    } catch (error) {
      if (error instanceof MalformedFrame) return error;
      throw error;
    }
    throw new Error('no frame is malformed');
  };
  const stranger = openedEnds({}, 3).server;
  readAll(stranger, full);
  t.match(malformed(stranger, full), { message: /longer than 65536 octets/, answer: null, isShortage: false });

  const { server } = openedEnds({ maxTsduBytes: 200_000 });
  for (let count = 0; count < 3; count += 1) readAll(server, full);
  t.match(malformed(server, full), { message: /longer than 200000/, answer: null });

  const shared = codecs({ maxTsduBytes: 200_000, maxPartialBytes: 300_000 });
  const end = { conn: 1, local: '', remote: '', acceptedAt: 102 };
  const opened = (): ReturnType<typeof shared.open> => {
    const codec = shared.open(end);
    const { client } = newEnds();
    readAll(codec, encode(client, { type: 'connection-request', source: 1 }));
    readAll(client, encode(codec, { type: 'connection-confirm', source: 2, destination: 1 }));
    encode(codec, acceptFrame);
    return codec;
  };
  const [first, second] = [opened(), opened()];
  for (let count = 0; count < 3; count += 1) readAll(first, full);
  readAll(second, full);
  t.match(malformed(second, full), { isShortage: true });
  first.release();
  const third = opened();
  for (let count = 0; count < 3; count += 1) readAll(third, full);
  t.pass('what is dropped is free again');
  t.end();
});

test('a head is no longer than its bound says', (t) => {
  fc.assert(
    fc.property(anyHead, (head) => {
      const { client } = openedEnds();
      const content = handleOf(Buffer.alloc(0));
      const bare = encode(client, { type: 'data', content, checkpoint: 1, end: false }).length;
      const whole = encode(client, { type: 'data', head, content, checkpoint: 1, end: false }).length;
      // The length of the user data takes up to three octets more.
      return whole - bare <= headSizeBound(head) + 3;
    }),
    runs,
  );
  const address = (length: number): string => '@'.repeat(length);
  for (const length of [1, 42, 43, 200, 1000]) {
    const head = {
      ...smallHead,
      envelope: {
        ...smallHead.envelope,
        originator: address(length),
        recipients: Array.from({ length: 300 }, () => address(length)),
      },
    };
    const { client } = openedEnds();
    const size = encode(client, { ...segment(0), head }).length;
    t.ok(size <= headSizeBound(head) + 40, `${size} octets`);
  }
  t.end();
});

test('a trace has the frames of both directions and the connection', (t) => {
  const made = codecs();
  const traced: TracedFrame[] = [];
  made.traceFrames((entry) => traced.push({ ...entry, octets: Buffer.from(entry.octets) }));
  const codec = made.open({ conn: 9, acceptedAt: 102, local: 'a:102', remote: 'b:1' });
  const request = encode(newEnds().client, { type: 'connection-request', source: 1 });
  readAll(codec, request);
  const confirm = encode(codec, { type: 'connection-confirm', source: 2, destination: 1 });
  made.traceFrames(null);
  encode(codec, { type: 'disconnect-request', destination: 1, reason: 'congestion' });
  const where = { conn: 9, local: 'a:102', remote: 'b:1' };
  t.same(traced, [
    { direction: 'received', ...where, frame: { type: 'connection-request', source: 1 }, octets: Buffer.from(request) },
    {
      direction: 'sent',
      ...where,
      frame: { type: 'connection-confirm', source: 2, destination: 1 },
      octets: Buffer.from(confirm),
    },
  ]);
  t.end();
});
