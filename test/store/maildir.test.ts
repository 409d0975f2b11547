import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DeliverEffect, type DeliveryInput, fileName, MaildirDelivery } from '@mtalab/transport';
import { test } from 'tap';
import { bytes, delivering, pattern, toMailbox } from './fixtures.js';

const storeUuid = '3d6f0f0e-1111-4222-8333-444455556666';

/** A sink over contents in memory, with its reports. */
function maildirOver(path: string, contents: Readonly<Record<number, Uint8Array>>) {
  const reports: DeliveryInput[] = [];
  let largestRead = 0;
  const sink = new MaildirDelivery({
    path,
    storeUuid,
    readContent(content, offset, length) {
      largestRead = Math.max(largestRead, length);
      const octets = contents[content];
      if (octets === undefined || offset + length > octets.length) throw new Error(`no content ${content}`);
      return octets.subarray(offset, offset + length);
    },
    input: (input) => reports.push(input),
  });
  return { sink, reports, largestRead: () => largestRead };
}

test('Maildirs hold mail octet for octet, and a repeated delivery finds its earlier copy', async (t) => {
  const path = join(t.testdir(), 'mail', 'boxes');
  const contents = { 1: bytes('lone . and \r and \n and \0 and \xff, no end'), 2: pattern(200_001, 3), 3: bytes('') };
  const ask: DeliverEffect[] = [
    delivering(2 ** 33 + 1, 1, contents[1].length, toMailbox('bob@b.example')),
    delivering(12, 2, contents[2].length, toMailbox('bob@b.example')),
    delivering(13, 3, 0, toMailbox('../x@b.example')),
    delivering(14, 1, contents[1].length, { to: 'dead-letter' }),
  ];
  let { sink, reports, largestRead } = maildirOver(path, contents);
  for (const effect of [...ask, ...ask]) sink.deliver(effect);
  t.equal(sink.pending, 4);
  await sink.idle();
  t.equal(sink.pending, 0);
  t.same(reports.map(({ type, copy }) => `${type} ${copy}`).sort(), [
    'delivered 12',
    'delivered 13',
    'delivered 14',
    `delivered ${2 ** 33 + 1}`,
  ]);
  t.ok(largestRead() <= 65_536, 'the content is never whole in memory');
  const read = (...folders: string[]) =>
    readdirSync(join(path, ...folders, 'new')).map((name) => readFileSync(join(path, ...folders, 'new', name)));
  const bob = read('b.example', 'bob').sort((a, b) => a.length - b.length);
  t.equal(bob.length, 2);
  t.equal(Buffer.compare(bob[0] as Buffer, contents[1]), 0);
  t.equal(Buffer.compare(bob[1] as Buffer, contents[2]), 0);
  t.same(read('b.example', '%2E.%2Fx'), [Buffer.alloc(0)]);
  t.equal(read('dead-letters').length, 1);
  t.same(readdirSync(join(path, 'b.example', 'bob')).sort(), ['cur', 'new', 'tmp']);
  t.same(readdirSync(join(path, 'b.example', 'bob', 'tmp')), []);
  t.same(readdirSync(join(path, 'dead-letters', 'new')), [fileName(14, { to: 'dead-letter' }, 1_700_000_000_123, storeUuid)]);

  // A new process repeats the deliveries. Meanwhile the owner has read one message, and a crash left half a draft of another.
  const box = join(path, 'b.example', 'bob');
  const name = fileName(12, toMailbox('bob@b.example'), 1_700_000_000_123, storeUuid);
  renameSync(join(box, 'new', name), join(box, 'cur', `${name}:2,RS`));
  const draft = fileName(15, toMailbox('bob@b.example'), 1_700_000_000_123, storeUuid);
  writeFileSync(join(box, 'tmp', draft), 'half of something longer than the message itself'.repeat(10));
  ({ sink, reports } = maildirOver(path, contents));
  for (const effect of ask) sink.deliver(effect);
  await sink.idle();
  sink.deliver(delivering(15, 1, contents[1].length, toMailbox('bob@b.example')));
  await sink.idle();
  t.equal(reports.filter(({ type }) => type === 'delivered').length, 5);
  t.equal(readdirSync(join(box, 'new')).length, 2);
  t.equal(readdirSync(join(box, 'cur')).length, 1);
  t.equal(Buffer.compare(readFileSync(join(box, 'new', draft)), contents[1]), 0);
  // The sink does not trust its listing, so it also finds a message that moved during the run.
  renameSync(join(box, 'new', draft), join(box, 'cur', draft));
  sink.deliver(delivering(15, 1, contents[1].length, toMailbox('bob@b.example')));
  await sink.idle();
  t.equal(readdirSync(join(box, 'new')).length, 1);
});

