/** Closes the parts of an MTA in order, even where one of them fails. */
import type { DeliveryPort, NetworkPort, StorePort } from './driver-ports.js';

type Parts = { readonly network: NetworkPort; readonly delivery: DeliveryPort; readonly store: StorePort };

/**
 * @param clean leave the clean-shutdown mark, unless a part fails to close.
 * @returns the first failure; null when there was none.
 */
export async function closeParts(parts: Parts, clean: boolean): Promise<{ readonly cause: unknown } | null> {
  let failure: { readonly cause: unknown } | null = null;
  for (const close of [
    () => parts.network.closeAll(),
    () => parts.delivery.close(),
    () => parts.store.close(clean && failure === null),
  ]) {
    try {
      await close();
    } catch (cause) {
      failure ??= { cause };
    }
  }
  return failure;
}
