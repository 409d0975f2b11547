/** `mtalab.proto`, loaded, with a reader that is made for octets from strangers. */
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

/** Path of the .proto file, for instance for Wireshark. */
export const protoUrl = new URL('../../proto/mtalab.proto', import.meta.url);

const { root } = protobuf.parse(readFileSync(protoUrl, 'utf8'));
root.resolveAll();

/**
 * Messages with a oneof `apdu` decode into objects whose own property of that name takes the place of the library's
 * accessor: it names the member that came last, which is the one that counts, and costs no walk through all members.
 */
root.lookupType('mtalab.RtseApdu').ctor = class extends protobuf.Message {
  apdu: string | null = null;
};
root.lookupType('mtalab.MtaBindResult').ctor = class extends protobuf.Message {
  apdu: string | null = null;
};

// An absent 64-bit number is a Long of 0 by default; like those that are there, it is to be a plain number.
for (const type of (root.lookup('mtalab') as protobuf.Namespace).nestedArray) {
  if (!(type instanceof protobuf.Type)) continue;
  const defaults = type.ctor.prototype as Record<string, unknown>;
  for (const field of type.fieldsArray) if (field.type === 'uint64' && !field.repeated) defaults[field.name] = 0;
}

export const messageType = {
  bindArgument: root.lookupType('mtalab.MtaBindArgument'),
  bindResult: root.lookupType('mtalab.MtaBindResult'),
  bindBackArgument: root.lookupType('mtalab.MtaBindBackArgument'),
  bindBackResult: root.lookupType('mtalab.MtaBindBackResult'),
  rtse: root.lookupType('mtalab.RtseApdu'),
};

/**
 * Fields and packed numbers in one message. A field may be two octets long and still become an object or a string, so
 * a limit on octets alone would let one message take a hundred times its size in memory.
 */
const fieldsLimit = 400_000;

/**
 * Reads 64-bit numbers as plain numbers, without an object in between (beyond 2^53 they come out inexact and at least
 * 2^53, which the checks refuse). One reader serves all messages: point it at octets with `open`.
 */
export class StubReader extends protobuf.BufferReader {
  #left = 0;

  open(octets: Buffer, start: number, end: number): this {
    this.buf = octets;
    this.pos = start;
    this.len = end;
    this.view = null;
    this.discardUnknown = true;
    this.#left = fieldsLimit;
    return this;
  }

  /** Let go of the octets. */
  close(): void {
    this.buf = noOctets;
  }

  #count(): void {
    this.#left -= 1;
    if (this.#left < 0) throw new RangeError(`more than ${fieldsLimit} fields`);
  }

  override tag(): number {
    this.#count();
    return super.tag();
  }

  // The declared type is Long, which the decoder never looks at: it stores whatever comes back.
  override uint64(): never {
    this.#count();
    const { buf } = this;
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count += 1) {
      if (this.pos >= this.len) throw new RangeError('number cut off');
      const octet = buf[this.pos++] as number;
      value += (octet & 0x7f) * scale;
      if (octet < 0x80) return value as never;
      scale *= 128;
    }
    throw new RangeError('number too long');
  }

  // Faster than the library's own for plain text; a replacement character is the only sign of octets that are not UTF-8.
  override stringVerify(): string {
    const start = this.pos;
    const text = this.string();
    if (!text.includes('\ufffd')) return text;
    this.pos = start;
    return super.stringVerify();
  }
}

const noOctets = Buffer.alloc(0);

/** The decoders run to completion, one at a time, so one reader is enough for a process. */
export const stubReader = new StubReader(noOctets);
