/** Reads the two directions of one connection as fragments; octets that are no DCE/RPC come out as they went in. */
import { ConnectionTap } from '@mtalab/transport';
import type { Fragment } from './flow.js';

/** A request names its operation in octets 22 and 23. */
const opnumAt = 22;

export class FragmentReader {
  readonly #tap: ConnectionTap;
  /** Directions that do not speak DCE/RPC, or speak it no more. */
  readonly #foreign = { client: false, server: false };

  /** @param maxStubBytes the longest call that is put together. */
  constructor(maxStubBytes: number) {
    this.#tap = new ConnectionTap({ maxStubBytes });
  }

  read(chunk: Buffer, fromClient: boolean): readonly Fragment[] {
    const side = fromClient ? 'client' : 'server';
    // Every fragment starts with 05 00. Octets that do not are not kept waiting until they would fill a header.
    const isStart = this.#tap.heldBack[side].length === 0;
    if (isStart && (chunk[0] !== 5 || (chunk[1] ?? 0) !== 0)) this.#foreign[side] = true;
    if (this.#foreign[side]) return [untouched(chunk)];
    return (fromClient ? this.#tap.fromClient(chunk) : this.#tap.fromServer(chunk)).map((fragment) => {
      if (fragment.type === null) return untouched(fragment.raw);
      const { raw, type, call, first, last, pdu } = fragment;
      return { raw, type, call, first, last, pdu, opnum: type === 'request' ? raw.readUInt16LE(opnumAt) : null };
    });
  }

  /** What has been read of a direction that ends here and makes no whole fragment. */
  rest(fromClient: boolean): Fragment | null {
    const rest = this.#tap.heldBack[fromClient ? 'client' : 'server'];
    return rest.length === 0 ? null : untouched(rest);
  }
}

function untouched(raw: Buffer): Fragment {
  return { raw, first: true, last: true, type: null, call: null, opnum: null, pdu: null };
}
