/** Checks at a delivery that the content is the one that was accepted. */
import { createHash } from 'node:crypto';
import type { Envelope } from '@mtalab/mta-core';
import { DamagedContent } from '../store/store.js';
import type { DeliveryInput } from './delivery-sink.js';
import { NotTaken } from './smart-host.js';

export class DigestCheck {
  readonly #content: number;
  readonly #digest: string;
  readonly #hash = createHash('sha256');

  constructor(content: number, { digest }: Pick<Envelope, 'digest'>) {
    this.#content = content;
    this.#digest = digest;
  }

  update(octets: Uint8Array): void {
    this.#hash.update(octets);
  }

  /**
   * All octets have been read.
   * @returns their SHA-256. @throws DamagedContent when it is not the digest in the envelope.
   */
  end(): Uint8Array {
    const found = this.#hash.digest();
    if (this.#digest === '' || found.toString('hex') === this.#digest) return found;
    throw new DamagedContent(this.#content, 'it does not match the digest of its envelope');
  }
}

/** What to tell the core of a delivery that failed: whether the message is at fault, and whether another try may help. */
export function deliveryFailure(copy: number, error: unknown): DeliveryInput {
  const detail = (error as Error).message;
  if (error instanceof DamagedContent) return { type: 'deliver-failed', copy, detail, damaged: true };
  if (error instanceof NotTaken && error.permanent) return { type: 'deliver-failed', copy, detail, permanent: true };
  return { type: 'deliver-failed', copy, detail };
}
