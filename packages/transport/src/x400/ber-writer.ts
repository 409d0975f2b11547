/**
 * Values in the Basic Encoding Rules (X.690), definite lengths only. A tag is its one identifier octet: no type here has a tag number
 * above 30.
 */

/** Identifier octets of the universal types that the connector uses. */
export const berTag = {
  integer: 0x02,
  octetString: 0x04,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Identifier octets of a tag with a number: context-specific, or application-wide, of a primitive or constructed encoding. */
export const context = (number: number): number => 0x80 | number;
export const contextOf = (number: number): number => 0xa0 | number;
export const application = (number: number): number => 0x40 | number;
export const applicationOf = (number: number): number => 0x60 | number;

const utf8 = new TextEncoder();

export function utf8Octets(text: string): Uint8Array {
  return utf8.encode(text);
}

/** Octets of the length field of a value of `length` octets. */
export function lengthBytes(length: number): number {
  if (length < 0x80) return 1;
  let octets = 2;
  for (let rest = length; rest > 0xff; rest = Math.floor(rest / 256)) octets += 1;
  return octets;
}

/** Writes a tag and a length. @returns where the value starts. */
export function putHeader(octets: Uint8Array, at: number, tag: number, length: number): number {
  octets[at] = tag;
  const count = lengthBytes(length);
  const end = at + 1 + count;
  if (count === 1) octets[at + 1] = length;
  else {
    octets[at + 1] = 0x80 | (count - 1);
    for (let place = end - 1, rest = length; place > at + 1; place -= 1, rest = Math.floor(rest / 256))
      octets[place] = rest % 256;
  }
  return end;
}

/** Shorter ones are copied one by one: a call of set() costs more. */
const fewBytes = 32;

/** Writes values one behind the other into one buffer. */
export class BerWriter {
  octets: Uint8Array = new Uint8Array(1024);
  at = 0;

  /** A value of the values that `write` writes. */
  constructed(tag: number, write: () => void): void {
    this.#reserve(2);
    this.octets[this.at] = tag;
    const start = this.at + 2;
    this.at = start;
    write();
    const length = this.at - start;
    const more = lengthBytes(length) - 1;
    // Most values are short, and stay where they are.
    if (more > 0) {
      this.#reserve(more);
      this.octets.copyWithin(start + more, start, this.at);
      this.at += more;
    }
    putHeader(this.octets, start - 2, tag, length);
  }

  /** A value of these octets. */
  primitive(tag: number, value: Uint8Array): void {
    this.#reserve(6);
    this.at = putHeader(this.octets, this.at, tag, value.length);
    this.encoded(value);
  }

  /** Values that are encoded already. */
  encoded(values: Uint8Array): void {
    const { length } = values;
    this.#reserve(length);
    const { octets, at } = this;
    if (length > fewBytes) octets.set(values, at);
    else for (let index = 0; index < length; index += 1) octets[at + index] = values[index] as number;
    this.at += length;
  }

  /** A text in UTF-8, whatever the tag says of its alphabet. */
  text(tag: number, value: string): void {
    const { length } = value;
    if (length >= 0x80) return this.primitive(tag, utf8.encode(value));
    this.#reserve(2 + length);
    const { octets } = this;
    const start = this.at + 2;
    for (let index = 0; index < length; index += 1) {
      const unit = value.charCodeAt(index);
      if (unit >= 0x80) return this.primitive(tag, utf8.encode(value));
      octets[start + index] = unit;
    }
    octets[this.at] = tag;
    octets[this.at + 1] = length;
    this.at = start + length;
  }

  /** A whole number from 0 to 2^53 - 1, in as few octets as possible. */
  integer(tag: number, value: number): void {
    let count = 1;
    for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 256)) count += 1;
    this.#reserve(2 + count);
    const { octets } = this;
    const end = putHeader(octets, this.at, tag, count) + count;
    for (let place = end - 1, rest = value; place >= end - count; place -= 1, rest = Math.floor(rest / 256))
      octets[place] = rest % 256;
    this.at = end;
  }

  #reserve(bytes: number): void {
    const { octets, at } = this;
    if (octets.length - at >= bytes) return;
    this.octets = new Uint8Array(2 * (at + bytes));
    this.octets.set(octets.subarray(0, at));
  }
}

/** The values that `write` writes. */
export function ber(write: (writer: BerWriter) => void): Uint8Array {
  const writer = new BerWriter();
  write(writer);
  return writer.octets.subarray(0, writer.at);
}
