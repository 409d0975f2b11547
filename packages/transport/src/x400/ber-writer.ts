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

/** A value of these octets. */
export function primitive(tag: number, value: Uint8Array): Uint8Array {
  const octets = new Uint8Array(1 + lengthBytes(value.length) + value.length);
  octets.set(value, putHeader(octets, 0, tag, value.length));
  return octets;
}

/** A value of these values. */
export function constructed(tag: number, members: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const member of members) length += member.length;
  const octets = new Uint8Array(1 + lengthBytes(length) + length);
  let at = putHeader(octets, 0, tag, length);
  for (const member of members) {
    octets.set(member, at);
    at += member.length;
  }
  return octets;
}

/** A text in UTF-8, whatever the tag says of its alphabet. */
export function text(tag: number, value: string): Uint8Array {
  return primitive(tag, utf8.encode(value));
}

/** A whole number from -2^31 to 2^53 - 1, in as few octets as possible. */
export function integer(tag: number, value: number): Uint8Array {
  let count = 1;
  for (let rest = value < 0 ? -value - 1 : value; rest > 0x7f; rest = Math.floor(rest / 256)) count += 1;
  const octets = new Uint8Array(2 + count);
  putHeader(octets, 0, tag, count);
  for (let place = count + 1, rest = value; place > 1; place -= 1, rest = Math.floor(rest / 256)) octets[place] = rest & 0xff;
  return octets;
}
