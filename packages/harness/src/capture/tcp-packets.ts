/**
 * Writes the octets of a TCP connection as IP packets. A process without privileges sees the octets of its sockets, not the
 * packets of the kernel. So sequence numbers are made up, each read or write is a packet of its own, and nothing is sent twice.
 */
import { isIPv4 } from 'node:net';

export type TcpEnd = { readonly address: string; readonly port: number };

/** One segment of a connection, without the ends. */
export type TcpSegment = {
  /** Does the end that opened the connection send it? */
  readonly fromClient: boolean;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly payload: Buffer;
};

const flag = { fin: 0x01, syn: 0x02, rst: 0x04, psh: 0x08, ack: 0x10 } as const;

/** Octets of a segment at most, so that the length of its packet has 16 bits. */
const maxSegmentBytes = 65_000;
const nothing = Buffer.alloc(0);

/** Options of a SYN: the longest segment of the loopback interface (65495), and window scale 14, so that no window is ever full. */
const synOptions = Buffer.of(2, 4, 0xff, 0xd7, 3, 3, 14, 0);
const windowSize = 0xffff;

/** A TCP connection: keeps the sequence numbers of both ends. */
export class TcpStream {
  /** Next sequence numbers, modulo 2^32. */
  readonly #next: { client: number; server: number };
  readonly #finished = { client: false, server: false };

  /**
   * @param initial sequence number of the client's SYN. It should differ from one connection to the next: the system may use a
   *   pair of ports again, and readers tell the two connections apart by this number.
   */
  constructor(initial = 0) {
    this.#next = { client: initial, server: (initial + 0x8000_0000) % 2 ** 32 };
  }

  /** The three segments that open the connection. */
  open(): readonly TcpSegment[] {
    const syn = this.#segment(true, flag.syn, nothing);
    this.#advance(true, 1);
    const answer = this.#segment(false, flag.syn | flag.ack, nothing);
    this.#advance(false, 1);
    return [syn, answer, this.#segment(true, flag.ack, nothing)];
  }

  /** Octets that one end sent. */
  data(fromClient: boolean, octets: Buffer): readonly TcpSegment[] {
    const segments: TcpSegment[] = [];
    for (let at = 0; at < octets.length; at += maxSegmentBytes) {
      const payload = octets.subarray(at, at + maxSegmentBytes);
      segments.push(this.#segment(fromClient, flag.psh | flag.ack, payload));
      this.#advance(fromClient, payload.length);
    }
    return segments;
  }

  /** One end sends nothing more. A second time is nothing. */
  end(fromClient: boolean): readonly TcpSegment[] {
    const side = fromClient ? 'client' : 'server';
    if (this.#finished[side]) return [];
    this.#finished[side] = true;
    const segment = this.#segment(fromClient, flag.fin | flag.ack, nothing);
    this.#advance(fromClient, 1);
    return [segment];
  }

  /** One end resets the connection. If both have finished it, this is nothing. */
  reset(fromClient: boolean): readonly TcpSegment[] {
    if (this.#finished.client && this.#finished.server) return [];
    this.#finished.client = true;
    this.#finished.server = true;
    return [this.#segment(fromClient, flag.rst | flag.ack, nothing)];
  }

  #segment(fromClient: boolean, flags: number, payload: Buffer): TcpSegment {
    const { client, server } = this.#next;
    const [seq, other] = fromClient ? [client, server] : [server, client];
    return { fromClient, seq, ack: (flags & flag.ack) === 0 ? 0 : other, flags, payload };
  }

  #advance(fromClient: boolean, count: number): void {
    const side = fromClient ? 'client' : 'server';
    this.#next[side] = (this.#next[side] + count) % 2 ** 32;
  }
}

/** The sum of RFC 1071, not yet complemented. */
function sumOf(octets: Buffer, start = 0): number {
  let sum = start;
  for (let at = 0; at + 1 < octets.length; at += 2) sum += octets.readUInt16BE(at);
  if (octets.length % 2 === 1) sum += (octets[octets.length - 1] as number) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
  return sum;
}

/** `::ffff:127.0.0.1` is an IPv4 address of a socket that takes both families. */
function plainIp(address: string): string {
  const inner = address.replace(/^::ffff:/i, '');
  return isIPv4(inner) ? inner : (address.split('%')[0] as string);
}

function ipv6Octets(address: string): Buffer {
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const [before = '', after] = address.split('::');
  const [left, right] = [groups(before), after === undefined ? [] : groups(after)];
  const middle = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => 0);
  const octets = Buffer.alloc(16);
  for (const [at, group] of [...left, ...middle, ...right].slice(0, 8).entries()) octets.writeUInt16BE(group & 0xffff, at * 2);
  return octets;
}

function ipv4Packet(source: string, target: string, tcp: Buffer): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt8(0x45, 0);
  head.writeUInt16BE(head.length + tcp.length, 2);
  // Not fragmented.
  head.writeUInt16BE(0x4000, 6);
  head.writeUInt8(64, 8);
  head.writeUInt8(6, 9);
  for (const [at, address] of [source, target].entries()) {
    for (const [index, part] of address.split('.').entries()) head.writeUInt8(Number(part), 12 + 4 * at + index);
  }
  head.writeUInt16BE(~sumOf(head) & 0xffff, 10);
  const pseudo = sumOf(head.subarray(12, 20), 6 + tcp.length);
  tcp.writeUInt16BE(~sumOf(tcp, pseudo) & 0xffff, 16);
  return Buffer.concat([head, tcp]);
}

function ipv6Packet(source: string, target: string, tcp: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt8(0x60, 0);
  head.writeUInt16BE(tcp.length, 4);
  head.writeUInt8(6, 6);
  head.writeUInt8(64, 7);
  const addresses = Buffer.concat([ipv6Octets(source), ipv6Octets(target)]);
  tcp.writeUInt16BE(~sumOf(tcp, sumOf(addresses, 6 + tcp.length)) & 0xffff, 16);
  return Buffer.concat([head, addresses, tcp]);
}

/** A segment as an IPv4 or IPv6 packet, with its checksums. */
export function packetOf({ fromClient, seq, ack, flags, payload }: TcpSegment, client: TcpEnd, server: TcpEnd): Buffer {
  const [source, target] = fromClient ? [client, server] : [server, client];
  const options = (flags & flag.syn) === 0 ? nothing : synOptions;
  const head = Buffer.alloc(20);
  head.writeUInt16BE(source.port, 0);
  head.writeUInt16BE(target.port, 2);
  head.writeUInt32BE(seq, 4);
  head.writeUInt32BE(ack, 8);
  head.writeUInt8((5 + options.length / 4) << 4, 12);
  head.writeUInt8(flags, 13);
  head.writeUInt16BE(windowSize, 14);
  const tcp = Buffer.concat([head, options, payload]);
  const [from, to] = [plainIp(source.address), plainIp(target.address)];
  return isIPv4(from) ? ipv4Packet(from, to, tcp) : ipv6Packet(from, to, tcp);
}
