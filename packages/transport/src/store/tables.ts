/** The tables of the message database. */
import type Database from 'better-sqlite3';
import { defineRowSum, rowSum, type SummedTable, summedColumns, sumOf } from './row-sums.js';
import { damagedStore, StoreError } from './store.js';

const schemaVersion = 2;
/** Marks the file as ours: "MTAL". */
const applicationId = 0x4d54414c;

/*
 * As few row writes as can be: a received message of a few K is one row of `message`, with its copies and its octets, and
 * one of `received`; erasing it is one deletion. What only a start needs is not indexed. `row_sum` is explained in row-sums.ts.
 */
const tables = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE message (
    content INTEGER PRIMARY KEY, size INTEGER NOT NULL, sum INTEGER NOT NULL, row_sum INTEGER NOT NULL DEFAULT 0,
    envelope TEXT NOT NULL, copies TEXT NOT NULL, octets BLOB
  );
  CREATE TABLE piece (
    content INTEGER NOT NULL, offset INTEGER NOT NULL, sum INTEGER NOT NULL, octets BLOB NOT NULL,
    PRIMARY KEY (content, offset)
  ) WITHOUT ROWID;
  CREATE TABLE gone (copy INTEGER PRIMARY KEY, content INTEGER NOT NULL, row_sum INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE submission (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, mtsid TEXT NOT NULL, row_sum INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE sender (id INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, row_sum INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE received (
    sender INTEGER NOT NULL, activity INTEGER NOT NULL, row_sum INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (sender, activity)
  ) WITHOUT ROWID;
  CREATE TABLE ledger (
    line INTEGER PRIMARY KEY, copy INTEGER NOT NULL UNIQUE, mtsid TEXT NOT NULL, mailbox TEXT NOT NULL,
    size INTEGER NOT NULL, submitted INTEGER NOT NULL, sha256 BLOB NOT NULL, row_sum INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE damaged (
    id INTEGER PRIMARY KEY, content INTEGER NOT NULL, reason TEXT NOT NULL, envelope TEXT, copies TEXT, octets BLOB
  );
  CREATE TABLE damaged_piece (
    id INTEGER NOT NULL, offset INTEGER NOT NULL, octets BLOB NOT NULL, PRIMARY KEY (id, offset)
  ) WITHOUT ROWID;
`;

/** Make the tables in an empty database. */
export function makeTables(db: Database.Database): void {
  db.exec(tables);
  db.pragma(`application_id = ${applicationId}`);
  db.pragma(`user_version = ${schemaVersion}`);
}

/** The sum of the tables' definitions. A changed letter there can change what a column is called, and break nothing else. */
function definitionsSum(db: Database.Database): number {
  const rows = db.prepare('SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name').raw().all() as (string | null)[][];
  return rowSum(...rows.flat());
}

/** Remember the tables' definitions. Called when they have been made or changed. */
export function noteDefinitions(db: Database.Database): void {
  db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)').run('definitions', definitionsSum(db));
}

/** The sum of what a store must know of itself. */
export function identitySum(storeUuid: string, incarnation: number): number {
  return rowSum(storeUuid, incarnation);
}

/** Version 1 had neither sums nor digests: its messages get sums, and no digest. */
function fromVersion1(db: Database.Database): void {
  for (const table of Object.keys(summedColumns) as SummedTable[])
    db.exec(`ALTER TABLE ${table} ADD COLUMN row_sum INTEGER NOT NULL DEFAULT 0`);
  db.exec(`UPDATE message SET envelope = json_set(envelope, '$.digest', '') WHERE json_valid(envelope)`);
  for (const table of Object.keys(summedColumns) as SummedTable[]) db.exec(`UPDATE ${table} SET row_sum = ${sumOf(table)}`);
  const get = db.prepare('SELECT value FROM meta WHERE name = ?').pluck();
  const sum = identitySum(get.get('storeUuid') as string, get.get('incarnation') as number);
  db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)').run('sum', sum);
  noteDefinitions(db);
  // No seal was left: the next start looks at everything.
  db.pragma(`user_version = ${schemaVersion}`);
}

/** Make the tables in a new file, or see that an old one is ours and not too new. @throws StoreError */
export function prepareSchema(db: Database.Database, file: string, storeUuid: string): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  const id = db.pragma('application_id', { simple: true }) as number;
  const holdsTables = (db.prepare('SELECT count(*) AS n FROM sqlite_master').get() as { n: number }).n > 0;
  defineRowSum(db);
  if (!holdsTables) {
    db.transaction(() => {
      makeTables(db);
      noteDefinitions(db);
      const put = db.prepare('INSERT INTO meta VALUES (?, ?)');
      put.run('storeUuid', storeUuid);
      put.run('incarnation', 0);
      put.run('sum', identitySum(storeUuid, 0));
      // A store that never ran needs no check.
      put.run('clean', 2);
    }).immediate();
    return;
  }
  if (id !== applicationId)
    throw new StoreError(`${file} is not a message database of this program. Give the MTA another data folder.`);
  if (version > schemaVersion) {
    throw new StoreError(
      `${file} was written by a newer version of this program (schema ${version}, this one knows ${schemaVersion}). ` +
        'Use that version, or another data folder.',
    );
  }
  if (version < schemaVersion) db.transaction(() => fromVersion1(db)).immediate();
  const noted = db.prepare('SELECT value FROM meta WHERE name = ?').pluck().get('definitions');
  if (noted !== definitionsSum(db)) throw damagedStore(file, 'its tables are not defined as they were', {});
}
