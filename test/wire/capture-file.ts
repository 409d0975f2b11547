/** Writes capture files for stock dissectors. */

const clientPort = 49_731;

/** A capture file of raw IPv4 packets: one TCP conversation per call of `begin`. */
export class Capture {
  readonly #serverPort: number;
  readonly #packets: Buffer[] = [];
  #sent = { client: 1, server: 1 };
  #clientPort = clientPort;

  constructor(serverPort: number) {
    this.#serverPort = serverPort;
  }

  begin(): void {
    this.#clientPort += 2;
    this.#sent = { client: 0, server: 0 };
    this.#segment('client', 0x02, Buffer.alloc(0));
    this.#segment('server', 0x12, Buffer.alloc(0));
    this.#sent = { client: 1, server: 1 };
    this.#segment('client', 0x10, Buffer.alloc(0));
  }

  /** Octets from one side, in segments of at most `segmentBytes`. */
  send(side: 'client' | 'server', octets: Buffer, segmentBytes = 1460): void {
    for (let at = 0; at < octets.length; at += segmentBytes) this.#segment(side, 0x18, octets.subarray(at, at + segmentBytes));
  }

  #segment(side: 'client' | 'server', flags: number, payload: Buffer): void {
    const other = side === 'client' ? 'server' : 'client';
    const ports = { client: this.#clientPort, server: this.#serverPort };
    const packet = Buffer.alloc(40 + payload.length);
    packet.writeUInt8(0x45, 0);
    packet.writeUInt16BE(packet.length, 2);
    packet.writeUInt8(64, 8);
    packet.writeUInt8(6, 9);
    packet.writeUInt32BE(0x7f000001, 12);
    packet.writeUInt32BE(0x7f000001, 16);
    packet.writeUInt16BE(ports[side], 20);
    packet.writeUInt16BE(ports[other], 22);
    packet.writeUInt32BE(this.#sent[side], 24);
    packet.writeUInt32BE((flags & 0x10) === 0 ? 0 : Math.max(1, this.#sent[other]), 28);
    packet.writeUInt8(0x50, 32);
    packet.writeUInt8(flags, 33);
    packet.writeUInt16BE(0xffff, 34);
    payload.copy(packet, 40);
    this.#sent[side] += payload.length;
    const header = Buffer.alloc(16);
    header.writeUInt32LE(1_000_000_000 + this.#packets.length, 0);
    header.writeUInt32LE(packet.length, 8);
    header.writeUInt32LE(packet.length, 12);
    this.#packets.push(Buffer.concat([header, packet]));
  }

  octets(): Buffer {
    const header = Buffer.alloc(24);
    header.writeUInt32LE(0xa1b2c3d4, 0);
    header.writeUInt16LE(2, 4);
    header.writeUInt16LE(4, 6);
    header.writeUInt32LE(65_535, 16);
    header.writeUInt32LE(101, 20);
    return Buffer.concat([header, ...this.#packets]);
  }
}
