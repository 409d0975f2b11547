/** The contract of every store for ids, limits, reports, damage and the ledger. */
import { DamagedContent, minFreeBytes } from '@mtalab/transport';
import { bytes, copyOf, facts, messageOf, pattern, sha256, storing, text, toMailbox, toMta, whole } from './fixtures.js';
import { type Case, commitEach, committed, contentText, high, options } from './place.js';

export const ruleCases: Readonly<Record<string, Case>> = {
  'a submission id makes one message, in one batch, later, and after a crash': (t, place) => {
    const submit = (token: number, content: number, submissionId: string) =>
      storing(token, {
        accept: [messageOf(content, 3, [copyOf(1000 + token)])],
        submission: { submissionId, mtsId: `mts-${token}` },
      });
    let store = place.open(options);
    store.putContent(-1, 0, bytes('one'));
    store.apply(submit(1, -1, 'a'));
    store.putContent(-2, 0, bytes('two'));
    store.apply(submit(2, -2, 'a'));
    t.same(committed(store), [
      { type: 'stored', token: 1 },
      { type: 'stored', token: 2, known: 'mts-1' },
    ]);
    t.throws(() => store.readContent(-2, 0, 3), DamagedContent, 'the store drops the second upload');
    t.equal(store.counts().staged, 0);
    commitEach(store, { type: 'forget', token: 3, copies: [1001] });
    place.crash(store);
    store = place.open(options);
    store.putContent(-3, 0, bytes('tri'));
    t.same(
      commitEach(store, submit(4, -3, 'a')),
      [{ type: 'stored', token: 4, known: 'mts-1' }],
      'also after the message is gone',
    );
    t.equal(store.sizeBytes(), 0);
  },

  'the store remembers only the newest submission ids': (t, place) => {
    const few = { ...options, maxSubmissionIds: 3 };
    const submit = (token: number, submissionId: string) =>
      whole(token, token * 10, bytes('x'), { submission: { submissionId, mtsId: `mts-${token}` } });
    let store = place.open(few);
    commitEach(store, submit(1, 'a'), submit(2, 'b'), submit(3, 'c'), submit(4, 'd'), submit(5, 'e'));
    t.same(commitEach(store, submit(6, 'c'), submit(7, 'b')), [
      { type: 'stored', token: 6, known: 'mts-3' },
      { type: 'stored', token: 7 },
    ]);
    place.crash(store);
    store = place.open(few);
    t.equal(store.counts().submissionIds, 3);
    t.same(commitEach(store, submit(8, 'd'), submit(9, 'b'), submit(10, 'c')), [
      { type: 'stored', token: 8, known: 'mts-4' },
      { type: 'stored', token: 9, known: 'mts-7' },
      { type: 'stored', token: 10 },
    ]);
  },

  'the store keeps received ids until the sender settles them': (t, place) => {
    let store = place.open(options);
    const got = (token: number, sender: string, activity: number) => storing(token, { received: { sender, activity } });
    const base = 3 * 2 ** 32;
    for (const [index, activity] of [5, 1, 2, 9, 9, base + 1, base + 2].entries()) store.apply(got(index, 'x', activity));
    store.apply(got(20, 'y', 2));
    store.commit();
    store.apply({ type: 'settle', sender: 'x', activities: [9, 77] });
    store.apply({ type: 'settle', sender: 'x', activities: [base + 2], below: 5 });
    store.apply({ type: 'settle', sender: 'unknown', activities: [1], below: 9 });
    store.commit();
    place.crash(store);
    store = place.open(options);
    t.same(store.recovered.received, [
      { sender: 'x', activities: [5, base + 1] },
      { sender: 'y', activities: [2] },
    ]);
    store.apply({ type: 'settle', sender: 'x', activities: [], below: base + 2 });
    store.close(true);
    t.same(place.open(options).recovered.received, [{ sender: 'y', activities: [2] }], 'close commits queued effects');
  },

  'drop-content and a start erase contents without a message': (t, place) => {
    let store = place.open(options);
    const long = pattern(50_000, 1);
    for (const content of [-1, 5, 6]) store.putContent(content, 0, long);
    store.apply(storing(1, { accept: [messageOf(6, 50_000, [copyOf(61)])] }));
    store.commit();
    t.equal(store.counts().staged, 2);
    store.apply({ type: 'drop-content', content: -1 });
    t.throws(() => store.readContent(-1, 0, 1), DamagedContent, 'unreadable from then on');
    store.putContent(-1, 0, bytes('anew'));
    t.equal(contentText(store, -1, 4), 'anew');
    store.commit();
    t.equal(contentText(store, -1, 4), 'anew');
    t.throws(() => store.readContent(-1, 0, 5), DamagedContent);
    place.crash(store);
    store = place.open(options);
    for (const content of [-1, 5]) t.throws(() => store.readContent(content, 0, 1), DamagedContent);
    t.equal(Buffer.compare(store.readContent(6, 0, 50_000), long), 0);
    t.equal(store.counts().staged, 0);
  },

  'the store renders and measures a report, which replaces its subject': (t, place) => {
    let store = place.open(options);
    commitEach(store, whole(1, 10, bytes('Subject: hello\r\n\r\n')));
    const report = { ...messageOf(20, 0, [copyOf(21)]) };
    store.apply(storing(2, { accept: [report], render: { content: 20, facts }, forget: [11] }));
    const expected = `report on ${facts.subject.mtsId}: Subject: hello\r\n\r\n`;
    const measured = [{ content: 20, sizeBytes: expected.length, digest: sha256(bytes(expected)) }];
    t.same(store.commit(), [{ type: 'stored', token: 2, measured }]);
    t.equal(contentText(store, 20, expected.length), expected);
    t.throws(() => store.readContent(10, 0, 1), DamagedContent);
    // No recipient of this submission is reachable: the store keeps the report only, and its subject stays an upload.
    store.putContent(-3, 0, bytes('upload'));
    store.apply(
      storing(3, {
        accept: [messageOf(30, 0, [copyOf(31)])],
        render: { content: 30, facts: { ...facts, subjectContent: -3 } },
        submission: { submissionId: 's', mtsId: 'm' },
      }),
    );
    t.match(committed(store), [{ type: 'stored', token: 3 }]);
    t.match(contentText(store, 30, `report on ${facts.subject.mtsId}: upload`.length), /: upload$/);
    t.throws(() => store.readContent(-3, 0, 1), DamagedContent);
    t.equal(store.counts().staged, 0);
    place.crash(store);
    store = place.open(options);
    t.equal([...store.recovered.messages][0]?.envelope.sizeBytes, expected.length);
  },

  'a full store refuses mail and takes reports and forgetting': (t, place) => {
    const small = { ...options, maxStoreBytes: 3000 };
    const store = place.open(small);
    t.equal(store.full(), null);
    t.same(commitEach(store, whole(1, 10, pattern(2000, 1))), [{ type: 'stored', token: 1 }]);
    store.putContent(-1, 0, pattern(1000, 1));
    store.apply(storing(2, { accept: [messageOf(-1, 1000, [copyOf(2)])], submission: { submissionId: 'a', mtsId: 'm' } }));
    store.apply(whole(3, 30, pattern(1000, 1), { received: { sender: 'x', activity: 1 } }));
    store.apply(whole(4, 40, bytes('short')));
    t.match(committed(store), [
      { type: 'store-failed', token: 2, failure: 'full', detail: /may hold 3000/ },
      { type: 'store-failed', token: 3, failure: 'full' },
      { type: 'stored', token: 4 },
    ]);
    t.equal(store.counts().staged, 0, 'the failed upload is gone');
    t.match(
      commitEach(store, storing(5, { accept: [messageOf(50, 0, [copyOf(51)])], render: { content: 50, facts }, forget: [11] })),
      [{ type: 'stored', token: 5 }],
    );
    t.match(commitEach(store, { type: 'forget', token: 6, copies: [41] }), [{ type: 'forgotten', token: 6 }]);
    store.putContent(-2, 0, pattern(600, 1));
    store.apply(storing(7, { accept: [messageOf(-2, 600, [copyOf(2)])], submission: { submissionId: 'a', mtsId: 'm' } }));
    t.same(committed(store), [{ type: 'stored', token: 7 }], 'a retry of the refused submission works');
  },

  'a disk with little room left counts as full': (t, place) => {
    let free = minFreeBytes + 100;
    const store = place.open({ ...options, freeBytes: () => free });
    t.match(commitEach(store, whole(1, 10, pattern(101, 1)), whole(2, 20, pattern(10, 1))), [
      { type: 'store-failed', token: 1, failure: 'full', detail: 'less than 10 MB of disk would be left free' },
      { type: 'stored', token: 2 },
    ]);
    free = minFreeBytes - 1;
    t.match(store.full(), /10 MB/);
    t.match(commitEach(store, whole(3, 30, bytes('')), { type: 'forget', token: 4, copies: [21] }), [
      { type: 'store-failed', token: 3, failure: 'full' },
      { type: 'forgotten', token: 4 },
    ]);
  },

  'the check after a crash names its queues, and the damaged messages': (t, place) => {
    let store = place.open(options);
    const long = pattern(80_000, 5);
    const make = (token: number, content: number, octets: Uint8Array, to = copyOf(content + 1)) =>
      whole(token, content, octets, { accept: [messageOf(content, octets.length, [to])] });
    commitEach(
      store,
      make(1, 10, bytes('sound')),
      make(2, 20, bytes('spoiled envelope'), copyOf(21, toMta('MTA-C'))),
      make(3, 30, bytes('spoiled octets'), copyOf(31, toMta('MTA-C'))),
      make(4, 40, long, copyOf(41, toMailbox('bob@b.example'))),
      make(5, 50, long, copyOf(51, toMta('MTA-D'))),
    );
    place.crash(store);
    place.damage(20, 'envelope');
    place.damage(30, 'octets');
    place.damage(40, 'piece');
    store = place.open(options);
    const { recovered } = store;
    t.equal(recovered.clean, false);
    t.same(
      [...recovered.messages].map(({ content }) => content),
      [10, 30, 40, 50],
      'a message whose envelope is damaged is no message any more',
    );
    t.same(
      recovered.damaged?.map(({ content }) => content),
      [20, 30, 40],
    );
    t.same(recovered.check?.queues.map(({ queue }) => queue).sort(), ['MTA-B', 'MTA-D', 'mailboxes']);
    const details = place.details(recovered.check?.detailsPath ?? '');
    t.match(details, /Damaged messages set aside: 3\./);
    t.match(details, /Message 20: content 20: its (row does not match its checksum|envelope cannot be read)\./);
    t.match(details, /Message 30 \(c=lab;mta=MTA-A;30\): content 30: the octets from 0 on do not match their checksum\./);
    t.match(details, /Message 40 \(c=lab;mta=MTA-A;40\): content 40: it has 0 octets instead of 80000\./);
    t.equal(Buffer.compare(store.readContent(50, 0, 80_000), long), 0);
    for (const content of [30, 40]) t.throws(() => store.readContent(content, 0, 1), DamagedContent);
    const report = (token: number, content: number, subject: number) =>
      storing(token, {
        accept: [messageOf(content, 0, [copyOf(content + 1)])],
        render: { content, facts: { ...facts, subjectContent: subject } },
        forget: [subject + 1],
        setAside: { content: subject, detail: 'damaged' },
      });
    t.match(commitEach(store, report(6, 75, 30), report(7, 85, 40)), [{ type: 'stored' }, { type: 'stored' }]);
    t.equal(
      text(store.readContent(75, 0, 29)),
      `report on ${facts.subject.mtsId}: `,
      'a report quotes nothing of a damaged message',
    );
    store.close(true);
    t.same(place.setAside(), [20, 30, 40]);
    t.same(place.open(options).recovered.damaged, undefined, 'the start after that looks at everything, and finds nothing');
  },

  'a content that does not match the digest of its envelope is not taken in': (t, place) => {
    const store = place.open(options);
    const octets = bytes('what has arrived');
    const envelope = { ...messageOf(10, octets.length, []).envelope, digest: sha256(bytes('what was sent')) };
    const accept = [{ content: 10, envelope, copies: [copyOf(11)] }];
    t.match(commitEach(store, whole(1, 10, octets, { accept })), [
      { type: 'store-failed', token: 1, failure: 'damaged', detail: /does not match the digest/ },
    ]);
    commitEach(store, { type: 'drop-content', content: 10 });
    t.same([store.counts().messages, store.counts().staged, store.sizeBytes()], [0, 0, 0]);
    const right = [{ content: 20, envelope: { ...envelope, digest: sha256(octets) }, copies: [copyOf(21)] }];
    t.same(commitEach(store, whole(2, 20, octets, { accept: right })), [{ type: 'stored', token: 2 }]);
  },

  'a report on a message that is found damaged only then keeps what is left of it': (t, place) => {
    let store = place.open(options);
    commitEach(store, whole(1, 10, bytes('Subject: gone\r\n\r\n')));
    store.close(true);
    place.damage(10, 'octets');
    store = place.open(options);
    const accept = [messageOf(20, 0, [copyOf(21)])];
    t.match(commitEach(store, storing(2, { accept, render: { content: 20, facts }, forget: [11] })), [{ type: 'stored' }]);
    store.close(true);
    t.same(place.setAside(), [10]);
  },

  'a start also finds a message damaged after a clean stop': (t, place) => {
    let store = place.open(options);
    commitEach(store, whole(1, 10, bytes('a')), whole(2, 20, bytes('b')));
    store.close(true);
    place.damage(10, 'envelope');
    store = place.open(options);
    t.equal(store.recovered.clean, false);
    t.match(place.details(store.recovered.check?.detailsPath ?? ''), /Message 10: /);
    t.same(
      [...store.recovered.messages].map(({ content }) => content),
      [20],
    );
  },

  'the ledger keeps one line per copy, in order': (t, place) => {
    let store = place.open(options);
    const entry = (copy: number, mailbox: string) => ({
      copy,
      mtsId: `mts-${copy % 10}`,
      mailbox,
      sizeBytes: 5,
      submittedAtMs: 1_700_000_000_000,
      sha256: pattern(32, copy),
    });
    store.record(entry(high, 'a@x'));
    store.record(entry(3, 'b@x'));
    store.record({ ...entry(high, 'other@x'), sizeBytes: 9 });
    store.commit();
    store.record(entry(13, 'b@x'));
    t.same(store.ledgerSummary(), { count: 2, distinct: 2 });
    store.commit();
    place.crash(store);
    store = place.open(options);
    store.record(entry(3, 'b@x'));
    store.commit();
    const rows = store.ledger(0, 10);
    t.same(
      rows.map(({ copy, mailbox }) => [copy, mailbox]),
      [
        [high, 'a@x'],
        [3, 'b@x'],
        [13, 'b@x'],
      ],
    );
    t.match(rows[0], { mtsId: entry(high, '').mtsId, sizeBytes: 5, submittedAtMs: 1_700_000_000_000 });
    t.equal(Buffer.compare(rows[1]?.sha256 ?? bytes(''), pattern(32, 3)), 0);
    t.same(
      store.ledger(rows[0]?.row ?? 0, 1).map(({ copy }) => copy),
      [3],
    );
    t.same(store.ledgerSummary(), { count: 3, distinct: 2 });
    store.record(entry(14, 'b@x'));
    t.same(
      [high, 3, 13, 14, 15].map((copy) => store.inLedger(copy)),
      [true, true, true, false, false],
      'committed entries are found by their copies',
    );
  },
};
