/**
 * The frames of the bare baseline. A frame is `u32 length, u32 head length, head as JSON, octets`; an answer is
 * `u32 length, head as JSON`.
 */
import type { Socket } from 'node:net';
import type { Envelope } from '@mtalab/mta-core';

/** Octets of a piece, and pieces without an answer: the product's default checkpoint size and window. */
export const pieceBytes = 30 * 1024;
export const windowSize = 5;
/** What the product's first piece of a message leaves for the envelope. */
const envelopeBytes = 512;
const lengthBytes = 4;
const noOctets = Buffer.alloc(0);

/** Of a message, in its first piece. */
export type Opening = {
  readonly envelope: Envelope;
  readonly recipients: readonly string[];
  /** Messages that the sender has erased durably: the receiver may forget their ids. */
  readonly settled: readonly number[];
};
/** Of a piece. The one with `last` ends its message. */
export type Head = { readonly id: number; readonly last: boolean; readonly opening?: Opening };
/** A piece is on disk; with `last`, its whole message is. */
export type Answer = { readonly id: number; readonly last: boolean };

/** Octets of the piece at this offset. */
export function pieceLength(offset: number, sizeBytes: number): number {
  return Math.min(sizeBytes - offset, offset === 0 ? pieceBytes - envelopeBytes : pieceBytes);
}

/** Cuts a stream into frames, without their length fields. */
export function onFrames(socket: Socket, take: (frame: Buffer) => void): void {
  let rest: Buffer = noOctets;
  socket.on('data', (chunk: Buffer) => {
    const octets = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (octets.length - at >= lengthBytes) {
      const end = at + lengthBytes + octets.readUInt32LE(at);
      if (end > octets.length) break;
      take(octets.subarray(at + lengthBytes, end));
      at = end;
    }
    rest = octets.subarray(at);
  });
}

export function answerFrame(answer: Answer): Buffer {
  const head = JSON.stringify(answer);
  const frame = Buffer.allocUnsafe(lengthBytes + head.length);
  frame.writeUInt32LE(head.length);
  frame.write(head, lengthBytes, 'latin1');
  return frame;
}

export function pieceFrame(head: Head, octets: Uint8Array): Buffer {
  const text = JSON.stringify(head);
  const textBytes = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(2 * lengthBytes + textBytes + octets.length);
  frame.writeUInt32LE(frame.length - lengthBytes);
  frame.writeUInt32LE(textBytes, lengthBytes);
  frame.write(text, 2 * lengthBytes);
  frame.set(octets, 2 * lengthBytes + textBytes);
  return frame;
}

export function readPiece(frame: Buffer): { readonly head: Head; readonly octets: Buffer } {
  const end = lengthBytes + frame.readUInt32LE(0);
  return { head: JSON.parse(frame.toString('utf8', lengthBytes, end)) as Head, octets: frame.subarray(end) };
}
