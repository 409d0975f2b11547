import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { DiskFull, MemoryStore, openSqliteStore, type Store, type StoreOptions } from '@mtalab/transport';
import Database from 'better-sqlite3';
import { type Test, test } from 'tap';
import { octetsOf } from '../support/contents.js';
import { cases } from './contract.js';
import { bytes, pattern, whole } from './fixtures.js';
import type { Place } from './place.js';

const plain: StoreOptions = { octetsOf, render: () => bytes('report'), freeBytes: () => 1e12 };

function memoryPlace(): Place {
  let last: MemoryStore | undefined;
  let crashed = false;
  const known = (): MemoryStore => last as MemoryStore;
  return {
    open(options) {
      if (last === undefined) last = new MemoryStore(options);
      else last = crashed ? last.crash(options) : last.reopen(options);
      crashed = false;
      return last;
    },
    crash() {
      crashed = true;
    },
    damage: (content, what) => known().damage(content, what),
    setAside: () => known().setAside(),
    details: (path) => known().details(path),
  };
}

function withDatabase<T>(file: string, use: (db: Database.Database) => T): T {
  // A second plain handle, like that of a SQLite tool.
  const db = new Database(file);
  try {
    return use(db);
  } finally {
    db.close();
  }
}

/** Simulates a crash within one process: it copies the files as they are on the disk, and the next start opens the copy. */
function sqlitePlace(folder: string, atEnd: (close: () => void) => void): Place {
  let starts = 0;
  let current = join(folder, '0');
  const file = (): string => join(current, 'mtadata', 'mta.db');
  return {
    open(options) {
      const store = openSqliteStore(current, options);
      atEnd(() => store.close(false));
      return store;
    },
    crash() {
      starts += 1;
      const next = join(folder, String(starts));
      mkdirSync(join(next, 'mtadata'), { recursive: true });
      for (const name of ['mta.db', 'mta.db-wal']) {
        const from = join(current, 'mtadata', name);
        if (existsSync(from)) copyFileSync(from, join(next, 'mtadata', name));
      }
      current = next;
    },
    damage(content, what) {
      const change = {
        envelope: 'UPDATE message SET envelope = substr(envelope, 1, 9) WHERE content = ?',
        octets: "UPDATE message SET octets = CAST('SPOILED octets' AS BLOB) WHERE content = ?",
        piece: 'DELETE FROM piece WHERE content = ? AND offset = 0',
      }[what];
      withDatabase(file(), (db) => db.prepare(change).run(content));
    },
    setAside: () => withDatabase(file(), (db) => db.prepare('SELECT content FROM damaged ORDER BY 1').pluck().all() as number[]),
    details: (path) => readFileSync(path, 'utf8'),
  };
}

test('both stores keep the contract', async (t) => {
  for (const [name, run] of Object.entries(cases)) {
    await t.test(`memory: ${name}`, async (sub) => run(sub, memoryPlace()));
    await t.test(`sqlite: ${name}`, async (sub) =>
      run(
        sub,
        sqlitePlace(sub.testdir(), (close) => sub.teardown(close)),
      ),
    );
  }
});

test('the memory store fails at each chosen write, and every effect has its outcome', async (t) => {
  // Fail at each write and each commit in turn, both once and permanently.
  for (const lasting of [false, true]) {
    for (const error of [new DiskFull('no space'), new Error('bad sector')]) {
      for (let failAt = 1; failAt <= 12; failAt += 1) {
        let count = 0;
        let failing = false;
        const fail = (): Error | null => {
          if (failing) count += 1;
          return failing && (lasting ? count >= failAt : count === failAt) ? error : null;
        };
        const store = new MemoryStore({ ...plain, fail });
        store.apply(whole(1, 10, bytes('old')));
        store.commit();
        failing = true;
        count = 0;
        store.record({ copy: 11, mtsId: 'm', mailbox: 'b', sizeBytes: 3, submittedAtMs: 0, sha256: bytes('') });
        store.apply({ type: 'forget', token: 2, copies: [11] });
        store.apply(whole(3, 30, pattern(70_000, 1), { received: { sender: 'x', activity: 3 } }));
        store.apply(whole(4, 40, bytes('four')));
        const outcomes = store.commit();
        failing = false;
        const outcomeOf = (token: number) => outcomes.find((outcome) => outcome.token === token);
        for (const token of [3, 4]) {
          const outcome = outcomeOf(token);
          if (outcome?.type === 'store-failed') t.equal(outcome.failure, error instanceof DiskFull ? 'full' : 'io');
          else t.equal(outcome?.type, 'stored');
          const kept = readable(store, token * 10);
          t.equal(kept, outcome?.type === 'stored', `kept if and only if stored (${failAt}, lasting ${lasting})`);
        }
        if (outcomeOf(2) === undefined) {
          t.equal(readable(store, 10), true, 'not forgotten before its outcome');
          store.apply({ type: 'settle', sender: 'x', activities: [] });
          t.same(
            store.commit().map((outcome) => outcome.type),
            ['forgotten'],
            'the next commit retries it',
          );
        }
        t.equal(readable(store, 10), false);
        t.same(store.ledgerSummary(), { count: 1, distinct: 1 }, 'the ledger line came before the erasure');
        if (!lasting)
          t.match(
            [outcomeOf(3), outcomeOf(4)],
            [{ type: 'stored' }, { type: 'stored' }],
            'the store recovers from a passing failure',
          );
      }
    }
  }
});

