/** Reads the new lines of a journal that grows, a chunk at a time. A journal may be far larger than the memory. */
import { open, stat } from 'node:fs/promises';
import { CliError } from '../errors.js';

const chunkBytes = 262_144;
/** Longest line. The start of an MTA lists all that its store holds. */
const maxLineBytes = 33_554_432;

/** Follows one journal. A file that shrank, or that another has replaced, is read from its start. */
export class JournalTail {
  readonly file: string;
  #inode = -1;
  #readBytes = 0;
  /** The beginning of a line whose end is not written yet. */
  #rest: Buffer[] = [];
  #restBytes = 0;

  constructor(file: string) {
    this.file = file;
  }

  /**
   * The whole lines of the next chunk. A missing file has none. A last line without its end waits for the end.
   * @returns `replaced`: these lines begin a new file. `atEnd`: there is no more for now.
   * @throws CliError if a line is too long to be one of a journal.
   */
  async read(): Promise<{ readonly lines: readonly string[]; readonly replaced: boolean; readonly atEnd: boolean }> {
    const found = await stat(this.file).catch(() => undefined);
    if (found === undefined) return { lines: [], replaced: false, atEnd: true };
    const replaced = this.#inode !== -1 && (found.ino !== this.#inode || found.size < this.#readBytes);
    if (replaced) {
      this.#readBytes = 0;
      this.#rest = [];
      this.#restBytes = 0;
    }
    this.#inode = found.ino;
    const lines = found.size > this.#readBytes ? this.#split(await this.#chunk()) : [];
    return { lines, replaced, atEnd: this.#readBytes >= found.size };
  }

  async #chunk(): Promise<Buffer> {
    const handle = await open(this.file, 'r');
    try {
      const buffer = Buffer.alloc(chunkBytes);
      const { bytesRead } = await handle.read(buffer, 0, chunkBytes, this.#readBytes);
      this.#readBytes += bytesRead;
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  }

  #split(chunk: Buffer): string[] {
    const lastEnd = chunk.lastIndexOf(10);
    if (lastEnd < 0) {
      this.#keep(chunk);
      return [];
    }
    const whole = Buffer.concat([...this.#rest, chunk.subarray(0, lastEnd)]).toString('utf8');
    this.#rest = [];
    this.#restBytes = 0;
    if (lastEnd + 1 < chunk.length) this.#keep(chunk.subarray(lastEnd + 1));
    return whole.split('\n');
  }

  #keep(part: Buffer): void {
    this.#rest.push(part);
    this.#restBytes += part.length;
    if (this.#restBytes > maxLineBytes)
      throw new CliError(`${this.file}: a line is longer than ${maxLineBytes} octets, so this is no journal`);
  }
}
