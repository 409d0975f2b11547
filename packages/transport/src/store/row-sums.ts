/**
 * Checksums of the rows of the database: a CRC-32 over the values of a row in the order of its columns. A bit that has changed
 * in a row, or a row that has come under another key, does not match its sum.
 */
import { crc32 } from 'node:zlib';
import type Database from 'better-sqlite3';

type Value = number | string | null;

export function rowSum(...values: readonly Value[]): number {
  return crc32(values.join('\n'));
}

/** The tables whose rows carry a sum over all of their other columns, and these columns. A message's octets have their own sum. */
export const summedColumns = {
  message: ['content', 'size', 'sum', 'envelope', 'copies', 'octets IS NULL'],
  gone: ['copy', 'content'],
  submission: ['seq', 'id', 'mtsid'],
  sender: ['id', 'uuid'],
  received: ['sender', 'activity'],
  ledger: ['copy', 'mtsid', 'mailbox', 'size', 'submitted', 'hex(sha256)'],
} as const;
export type SummedTable = keyof typeof summedColumns;

/** Makes `row_sum` known to SQL on this connection. */
export function defineRowSum(db: Database.Database): void {
  db.function('row_sum', { varargs: true, deterministic: true }, (...values: Value[]) => rowSum(...values));
}

/** SQL for the sum that a row of this table should have. */
export function sumOf(table: SummedTable): string {
  return `row_sum(${summedColumns[table].join(', ')})`;
}
