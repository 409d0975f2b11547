/** The content of one message that arrives over SMTP. It goes into the store in rows, so that memory holds one row of it at most. */
import type { ContentSink, HandedIn } from '../control/uploads.js';
import { maxHeadBytes } from './message-head.js';

const cr = 13;
const lf = 10;

function countOf(octet: number, octets: Uint8Array): number {
  let count = 0;
  for (let at = octets.indexOf(octet); at >= 0; at = octets.indexOf(octet, at + 1)) count += 1;
  return count;
}

export class IncomingContent {
  /** Octets so far, those beyond the limit included. */
  sizeBytes = 0;
  readonly #sink: ContentSink;
  readonly #maxBytes: number;
  readonly #rowBytes: number;
  readonly #content: number;
  /** Octets that do not fill a row yet. */
  #row: Uint8Array[] = [];
  #rowLength = 0;
  #storedBytes = 0;
  readonly #head: Uint8Array[] = [];
  #headBytes = 0;
  #lastOctet = 0;
  #crs = 0;
  #lfs = 0;
  #bareLf = false;
  #kept = true;

  /** @param rowBytes length of one checkpoint: a transfer reads the store by checkpoints. */
  constructor(sink: ContentSink, maxBytes: number, rowBytes: number) {
    this.#sink = sink;
    this.#maxBytes = maxBytes;
    this.#rowBytes = rowBytes;
    this.#content = sink.newContent();
  }

  /** Is it longer than the largest message? Then nothing of it is kept. */
  get tooLong(): boolean {
    return this.sizeBytes > this.#maxBytes;
  }

  /** Does a CR or an LF stand alone? RFC 5321 2.3.8 forbids that: systems disagree on what such an octet means. */
  get bareLineEnd(): boolean {
    return this.#bareLf || this.#crs !== this.#lfs;
  }

  /** Its beginning, in which the header is. */
  get head(): Uint8Array {
    return Buffer.concat(this.#head);
  }

  write(octets: Uint8Array): void {
    this.sizeBytes += octets.length;
    if (this.tooLong) {
      this.drop();
      return;
    }
    this.#look(octets);
    for (let at = 0; at < octets.length; ) {
      const part = octets.subarray(at, at + this.#rowBytes - this.#rowLength);
      this.#row.push(part);
      this.#rowLength += part.length;
      at += part.length;
      if (this.#rowLength === this.#rowBytes) this.#putRow();
    }
  }

  /** All has arrived. */
  end(): HandedIn {
    this.#putRow();
    return { content: this.#content, sizeBytes: this.sizeBytes };
  }

  /** It is not wanted, or did not arrive whole. Harmless when it is gone. */
  drop(): void {
    if (!this.#kept) return;
    this.#kept = false;
    this.#row = [];
    this.#rowLength = 0;
    if (this.#storedBytes > 0) this.#sink.dropContent(this.#content);
  }

  #putRow(): void {
    if (this.#rowLength === 0) return;
    // The pieces belong to the socket's buffers; what waits for the commit must be our own.
    const row = Buffer.concat(this.#row, this.#rowLength);
    this.#row = [];
    this.#rowLength = 0;
    this.#sink.putContent(this.#content, this.#storedBytes, row);
    this.#storedBytes += row.length;
  }

  #look(octets: Uint8Array): void {
    if (octets.length === 0) return;
    if (this.#headBytes < maxHeadBytes) {
      const part = Uint8Array.from(octets.subarray(0, maxHeadBytes - this.#headBytes));
      this.#head.push(part);
      this.#headBytes += part.length;
    }
    for (let at = octets.indexOf(lf); at >= 0; at = octets.indexOf(lf, at + 1)) {
      this.#lfs += 1;
      if ((at === 0 ? this.#lastOctet : octets[at - 1]) !== cr) this.#bareLf = true;
    }
    this.#crs += countOf(cr, octets);
    this.#lastOctet = octets[octets.length - 1] ?? 0;
  }
}
