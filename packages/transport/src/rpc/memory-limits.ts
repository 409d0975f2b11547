/** Memory limits for incomplete RPC calls. */
import { MalformedPdu } from './pdu-header.js';

/** The octets that all unfinished stubs of a process take up together. */
export class StubBudget {
  readonly #maxBytes: number;
  #heldBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws MalformedPdu when that is too much: the connection that needs them is closed. */
  take(bytes: number): void {
    if (this.#heldBytes + bytes > this.#maxBytes)
      throw new MalformedPdu(`unfinished calls of all connections take up more than ${this.#maxBytes} octets`, {
        isShortage: true,
      });
    this.#heldBytes += bytes;
  }

  give(bytes: number): void {
    this.#heldBytes -= bytes;
  }
}

export type StubLimits = {
  /** The longest stub that is put together from fragments. */
  readonly maxStubBytes: number;
  /** The longest of a peer that has no association here. Default: no other than that. */
  readonly maxStrangerBytes?: number;
  /** Does the connection belong to an association now? Called at the first of several fragments only. */
  readonly isAssociated?: () => boolean;
  readonly budget?: StubBudget;
};
