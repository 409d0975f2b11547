/** The contract of every store for messages, contents and failures. */
import { DamagedContent } from '@mtalab/transport';
import { handleOf } from '../support/contents.js';
import { bytes, copyOf, kept, messageOf, pattern, sha256, storing, toMailbox, toMta, whole } from './fixtures.js';
import { type Case, commitEach, committed, contentText, high, options } from './place.js';

export const messageCases: Readonly<Record<string, Case>> = {
  'a first start is clean, and each start counts': (t, place) => {
    let store = place.open(options);
    const { storeUuid } = store.recovered;
    t.same(store.recovered, { incarnation: 1, storeUuid, clean: true, messages: [], received: [] });
    t.match(storeUuid, /^[0-9a-f-]{36}$/);
    store.close(true);
    store = place.open(options);
    t.same([store.recovered.incarnation, store.recovered.clean, store.recovered.storeUuid], [2, true, storeUuid]);
    t.equal(store.recovered.check, undefined);
    place.crash(store);
    store = place.open(options);
    t.same([store.recovered.incarnation, store.recovered.clean], [3, false]);
    t.same(
      store.recovered.check?.queues.map(({ queue }) => queue),
      ['mailboxes'],
    );
    store.close(false);
    t.equal(place.open(options).recovered.clean, false, 'only a close in order leaves the mark');
  },

  'outcomes come in order, and everything they confirm survives a crash': (t, place) => {
    let store = place.open(options);
    store.apply(whole(1, high, bytes('first'), { received: { sender: 'peer', activity: high } }));
    store.apply({ type: 'forget', token: 2, copies: [424242] });
    store.apply(whole(3, 100, bytes('third')));
    t.same(committed(store), [
      { type: 'stored', token: 1 },
      { type: 'forgotten', token: 2 },
      { type: 'stored', token: 3 },
    ]);
    t.same(committed(store), [], 'nothing is left to commit');
    store.apply(whole(4, 200, bytes('lost')));
    t.equal(contentText(store, 200, 4), 'lost', 'readable before the commit');
    place.crash(store);
    store = place.open(options);
    t.same([...store.recovered.messages], [kept(100, 'third'), kept(high, 'first')]);
    t.same([...store.recovered.messages], [kept(100, 'third'), kept(high, 'first')], 'they can be gone through again');
    t.same(JSON.parse(JSON.stringify(store.recovered.messages)), [kept(100, 'third'), kept(high, 'first')], 'for a journal');
    t.same(store.recovered.received, [{ sender: 'peer', activities: [high] }]);
    t.equal(contentText(store, high, 5), 'first');
    t.throws(() => store.readContent(200, 0, 4), DamagedContent);
  },

  'messages are read back by their copies, each with one copy alone': (t, place) => {
    let store = place.open(options);
    store.apply(whole(1, 100, bytes('first')));
    store.apply(whole(2, 200, bytes('second')));
    store.putContent(300, 0, bytes('x'));
    store.apply(storing(3, { accept: [messageOf(300, 1, [copyOf(301), copyOf(302)])] }));
    committed(store);
    commitEach(store, { type: 'forget', token: 4, copies: [301] });
    const asked = [
      { copy: 201, content: 200 },
      { copy: 302, content: 300 },
      { copy: 999, content: 998 },
    ];
    const { found, missing } = store.recall(asked);
    t.same(
      found.map(({ copy, message }) => [copy, message.content, message.copies.map(({ id }) => id)]),
      [
        [201, 200, [201]],
        [302, 300, [302]],
      ],
    );
    t.same(found[0]?.message, kept(200, 'second'), 'with the digest that the store has found');
    t.match(missing, [{ copy: 999, detail: /content 998: its row is gone/ }]);
    t.same(store.recall([]), { found: [], missing: [] });
    store.close(true);
    place.damage(200, 'envelope');
    store = place.open(options);
    t.match(store.recall([{ copy: 201, content: 200 }]), { found: [], missing: [{ copy: 201, detail: /content 200: / }] });
    store.close(true);
  },

  'a start returns messages oldest first, whatever the keys of their contents': (t, place) => {
    const store = place.open(options);
    const ids = [
      [-5, 10],
      [9, 11],
      [-4, 12],
      [3, 13],
    ] as const;
    for (const [content, id] of ids) {
      store.putContent(content, 0, bytes('x'));
      store.apply(storing(id, { accept: [messageOf(content, 1, [copyOf(id), copyOf(id + 100)])] }));
    }
    store.apply({ type: 'forget', token: 1, copies: [10] });
    store.commit();
    place.crash(store);
    const messages = [...place.open(options).recovered.messages];
    t.same(
      messages.map(({ copies }) => copies.map(({ id }) => id)),
      [[11, 111], [12, 112], [13, 113], [110]],
    );
  },

  'a message goes with its last copy, and its content with it': (t, place) => {
    let store = place.open(options);
    const long = pattern(100_000, 1);
    store.apply(
      storing(1, {
        accept: [messageOf(1, long.length, [copyOf(11), copyOf(12, toMta('MTA-C')), copyOf(13, toMailbox('x@y'))])],
        segments: [{ content: 1, offset: 0, handle: handleOf(long) }],
      }),
    );
    store.commit();
    const full = store.sizeBytes();
    t.ok(full > long.length);
    commitEach(store, { type: 'forget', token: 2, copies: [12, 12] });
    place.crash(store);
    store = place.open(options);
    t.same(
      [...store.recovered.messages][0]?.copies.map(({ id }) => id),
      [11, 13],
    );
    t.equal(store.sizeBytes(), full, 'the size is the same after a start');
    t.same(store.counts(), { messages: 1, copies: 2, staged: 0, submissionIds: 0, queued: 0 });
    commitEach(store, { type: 'forget', token: 3, copies: [11] });
    t.same(Buffer.compare(store.readContent(1, 0, long.length), long), 0);
    commitEach(store, { type: 'forget', token: 4, copies: [13] });
    t.throws(() => store.readContent(1, 0, 1), DamagedContent);
    t.equal(store.sizeBytes(), 0);
    place.crash(store);
    t.same([...place.open(options).recovered.messages], []);
  },

  'a read spans the pieces of a content, before and after the commit': (t, place) => {
    const store = place.open(options);
    const content = pattern(700_000, 3);
    const ends = [1, 30_720, 61_440, 61_441, 600_000, 700_000];
    let at = 0;
    for (const [index, end] of ends.entries()) {
      store.putContent(-7, at, content.subarray(at, end));
      // Some pieces share a commit and some do not.
      if (index % 2 === 1) store.commit();
      at = end;
      for (const [from, to] of [
        [0, end],
        [Math.max(0, end - 2), end],
        [Math.floor(end / 2), end],
        [end, end],
      ] as const) {
        t.equal(Buffer.compare(store.readContent(-7, from, to - from), content.subarray(from, to)), 0, `octets ${from} to ${to}`);
      }
      t.throws(() => store.readContent(-7, end - 1, 2), /content -7: there are no octets at/);
    }
    t.same(commitEach(store, storing(1, { accept: [messageOf(-7, 700_000, [copyOf(1)])] })), [{ type: 'stored', token: 1 }]);
    for (let from = 0; from < 700_000; from += 30_720) {
      const length = Math.min(30_720, 700_000 - from);
      t.equal(
        Buffer.compare(store.readContent(-7, from, length), content.subarray(from, from + length)),
        0,
        `segment at ${from}`,
      );
    }
  },

  'a piece below the end replaces the rest, and the store refuses one above it': (t, place) => {
    const store = place.open(options);
    const segment = (token: number, offset: number, value: string) =>
      storing(token, { segments: [{ content: 5, offset, handle: handleOf(bytes(value)) }] });
    t.same(commitEach(store, segment(1, 0, 'abcdef'), segment(2, 6, 'ghijkl')), [
      { type: 'stored', token: 1 },
      { type: 'stored', token: 2 },
    ]);
    t.match(commitEach(store, segment(3, 13, 'x')), [{ type: 'store-failed', token: 3, failure: 'io', detail: /gap/ }]);
    store.apply(segment(4, 8, 'HIJ'));
    t.equal(contentText(store, 5, 11), 'abcdefghHIJ');
    t.throws(() => store.readContent(5, 10, 2), DamagedContent);
    store.apply(segment(5, 3, 'DE'));
    store.apply(segment(6, 5, 'F'));
    t.equal(contentText(store, 5, 6), 'abcDEF');
    t.match(committed(store), [{ token: 4 }, { token: 5 }, { token: 6 }]);
    t.equal(contentText(store, 5, 6), 'abcDEF');
    t.throws(() => store.readContent(5, 0, 7), DamagedContent);
    t.equal(store.sizeBytes(), 6);
    commitEach(store, storing(7, { accept: [messageOf(5, 6, [copyOf(1)])] }));
    place.crash(store);
    t.equal(contentText(place.open(options), 5, 6), 'abcDEF');
  },

  'a message has the digest of its whole content, however its pieces came': (t, place) => {
    const store = place.open(options);
    const k = 1024;
    const put = (content: number, offset: number, octets: Uint8Array) =>
      storing(1, { segments: [{ content, offset, handle: handleOf(octets) }] });
    const [long, other] = [pattern(100 * k, 1), pattern(100 * k, 2)];
    const ways: Readonly<Record<string, readonly (readonly [number, Uint8Array])[]>> = {
      'in order': [0, 40, 80].map((at) => [at * k, long.subarray(at * k, Math.min(100, at + 40) * k)] as const),
      'short pieces first': [0, 1, 50].map(
        (at, index) => [at * k, long.subarray(at * k, ([1, 50, 100][index] as number) * k)] as const,
      ),
      'a piece again': [
        [0, long.subarray(0, 60 * k)],
        [60 * k, other.subarray(0, 10 * k)],
        [60 * k, long.subarray(60 * k)],
      ],
      'from the beginning again': [
        [0, other.subarray(0, 60 * k)],
        [0, long.subarray(0, 50 * k)],
        [50 * k, long.subarray(50 * k)],
      ],
      'from the middle again': [
        [0, other.subarray(0, 10 * k)],
        [0, long.subarray(0, 60 * k)],
        [30 * k, long.subarray(30 * k)],
      ],
      'at one go': [[0, long]],
    };
    for (const [index, [way, pieces]] of Object.entries(ways).entries()) {
      const content = 100 * (index + 1);
      for (const [offset, octets] of pieces) {
        commitEach(store, put(content, offset, octets));
        // A refusal in the same commit has everything done again, piece by piece.
        store.apply(storing(2, { segments: [{ content: 7, offset: 9, handle: handleOf(octets) }] }));
        store.apply(put(content + 50, offset, octets));
        store.commit();
      }
      for (const key of [content, content + 50]) {
        const message = messageOf(key, long.length, [copyOf(key + 1)]);
        const accept = [{ ...message, envelope: { ...message.envelope, digest: '' } }];
        const measured = [{ content: key, sizeBytes: long.length, digest: sha256(long) }];
        store.apply(storing(3, { accept }));
        t.same(store.commit(), [{ type: 'stored', token: 3, measured }], way);
      }
    }
  },

  'the store refuses a message with incomplete content, and only that message': (t, place) => {
    const store = place.open(options);
    store.apply(whole(1, 10, bytes('good')));
    store.putContent(20, 0, bytes('shor'));
    store.apply(storing(2, { accept: [messageOf(20, 5, [copyOf(21)])] }));
    store.apply({ type: 'forget', token: 3, copies: [] });
    store.apply(whole(4, 30, bytes('good too')));
    store.apply(storing(5, { segments: [{ content: 40, offset: 0, handle: { length: 3, ref: 'unknown' } }] }));
    const outcomes = store.commit();
    t.match(outcomes, [
      { type: 'stored', token: 1 },
      { type: 'store-failed', token: 2, failure: 'io', detail: 'content 20 has 4 octets, its envelope says 5' },
      { type: 'forgotten', token: 3 },
      { type: 'stored', token: 4 },
      { type: 'store-failed', token: 5, failure: 'io', detail: /not here any more/ },
    ]);
    t.equal(store.counts().messages, 2);
  },

  'the store retries a failed batch effect by effect, each whole or not at all': (t, place) => {
    let store = place.open(options);
    commitEach(store, whole(1, 10, bytes('old')));
    store.apply(whole(2, 20, bytes('two'), { received: { sender: 'peer', activity: 2 } }));
    // The key is in use, so no part of this effect may stay: neither its first message, nor its received id, nor its forgetting.
    store.apply(
      storing(3, {
        accept: [messageOf(30, 5, [copyOf(31)]), messageOf(10, 5, [copyOf(32)])],
        segments: [
          { content: 30, offset: 0, handle: handleOf(bytes('three')) },
          { content: 10, offset: 0, handle: handleOf(bytes('three')) },
        ],
        submission: { submissionId: 'sub-3', mtsId: 'mts-3' },
        received: { sender: 'peer', activity: 3 },
        forget: [11],
      }),
    );
    store.apply({ type: 'forget', token: 4, copies: [21] });
    store.apply(whole(5, 50, bytes('five'), { submission: { submissionId: 'sub-5', mtsId: 'mts-5' } }));
    t.match(committed(store), [
      { type: 'stored', token: 2 },
      { type: 'store-failed', token: 3, failure: 'io' },
      { type: 'forgotten', token: 4 },
      { type: 'stored', token: 5 },
    ]);
    const check = (): void => {
      t.same(store.counts(), { messages: 2, copies: 2, staged: 0, submissionIds: 1, queued: 0 });
      t.equal(contentText(store, 10, 3), 'old');
      t.equal(contentText(store, 50, 4), 'five');
      t.throws(() => store.readContent(30, 0, 1), DamagedContent);
    };
    store.commit();
    check();
    place.crash(store);
    store = place.open(options);
    check();
    t.same(store.recovered.received, [{ sender: 'peer', activities: [2] }]);
    t.same(commitEach(store, whole(6, 30, bytes('again'))), [{ type: 'stored', token: 6 }], 'the store still works');
  },
};
