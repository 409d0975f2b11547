import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { DiskFull, MemoryStore, openSqliteStore, type Store, type StoreOptions } from '@mtalab/transport';
import { test } from 'tap';
import { cases, type Place } from './contract.js';
import { bytes, octetsOf, pattern, whole } from './fixtures.js';

type Database = {
  prepare(sql: string): { run(...values: unknown[]): unknown; all(...values: unknown[]): unknown[] };
  pragma(sql: string): unknown;
  close(): void;
};
// A second, plain handle on the same file: as anyone with a SQLite tool has.
const openDatabase = createRequire(createRequire(import.meta.url).resolve('@mtalab/transport'))('better-sqlite3') as new (
  file: string,
) => Database;

const plain: StoreOptions = { octetsOf, render: () => bytes('report'), freeBytes: () => 1e12 };

function memoryPlace(): Place {
  let last: MemoryStore | undefined;
  return {
    open(options) {
      last = last === undefined ? new MemoryStore(options) : last.reopen(options);
      return last;
    },
    crash(store) {
      // The handle that crash() gives would start at once: the place starts when it is asked to.
      (store as MemoryStore).kill();
    },
    damage(content, what) {
      if (what === 'envelope') last?.damage(content, { envelope: '{' });
      else if (what === 'octets') last?.damage(content, { octets: bytes('SPOILED octets') });
      else last?.damage(content, { sizeBytes: 1, envelope: spoiledSize(last.envelopeText(content)) });
    },
    movedAside: () => last?.movedAside() ?? [],
    details: (path) => last?.details(path) ?? '',
  };
}
const spoiledSize = (envelope: string): string => JSON.stringify({ ...(JSON.parse(envelope) as object), sizeBytes: 1 });

function sqlitePlace(folder: string): Place {
  const file = join(folder, 'mtadata', 'mta.db');
  const withDatabase = <T>(use: (db: Database) => T): T => {
    const db = new openDatabase(file);
    try {
      return use(db);
    } finally {
      db.close();
    }
  };
  return {
    open: (options) => openSqliteStore(folder, options),
    // Within one process the lock and the file handles must go; a real kill is tested below. Closing would commit what is
    // queued, so that is given up first, as a crash does.
    crash(store) {
      (store as Store & { kill(): void }).kill();
    },
    damage(content, what) {
      withDatabase((db) => {
        if (what === 'envelope') db.prepare("UPDATE message SET envelope = substr(envelope, 1, 9) WHERE content = ?").run(content);
        else if (what === 'octets') db.prepare("UPDATE message SET octets = CAST('SPOILED octets' AS BLOB) WHERE content = ?").run(content);
        else db.prepare('DELETE FROM piece WHERE content = ? AND offset = 0').run(content);
      });
    },
    movedAside: () => withDatabase((db) => (db.prepare('SELECT content FROM damaged ORDER BY 1').all() as { content: number }[]).map((row) => row.content)),
    details: (path) => readFileSync(path, 'utf8'),
  };
}
