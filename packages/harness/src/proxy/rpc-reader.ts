/** Splits the two directions of a connection of the LAN into fragments of DCE/RPC. */
import { ConnectionTap } from '@mtalab/transport';
import { type Fragment, type LinkReader, untouched } from './fragments.js';

/** Offset of the operation number in a request. */
const opnumAt = 22;

export class RpcReader implements LinkReader {
  readonly #tap: ConnectionTap;
  /** Directions whose octets are not, or no longer, DCE/RPC. */
  readonly #foreign = { client: false, server: false };

  /** @param maxStubBytes limit of a call that is assembled. */
  constructor(maxStubBytes: number) {
    this.#tap = new ConnectionTap({ maxStubBytes });
  }

  read(chunk: Buffer, fromClient: boolean): readonly Fragment[] {
    const side = fromClient ? 'client' : 'server';
    // Every fragment starts with 05 00. Other octets pass at once, without a wait for a whole header.
    const isStart = this.#tap.heldBack[side].length === 0;
    if (isStart && (chunk[0] !== 5 || (chunk[1] ?? 0) !== 0)) this.#foreign[side] = true;
    if (this.#foreign[side]) return [untouched(chunk)];
    return (fromClient ? this.#tap.fromClient(chunk) : this.#tap.fromServer(chunk)).map((fragment) => {
      const { raw, type, call, first, last, pdu } = fragment;
      if (type === null) return untouched(raw);
      const opnum = type === 'request' ? raw.readUInt16LE(opnumAt) : null;
      const start = { link: 'rpc', type, opnum } as const;
      return { raw, first, last, start, call, pdu: pdu === null ? null : { link: 'rpc', frame: pdu } };
    });
  }

  rest(fromClient: boolean): Fragment | null {
    const rest = this.#tap.heldBack[fromClient ? 'client' : 'server'];
    return rest.length === 0 ? null : untouched(rest);
  }
}
