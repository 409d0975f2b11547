/** The contract of the sinks, which put mail into this MTA's own mailboxes. */
import type { Destination, Effect, Input } from '@mtalab/mta-core';

export type DeliverEffect = Extract<Effect, { readonly type: 'deliver' }>;
/** What a sink reports to the core. */
export type DeliveryInput = Extract<Input, { readonly type: 'delivered' | 'deliver-failed' }>;

export type Delivery = {
  /**
   * Put a copy where it belongs. `delivered` is reported once that is durable, or joins the store's present batch and so is
   * durable before the copy can be forgotten. A second call for the same copy delivers nothing twice and reports again.
   * The report may come before this returns.
   */
  deliver(effect: DeliverEffect): void;
  /** Deliveries under way: not reported yet. */
  readonly pending: number;
  /** Resolves when nothing is pending. */
  idle(): Promise<void>;
  /** Start no more deliveries, finish those under way, report nothing any more. */
  close(): Promise<void>;
};

/** Name of the place for copies that can neither be delivered nor reported on. */
export const deadLetters = 'dead-letters';

/** The mailbox a destination names: an address, or `dead-letters`. */
export function mailboxOf(destination: Destination): string {
  switch (destination.to) {
    case 'mailbox':
      return destination.address;
    case 'dead-letter':
      return deadLetters;
    case 'mta':
      throw new Error(`A copy for the MTA ${destination.mta} is not delivered here`);
  }
}
