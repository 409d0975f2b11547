/**
 * Brings what can be read of a damaged database into a new file.
 *
 * Only messages and their contents may be damaged: the rest says what has been received, delivered and accepted before, and guessing
 * there would lose mail or deliver it twice.
 */
import type Database from 'better-sqlite3';
import { defineRowSum, type SummedTable, summedColumns, sumOf } from './row-sums.js';
import { StoreError } from './store.js';
import { makeTables, noteDefinitions } from './tables.js';

/** The tables that may be damaged. The last two hold what was set aside before; the old file keeps them as well. */
const expendable: readonly string[] = ['message', 'piece', 'damaged', 'damaged_piece'];
/** The others, which must be whole. */
const vital = ['meta', 'gone', 'submission', 'sender', 'received', 'ledger'] as const;
/** Complaints of a structural check that are read. */
const maxComplaints = 10_000;
/** Keys tried one by one behind a page that cannot be read; after that the steps double. Messages have keys close together. */
const singleSteps = 4096;

/** Complaints about pages that hold no rows. */
const harmless = /^(\*\*\* in database|Page \d+: never used|Freelist: )/;

/**
 * What is wrong with a database: its structure, and the rows that do not match their sums. Messages are left out of the latter: the
 * check looks at each of them. A complaint begins with `table NAME: ` where that is known.
 */
export function complaintsOf(db: Database.Database): string[] {
  const whole = structureOf(db, `${maxComplaints}`);
  const names = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").pluck().all() as string[];
  const parts = names.flatMap((table) => {
    const found = whole.length === 0 ? [] : structureOf(db, table);
    return (found.length === 0 ? falseRows(db, table) : found).map((text) => `table ${table}: ${text}`);
  });
  return parts.length > 0 ? parts : whole;
}

function structureOf(db: Database.Database, argument: string): string[] {
  try {
    const found = db.pragma(`integrity_check(${argument})`) as { integrity_check: string }[];
    return found.flatMap((row) => row.integrity_check.split('\n')).filter((text) => text !== 'ok' && text !== '');
  } catch (error) {
    return [(error as Error).message];
  }
}

function falseRows(db: Database.Database, table: string): string[] {
  if (table === 'message' || !(table in summedColumns)) return [];
  const count = db.prepare(`SELECT count(*) FROM ${table} WHERE row_sum IS NOT ${sumOf(table as SummedTable)}`).pluck();
  const rows = count.get() as number;
  return rows === 0 ? [] : [`${rows} rows do not match their checksums`];
}

/** @throws StoreError when a table that must be whole is damaged, or it is not known which one is. */
export function insistOnVital(complaints: readonly string[]): void {
  for (const complaint of complaints) {
    const table = /^table (\w+): /.exec(complaint)?.[1];
    if (table === undefined ? harmless.test(complaint) : expendable.includes(table)) continue;
    throw new StoreError(`The damage is not in messages alone: ${complaint}`);
  }
}

/**
 * Copy what can be read into a new database file.
 * @returns what could not be read, in words. @throws StoreError, SqliteError
 */
export function salvageInto(db: Database.Database, target: Database.Database): string[] {
  const losses: string[] = [];
  defineRowSum(target);
  makeTables(target);
  target.transaction(() => {
    for (const table of vital) copyAll(db, target, table);
    noteDefinitions(target);
    copyMessages(db, target, losses);
    for (const table of ['damaged', 'damaged_piece']) {
      try {
        copyAll(db, target, table);
      } catch {
        losses.push(`the table ${table}: what was set aside before is in the old file only`);
      }
    }
  })();
  return losses;
}

function columnsOf(db: Database.Database, table: string): string[] {
  return (db.pragma(`table_info(${table})`) as { name: string }[]).map(({ name }) => name);
}

