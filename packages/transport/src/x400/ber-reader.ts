/**
 * Reads values in the Basic Encoding Rules (X.690). A caller goes through a value member by member and so fixes how deep it can be
 * nested. Indefinite lengths and tag numbers above 30 are refused: no type here needs them.
 */
import { Unreadable } from '../rpc/field-checks.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Octets of the longest length: it fits a number exactly. */
const maxLengthOctets = 6;

/** @throws Unreadable */
function utf8Text(octets: Uint8Array, what: string): string {
  try {
    return utf8.decode(octets);
  } catch {
    throw new Unreadable(`${what} is no UTF-8`);
  }
}

export class BerReader {
  readonly octets: Uint8Array;
  /** The next octet to be read. */
  at: number;
  readonly end: number;

  constructor(octets: Uint8Array, at = 0, end = octets.length) {
    this.octets = octets;
    this.at = at;
    this.end = end;
  }

  /** The identifier octet of the next value; -1 at the end. */
  get tag(): number {
    return this.at < this.end ? (this.octets[this.at] as number) : -1;
  }

  /** Goes past a tag and a length. @returns the length, which may reach beyond the end. @throws Unreadable */
  header(tag: number, what: string): number {
    if (this.tag !== tag) throw new Unreadable(`${what} is missing`);
    if ((tag & 0x1f) === 0x1f) throw new Unreadable(`${what} has a long tag`);
    this.at += 1;
    if (this.at >= this.end) throw new Unreadable(`${what} is cut off`);
    const first = this.octets[this.at] as number;
    this.at += 1;
    if (first < 0x80) return first;
    if (first === 0x80) throw new Unreadable(`${what} has an indefinite length`);
    const count = first & 0x7f;
    if (count > maxLengthOctets) throw new Unreadable(`${what} has a length of ${count} octets`);
    if (this.end - this.at < count) throw new Unreadable(`${what} is cut off`);
    let length = 0;
    for (let index = 0; index < count; index += 1) length = length * 256 + (this.octets[this.at + index] as number);
    this.at += count;
    return length;
  }

  /** Enters a value, and goes past it. @throws Unreadable */
  open(tag: number, what: string): BerReader {
    const length = this.header(tag, what);
    if (length > this.end - this.at) throw new Unreadable(`${what} is cut off`);
    const start = this.at;
    this.at += length;
    return new BerReader(this.octets, start, this.at);
  }

  /** The octets of a primitive value: a stretch of the whole. @throws Unreadable */
  value(tag: number, what: string): Uint8Array {
    const { at, end } = this.open(tag, what);
    return this.octets.subarray(at, end);
  }

  /** Goes past a value of any type. @throws Unreadable */
  skip(what: string): void {
    if (this.at >= this.end) throw new Unreadable(`${what} is missing`);
    this.open(this.tag, what);
  }

  /** A text in UTF-8. @throws Unreadable */
  text(tag: number, what: string): string {
    return utf8Text(this.value(tag, what), what);
  }

  /** A number from -2^47 to 2^53 - 1. @throws Unreadable */
  integer(tag: number, what: string): number {
    const { octets, at, end } = this.open(tag, what);
    const count = end - at;
    const first = octets[at] as number;
    const isNegative = first >= 0x80;
    if (count === 0 || count > 7 || (isNegative && count > 6)) throw new Unreadable(`${what} is a number of ${count} octets`);
    const second = (octets[at + 1] as number) >= 0x80;
    if (count > 1 && ((first === 0 && !second) || (first === 0xff && second)))
      throw new Unreadable(`${what} has more octets than it needs`);
    let value = 0;
    for (let place = at; place < end; place += 1) value = value * 256 + (octets[place] as number);
    if (isNegative) value -= 256 ** count;
    if (!Number.isSafeInteger(value)) throw new Unreadable(`${what} is not below 2^53`);
    return value;
  }

  /** A number that may be missing. @throws Unreadable */
  optionalInteger(tag: number, missing: number, what: string): number {
    return this.tag === tag ? this.integer(tag, what) : missing;
  }

  /** Nothing may be left. @throws Unreadable */
  finish(what: string): void {
    if (this.at < this.end) throw new Unreadable(`${what} has ${this.end - this.at} octets too many`);
  }
}
