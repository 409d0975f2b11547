/**
 * Writes blocks of a pcapng file (draft-ietf-opsawg-pcapng), little-endian. A file is a section header, an interface description
 * for each interface, then packets, and statistics of the interfaces at the end.
 */

/** Octets of the longest packet that Wireshark takes. */
export const maxPacketBytes = 262_144;
/** Limit of the octets of a text. Its length has 16 bits. */
const maxTextBytes = 65_535;

/** Packets begin with their IPv4 or IPv6 header. */
const linkTypeRaw = 101;

const blockTypes = { section: 0x0a0d0d0a, interface: 1, statistics: 5, packet: 6 } as const;
const byteOrderMagic = 0x1a2b3c4d;
const unknownSectionBytes = 0xffff_ffff_ffff_ffffn;

/** Codes of the options. Most mean something only in the block that they are for. */
const codes = {
  end: 0,
  comment: 1,
  application: 4,
  interfaceName: 2,
  interfaceDescription: 3,
  interfaceResolution: 9,
  packetDrops: 4,
  startTime: 2,
  endTime: 3,
  received: 4,
  dropped: 5,
} as const;
type OptionCode = keyof typeof codes;

/** Times are in microseconds. */
const microseconds = 6;

export type CapturedPacket = {
  /** Position of the interface among the interface descriptions, from 0. */
  readonly interfaceId: number;
  /** Since 1970, in microseconds. */
  readonly timeUs: number;
  /** A whole IPv4 or IPv6 packet. */
  readonly octets: Buffer;
  /** Packets that were dropped between the packet before it and this one. Default 0. */
  readonly dropped?: number;
  readonly comment?: string;
};

export type InterfaceStatistics = {
  readonly interfaceId: number;
  /** When the capture began and ended, since 1970, in microseconds. */
  readonly startUs: number;
  readonly endUs: number;
  /** Packets that the interface saw, with those that were dropped. */
  readonly received: number;
  readonly dropped: number;
  readonly comment?: string;
};

function paddedTo4(octets: Buffer): Buffer {
  const missing = -octets.length & 3;
  return missing === 0 ? octets : Buffer.concat([octets, Buffer.alloc(missing)]);
}

function option(code: OptionCode, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(codes[code], 0);
  head.writeUInt16LE(value.length, 2);
  return Buffer.concat([head, paddedTo4(value)]);
}

/** A text, cut to the longest that fits. */
function textOption(code: OptionCode, text: string | undefined): readonly Buffer[] {
  if (text === undefined || text === '') return [];
  const octets = Buffer.from(text, 'utf8');
  // The cut must not leave half a character.
  const whole = octets.length <= maxTextBytes ? octets : Buffer.from(octets.toString('utf8', 0, maxTextBytes - 3), 'utf8');
  return [option(code, whole)];
}

function u64(value: number | bigint): Buffer {
  const octets = Buffer.alloc(8);
  octets.writeBigUInt64LE(BigInt(value));
  return octets;
}

/** A time as pcapng has it: the upper half first. */
function timeOctets(timeUs: number): Buffer {
  const octets = Buffer.alloc(8);
  octets.writeUInt32LE(Math.floor(timeUs / 2 ** 32), 0);
  octets.writeUInt32LE(timeUs % 2 ** 32, 4);
  return octets;
}

function block(type: keyof typeof blockTypes, body: Buffer, options: readonly Buffer[]): Buffer {
  const ended = options.length === 0 ? [] : [...options, option('end', Buffer.alloc(0))];
  const size = 12 + body.length + ended.reduce((sum, each) => sum + each.length, 0);
  const frame = Buffer.alloc(8);
  frame.writeUInt32LE(blockTypes[type], 0);
  frame.writeUInt32LE(size, 4);
  return Buffer.concat([frame, body, ...ended, frame.subarray(4, 8)], size);
}

/** The first block of a file. @param application that wrote it. */
export function sectionHeader(application: string, comment?: string): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt32LE(byteOrderMagic, 0);
  body.writeUInt16LE(1, 4);
  const options = [...textOption('comment', comment), ...textOption('application', application)];
  return block('section', Buffer.concat([body, u64(unknownSectionBytes)]), options);
}

/** An interface. Its packets are whole and begin with their IP header. */
export function interfaceDescription(name: string, description?: string): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt16LE(linkTypeRaw, 0);
  return block('interface', body, [
    ...textOption('interfaceName', name),
    ...textOption('interfaceDescription', description),
    option('interfaceResolution', Buffer.of(microseconds)),
  ]);
}

/** @throws RangeError if the packet is longer than `maxPacketBytes`. */
export function enhancedPacket({ interfaceId, timeUs, octets, dropped = 0, comment }: CapturedPacket): Buffer {
  if (octets.length > maxPacketBytes) throw new RangeError(`a packet has at most ${maxPacketBytes} octets, not ${octets.length}`);
  const body = Buffer.alloc(20);
  body.writeUInt32LE(interfaceId, 0);
  timeOctets(timeUs).copy(body, 4);
  body.writeUInt32LE(octets.length, 12);
  body.writeUInt32LE(octets.length, 16);
  const drops = dropped === 0 ? [] : [option('packetDrops', u64(dropped))];
  return block('packet', Buffer.concat([body, paddedTo4(octets)]), [...textOption('comment', comment), ...drops]);
}

export function interfaceStatistics(statistics: InterfaceStatistics): Buffer {
  const { interfaceId, startUs, endUs, received, dropped, comment } = statistics;
  const body = Buffer.alloc(12);
  body.writeUInt32LE(interfaceId, 0);
  timeOctets(endUs).copy(body, 4);
  return block('statistics', body, [
    ...textOption('comment', comment),
    option('startTime', timeOctets(startUs)),
    option('endTime', timeOctets(endUs)),
    option('received', u64(received)),
    option('dropped', u64(dropped)),
  ]);
}
