/**
 * Splits the two directions of a connection into fragments. The first octet of the side that dialled shows the link,
 * whatever the configuration says: DCE/RPC begins with 05, a TPKT with 03. Octets of other protocols pass unchanged.
 */
import { type Fragment, type LinkReader, untouched } from './fragments.js';
import { RpcReader } from './rpc-reader.js';
import { X400Reader } from './x400-reader.js';

const foreign: LinkReader = { read: (chunk) => [untouched(chunk)], rest: () => null };

export class ConnectionReader implements LinkReader {
  readonly #maxPduBytes: number;
  /** Null until the side that dialled has sent something. */
  #reader: LinkReader | null = null;

  /** @param maxPduBytes limit of a PDU that is read as a whole. */
  constructor(maxPduBytes: number) {
    this.#maxPduBytes = maxPduBytes;
  }

  read(chunk: Buffer, fromClient: boolean): readonly Fragment[] {
    // On both links the side that dialled sends first.
    this.#reader ??= fromClient ? this.#readerOf(chunk) : foreign;
    return this.#reader.read(chunk, fromClient);
  }

  rest(fromClient: boolean): Fragment | null {
    return this.#reader?.rest(fromClient) ?? null;
  }

  #readerOf([octet, second = 0]: Buffer): LinkReader {
    if (octet === 5) return new RpcReader(this.#maxPduBytes);
    return octet === 3 && second === 0 ? new X400Reader(this.#maxPduBytes) : foreign;
  }
}
