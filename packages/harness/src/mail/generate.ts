/** Generates RFC 5322 messages for load. A seed always gives the same messages, each different from the others. */
import { HarnessError } from '../process/errors.js';
import type { MailItem } from './read.js';

/** The date of every generated message, so that a seed always gives the same octets. */
const date = 'Mon, 04 Jan 1999 09:00:00 +0000';
const crlf = '\r\n';
/** Octets of text in a line of the body, without its CRLF. */
const lineBytes = 76;
const words =
  'mail turn queue threshold please give transfer association confirm retry window checkpoint bind recover minute letter answer office ' +
  'meeting report budget friday server printer paper lunch tomorrow regards draft version agenda number';
const vocabulary = words.split(' ');

export type GenerateOptions = {
  /** Addresses in the header. The submitter chooses those of the envelope. */
  readonly from?: string;
  readonly to?: string;
};

/**
 * Generates `count` messages of exactly `sizeBytes` octets each, one at a time.
 * @throws HarnessError if the size is less than that of the header, or a number is not whole.
 */
export function* generateMail(count: number, sizeBytes: number, seed: number, options: GenerateOptions = {}): Iterable<MailItem> {
  for (const [what, value] of [
    ['the count', count],
    ['the size', sizeBytes],
    ['the seed', seed],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new HarnessError(`${what} of generated mail must be a whole number, not ${value}`);
  }
  const random = generator(seed);
  for (let number = 1; number <= count; number += 1) {
    yield { name: `generated-${number}`, sizeBytes, content: message(number, sizeBytes, seed, random, options) };
  }
}

/** The smallest size, in octets, that `generateMail` takes for this count. */
export function smallestGenerated(count: number, seed: number, options: GenerateOptions = {}): number {
  return header(count, seed, options).length;
}

function header(number: number, seed: number, options: GenerateOptions): string {
  const lines = [
    `From: ${options.from ?? 'load@a.example'}`,
    `To: ${options.to ?? 'load@b.example'}`,
    `Subject: Message ${number}`,
    `Date: ${date}`,
    `Message-ID: <${seed}.${number}@generated.example>`,
  ];
  return `${lines.join(crlf)}${crlf}${crlf}`;
}

function message(number: number, sizeBytes: number, seed: number, random: () => number, options: GenerateOptions): Uint8Array {
  const head = header(number, seed, options);
  if (sizeBytes < head.length) {
    throw new HarnessError(
      `cannot generate mail of ${sizeBytes} octets: the header alone takes ${head.length}; choose a larger size`,
    );
  }
  const octets = Buffer.alloc(sizeBytes, 0x2e);
  let at = octets.write(head, 0, 'latin1');
  while (at < sizeBytes) {
    // A line, or the rest of the size. The last line also ends in CRLF if there is room for it.
    const room = sizeBytes - at;
    const textBytes = room > lineBytes + 4 ? lineBytes : Math.max(room - crlf.length, 0);
    at += octets.write(text(textBytes, random), at, 'latin1');
    at += octets.write(crlf.slice(0, Math.min(crlf.length, sizeBytes - at)), at, 'latin1');
  }
  return octets;
}

/** Random words with spaces between them, exactly this many octets. */
function text(length: number, random: () => number): string {
  let line = '';
  while (line.length < length) line += `${vocabulary[random() % vocabulary.length]} `;
  // Some software drops a space at the end of a line.
  return line.slice(0, length).replace(/ $/, '.');
}

/** xorshift32: a small generator, the same on every machine. */
function generator(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}
