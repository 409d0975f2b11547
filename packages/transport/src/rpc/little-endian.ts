/** Little-endian numbers and UUIDs in octet arrays. None of these check bounds: callers have done so. */

export function put16(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value;
  octets[at + 1] = value >>> 8;
}

export function put32(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value;
  octets[at + 1] = value >>> 8;
  octets[at + 2] = value >>> 16;
  octets[at + 3] = value >>> 24;
}

export function get8(octets: Uint8Array, at: number): number {
  return octets[at] as number;
}

export function get16(octets: Uint8Array, at: number): number {
  return (octets[at] as number) | ((octets[at + 1] as number) << 8);
}

export function get32(octets: Uint8Array, at: number): number {
  return (get16(octets, at) | (get16(octets, at + 2) << 16)) >>> 0;
}

/** The UUID of nothing: transfer syntax of a rejected presentation context. */
export const nilUuid = '00000000-0000-0000-0000-000000000000';

/** Where octet n of a UUID's text stands on the wire: its first three fields are little-endian. */
const uuidOrder = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

/** @throws RangeError when `uuid` is no UUID. */
export function putUuid(octets: Uint8Array, at: number, uuid: string): void {
  const digits = uuid.replaceAll('-', '');
  if (!/^[0-9a-f]{32}$/i.test(digits)) throw new RangeError(`Not a UUID: ${JSON.stringify(uuid)}`);
  for (let index = 0; index < 16; index += 1) {
    octets[at + (uuidOrder[index] as number)] = Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16);
  }
}

export function getUuid(octets: Uint8Array, at: number): string {
  let text = '';
  for (let index = 0; index < 16; index += 1) {
    if (index === 4 || index === 6 || index === 8 || index === 10) text += '-';
    text += get8(octets, at + (uuidOrder[index] as number))
      .toString(16)
      .padStart(2, '0');
  }
  return text;
}
