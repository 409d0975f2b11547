/** Keeps the last octets of a process' output, so that an error can show what the process wrote before it died. */
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

const maxKeptBytes = 16_384;

export class OutputTail {
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** Collects the output of a stream, and passes it on to `onText`. */
  collect(stream: Readable, onText?: (text: string) => void): void {
    const decoder = new StringDecoder('utf8');
    stream.on('data', (chunk: Buffer) => {
      this.#push(chunk);
      if (onText !== undefined) onText(decoder.write(chunk));
    });
    // The pipe of a killed process may end in an error. That is an end like any other.
    stream.on('error', () => {});
  }

  /** Adds a line that the process did not write. */
  add(line: string): void {
    this.#push(Buffer.from(`${line}\n`));
  }

  #push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes - (this.#chunks[0]?.length ?? 0) >= maxKeptBytes) {
      this.#bytes -= this.#chunks.shift()?.length ?? 0;
    }
  }

  /** The last output, trimmed, at most `maxLength` characters. */
  text(maxLength = 4000): string {
    const all = Buffer.concat(this.#chunks).toString('utf8').trim();
    return all.length > maxLength ? `...${all.slice(-maxLength)}` : all;
  }
}
