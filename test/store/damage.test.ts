/** A store whose file has been altered: every message is given back whole or set aside, whatever octet it was. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoredMessage } from '@mtalab/mta-core';
import { DamagedContent, openSqliteStore, type Store, StoreError } from '@mtalab/transport';
import Database from 'better-sqlite3';
import { type Test, test } from 'tap';
import { bytes, copyOf, messageOf, pattern, sha256, storing, toMailbox, toMta, whole } from './fixtures.js';
import { commitEach, options } from './place.js';

/** A folder in memory where there is one: the test opens a store some ten thousand times. */
function workFolder(t: Test): string {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'mtalab-damage-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'mtadata'));
  return folder;
}

/** The files of a store that is closed. */
type Files = { readonly db: Buffer; readonly seal: Buffer | null };

function filesIn(folder: string): Files {
  const db = join(folder, 'mtadata', 'mta.db');
  return { db: readFileSync(db), seal: existsSync(`${db}.seal`) ? readFileSync(`${db}.seal`) : null };
}

function putFiles(folder: string, { db, seal }: Files): void {
  const data = join(folder, 'mtadata');
  for (const name of readdirSync(data)) rmSync(join(data, name), { recursive: true, force: true });
  writeFileSync(join(data, 'mta.db'), db);
  if (seal !== null) writeFileSync(join(data, 'mta.db.seal'), seal);
}

/** A store of everything that can be in one, in small pages. */
function smallStore(folder: string, clean: boolean): Files {
  const file = join(folder, 'mtadata', 'mta.db');
  const db = new Database(file);
  db.pragma('page_size = 512');
  db.exec('CREATE TABLE made (x); DROP TABLE made; VACUUM');
  db.close();
  const store = openSqliteStore(folder, options);
  const submission = { submissionId: 'from the client', mtsId: messageOf(20, 0, []).envelope.mtsId };
  const copies = [copyOf(21), copyOf(22, toMta('MTA-C')), copyOf(23, toMailbox('cem@a.example'))];
  commitEach(
    store,
    whole(1, 10, bytes('Subject: one\r\n\r\nfirst'), { received: { sender: 'store-of-b', activity: 7 } }),
    whole(2, 20, bytes('Subject: two\r\n\r\nsecond'), { accept: [messageOf(20, 22, copies)], submission }),
    whole(3, 30, pattern(1500, 3), { received: { sender: 'store-of-c', activity: 9 } }),
    { type: 'forget', token: 4, copies: [22] },
  );
  // In pieces.
  store.putContent(40, 0, pattern(300, 4));
  store.commit();
  store.putContent(40, 300, pattern(300, 5));
  store.apply(storing(5, { accept: [messageOf(40, 600, [copyOf(41)])] }));
  store.record({ copy: 5, mtsId: 'm', mailbox: 'bob@b.example', sizeBytes: 3, submittedAtMs: 1, sha256: Buffer.alloc(32, 7) });
  store.commit();
  store.close(clean);
  return filesIn(folder);
}

/** What a start gives back, and what the store remembers. */
type Account = {
  readonly messages: ReadonlyMap<
    number,
    { readonly envelope: StoredMessage['envelope']; readonly copies: string; readonly digest: string }
  >;
  readonly damaged: ReadonlySet<number | null>;
  readonly remembered: string;
};

/** Reads every message as a delivery would. */
function accountOf(store: Store): Account {
  const { messages, damaged = [], received, storeUuid } = store.recovered;
  const spoiled = new Set(damaged.map(({ content }) => content));
  const sound = [...messages].filter(({ content }) => !spoiled.has(content));
  const read = sound.flatMap(({ content, envelope, copies }) => {
    try {
      const digest = sha256(store.readContent(content, 0, envelope.sizeBytes));
      return digest === envelope.digest ? [[content, { envelope, copies: JSON.stringify(copies), digest }] as const] : [];
    } catch {
      return [];
    }
  });
  const known = commitEach(
    store,
    whole(99, 990, bytes('again'), { submission: { submissionId: 'from the client', mtsId: 'other' } }),
  );
  const remembered = JSON.stringify([storeUuid, received, known, store.ledger(0, 9)]);
  return { messages: new Map(read), damaged: spoiled, remembered };
}

type Tally = { whole: number; setAside: number; refused: number };