function copyAll(db: Database.Database, target: Database.Database, table: string): void {
  const columns = columnsOf(db, table);
  const put = target.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`);
  const rows = db.prepare(`SELECT ${columns.join(', ')} FROM ${table}`).raw();
  for (const row of rows.iterate() as Iterable<unknown[]>) put.run(...row);
}

type Head = { content: number; size: number; sum: number; row_sum: number; envelope: string; copies: string };

function copyMessages(db: Database.Database, target: Database.Database, losses: string[]): void {
  const head = db.prepare('SELECT content, size, sum, row_sum, envelope, copies FROM message WHERE content = ?');
  const octetsOf = db.prepare('SELECT octets FROM message WHERE content = ?').pluck();
  const put = target.prepare(
    'INSERT INTO message (content, size, sum, row_sum, envelope, copies, octets) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  for (const content of readableKeys(db, losses)) {
    let row: Head;
    try {
      row = head.get(content) as Head;
    } catch (error) {
      losses.push(`message ${content}: ${(error as Error).message}`);
      continue;
    }
    let octets: Uint8Array | null;
    try {
      octets = octetsOf.get(content) as Uint8Array | null;
    } catch {
      // The check finds that the content is not there, and the message is set aside.
      octets = Buffer.alloc(0);
    }
    put.run(content, row.size, row.sum, row.row_sum, row.envelope, row.copies, octets);
    if (octets === null) copyPieces(db, target, content);
  }
}

/** The pieces of a content up to the first that cannot be read. The check finds the rest missing. */
function copyPieces(db: Database.Database, target: Database.Database, content: number): void {
  const put = target.prepare('INSERT INTO piece (content, offset, sum, octets) VALUES (?, ?, ?, ?)');
  const rows = db.prepare('SELECT offset, sum, octets FROM piece WHERE content = ? ORDER BY offset').raw();
  try {
    for (const row of rows.iterate(content) as Iterable<unknown[]>) put.run(content, ...row);
  } catch {
    return;
  }
}

/** The next key in a direction; undefined if there is none, null if a page on the way cannot be read. */
type Next = (from: number) => number | undefined | null;

/**
 * The keys of all messages on pages that can be read, in order. It comes from both ends, because what lies between two damaged pages
 * may be found from one side only.
 */
function readableKeys(db: Database.Database, losses: string[]): number[] {
  const up = db.prepare('SELECT content FROM message WHERE content > ? ORDER BY content LIMIT 1').pluck();
  const down = db.prepare('SELECT -content FROM message WHERE content < -? ORDER BY content DESC LIMIT 1').pluck();
  const found = new Set<number>();
  let damage = false;
  for (const [statement, sign] of [
    [up, 1],
    [down, -1],
  ] as const) {
    const next: Next = (from) => {
      try {
        return statement.get(from) as number | undefined;
      } catch {
        damage = true;
        return null;
      }
    };
    for (const key of keysOnTheWay(next)) found.add(sign * key);
    if (!damage) break;
  }
  if (damage) losses.push('pages of the table message: how many messages they had is not known');
  return [...found].sort((one, other) => one - other);
}

/** Rising keys. Where a page cannot be read it feels its way across. */
function* keysOnTheWay(next: Next): Generator<number> {
  let last: number | null = Number.MIN_SAFE_INTEGER;
  while (last !== null) {
    const key = next(last);
    if (key === undefined) return;
    if (key !== null) yield key;
    last = key ?? acrossDamage(last, next);
  }
}

/** The smallest key found from which the table can be read again; null if there is none. */
function acrossDamage(from: number, next: Next): number | null {
  let failed = from;
  for (let [steps, step] = [0, 1]; failed < Number.MAX_SAFE_INTEGER; steps += 1) {
    const tried = Math.min(Number.MAX_SAFE_INTEGER, failed + step);
    if (next(tried) !== null) return firstReadable(failed, tried, next);
    failed = tried;
    if (steps >= singleSteps) step *= 2;
  }
  return null;
}

/** The smallest key between a failed and a good one from which the table can be read. */
function firstReadable(failed: number, good: number, next: Next): number {
  let [low, high] = [failed, good];
  while (high - low > 1) {
    const middle = low + Math.floor((high - low) / 2);
    if (next(middle) === null) low = middle;
    else high = middle;
  }
  return high;
}
