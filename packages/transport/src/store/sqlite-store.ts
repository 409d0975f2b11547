/** The store on disk: one SQLite file in the folder `mtadata`, in WAL mode with a sync at each commit. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoreFailure } from '@mtalab/mta-core';
import Database from 'better-sqlite3';
import type { Backend, Birth, MessageHead, MessageRow, Piece, SummedPiece } from './backend.js';
import { BatchStore } from './batch-store.js';
import { lockFolder } from './folder-lock.js';
import {
  damagedStore,
  type LedgerEntry,
  type LedgerRow,
  type LedgerSummary,
  type Store,
  StoreError,
  type StoreOptions,
} from './store.js';
import { prepareSchema } from './tables.js';

/** Frames of the write-ahead log after which it is copied into the file: few enough that no commit waits long for it. */
const checkpointPages = 1000;
/** Accounts of checks that are kept. */
const keptAccounts = 20;

/**
 * Open (or make) the store in `<dataFolder>/mtadata`. The clean-shutdown mark is off the disk when this returns.
 * @throws StoreError if the folder is in use, the file is foreign, too new or damaged, or the disk refuses.
 */
export function openSqliteStore(dataFolder: string, options: StoreOptions): Store {
  const folder = join(dataFolder, 'mtadata');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new StoreError(`The folder ${folder} cannot be made: ${(cause as Error).message}`, { cause });
  }
  const unlock = lockFolder(folder);
  const file = join(folder, 'mta.db');
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { timeout: 1000 });
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma(`wal_autocheckpoint = ${checkpointPages}`);
    prepareSchema(db, file, randomUUID());
    return new BatchStore(new SqliteBackend(db, folder, unlock), options);
  } catch (cause) {
    db?.close();
    unlock();
    if (cause instanceof StoreError) throw cause;
    if (isDamage(cause)) throw damagedStore(file, cause.message, { cause });
    throw new StoreError(
      `The store in ${folder} cannot be opened: ${(cause as Error).message}. Check the disk and the folder's permissions.`,
      {
        cause,
      },
    );
  }
}

/** Is it the file that is wrong, and not the disk or the rights to it? */
function isDamage(error: unknown): error is Error {
  return error instanceof Database.SqliteError && /^SQLITE_(NOTADB|CORRUPT)/.test(error.code);
}

function statementsOf(db: Database.Database) {
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    rollback: db.prepare('ROLLBACK'),
    putMessage: db.prepare('INSERT INTO message VALUES (?, ?, ?, ?, ?, ?)'),
    deleteMessage: db.prepare('DELETE FROM message WHERE content = ?'),
    inlineOctets: db.prepare('SELECT octets FROM message WHERE content = ?').pluck(),
    putPiece: db.prepare('INSERT INTO piece VALUES (?, ?, ?, ?)'),
    pieceAt: db.prepare('SELECT offset, octets FROM piece WHERE content = ? AND offset <= ? ORDER BY offset DESC LIMIT 1'),
    deletePieces: db.prepare('DELETE FROM piece WHERE content = ? AND offset >= ?'),
    putGone: db.prepare('INSERT INTO gone VALUES (?, ?)'),
    deleteGone: db.prepare('DELETE FROM gone WHERE copy = ?'),
    putSubmission: db.prepare('INSERT INTO submission VALUES (?, ?, ?)'),
    mtsIdOf: db.prepare('SELECT mtsid FROM submission WHERE seq = ?').pluck(),
    deleteSubmissionsBelow: db.prepare('DELETE FROM submission WHERE seq < ?'),
    putSender: db.prepare('INSERT INTO sender (uuid) VALUES (?) ON CONFLICT DO NOTHING'),
    senderOf: db.prepare('SELECT id FROM sender WHERE uuid = ?').pluck(),
    putReceived: db.prepare('INSERT OR IGNORE INTO received VALUES (?, ?)'),
    deleteReceived: db.prepare('DELETE FROM received WHERE sender = ? AND activity = ?'),
    deleteReceivedBelow: db.prepare('DELETE FROM received WHERE sender = ? AND activity < ?'),
    putLedger: db.prepare(
      'INSERT OR IGNORE INTO ledger (copy, mtsid, mailbox, size, submitted, sha256) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    ledger: db.prepare(
      'SELECT line AS "row", copy, mtsid AS mtsId, mailbox, size AS sizeBytes, submitted AS submittedAtMs, sha256 ' +
        'FROM ledger WHERE line > ? ORDER BY line LIMIT ?',
    ),
  };
}

