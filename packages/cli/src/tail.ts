/** Reading a file of lines that grows and is rotated, as logs are. */
import { open, stat } from 'node:fs/promises';

const chunkBytes = 65_536;
/** A line longer than this is not from our logs; it is skipped. */
const maxLineBytes = 1_048_576;

/** The lines of a file, followed over rotation: a file that shrank or was replaced is read from its start again. */
export class LineTail {
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
    if (found.ino !== this.#inode || found.size < this.#at) {
      this.#inode = found.ino;
      this.#at = 0;
      this.#rest = Buffer.alloc(0);
    }
    if (found.size === this.#at) return [];
    const lines: string[] = [];
    const handle = await open(this.#file, 'r');
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
    return lines;
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
