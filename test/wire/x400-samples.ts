/** Arbitrary frames of the X.400 connector for property tests, and helpers that open and read a conversation. */
import {
  type AbortReason,
  type ActivityHead,
  abortReason,
  type DisconnectReason,
  disconnectReason,
  type Frames,
  priorities,
  type RefuseReason,
  refuseReason,
  type X400Frame,
} from '@mtalab/mta-core';
import { type FrameCodec, OutgoingOctets, X400Codecs, type X400CodecsOptions } from '@mtalab/transport';
import fc from 'fast-check';
import { handleOf, loadOctets, octetsOf } from '../support/contents.js';

const count = fc.oneof(fc.nat(1000), fc.maxSafeNat(), fc.constant(Number.MAX_SAFE_INTEGER), fc.constant(2 ** 32));
const activity = fc.oneof(
  fc.nat(1000),
  fc.maxSafeNat().map((id) => id % 2 ** 48),
  fc.constantFrom(2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 48 - 1),
);
const serial = fc.oneof(fc.nat(20), fc.nat(999_998), fc.constantFrom(0, 9, 10, 99_999, 100_000, 999_998));
const text = fc
  .string({
    unit: fc.oneof(fc.constantFrom(...'abcXYZ=;/.@-0189 _%!"()'), fc.constantFrom('é', '漢', '😀', '\ufffd')),
    maxLength: 60,
  })
  .filter((value) => value.length <= 120);
const word = text.filter((value) => value !== '');
const shortWord = fc.string({ unit: fc.constantFrom(...'MTA-abc/é.1'), minLength: 1, maxLength: 12 });
const incarnation = fc.oneof(fc.nat(9), fc.maxSafeNat());
const openedAtMs = fc.nat(Math.floor(Date.UTC(2049, 11, 31) / 1000)).map((seconds) => seconds * 1000);
const aReason = fc.constantFrom(...(Object.keys(abortReason) as AbortReason[]));
const rReason = fc.constantFrom(...(Object.keys(refuseReason) as RefuseReason[]));
const reference = fc.integer({ min: 0, max: 0xffff });
/** Those that the session can say exactly. */
const exactReason = fc.constantFrom<AbortReason>(
  'transferCompleted',
  'temporaryProblem',
  'unrecognizedActivity',
  'invalidParameter',
  'permanentProblem',
);

const credentials = fc.record({
  mtaName: shortWord,
  password: text,
  incarnation,
  storeUuid: fc.uuid(),
  settledBelow: fc.constant(0),
});

const connect = fc
  .record({
    from: credentials,
    number: fc.nat(99_999),
    openedAtMs,
    apdu: fc.record({
      kind: fc.constant('rtorq' as const),
      checkpointSizeK: count,
      windowSize: count,
      dialogueMode: fc.constantFrom('monologue' as const, 'two-way-alternate' as const),
      turn: fc.constantFrom('initiator' as const, 'responder' as const),
      recovery: fc.oneof(fc.constant(0), fc.nat(300), fc.integer({ min: 0, max: 0xffff_ffff })),
    }),
  })
  .map(({ number, ...rest }) => {
    const association = `${rest.from.mtaName}/${rest.from.incarnation}/${number}`;
    return { type: 'connect' as const, association, ...rest };
  });

export const anyHead: fc.Arbitrary<ActivityHead> = fc.record({
  envelope: fc.record({
    mtsId: word,
    originator: text,
    priority: fc.constantFrom(...priorities),
    contentType: word,
    submittedAtMs: count,
    sizeBytes: fc.nat({ max: 2 ** 31 }).map((size) => size + 20_000),
    digest: fc.oneof(
      fc.constant(''),
      fc.uint8Array({ minLength: 32, maxLength: 32 }).map((octets) => Buffer.from(octets).toString('hex')),
    ),
    trace: fc.array(fc.record({ mta: word, atMs: count }), { maxLength: 3 }),
    recipients: fc.array(word, { minLength: 1, maxLength: 12 }),
  }),
  settled: fc.array(activity, { maxLength: 30 }),
  settledBelow: count,
});

const content = fc
  .tuple(fc.oneof(fc.nat(300), fc.nat(20_000)), reference)
  .map(([length, seed]) => handleOf(Buffer.from(Array.from({ length }, (_, at) => (at * 7 + seed) & 0xff))));

/** Frames that may come at any time on an open session. */
const free: fc.Arbitrary<X400Frame> = fc.oneof(
  connect,
  fc.record({
    type: fc.constant('accept' as const),
    from: credentials,
    apdu: fc.record({ kind: fc.constant('rtoac' as const), checkpointSizeK: count, windowSize: count }),
  }),
  fc.record({
    type: fc.constant('refuse' as const),
    from: fc.option(fc.record({ mtaName: shortWord, incarnation })),
    apdu: fc.record({ kind: fc.constant('rtorj' as const), reason: rReason }),
  }),
  fc.record({
    type: fc.constantFrom(
      'finish' as const,
      'disconnect' as const,
      'abort-accept' as const,
      'give-tokens-confirm' as const,
      'give-tokens-ack' as const,
      'activity-interrupt-ack' as const,
      'activity-discard-ack' as const,
    ),
  }),
  fc.record({ type: fc.constant('abort' as const), reason: aReason }),
  fc.record({ type: fc.constant('please-tokens' as const), priority: count }),
  fc.record({ type: fc.constantFrom('minor-sync-ack' as const, 'activity-end-ack' as const), checkpoint: serial }),
  fc.record({ type: fc.constant('exception' as const), reason: exactReason }),
  fc.record({
    type: fc.constant('disconnect-request' as const),
    destination: reference,
    reason: fc.constantFrom(...(Object.keys(disconnectReason) as DisconnectReason[])),
  }),
);