/** Opens an altered store, and holds what it gives back against the true account. @throws Error on any third outcome. */
function holdAgainst(folder: string, truth: Account, tally: Tally): void {
  let store: Store;
  try {
    store = openSqliteStore(folder, options);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    tally.refused += 1;
    return;
  }
  const found = accountOf(store);
  store.close(false);
  if (found.remembered !== truth.remembered) throw new Error(`it remembers ${found.remembered}`);
  for (const [content, { envelope, copies, digest }] of found.messages) {
    const { envelope: sent, copies: wanted, digest: right } = truth.messages.get(content) ?? {};
    const isSame = JSON.stringify(envelope) === JSON.stringify(sent) && copies === wanted && digest === right;
    if (!isSame) throw new Error(`message ${content} is not as it was: ${JSON.stringify(envelope)} ${copies}`);
  }
  tally.whole += found.messages.size;
  const lost = [...truth.messages.keys()].filter((content) => !found.messages.has(content));
  tally.setAside += lost.length;
  // The store or the read says of each what is wrong with it.
  const unsaid = lost.filter((content) => !found.damaged.has(content) && !found.damaged.has(null));
  if (unsaid.length > 0 && found.damaged.size === 0) throw new Error(`nothing is said of ${unsaid.join(', ')}`);
}

/** Every octet takes minutes, so `npm test` looks at some of them. `npm run verify -- store` looks at all. */
const stride = Number(process.env['MTALAB_OCTET_STRIDE'] ?? 23);

for (const clean of [true, false]) {
  test(`every octet of a store altered in turn, after ${clean ? 'an orderly stop' : 'a crash'}`, async (t) => {
    const folder = workFolder(t);
    const files = smallStore(folder, clean);
    const store = openSqliteStore(folder, options);
    const truth = accountOf(store);
    store.close(false);
    t.same(
      [...truth.messages.keys()].sort((a, b) => a - b),
      [10, 20, 30, 40],
    );
    const tally: Tally = { whole: 0, setAside: 0, refused: 0 };
    const wrong: string[] = [];
    for (let at = clean ? 0 : 1; at < files.db.length; at += stride) {
      const db = Buffer.from(files.db);
      db.writeUInt8(db.readUInt8(at) ^ (1 << (at % 8)), at);
      putFiles(folder, { ...files, db });
      try {
        holdAgainst(folder, truth, tally);
      } catch (error) {
        wrong.push(`octet ${at}: ${(error as Error).message}`);
      }
    }
    t.same(wrong.slice(0, 10), [], `${wrong.length} octets lead to a third outcome`);
    t.comment(`${Math.ceil(files.db.length / stride)} octets altered: messages ${JSON.stringify(tally)}`);
    t.ok(tally.setAside > 0 && tally.whole > tally.setAside && tally.refused > 0);
  });
}

/** A store of a hundred messages, each on a page or two of its own. */
function largeStore(folder: string, clean: boolean, contentBytes = 2000): Buffer {
  const store = openSqliteStore(folder, options);
  for (let token = 1; token <= 100; token += 1) store.apply(whole(token, token * 10, pattern(contentBytes, token)));
  store.commit();
  store.close(clean);
  return readFileSync(join(folder, 'mtadata', 'mta.db'));
}

/** The page on which a table begins, from 0. */
function rootOf(folder: string, table: string): number {
  const db = new Database(join(folder, 'mtadata', 'mta.db'), { readonly: true });
  const root = db.prepare('SELECT rootpage FROM sqlite_master WHERE name = ?').pluck().get(table) as number;
  db.close();
  return root - 1;
}

const pageBytes = 4096;

test('what is left of a store with a zeroed page goes into a new file, and the old one is kept', async (t) => {
  for (const clean of [true, false]) {
    const folder = workFolder(t);
    const octets = largeStore(folder, clean);
    // A page in the middle, among the messages.
    const at = Math.floor(octets.length / pageBytes / 2) * pageBytes;
    octets.fill(0, at, at + pageBytes);
    writeFileSync(join(folder, 'mtadata', 'mta.db'), octets);
    const store = openSqliteStore(folder, options);
    const { messages, damaged = [], check } = store.recovered;
    const sound = [...messages].filter(({ content }) => damaged.every((each) => each.content !== content));
    t.ok(sound.length >= 90 && sound.length < 100, `${sound.length} of 100 messages are sound`);
    for (const { content } of sound) t.equal(Buffer.compare(store.readContent(content, 0, 2000), pattern(2000, content / 10)), 0);
    t.match(readFileSync(check?.detailsPath ?? '', 'utf8'), /The database file is damaged:/);
    t.ok(
      damaged.some(({ content, detail }) => content === null && /mta\.db\.damaged-2/.test(detail)) ||
        sound.length + damaged.length === 100,
    );
    t.equal(
      Buffer.compare(
        readFileSync(join(folder, 'mtadata', 'mta.db.damaged-2')).subarray(at, at + pageBytes),
        Buffer.alloc(pageBytes),
      ),
      0,
    );
    commitEach(store, whole(1000, 5000, bytes('the new file takes mail in')));
    store.close(true);
    t.equal(openSqliteStore(folder, options).recovered.clean, true);
  }
});

