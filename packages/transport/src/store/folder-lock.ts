/** One process per store folder. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { StoreError } from './store.js';

/**
 * Take the folder for this process. The lock is one of the operating system's, held through an empty database file of its
 * own, so it ends with the process however that ends. @returns how to let go. @throws StoreError if it is taken.
 */
export function lockFolder(folder: string): () => void {
  const pidFile = join(folder, 'mta.pid');
  const lock = new Database(join(folder, 'lock.db'), { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    throw new StoreError(
      `The store in ${folder} is in use by process ${ownerOf(pidFile)}. Stop that MTA, or give this one a data folder of its own.`,
      { cause },
    );
  }
  writeFileSync(pidFile, `${process.pid}\n`);
  return () => {
    rmSync(pidFile, { force: true });
    lock.close();
  };
}

function ownerOf(pidFile: string): string {
  try {
    return readFileSync(pidFile, 'utf8').trim() || '(unknown)';
  } catch {
    return '(unknown)';
  }
}
