/** The tables of the message database. */
import type Database from 'better-sqlite3';
import { StoreError } from './store.js';

const schemaVersion = 1;
/** Marks the file as ours: "MTAL". */
const applicationId = 0x4d54414c;

/*
 * As few row writes as can be: a received message of a few K is one row of `message`, with its copies and its octets, and
 * one of `received`; erasing it is one deletion. What only a start needs is not indexed.
 */
const tables = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE message (
    content INTEGER PRIMARY KEY, size INTEGER NOT NULL, sum INTEGER NOT NULL,
    envelope TEXT NOT NULL, copies TEXT NOT NULL, octets BLOB
  );
  CREATE TABLE piece (
    content INTEGER NOT NULL, offset INTEGER NOT NULL, sum INTEGER NOT NULL, octets BLOB NOT NULL,
    PRIMARY KEY (content, offset)
  ) WITHOUT ROWID;
  CREATE TABLE gone (copy INTEGER PRIMARY KEY, content INTEGER NOT NULL);
  CREATE TABLE submission (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, mtsid TEXT NOT NULL);
  CREATE TABLE sender (id INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE);
  CREATE TABLE received (
    sender INTEGER NOT NULL, activity INTEGER NOT NULL, PRIMARY KEY (sender, activity)
  ) WITHOUT ROWID;
  CREATE TABLE ledger (
    line INTEGER PRIMARY KEY, copy INTEGER NOT NULL UNIQUE, mtsid TEXT NOT NULL, mailbox TEXT NOT NULL,
    size INTEGER NOT NULL, submitted INTEGER NOT NULL, sha256 BLOB NOT NULL
  );
  CREATE TABLE damaged (
    id INTEGER PRIMARY KEY, content INTEGER NOT NULL, reason TEXT NOT NULL, envelope TEXT, copies TEXT, octets BLOB
  );
  CREATE TABLE damaged_piece (
    id INTEGER NOT NULL, offset INTEGER NOT NULL, octets BLOB NOT NULL, PRIMARY KEY (id, offset)
  ) WITHOUT ROWID;
`;

/** Make the tables in a new file, or see that an old one is ours and not too new. @throws StoreError */
export function prepareSchema(db: Database.Database, file: string, storeUuid: string): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  const id = db.pragma('application_id', { simple: true }) as number;
  const holdsTables = (db.prepare('SELECT count(*) AS n FROM sqlite_master').get() as { n: number }).n > 0;
  if (!holdsTables) {
    db.transaction(() => {
      db.exec(tables);
      const put = db.prepare('INSERT INTO meta VALUES (?, ?)');
      put.run('storeUuid', storeUuid);
      put.run('incarnation', 0);
      // A store that never ran needs no check.
      put.run('clean', 1);
      db.pragma(`application_id = ${applicationId}`);
      db.pragma(`user_version = ${schemaVersion}`);
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
}