test('a failed delivery reports the failure, leaves no file, and a retry works', async (t) => {
  const path = t.testdir();
  const contents: Record<number, Uint8Array> = { 1: bytes('x') };
  const { sink, reports } = maildirOver(path, contents);
  const bob = toMailbox('bob@b.example');
  sink.deliver(delivering(1, 9, 5, bob));
  await sink.idle();
  t.match(reports.pop(), { type: 'deliver-failed', copy: 1, detail: /no content 9/ });
  t.same(readdirSync(join(path, 'b.example', 'bob', 'tmp')), []);
  contents[9] = bytes('later');
  sink.deliver(delivering(1, 9, 5, bob));
  await sink.idle();
  t.same(reports.pop(), { type: 'delivered', copy: 1 });
  mkdirSync(join(path, 'c.example'));
  writeFileSync(join(path, 'c.example', 'bob'), 'a file where a folder should be');
  sink.deliver(delivering(2, 1, 1, toMailbox('bob@c.example')));
  await sink.idle();
  t.match(reports.pop(), { type: 'deliver-failed', copy: 2, detail: /EEXIST|ENOTDIR/ });
  chmodSync(join(path, 'c.example', 'bob'), 0o600);
  for (let copy = 10; copy < 60; copy += 1) sink.deliver(delivering(copy, 1, 1, bob));
  await sink.close();
  sink.deliver(delivering(99, 1, 1, bob));
  t.same([reports, sink.pending], [[], 0], 'the sink reports nothing after close');
  t.ok(readdirSync(join(path, 'b.example', 'bob', 'new')).length < 40, 'and starts no further delivery');
});

test('the sink recreates a removed mailbox', async (t) => {
  const path = join(t.testdir(), 'boxes');
  const { sink, reports } = maildirOver(path, { 1: bytes('x') });
  const box = join(path, 'b.example', 'bob');
  let copy = 0;
  const deliverOne = async (): Promise<void> => {
    copy += 1;
    sink.deliver(delivering(copy, 1, 1, toMailbox('bob@b.example')));
    await sink.idle();
    t.same(reports.pop(), { type: 'delivered', copy });
  };
  await deliverOne();
  for (const removed of [join(box, 'tmp'), join(box, 'new'), join(box, 'cur'), box, join(path, 'b.example'), path]) {
    rmSync(removed, { recursive: true });
    await deliverOne();
    t.ok(readdirSync(join(box, 'new')).includes(fileName(copy, toMailbox('bob@b.example'), 1_700_000_000_123, storeUuid)));
  }
  // The sink keeps a file in its place, and delivers mail again once that file is gone.
  rmSync(box, { recursive: true });
  writeFileSync(box, 'mine');
  sink.deliver(delivering(99, 1, 1, toMailbox('bob@b.example')));
  await sink.idle();
  t.match(reports.pop(), { type: 'deliver-failed', copy: 99, detail: /EEXIST|ENOTDIR/ });
  rmSync(box);
  await deliverOne();
});

test('the sink waits a while for a shortage of the machine to end', async (t) => {
  const path = t.testdir();
  const reports: DeliveryInput[] = [];
  let code = '';
  let left = 0;
  let tries = 0;
  const sinkWith = (shortagePauseMs: number) =>
    new MaildirDelivery({
      path,
      storeUuid,
      shortagePauseMs,
      readContent: () => {
        tries += 1;
        left -= 1;
        if (left >= 0) throw Object.assign(new Error(`${code}: there is none left`), { code });
        return bytes('x');
      },
      input: (input) => reports.push(input),
    });
  const sink = sinkWith(1);
  const bob = toMailbox('bob@b.example');
  const cases: readonly (readonly [string, number, string, number])[] = [
    ['EMFILE', 9, 'delivered', 10],
    ['ENFILE', 1, 'delivered', 2],
    ['ENOSPC', 3, 'delivered', 4],
    ['EDQUOT', 1, 'delivered', 2],
    ['EROFS', 99, 'deliver-failed', 10],
    ['EIO', 1, 'deliver-failed', 1],
  ];
  for (const [index, [error, times, outcome, wanted]] of cases.entries()) {
    [code, left, tries] = [error, times, 0];
    sink.deliver(delivering(index, 1, 1, bob));
    await sink.idle();
    t.match(reports.pop(), { type: outcome, copy: index }, error);
    t.equal(tries, wanted, `${error}: tries`);
  }
  // close does not wait for the end of a pause.
  [left, tries] = [99, 0];
  code = 'ENOSPC';
  const patient = sinkWith(2 ** 30);
  patient.deliver(delivering(50, 1, 1, bob));
  const drafts = join(path, 'b.example', 'bob', 'tmp');
  while (tries === 0 || readdirSync(drafts).length > 0) await new Promise(setImmediate);
  await patient.close();
  t.same(reports, []);
  t.ok(tries <= 2, 'one last try at most');
});
