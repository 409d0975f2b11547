/** Splits the two directions of a connection of the X.400 connector into TPKTs. A frame ends with the TPKT that completes it. */
import { X400Tap } from '@mtalab/transport';
import { type Fragment, type LinkReader, untouched } from './fragments.js';

export class X400Reader implements LinkReader {
  readonly #tap: X400Tap;
  /** Directions in which a frame has begun. */
  readonly #begun = { client: false, server: false };

  /** @param maxSegmentBytes limit of a segment that is assembled. */
  constructor(maxSegmentBytes: number) {
    this.#tap = new X400Tap(maxSegmentBytes);
  }

  read(chunk: Buffer, fromClient: boolean): readonly Fragment[] {
    const side = fromClient ? 'client' : 'server';
    return (fromClient ? this.#tap.fromClient(chunk) : this.#tap.fromServer(chunk)).map((packet) => {
      const { raw, isData, frame } = packet;
      if (packet.malformed !== undefined) return untouched(raw);
      const first = !this.#begun[side];
      this.#begun[side] = frame === null;
      const pdu = frame === null ? null : ({ link: 'x400', frame } as const);
      return { raw, first, last: frame !== null, start: { link: 'x400', isData }, call: null, pdu };
    });
  }

  rest(fromClient: boolean): Fragment | null {
    const rest = this.#tap.heldBack[fromClient ? 'client' : 'server'];
    return rest.length === 0 ? null : untouched(rest);
  }
}
