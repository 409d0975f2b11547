/** CRC-32 (ISO 3309), in a form that a browser can run too: node:zlib has one for Node alone. */

const polynomial = 0xedb8_8320;

const table = Uint32Array.from({ length: 256 }, (_, index) => {
  let sum = index;
  for (let bit = 0; bit < 8; bit += 1) sum = (sum & 1) === 0 ? sum >>> 1 : (sum >>> 1) ^ polynomial;
  return sum;
});

/** The sum of the octets from `start` to `end`. */
export function crc32(octets: Uint8Array, start: number, end: number): number {
  let sum = 0xffff_ffff;
  for (let at = start; at < end; at += 1) sum = (table[(sum ^ (octets[at] as number)) & 0xff] as number) ^ (sum >>> 8);
  return (sum ^ 0xffff_ffff) >>> 0;
}
