/** Generated mail for load: RFC 5322 messages, the same for the same seed, each different from the others. */
import { HarnessError } from '../process/errors.js';
import type { MailItem } from './read.js';

/** Every generated message has this date, so that a seed always gives the same octets. */
const date = 'Mon, 04 Jan 1999 09:00:00 +0000';
const crlf = '\r\n';
/** Octets of text in a line of a body, without its CRLF. */
const lineBytes = 76;
const words =
  'mail turn queue threshold please give transfer association confirm retry window checkpoint bind recover minute letter answer office ' +
  'meeting report budget friday server printer paper lunch tomorrow regards draft version agenda number';
const vocabulary = words.split(' ');

export type GenerateOptions = {
  /** Header addresses; the envelope is the submitter's business. */
  readonly from?: string;
  readonly to?: string;
};

/**
 * `count` messages of exactly `sizeBytes` octets each, one at a time.
 * @throws HarnessError when the size is less than the header alone, or not a whole number.
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

/** Smallest size that `generateMail` can make for this count, in octets. */
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
      `generated mail of ${sizeBytes} octets is not possible: its header alone takes ${head.length}; ask for more`,
    );
  }
  const octets = Buffer.alloc(sizeBytes, 0x2e);
  let at = octets.write(head, 0, 'latin1');
  while (at < sizeBytes) {
    // A line, or what is left: the last one still ends in CRLF when there is room for that.
    const room = sizeBytes - at;
    const textBytes = room > lineBytes + 4 ? lineBytes : Math.max(room - crlf.length, 0);
    at += octets.write(text(textBytes, random), at, 'latin1');
    at += octets.write(crlf.slice(0, Math.min(crlf.length, sizeBytes - at)), at, 'latin1');
  }
  return octets;
}

/** Words with spaces between, of exactly this many octets. */
function text(length: number, random: () => number): string {
  let line = '';
  while (line.length < length) line += `${vocabulary[random() % vocabulary.length]} `;
  // No space at a line's end, which some software would drop.
  return line.slice(0, length).replace(/ $/, '.');
}

/** xorshift32: small, and the same everywhere. */
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
