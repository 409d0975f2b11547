/**
 * Reads the store of an MTA beside the MTA, which may run meanwhile: what it has queued, set aside and delivered. A verdict on a
 * run must come from what is on disk, not from what a program has counted.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { StoreError } from './store.js';

/** A message that is in the store, so it is still on its way. */
export type StoredHead = { readonly mtsId: string; readonly originator: string; readonly digest: string };
/** A delivery into the ledger. `row` rises with each. */
export type ReadDelivery = {
  readonly row: number;
  readonly mtsId: string;
  readonly sha256: Uint8Array;
  readonly sizeBytes: number;
};

export class StoreReader {
  readonly #db: Database.Database;
  readonly #place: string;

  /**
   * @param dataFolder of the MTA.
   * @throws StoreError if there is no readable store.
   */
  constructor(dataFolder: string) {
    this.#place = join(dataFolder, 'mtadata', 'mta.db');
    try {
      this.#db = new Database(this.#place, { readonly: true, fileMustExist: true, timeout: 5000 });
    } catch (cause) {
      throw this.#unreadable(cause);
    }
  }

  /** The messages that are queued, under way or waiting here. @throws StoreError */
  queued(): Iterable<StoredHead> {
    return this.#rows<StoredHead>(`SELECT ${head} FROM message`);
  }

  /** The messages that were set aside as damaged, as far as their envelopes can be read. @throws StoreError */
  damaged(): Iterable<StoredHead> {
    return this.#rows<StoredHead>(`SELECT ${head} FROM damaged WHERE json_valid(envelope)`);
  }

  /** The deliveries into a mailbox, in order. @throws StoreError */
  deliveries(mailbox: string): Iterable<ReadDelivery> {
    return this.#rows<ReadDelivery>(
      'SELECT line AS "row", mtsid AS mtsId, sha256, size AS sizeBytes FROM ledger WHERE mailbox = ? ORDER BY line',
      mailbox,
    );
  }

  /**
   * The MTS identifiers of submissions, by submission id. The store keeps only the newest ids.
   * @param prefix of the ids.
   * @throws StoreError
   */
  submissions(prefix: string): Iterable<{ readonly id: string; readonly mtsId: string }> {
    return this.#rows(
      'SELECT id, mtsid AS mtsId FROM submission WHERE substr(id, 1, length(?)) = ? ORDER BY seq',
      prefix,
      prefix,
    );
  }

  close(): void {
    this.#db.close();
  }

  *#rows<Row>(sql: string, ...values: readonly string[]): Iterable<Row> {
    try {
      yield* this.#db.prepare(sql).iterate(...values) as IterableIterator<Row>;
    } catch (cause) {
      throw this.#unreadable(cause);
    }
  }

  #unreadable(cause: unknown): StoreError {
    return new StoreError(`The store ${this.#place} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

const head =
  "json_extract(envelope, '$.mtsId') AS mtsId, json_extract(envelope, '$.originator') AS originator, json_extract(envelope, '$.digest') AS digest";
