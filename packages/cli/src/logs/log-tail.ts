/** Reads the new lines of a log file that grows and rotates. */
import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';

const chunkBytes = 65_536;
/** Longest line in the logs of an MTA. The reader skips a longer one. */
const maxLineBytes = 1_048_576;

/**
 * Follows a file over rotation. After a rotation it reads the old file (`events.1.jsonl`) to its end, then the new file from
 * its start. It reads a file that shrank from its start.
 */
export class LogTail {
  readonly #file: string;
  #inode = -1;
  /** Octets of the file that are read. */
  #readBytes = 0;
  /** The beginning of a line whose end is not read yet. */
  #rest: Buffer = Buffer.alloc(0);

  constructor(file: string) {
    this.#file = file;
  }

  /** Whole lines since the last call. None if the file does not exist. */
  async read(): Promise<readonly string[]> {
    const found = await stat(this.#file).catch(() => undefined);
    if (found === undefined) return [];
    const lines: string[] = [];
    if (found.ino !== this.#inode || found.size < this.#readBytes) {
      const former = await this.#findRotated();
      // It may be gone meanwhile.
      if (former !== undefined) await this.#readOn(former, lines).catch(() => undefined);
      this.#inode = found.ino;
      this.#readBytes = 0;
      this.#rest = Buffer.alloc(0);
    }
    if (found.size > this.#readBytes) {
      await this.#readOn(this.#file, lines).catch((error: NodeJS.ErrnoException) => {
        // It has just been rotated. The next call reads it under its new name.
        if (error.code !== 'ENOENT') throw error;
      });
    }
    return lines;
  }

  /** The present name of the file that was read so far, if it was rotated. */
  async #findRotated(): Promise<string | undefined> {
    if (this.#inode === -1) return undefined;
    const folder = dirname(this.#file);
    const extension = extname(this.#file);
    const start = `${basename(this.#file, extension)}.`;
    const names = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith(start) && name.endsWith(extension));
    for (const path of names.map((name) => join(folder, name))) {
      if (path !== this.#file && (await stat(path).catch(() => undefined))?.ino === this.#inode) return path;
    }
    return undefined;
  }

  /** Reads a file from the place where the last read ended. */
  async #readOn(file: string, lines: string[]): Promise<void> {
    const handle = await open(file, 'r');
    try {
      const buffer = Buffer.alloc(chunkBytes);
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, chunkBytes, this.#readBytes);
        if (bytesRead === 0) break;
        this.#readBytes += bytesRead;
        this.#split(buffer.subarray(0, bytesRead), lines);
      }
    } finally {
      await handle.close();
    }
  }

  /** Adds the whole lines to `lines`, and keeps the rest. */
  #split(chunk: Buffer, lines: string[]): void {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (let end = data.indexOf(10); end !== -1; end = data.indexOf(10)) {
      if (end > 0) lines.push(data.toString('utf8', 0, end));
      data = data.subarray(end + 1);
    }
    // A copy, because the memory of the chunk is used again.
    this.#rest = data.length > maxLineBytes ? Buffer.alloc(0) : Buffer.from(data);
  }
}
