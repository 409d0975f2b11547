/** Protocol towers (C706 appendix L): five floors for an interface, its transfer syntax, RPC, the TCP port and the IPv4 address. */
import type { Syntax, Tower } from '@mtalab/mta-core';
import { get8, get16, getUuid, put16, putUuid } from './little-endian.js';

/** Longest tower that is looked at, in octets; ours have 75. */
export const maxTowerBytes = 2048;

/** Protocol identifiers (C706 appendix I). */
const protocol = { uuid: 0x0d, connectionOriented: 0x0b, tcp: 0x07, ip: 0x09 } as const;
const floors = 5;

/** Left and right side of a floor. */
type Floor = { readonly left: Uint8Array; readonly right: Uint8Array };

function syntaxFloor({ uuid, version }: Syntax): Floor {
  const left = new Uint8Array(19);
  left[0] = protocol.uuid;
  putUuid(left, 1, uuid);
  put16(left, 17, version);
  const right = new Uint8Array(2);
  put16(right, 0, version >>> 16);
  return { left, right };
}

/** @throws RangeError when the address is no IPv4 address. */
export function towerOctets({ abstract, transfer, port, address }: Tower): Uint8Array {
  const ip = address.split('.').map(Number);
  if (ip.length !== 4 || !ip.every((part) => part >= 0 && part <= 255)) throw new RangeError(`${address} is no IPv4 address`);
  const parts = [
    syntaxFloor(abstract),
    syntaxFloor(transfer),
    { left: Uint8Array.of(protocol.connectionOriented), right: Uint8Array.of(0, 0) },
    { left: Uint8Array.of(protocol.tcp), right: Uint8Array.of(port >>> 8, port) },
    { left: Uint8Array.of(protocol.ip), right: Uint8Array.from(ip) },
  ];
  const octets: number[] = [floors, 0];
  for (const part of parts) for (const side of [part.left, part.right]) octets.push(side.length, side.length >>> 8, ...side);
  return Uint8Array.from(octets);
}

/** The floors of a tower; null when they are not as many and as long as they say. */
function floorsIn(octets: Uint8Array): Floor[] | null {
  if (octets.length < 2) return null;
  const found: Floor[] = [];
  let at = 2;
  const side = (): Uint8Array | null => {
    if (at + 2 > octets.length) return null;
    const end = at + 2 + get16(octets, at);
    const read = end > octets.length ? null : octets.subarray(at + 2, end);
    at = end;
    return read;
  };
  for (let count = get16(octets, 0); count > 0; count -= 1) {
    const left = side();
    const right = left === null ? null : side();
    if (left === null || right === null) return null;
    found.push({ left, right });
  }
  return found;
}

function syntaxIn({ left, right }: Floor): Syntax | null {
  if (left.length !== 19 || left[0] !== protocol.uuid || right.length !== 2) return null;
  return { uuid: getUuid(left, 1), version: (get16(left, 17) | (get16(right, 0) << 16)) >>> 0 };
}

/** Is this floor of that protocol, with a right side of this many octets? */
function is(floor: Floor, id: number, bytes: number): boolean {
  return floor.left.length === 1 && floor.left[0] === id && floor.right.length === bytes;
}

/** What a tower says; null when it is not one of RPC over TCP. */
export function readTower(octets: Uint8Array): Tower | null {
  const [first, second, rpc, tcp, ip, ...more] = floorsIn(octets) ?? [];
  if (first === undefined || second === undefined || rpc === undefined || tcp === undefined || ip === undefined) return null;
  const abstract = syntaxIn(first);
  const transfer = syntaxIn(second);
  const overTcp = is(rpc, protocol.connectionOriented, 2) && is(tcp, protocol.tcp, 2) && is(ip, protocol.ip, 4);
  if (abstract === null || transfer === null || !overTcp || more.length > 0) return null;
  return { abstract, transfer, port: (get8(tcp.right, 0) << 8) | get8(tcp.right, 1), address: ip.right.join('.') };
}