/** An activity: its start or resumption, segments, and its end, an interrupt or a discard. */
const anyActivity: fc.Arbitrary<readonly X400Frame[]> = fc
  .record({
    activity,
    head: anyHead,
    resumed: fc.option(connect.map(({ association }) => association).filter((name) => Buffer.byteLength(name) <= 62)),
    openedAtMs,
    contents: fc.array(content, { minLength: 1, maxLength: 4 }),
    checkpoint: serial,
    over: fc.option(fc.constantFrom('activity-interrupt' as const, 'activity-discard' as const)),
    reason: exactReason,
  })
  .map(({ activity: id, head, resumed, openedAtMs: opened, contents, checkpoint, over, reason }) => [
    resumed === null
      ? { type: 'activity-start' as const, activity: id }
      : { type: 'activity-resume' as const, activity: id, checkpoint, association: resumed, openedAtMs: opened },
    ...contents.map((octets, index) => {
      const isFirst = index === 0 && resumed === null;
      const end = over === null && index === contents.length - 1;
      return {
        type: 'data' as const,
        ...(isFirst ? { head } : {}),
        content: octets,
        checkpoint: (checkpoint + index) % 999_999,
        end,
      };
    }),
    ...(over === null ? [] : [{ type: over, reason }]),
  ]);

/** What one side may send on an open session: anything between activities, and whole activities. */
export const anyFrames: fc.Arbitrary<readonly X400Frame[]> = fc
  .array(fc.oneof({ arbitrary: free.map((frame) => [frame]), weight: 3 }, { arbitrary: anyActivity, weight: 1 }), {
    minLength: 1,
    maxLength: 5,
  })
  .map((groups) => groups.flat());

export type Ends = { readonly client: FrameCodec<'x400'>; readonly server: FrameCodec<'x400'> };

export function codecs(options: Partial<X400CodecsOptions> = {}): X400Codecs {
  return new X400Codecs({ loadContent: loadOctets, keepContent: handleOf, ...options });
}

/** Both ends of a connection, before its first frame. */
export function newEnds(options: Partial<X400CodecsOptions> = {}): Ends {
  const end = { conn: 1, local: '127.0.0.1:1', remote: '127.0.0.1:2' };
  return {
    client: codecs(options).open({ ...end, acceptedAt: null }),
    server: codecs(options).open({ ...end, acceptedAt: 102 }),
  };
}

export function encode(codec: FrameCodec<'x400'>, frame: X400Frame): Buffer {
  const out = new OutgoingOctets();
  codec.encodeInto(out, frame);
  return Buffer.concat(out.take());
}

/** The frames in octets that come in pieces. */
export function readAll(codec: FrameCodec<'x400'>, ...chunks: readonly Buffer[]): X400Frame[] {
  const found: X400Frame[] = [];
  for (const chunk of chunks) {
    codec.decode(chunk, (frame: Frames['x400']) => {
      found.push(frame);
      return true;
    });
  }
  return found;
}

export const from = {
  mtaName: 'MTA-A',
  password: 'secret',
  incarnation: 3,
  storeUuid: '8a2f0e6c-1f7e-4f0b-9c4e-5b2f3a1d7e90',
  settledBelow: 0,
};
export const to = { ...from, mtaName: 'MTA-B', incarnation: 7, storeUuid: '0f4c1c8e-64b8-4e43-9a53-0c1f1f0a4b11' };
export const openedAt = Date.UTC(2025, 0, 1);

export const connectFrame = {
  type: 'connect',
  from,
  association: 'MTA-A/3/17',
  openedAtMs: openedAt,
  apdu: {
    kind: 'rtorq',
    checkpointSizeK: 30,
    windowSize: 5,
    dialogueMode: 'two-way-alternate',
    turn: 'initiator',
    recovery: 0,
  },
} as const;
export const acceptFrame = { type: 'accept', from: to, apdu: { kind: 'rtoac', checkpointSizeK: 30, windowSize: 5 } } as const;

/** The frames that open a transport connection and a session, with the side that sends each. */
export const opening: readonly (readonly ['client' | 'server', X400Frame])[] = [
  ['client', { type: 'connection-request', source: 1 }],
  ['server', { type: 'connection-confirm', source: 2, destination: 1 }],
  ['client', connectFrame],
  ['server', acceptFrame],
];

/** Both ends after the first `count` frames of the opening. */
export function openedEnds(options: Partial<X400CodecsOptions> = {}, frames = opening.length): Ends {
  const ends = newEnds(options);
  for (const [side, frame] of opening.slice(0, frames)) {
    readAll(ends[side === 'client' ? 'server' : 'client'], encode(ends[side], frame));
  }
  return ends;
}

/** A frame with its content's octets in place of the handle. */
export function comparable(frame: X400Frame): unknown {
  if (frame.type !== 'data') return frame;
  return { ...frame, content: Buffer.from(octetsOf(frame.content) ?? []).toString('hex') };
}

/** The head of a small message. */
export const smallHead: ActivityHead = {
  envelope: {
    mtsId: 'c=lab;mta=MTA-A;3-17',
    originator: 'a_b@x.example',
    priority: 'urgent',
    contentType: 'message/rfc822',
    submittedAtMs: openedAt,
    sizeBytes: 90,
    digest: 'ab'.repeat(32),
    trace: [{ mta: 'MTA-A', atMs: openedAt }],
    recipients: ['b@y.example', 'c@y.example'],
  },
  settled: [3 * 2 ** 32 + 1],
  settledBelow: 3 * 2 ** 32,
};
