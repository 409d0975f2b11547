/** Reading a file of lines that grows and is rotated, as logs are. */
import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';

const chunkBytes = 65_536;
/** A line longer than this is not from our logs; it is skipped. */
const maxLineBytes = 1_048_576;

/**
 * The lines of a file, followed over rotation: one that was set aside (`events.1.jsonl`) is read to its end, and the one in its
 * place, or one that shrank, from its start.
 */
export class LogTail {
  readonly #file: string;
  #inode = -1;
  #at = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(file: string) {
    this.#file = file;
  }

  /** Whole lines that came since the last call. A file that is not there yet has none. */
  async read(): Promise<readonly string[]> {
    const found = await stat(this.#file).catch(() => undefined);
    if (found === undefined) return [];
    const lines: string[] = [];
    if (found.ino !== this.#inode || found.size < this.#at) {
      const former = await this.#setAside();
      // It may have been removed meanwhile.
      if (former !== undefined) await this.#readOn(former, lines).catch(() => undefined);
      this.#inode = found.ino;
      this.#at = 0;
      this.#rest = Buffer.alloc(0);
    }
    if (found.size > this.#at) {
      await this.#readOn(this.#file, lines).catch((error: NodeJS.ErrnoException) => {
        // It has just been set aside: the next call reads it to its end there.
        if (error.code !== 'ENOENT') throw error;
      });
    }
    return lines;
  }

  /** Where the file that was read so far is now, if it has another name. */
  async #setAside(): Promise<string | undefined> {
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

  /** What is in this file behind the place up to which it has been read. */
  async #readOn(file: string, lines: string[]): Promise<void> {
    const handle = await open(file, 'r');
    try {
      const buffer = Buffer.alloc(chunkBytes);
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, chunkBytes, this.#at);
        if (bytesRead === 0) break;
        this.#at += bytesRead;
        this.#split(buffer.subarray(0, bytesRead), lines);
      }
    } finally {
      await handle.close();
    }
  }

  #split(chunk: Buffer, lines: string[]): void {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (let end = data.indexOf(10); end !== -1; end = data.indexOf(10)) {
      if (end > 0) lines.push(data.toString('utf8', 0, end));
      data = data.subarray(end + 1);
    }
    // A copy: the chunk's memory is used again.
    this.#rest = data.length > maxLineBytes ? Buffer.alloc(0) : Buffer.from(data);
  }
}