test('a store whose book-keeping is damaged is left as it is', async (t) => {
  for (const table of ['submission', 'received', 'gone', 'sender', 'ledger']) {
    const folder = workFolder(t);
    const octets = largeStore(folder, false);
    const at = rootOf(folder, table) * pageBytes;
    octets.fill(0, at, at + pageBytes);
    const file = join(folder, 'mtadata', 'mta.db');
    writeFileSync(file, octets);
    const error = t.throws(() => openSqliteStore(folder, options), { name: 'StoreError' }, table) as StoreError;
    t.match(error.message, /is damaged and was left as it is/);
    t.match(readFileSync(error.detailsPath as string, 'utf8'), new RegExp(`The damage is not in messages alone: table ${table}`));
    t.equal(
      Buffer.compare(readFileSync(file).subarray(at, at + pageBytes), Buffer.alloc(pageBytes)),
      0,
      'nothing was overwritten',
    );
  }
});

test('a page that is lost while the store is open costs the messages on it', async (t) => {
  const folder = workFolder(t);
  // Each content covers several pages, which a start does not read.
  const contentBytes = 20_000;
  largeStore(folder, true, contentBytes);
  const store = openSqliteStore(folder, options);
  const file = join(folder, 'mtadata', 'mta.db');
  const octets = readFileSync(file);
  const at = Math.floor(octets.length / pageBytes / 2) * pageBytes;
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, Buffer.alloc(pageBytes), 0, pageBytes, at);
  closeSync(descriptor);
  const unreadable = [...store.recovered.messages].filter(({ content }) => {
    try {
      return Buffer.compare(store.readContent(content, 0, contentBytes), pattern(contentBytes, content / 10)) !== 0;
    } catch (error) {
      return error instanceof DamagedContent;
    }
  });
  t.ok(unreadable.length >= 1 && unreadable.length < 10, `${unreadable.length} messages cannot be read`);
  const report = (content: number) => storing(content, { setAside: { content, detail: 'damaged' }, forget: [content + 1] });
  for (const { content } of unreadable) t.match(commitEach(store, report(content)), [{ type: 'stored' }]);
  t.match(commitEach(store, whole(1, 5000, bytes('everything else goes on')), { type: 'forget', token: 2, copies: [11] }), [
    { type: 'stored' },
    { type: 'forgotten' },
  ]);
  store.close(true);
  const next = openSqliteStore(folder, options);
  t.equal(next.recovered.clean, false, 'the next start looks at everything');
  t.equal(
    [...next.recovered.messages].length,
    100 - unreadable.length,
    'what was set aside does not come back, and nothing else is lost',
  );
  next.close(true);
});

test('a store of the first version keeps its messages', async (t) => {
  const folder = workFolder(t);
  const old = openSqliteStore(folder, options);
  commitEach(old, whole(1, 10, bytes('made by version 1')));
  old.close(false);
  const file = join(folder, 'mtadata', 'mta.db');
  const db = new Database(file);
  for (const table of ['message', 'gone', 'submission', 'sender', 'received', 'ledger'])
    db.exec(`ALTER TABLE ${table} DROP COLUMN row_sum`);
  db.exec(
    "UPDATE message SET envelope = json_remove(envelope, '$.digest'); DELETE FROM meta WHERE name IN ('sum', 'definitions')",
  );
  db.pragma('user_version = 1');
  db.close();
  const store = openSqliteStore(folder, options);
  t.match([...store.recovered.messages], [{ content: 10, envelope: { digest: '' } }]);
  t.equal(Buffer.from(store.readContent(10, 0, 17)).toString(), 'made by version 1');
  store.close(true);
});
