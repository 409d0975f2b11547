/** The store on disk: one SQLite file in the folder `mtadata`, in WAL mode with a sync at each commit. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoreFailure } from '@mtalab/mta-core';
import Database from 'better-sqlite3';
import type { Backend, Birth, InlineOctets, MessageHead, MessageRow, SummedPiece, WholeRow } from './backend.js';
import { BatchStore } from './batch-store.js';
import { lockFolder } from './folder-lock.js';
import { rowSum } from './row-sums.js';
import { complaintsOf, insistOnVital, salvageInto } from './salvage.js';
import { breakSeal, seal } from './seal.js';
import { type Statements, statementsOf } from './sqlite-statements.js';
import {
  damagedStore,
  type LedgerEntry,
  type LedgerRow,
  type LedgerSummary,
  type Store,
  StoreError,
  type StoreOptions,
} from './store.js';
import { identitySum, prepareSchema } from './tables.js';

/** Frames of the write-ahead log after which it is copied into the file: few enough that no commit waits long for it. */
const checkpointPages = 1000;
/** The clean-shutdown mark of a store that has never run: it has no seal. */
const neverRan = 2;
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
  let backend: SqliteBackend | undefined;
  try {
    const isSealed = breakSeal(file);
    backend = new SqliteBackend(openDatabase(file), folder, isSealed, unlock);
    return new BatchStore(backend, options);
  } catch (cause) {
    backend?.abandon();
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

function openDatabase(file: string): Database.Database {
  const db = new Database(file, { timeout: 1000 });
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma(`wal_autocheckpoint = ${checkpointPages}`);
    prepareSchema(db, file, randomUUID());
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Is it the file that is wrong, and not the disk or the rights to it? */
function isDamage(error: unknown): error is Error {
  return error instanceof Database.SqliteError && /^SQLITE_(NOTADB|CORRUPT)/.test(error.code);
}

class SqliteBackend implements Backend {
  readonly place: string;
  readonly #folder: string;
  readonly #isSealed: boolean;
  readonly #unlock: () => void;
  #db: Database.Database;
  #run: Statements;
  /** Row ids of senders. Emptied at a rollback, which may take a new sender's row away. */
  readonly #senders = new Map<string, number>();
  /** The file was found damaged while it was open: the next start must look at everything. */
  #metDamage = false;

  /** @param isSealed has the file not changed since it was closed in order? */
  constructor(db: Database.Database, folder: string, isSealed: boolean, unlock: () => void) {
    this.#db = db;
    this.#folder = folder;
    this.#isSealed = isSealed;
    this.#unlock = unlock;
    this.#run = statementsOf(db);
    this.place = join(folder, 'mta.db');
  }

  /** Close a store that could not be started; its folder stays locked. */
  abandon(): void {
    this.#db.close();
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
    if (isDamage(error)) return 'damaged';
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
        const [storeUuid, last] = [get.get('storeUuid') as string, get.get('incarnation') as number];
        if (get.get('sum') !== identitySum(storeUuid, last))
          throw damagedStore(this.place, 'its identity does not match its checksum', {});
        const incarnation = last + 1;
        const mark = get.get('clean');
        put.run('incarnation', incarnation);
        put.run('sum', identitySum(storeUuid, incarnation));
        put.run('clean', 0);
        return { storeUuid, incarnation, clean: mark === neverRan || (mark === 1 && this.#isSealed) };
      })
      .immediate();
  }
  examine(): string[] {
    return complaintsOf(this.#db);
  }
  salvage(complaints: readonly string[]): string[] {
    insistOnVital(complaints);
    const fresh = `${this.place}.salvaged`;
    rmSync(fresh, { force: true });
    const target = new Database(fresh);
    let losses: string[];
    try {
      target.pragma('synchronous = FULL');
      losses = salvageInto(this.#db, target);
    } finally {
      target.close();
    }
    const incarnation = this.#db.prepare("SELECT value FROM meta WHERE name = 'incarnation'").pluck().get() as number;
    this.#db.close();
    const kept = `${this.place}.damaged-${incarnation}`;
    renameSync(this.place, kept);
    // What a kept file needs of its log was written back when it was closed.
    for (const suffix of ['-wal', '-shm']) rmSync(`${this.place}${suffix}`, { force: true });
    renameSync(fresh, this.place);
    this.#db = openDatabase(this.place);
    this.#run = statementsOf(this.#db);
    return losses.map((loss) => `${loss}. The old file is kept as ${kept}`);
  }
  *heads(): Iterable<MessageHead> {
    for (const row of this.#run.heads.iterate() as Iterable<SummedHead>) yield headOf(row);
  }
  head(content: number): MessageHead | undefined {
    const row = this.#run.head.get(content) as SummedHead | undefined;
    return row === undefined ? undefined : headOf(row);
  }
  *rows(): Iterable<WholeRow> {
    for (const row of this.#run.rows.iterate() as Iterable<SummedRow>) yield wholeRowOf(row);
  }
  headWithOctets(content: number, most: number): (MessageHead & InlineOctets) | undefined {
    const row = this.#run.headWithOctets.get(most, content) as (SummedHead & InlineOctets) | undefined;
    return row === undefined ? undefined : { ...headOf(row), sum: row.sum, octets: row.octets };
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
  keepAside(content: number, reason: string): void {
    const columns = '(content, reason, envelope, copies, octets)';
    const from = 'FROM message WHERE content = ?';
    const id = firstThatWorks([
      () =>
        this.#db
          .prepare(`INSERT INTO damaged ${columns} SELECT content, ?, envelope, copies, octets ${from}`)
          .run(reason, content),
      () =>
        this.#db.prepare(`INSERT INTO damaged ${columns} SELECT content, ?, envelope, copies, NULL ${from}`).run(reason, content),
      () => this.#db.prepare(`INSERT INTO damaged ${columns} VALUES (?, ?, NULL, NULL, NULL)`).run(content, reason),
    ]).lastInsertRowid;
    const put = this.#db.prepare('INSERT INTO damaged_piece VALUES (?, ?, ?)');
    try {
      // Read before anything is written: one statement must not run into damage half way.
      for (const { offset, octets } of [...this.pieces(content)]) put.run(id, offset, octets);
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#metDamage = true;
    }
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
    const { content, sizeBytes, sum, envelope, copies, octets } = row;
    const rowSumNow = rowSum(content, sizeBytes, sum, envelope, copies, octets === null ? 1 : 0);
    this.#run.putMessage.run(content, sizeBytes, sum, rowSumNow, envelope, copies, octets);
  }
  deleteMessage(content: number): boolean {
    try {
      this.#run.deleteMessage.run(content);
      return true;
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#metDamage = true;
      return false;
    }
  }
  inlineOctets(content: number): InlineOctets | undefined {
    return this.#reading(() => this.#run.inlineOctets.get(content)) as InlineOctets | undefined;
  }
  putPiece(content: number, piece: SummedPiece): void {
    this.#run.putPiece.run(content, piece.offset, piece.sum, piece.octets);
  }
  pieceAt(content: number, offset: number): SummedPiece | undefined {
    return this.#reading(() => this.#run.pieceAt.get(content, offset)) as SummedPiece | undefined;
  }
  deletePieces(content: number, fromOffset: number): void {
    try {
      this.#run.deletePieces.run(content, fromOffset);
    } catch (error) {
      if (!isDamage(error)) throw error;
      // They belong to no message any more; the next start brings the rest into a new file.
      this.#metDamage = true;
    }
  }
  #reading<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      this.#metDamage ||= isDamage(error);
      throw error;
    }
  }
  putGone(copy: number, content: number): void {
    this.#run.putGone.run(copy, content, rowSum(copy, content));
  }
  deleteGone(copy: number): void {
    this.#run.deleteGone.run(copy);
  }
  putSubmission(seq: number, id: string, mtsId: string): void {
    this.#run.putSubmission.run(seq, id, mtsId, rowSum(seq, id, mtsId));
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
      this.#run.sumSender.run(rowSum(id, sender), id);
    }
    this.#run.putReceived.run(id, activity, rowSum(id, activity));
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
    const { copy, mtsId, mailbox, sizeBytes, submittedAtMs, sha256 } = entry;
    const sum = rowSum(copy, mtsId, mailbox, sizeBytes, submittedAtMs, Buffer.from(sha256).toString('hex').toUpperCase());
    this.#run.putLedger.run(copy, mtsId, mailbox, sizeBytes, submittedAtMs, sha256, sum);
  }
  inLedger(copy: number): boolean {
    return this.#run.inLedger.get(copy) !== undefined;
  }
  ledger(afterRow: number, limit: number): LedgerRow[] {
    return this.#run.ledger.all(afterRow, limit) as LedgerRow[];
  }
  ledgerSummary(): LedgerSummary {
    const query =
      'SELECT (SELECT count(*) FROM ledger) AS "count", (SELECT count(*) FROM (SELECT DISTINCT mtsid, mailbox FROM ledger)) AS "distinct"';
    return this.#db.prepare(query).get() as LedgerSummary;
  }

  noteDamage(): void {
    this.#metDamage = true;
  }
  close(clean: boolean): void {
    const orderly = clean && !this.#metDamage;
    try {
      if (orderly) this.#db.prepare('UPDATE meta SET value = 1 WHERE name = ?').run('clean');
      this.#db.close();
      if (orderly) seal(this.place);
    } finally {
      this.#db.close();
      this.#unlock();
    }
  }
}

type SummedHead = Omit<MessageRow, 'octets'> & { readonly rowSum: number; readonly inline: 0 | 1 };
type SummedRow = MessageRow & { readonly rowSum: number };

/** Is a row as it was written? Here and not in the statement: a call from SQL costs more than the sum. */
function isSound({ content, sizeBytes, sum, rowSum: expected, envelope, copies }: Omit<SummedHead, 'inline'>, inline: boolean) {
  return expected === rowSum(content, sizeBytes, sum, envelope, copies, inline ? 0 : 1);
}

function headOf(row: SummedHead): MessageHead {
  const { content, sizeBytes, envelope, copies } = row;
  const inline = row.inline === 1;
  return { content, sizeBytes, envelope, copies, inline, isSound: isSound(row, inline) };
}

function wholeRowOf(row: SummedRow): WholeRow {
  const { content, sizeBytes, sum, envelope, copies, octets } = row;
  return { content, sizeBytes, sum, envelope, copies, octets, isSound: isSound(row, octets !== null) };
}

/** The result of the first of these that does not run into damage. */
function firstThatWorks<T>(tries: readonly (() => T)[]): T {
  for (const [index, run] of tries.entries()) {
    try {
      return run();
    } catch (error) {
      if (!isDamage(error) || index === tries.length - 1) throw error;
    }
  }
  throw new Error('there is nothing to try');
}
