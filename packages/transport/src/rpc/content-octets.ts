/** Content that came from the network: octets put aside, and the handles under which the core passes them on. */
import type { ContentHandle } from '@mtalab/mta-core';

let lastRef = 0;

/** A handle that carries its octets where neither JSON nor a comparison sees them: they live as long as the handle does. */
class ReceivedContent implements ContentHandle {
  readonly length: number;
  readonly ref: string;
  readonly #octets: Uint8Array;

  constructor(octets: Uint8Array) {
    lastRef += 1;
    this.length = octets.length;
    this.ref = `r${lastRef}`;
    this.#octets = octets;
  }

  static octetsOf(handle: ContentHandle): Uint8Array | undefined {
    return #octets in handle ? handle.#octets : undefined;
  }
}

/**
 * Put octets aside under a new handle.
 * @param octets a stretch of a larger buffer, usually of what one read of a socket brought. When that is more than four
 *   times as large, the octets are copied, so that a small message never holds a large buffer.
 */
export function keepContent(octets: Uint8Array): ContentHandle {
  return new ReceivedContent(octets.buffer.byteLength > 4 * octets.length ? Buffer.from(octets) : octets);
}

/**
 * The octets behind a handle that came from the network.
 * @returns undefined when the handle is not one of those (or a copy of one).
 */
export function takeContent(handle: ContentHandle): Uint8Array | undefined {
  return ReceivedContent.octetsOf(handle);
}

/** Finds the octets of a handle that names a stretch of a stored content. */
export type LoadContent = (handle: ContentHandle) => Uint8Array;

/**
 * The octets of any handle.
 * @throws RangeError when they are not as many as the handle says.
 */
export function contentOf(handle: ContentHandle, load: LoadContent): Uint8Array {
  const octets = takeContent(handle) ?? load(handle);
  if (octets.length !== handle.length) {
    throw new RangeError(
      `content ${handle.content ?? handle.ref} has ${octets.length} octets where ${handle.length} were promised`,
    );
  }
  return octets;
}
