/**
 * The seal of a store that was closed in order: length and SHA-256 of the database file, in a file beside it. A start that finds the
 * seal unbroken knows that not one octet has changed since, so it need not look at every message. A start takes the seal away.
 */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';

/** Octets read at a time. */
const chunkBytes = 1024 * 1024;

type Seal = { readonly sizeBytes: number; readonly sha256: string };

function measured(file: string): Seal {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(chunkBytes);
  const descriptor = openSync(file, 'r');
  let sizeBytes = 0;
  try {
    for (let read = -1; read !== 0; sizeBytes += read) {
      read = readSync(descriptor, chunk, 0, chunkBytes, sizeBytes);
      hash.update(chunk.subarray(0, read));
    }
  } finally {
    closeSync(descriptor);
  }
  return { sizeBytes, sha256: hash.digest('hex') };
}

/** Put the seal on a database file that nothing writes to any more. */
export function seal(file: string): void {
  const path = sealOf(file);
  writeFileSync(path, `${JSON.stringify(measured(file))}\n`, { mode: 0o600 });
  const descriptor = openSync(path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

/** Take the seal away. @returns whether it was there, and unbroken. */
export function breakSeal(file: string): boolean {
  const path = sealOf(file);
  try {
    const { sizeBytes, sha256 } = JSON.parse(readFileSync(path, 'utf8')) as Seal;
    if (statSync(file).size !== sizeBytes) return false;
    return measured(file).sha256 === sha256;
  } catch {
    return false;
  } finally {
    rmSync(path, { force: true });
  }
}

function sealOf(file: string): string {
  return `${file}.seal`;
}
