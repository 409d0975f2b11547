/** The last octets of a stream, so that an error can show what a process said before it died. */
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

const limitBytes = 16_384;

export class OutputTail {
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** Collects from `stream`, and hands whole chunks on to `onText`. */
  collect(stream: Readable, onText?: (text: string) => void): void {
    const decoder = new StringDecoder('utf8');
    stream.on('data', (chunk: Buffer) => {
      this.#push(chunk);
      if (onText !== undefined) onText(decoder.write(chunk));
    });
    // A pipe of a killed process may end in an error; its end is all that matters.
    stream.on('error', () => {});
  }

  /** Adds a line of our own. */
  add(line: string): void {
    this.#push(Buffer.from(`${line}\n`));
  }

  #push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes - (this.#chunks[0]?.length ?? 0) >= limitBytes) {
      this.#bytes -= this.#chunks.shift()?.length ?? 0;
    }
  }

  /** What was said last, trimmed, at most `limit` characters. */
  text(limit = 4000): string {
    const all = Buffer.concat(this.#chunks).toString('utf8').trim();
    return all.length > limit ? `...${all.slice(-limit)}` : all;
  }
}