function readable(store: Store, content: number): boolean {
  try {
    return store.readContent(content, 0, 1).length === 1;
  } catch {
    return false;
  }
}

test('a data folder has one owner, and must be ours', async (t) => {
  const folder = t.testdir();
  const store = openSqliteStore(folder, plain);
  t.throws(() => openSqliteStore(folder, plain), {
    name: 'StoreError',
    message: `The store in ${join(folder, 'mtadata')} is in use by process ${process.pid}. Stop that MTA, or give this one a data folder of its own.`,
  });
  store.apply(whole(1, 10, bytes('kept')));
  store.commit();
  store.close(true);
  t.throws(() => store.readContent(10, 0, 1), /is closed/);
  store.close(true);

  const file = join(folder, 'mtadata', 'mta.db');
  withDatabase(file, (db) => {
    t.same(db.prepare('SELECT typeof(content) AS c, typeof(octets) AS o FROM message').get(), { c: 'integer', o: 'blob' });
    db.pragma('user_version = 3');
  });
  t.throws(() => openSqliteStore(folder, plain), /written by a newer version of this program \(schema 3, this one knows 2\)/);
  withDatabase(file, (db) => {
    db.pragma('user_version = 2');
    db.pragma('application_id = 7');
  });
  t.throws(() => openSqliteStore(folder, plain), /is not a message database of this program/);
  writeFileSync(file, 'this is no database at all, however long it may be');
  const damaged = (found: string) => ({
    name: 'StoreError',
    message: `The store ${file} is damaged and was left as it is: ${found}. Keep a copy of the file, repair it by hand, or start with another data folder.`,
  });
  t.throws(() => openSqliteStore(folder, plain), damaged('file is not a database'));
  t.match(readFileSync(file, 'latin1'), /^this is no database/);
  // Another start. The first page is damaged behind the file's database header.
  rmSync(file);
  openSqliteStore(folder, plain).close(true);
  const octets = readFileSync(file);
  octets.fill(0xa5, 100, 4096);
  writeFileSync(file, octets);
  t.throws(() => openSqliteStore(folder, plain), damaged('database disk image is malformed'));
  writeFileSync(join(folder, 'file'), '');
  t.throws(() => openSqliteStore(join(folder, 'file'), plain), { name: 'StoreError', message: /cannot be made/ });
});

type Account = {
  readonly stored: Set<number>;
  readonly failed: Set<number>;
  readonly asked: Set<number>;
  readonly forgotten: Set<number>;
};

/** Runs the writer, and kills it after this many confirmed batches or lets it end. */
async function runWriter(folder: string, batches: number, killAfter: number, fileLimitK: number | null): Promise<Account> {
  const script = fileURLToPath(new URL('./writer.js', import.meta.url));
  const limit = fileLimitK === null ? '' : `ulimit -f ${fileLimitK}; `;
  const command = `${limit}exec "$0" "$@"`;
  const child = spawn('bash', ['-c', command, process.execPath, script, folder, String(batches)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const account: Account = { stored: new Set(), failed: new Set(), asked: new Set(), forgotten: new Set() };
  const into: Record<string, Set<number>> = { ...account, forgetting: account.asked };
  let confirmed = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [word = '', ...numbers] = line.split(' ').filter((part) => part !== '');
    for (const number of numbers) into[word]?.add(Number(number));
    if (word === 'forgotten') confirmed += 1;
    if (confirmed === killAfter) child.kill('SIGKILL');
  }
  return account;
}

/** The disk must have every confirmed effect, and each other effect whole or not at all. */
function verify(t: Test, folder: string, account: Account): void {
  const store = openSqliteStore(folder, plain);
  const kept = new Map([...store.recovered.messages].map((message) => [message.content / 10, message]));
  const received = new Set(store.recovered.received.flatMap(({ activities }) => activities));
  let wrong = 0;
  for (const token of account.stored) if (!kept.has(token) && !account.asked.has(token * 10 + 1)) wrong += 1;
  t.equal(wrong, 0, 'every confirmed message is there');
  for (const copy of account.forgotten) if (kept.has((copy - 1) / 10)) wrong += 1;
  for (const token of account.failed) if (kept.has(token) || received.has(token)) wrong += 1;
  t.equal(wrong, 0, 'no forgotten or refused message is there');
  for (const [token, { content, envelope }] of kept) {
    const expected = pattern(envelope.sizeBytes, token);
    if (Buffer.compare(store.readContent(content, 0, envelope.sizeBytes), expected) !== 0 || !received.has(token)) wrong += 1;
  }
  t.equal(wrong, 0, 'no message is there in part');
  t.match(readFileSync(store.recovered.check?.detailsPath as string, 'utf8'), /Damaged messages set aside: 0\./);
  store.close(true);
}

test('kill -9 in the middle of a stream of commits', async (t) => {
  for (const killAfter of [1, 17, 60]) {
    const folder = join(t.testdir({}), String(killAfter));
    mkdirSync(folder);
    const account = await runWriter(folder, 1_000_000, killAfter, null);
    t.ok(account.stored.size >= killAfter * 20);
    verify(t, folder, account);
  }
});

test('a disk that refuses to grow: each effect has its outcome, and the disk has every confirmed one', async (t) => {
  const folder = t.testdir();
  const account = await runWriter(folder, 200, -1, 3000);
  t.ok(account.stored.size > 0, 'some were stored');
  t.ok(account.failed.size > 0, 'some were refused');
  verify(t, folder, account);
});
