/**
 * The journal: each step as one line of JSON, `{t, node, n, input, effects}`. Logs, ladders, replay and tests read it.
 * Contents are never in it (they are references), but envelopes and link passwords are: its file is its owner's alone.
 */
import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Effect, Input } from '@mtalab/mta-core';
import type { StartInput } from './driver-options.js';
import { Feed } from './feed.js';

/** One line, without its newline. */
export type JournalLine = { readonly line: string };

export type JournalFileOptions = {
  /** Octets after which recording ends, with a last line that says so. Default 4 GiB. */
  readonly maxFileBytes?: number;
  /** Octets gathered in memory at most before they are written. Default 256 KiB. */
  readonly maxBufferedBytes?: number;
  /** Called once when recording ends early: at the limit, or when the disk fails. */
  readonly warn?: (text: string) => void;
};

/**
 * Appends lines to a file. Lines are gathered and written at the end of the turn, or when the buffer is full: then the
 * process waits for the disk, and no line is lost. A disk that fails ends the recording, never the MTA.
 */
export class JournalFile {
  readonly path: string;
  readonly #maxFileBytes: number;
  readonly #maxBufferedBytes: number;
  readonly #warn: (text: string) => void;
  #fd: number | null;
  #size: number;
  #lines: string[] = [];
  #bufferedBytes = 0;
  #flushPending = false;

  /** @throws Error when the file cannot be opened. */
  constructor(path: string, options: JournalFileOptions = {}) {
    this.path = path;
    this.#maxFileBytes = options.maxFileBytes ?? 4 * 2 ** 30;
    this.#maxBufferedBytes = options.maxBufferedBytes ?? 256 * 1024;
    this.#warn = options.warn ?? (() => undefined);
    mkdirSync(dirname(path), { recursive: true });
    this.#fd = openSync(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o600);
    this.#size = fstatSync(this.#fd).size;
    this.#endTornLine(this.#fd);
  }

  /** A process that was killed may have left half a line: what follows begins a line of its own. */
  #endTornLine(fd: number): void {
    const last = Buffer.alloc(1);
    if (this.#size === 0 || readSync(fd, last, 0, 1, this.#size - 1) === 0 || last.toString() === '\n') return;
    this.#size += writeSync(fd, '\n');
  }

  /** Is it still recording? */
  get open(): boolean {
    return this.#fd !== null;
  }

  write(line: string): void {
    if (this.#fd === null) return;
    // UTF-16 length is enough for a bound: what is really written is counted when it is written.
    if (this.#size + this.#bufferedBytes + line.length + 1 > this.#maxFileBytes) {
      this.#end(`the journal has reached its limit of ${this.#maxFileBytes} octets; nothing more is recorded`);
      return;
    }
    this.#lines.push(line);
    this.#bufferedBytes += line.length + 1;
    if (this.#bufferedBytes >= this.#maxBufferedBytes) this.flush();
    else if (!this.#flushPending) {
      this.#flushPending = true;
      setImmediate(() => {
        this.#flushPending = false;
        this.flush();
      });
    }
  }

  flush(): void {
    if (this.#fd === null || this.#lines.length === 0) return;
    const octets = Buffer.from(`${this.#lines.join('\n')}\n`);
    this.#lines = [];
    this.#bufferedBytes = 0;
    try {
      for (let at = 0; at < octets.length; ) at += writeSync(this.#fd, octets, at);
      this.#size += octets.length;
    } catch (error) {
      closeSync(this.#fd);
      this.#fd = null;
      this.#warn(`the journal ${this.path} cannot be written (${(error as Error).message}); nothing more is recorded`);
    }
  }

  close(): void {
    this.flush();
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #end(reason: string): void {
    this.#lines.push(JSON.stringify({ end: reason }));
    this.close();
    this.#warn(`${this.path}: ${reason}`);
  }
}

/** Makes the lines, once for the file and all subscribers. */
export class Journal {
  /** The latest lines, and those who follow. */
  readonly feed = new Feed<JournalLine>(1000);
  readonly #node: string;
  readonly #file: JournalFile | null;
  #n = 0;

  constructor(node: string, file: JournalFile | null) {
    this.#node = node;
    this.#file = file;
  }

  /** Does anybody want the steps? */
  get wanted(): boolean {
    return this.#file?.open === true || this.feed.listeners > 0;
  }

  readonly record = (nowMs: number, input: Input | StartInput, effects: readonly Effect[]): void => {
    this.#n += 1;
    const line = JSON.stringify({ t: nowMs, node: this.#node, n: this.#n, input, effects });
    this.#file?.write(line);
    this.feed.emit({ line });
  };

  close(): void {
    this.#file?.close();
  }
}
