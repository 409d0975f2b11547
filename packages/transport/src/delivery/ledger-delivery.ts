/** The ledger: a sink for load that keeps ids and digests only, in the store itself. */
import type { LedgerEntry } from '../store/store.js';
import type { Delivery, DeliveryInput } from './delivery-sink.js';
import { mailboxOf } from './delivery-sink.js';
import { DigestCheck, deliveryFailure } from './digest-check.js';

/** Content is read and digested in pieces of this length. */
const pieceBytes = 64 * 1024;

export type LedgerOptions = {
  readonly store: {
    readContent(content: number, offset: number, length: number): Uint8Array;
    record(entry: LedgerEntry): void;
  };
  readonly input: (input: DeliveryInput) => void;
};

/**
 * A sink that writes one line per delivery with the store's present batch. It reports at once: whatever the core makes of
 * that (it forgets the copy) is in the same commit or a later one, never in an earlier one.
 */
export function ledgerDelivery(options: LedgerOptions): Delivery {
  const { store, input } = options;
  let closed = false;
  return {
    deliver({ copy, content, destination, envelope }) {
      if (closed) return;
      const { mtsId, sizeBytes, submittedAtMs } = envelope;
      try {
        const check = new DigestCheck(content, envelope);
        for (let at = 0; at < sizeBytes; at += pieceBytes) {
          check.update(store.readContent(content, at, Math.min(pieceBytes, sizeBytes - at)));
        }
        store.record({ copy, mtsId, mailbox: mailboxOf(destination), sizeBytes, submittedAtMs, sha256: check.end() });
      } catch (error) {
        input(deliveryFailure(copy, error));
        return;
      }
      input({ type: 'delivered', copy });
    },
    pending: 0,
    async idle() {},
    async close() {
      closed = true;
    },
  };
}