class SqliteBackend implements Backend {
  readonly place: string;
  readonly #db: Database.Database;
  readonly #folder: string;
  readonly #unlock: () => void;
  readonly #run: ReturnType<typeof statementsOf>;
  /** Row ids of senders. Emptied at a rollback, which may take a new sender's row away. */
  readonly #senders = new Map<string, number>();

  constructor(db: Database.Database, folder: string, unlock: () => void) {
    this.#db = db;
    this.#folder = folder;
    this.#unlock = unlock;
    this.#run = statementsOf(db);
    this.place = join(folder, 'mta.db');
  }

  begin(): void {
    this.#run.begin.run();
  }
  commit(): void {
    this.#run.commit.run();
  }
  rollback(): void {
    this.#senders.clear();
    // Some failures have ended the transaction already.
    if (!this.#db.inTransaction) return;
    try {
      this.#run.rollback.run();
    } catch {
      // SQLite rolls back by itself before the next transaction then.
    }
  }
  failureOf(error: unknown): StoreFailure {
    return error instanceof Database.SqliteError && error.code === 'SQLITE_FULL' ? 'full' : 'io';
  }
  freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.#folder);
    return bavail * bsize;
  }

  birth(): Birth {
    const get = this.#db.prepare('SELECT value FROM meta WHERE name = ?').pluck();
    const put = this.#db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)');
    return this.#db
      .transaction(() => {
        const incarnation = (get.get('incarnation') as number) + 1;
        const clean = get.get('clean') === 1;
        put.run('incarnation', incarnation);
        put.run('clean', 0);
        return { storeUuid: get.get('storeUuid') as string, incarnation, clean };
      })
      .immediate();
  }
  examine(): string[] {
    try {
      const found = this.#db.pragma('integrity_check(100)') as { integrity_check: string }[];
      return found.map((row) => row.integrity_check).filter((text) => text !== 'ok');
    } catch (error) {
      return [(error as Error).message];
    }
  }
  heads(): Iterable<MessageHead> {
    const rows = this.#db.prepare(
      'SELECT content, size AS sizeBytes, envelope, copies, octets IS NOT NULL AS inline FROM message',
    );
    return rows.iterate() as Iterable<MessageHead>;
  }
  rows(): Iterable<MessageRow> {
    const rows = this.#db.prepare(
      'SELECT content, size AS sizeBytes, sum, envelope, copies, octets FROM message ORDER BY content',
    );
    return rows.iterate() as Iterable<MessageRow>;
  }
  pieces(content: number): Iterable<SummedPiece> {
    const rows = this.#db.prepare('SELECT offset, sum, octets FROM piece WHERE content = ? ORDER BY offset');
    return rows.iterate(content) as Iterable<SummedPiece>;
  }
  gone(): Iterable<{ copy: number; content: number }> {
    return this.#db.prepare('SELECT copy, content FROM gone').iterate() as Iterable<{ copy: number; content: number }>;
  }
  submissions(): Iterable<{ seq: number; id: string }> {
    return this.#db.prepare('SELECT seq, id FROM submission ORDER BY seq').iterate() as Iterable<{ seq: number; id: string }>;
  }
  received(): Iterable<{ sender: string; activity: number }> {
    const rows = this.#db.prepare(
      'SELECT uuid AS sender, activity FROM received JOIN sender ON sender.id = received.sender ORDER BY 1, 2',
    );
    return rows.iterate() as Iterable<{ sender: string; activity: number }>;
  }
  eraseOrphans(): void {
    this.#db.exec(`
      DELETE FROM piece WHERE content NOT IN (SELECT content FROM message);
      DELETE FROM gone WHERE content NOT IN (SELECT content FROM message);
      DELETE FROM sender WHERE id NOT IN (SELECT sender FROM received);
    `);
  }
  moveAside(content: number, reason: string): void {
    const insert = this.#db.prepare(
      'INSERT INTO damaged (content, reason, envelope, copies, octets) SELECT content, ?, envelope, copies, octets FROM message WHERE content = ?',
    );
    const id = insert.run(reason, content).lastInsertRowid;
    this.#db.prepare('INSERT INTO damaged_piece SELECT ?, offset, octets FROM piece WHERE content = ?').run(id, content);
    this.deleteMessage(content);
    this.deletePieces(content, 0);
  }
  writeDetails(incarnation: number, text: string): string {
    const name = (number: number) => `check-${String(number).padStart(10, '0')}.txt`;
    const path = join(this.#folder, name(incarnation));
    writeFileSync(path, text, { mode: 0o600 });
    const accounts = readdirSync(this.#folder).filter((file) => /^check-\d+\.txt$/.test(file));
    for (const old of accounts.sort().slice(0, -keptAccounts)) rmSync(join(this.#folder, old), { force: true });
    return path;
  }

  putMessage(row: MessageRow): void {
    this.#run.putMessage.run(row.content, row.sizeBytes, row.sum, row.envelope, row.copies, row.octets);
  }
  deleteMessage(content: number): void {
    this.#run.deleteMessage.run(content);
  }
  inlineOctets(content: number): Uint8Array | null | undefined {
    return this.#run.inlineOctets.get(content) as Uint8Array | null | undefined;
  }
  putPiece(content: number, piece: SummedPiece): void {
    this.#run.putPiece.run(content, piece.offset, piece.sum, piece.octets);
  }
  pieceAt(content: number, offset: number): Piece | undefined {
    return this.#run.pieceAt.get(content, offset) as Piece | undefined;
  }
  deletePieces(content: number, fromOffset: number): void {
    this.#run.deletePieces.run(content, fromOffset);
  }
  putGone(copy: number, content: number): void {
    this.#run.putGone.run(copy, content);
  }
  deleteGone(copy: number): void {
    this.#run.deleteGone.run(copy);
  }
  putSubmission(seq: number, id: string, mtsId: string): void {
    this.#run.putSubmission.run(seq, id, mtsId);
  }
  mtsIdOf(seq: number): string {
    return this.#run.mtsIdOf.get(seq) as string;
  }
  deleteSubmissionsBelow(seq: number): void {
    this.#run.deleteSubmissionsBelow.run(seq);
  }

  #senderOf(uuid: string): number | undefined {
    const known = this.#senders.get(uuid);
    if (known !== undefined) return known;
    const id = this.#run.senderOf.get(uuid) as number | undefined;
    if (id !== undefined) this.#senders.set(uuid, id);
    return id;
  }
  putReceived(sender: string, activity: number): void {
    let id = this.#senderOf(sender);
    if (id === undefined) {
      this.#run.putSender.run(sender);
      id = this.#senderOf(sender) as number;
    }
    this.#run.putReceived.run(id, activity);
  }
  deleteReceived(sender: string, activity: number): void {
    const id = this.#senderOf(sender);
    if (id !== undefined) this.#run.deleteReceived.run(id, activity);
  }
  deleteReceivedBelow(sender: string, below: number): void {
    const id = this.#senderOf(sender);
    if (id !== undefined) this.#run.deleteReceivedBelow.run(id, below);
  }

  putLedger(entry: LedgerEntry): void {
    this.#run.putLedger.run(entry.copy, entry.mtsId, entry.mailbox, entry.sizeBytes, entry.submittedAtMs, entry.sha256);
  }
  ledger(afterRow: number, limit: number): LedgerRow[] {
    return this.#run.ledger.all(afterRow, limit) as LedgerRow[];
  }
  ledgerSummary(): LedgerSummary {
    const query =
      'SELECT (SELECT count(*) FROM ledger) AS "count", (SELECT count(*) FROM (SELECT DISTINCT mtsid, mailbox FROM ledger)) AS "distinct"';
    return this.#db.prepare(query).get() as LedgerSummary;
  }

  close(clean: boolean): void {
    try {
      if (clean) this.#db.prepare('UPDATE meta SET value = 1 WHERE name = ?').run('clean');
    } finally {
      this.#db.close();
      this.#unlock();
    }
  }
}
