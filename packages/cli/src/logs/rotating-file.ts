/**
 * Appends lines to a file and rotates it, as the stream of a winston stream transport. Winston's own file transport stalls
 * for good after one failed write, buffers without limit, and loses what is buffered when the process ends. Here lines wait
 * at most until the end of a turn of the event loop, and are then written at once, in order.
 */
import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, extname } from 'node:path';
import { Writable } from 'node:stream';

/** Waiting characters that are written before the turn of the event loop ends. */
const maxWaiting = 65_536;

export type RotatingFileOptions = {
  readonly file: string;
  /** Limit of a file, in octets. A longer line gets a file of its own. */
  readonly maxSizeBytes: number;
  /** How many files to keep: `ev0.log`, then `ev0.1.log` and so on. The oldest has the highest number. */
  readonly maxFiles: number;
  /** Called once when writing begins to fail. */
  readonly onFailure: (file: string, error: Error) => void;
  /** A line that says how many lines are lost, written when writing works again. Null for no line. */
  readonly lossLine: (lines: number) => string | null;
};

export class RotatingFile extends Writable {
  readonly #options: RotatingFileOptions;
  #descriptor: number | null = null;
  #sizeBytes = 0;
  #waiting: string[] = [];
  #waitingLength = 0;
  #scheduled = false;
  #lostLines = 0;

  constructor(options: RotatingFileOptions) {
    super({ decodeStrings: false });
    this.#options = options;
  }

  /** The stream calls it for each entry, with its line end. */
  override _write(line: string, _encoding: string, next: () => void): void {
    this.#waiting.push(line);
    this.#waitingLength += line.length;
    if (this.#waitingLength >= maxWaiting) this.flush();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.flush();
      });
    }
    next();
  }

  /** Writes the waiting lines. Never throws: it counts and drops lines that cannot be written. */
  flush(): void {
    const lines = this.#waiting;
    if (lines.length === 0) return;
    this.#waiting = [];
    this.#waitingLength = 0;
    const lostBefore = this.#lostLines;
    let lost = lostBefore + lines.length;
    try {
      const lossLine = lostBefore === 0 ? null : this.#options.lossLine(lostBefore);
      if (lossLine !== null) {
        this.#append(`${lossLine}\n`);
        lost = lines.length;
      }
      for (const chunk of this.#chunks(lines)) {
        this.#append(chunk.text);
        lost -= chunk.lines;
      }
      this.#lostLines = 0;
    } catch (error) {
      this.#lostLines = lost;
      this.#release();
      if (lostBefore === 0) this.#options.onFailure(this.#options.file, error as Error);
    }
  }

  /** The stream calls it at its end. */
  override _final(callback: (error?: Error | null) => void): void {
    this.flush();
    this.#release();
    callback();
  }

  /** Joins the lines into as few writes as rotation allows. */
  *#chunks(lines: readonly string[]): Generator<{ readonly text: string; readonly lines: number }> {
    let joined: string[] = [];
    let lengthBytes = 0;
    for (const line of lines) {
      const lineBytes = Buffer.byteLength(line);
      this.#open();
      if (this.#sizeBytes + lengthBytes + lineBytes > this.#options.maxSizeBytes && this.#sizeBytes + lengthBytes > 0) {
        if (joined.length > 0) yield { text: joined.join(''), lines: joined.length };
        this.#rotate();
        joined = [];
        lengthBytes = 0;
      }
      joined.push(line);
      lengthBytes += lineBytes;
    }
    if (joined.length > 0) yield { text: joined.join(''), lines: joined.length };
  }

  #open(): number {
    if (this.#descriptor === null) {
      mkdirSync(dirname(this.#options.file), { recursive: true });
      this.#descriptor = openSync(this.#options.file, 'a', 0o600);
      this.#sizeBytes = fstatSync(this.#descriptor).size;
    }
    return this.#descriptor;
  }

  #append(text: string): void {
    const descriptor = this.#open();
    const octets = Buffer.from(text);
    let done = 0;
    try {
      while (done < octets.length) done += writeSync(descriptor, octets, done);
    } catch (error) {
      // Half a line would spoil the next line. Cutting it off needs no space on the disk.
      if (done > 0) ftruncateSync(descriptor, this.#sizeBytes);
      throw error;
    }
    this.#sizeBytes += octets.length;
  }

  #rotate(): void {
    this.#release();
    const { file, maxFiles } = this.#options;
    const extension = extname(file);
    const numbered = (at: number) => (at === 0 ? file : `${file.slice(0, file.length - extension.length)}.${at}${extension}`);
    rmSync(numbered(maxFiles - 1), { force: true });
    for (let at = maxFiles - 2; at >= 0; at -= 1) {
      try {
        renameSync(numbered(at), numbered(at + 1));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    this.#open();
  }

  #release(): void {
    if (this.#descriptor === null) return;
    try {
      closeSync(this.#descriptor);
    } catch {
      // The write before has reported the error already.
    }
    this.#descriptor = null;
    this.#sizeBytes = 0;
  }
}
