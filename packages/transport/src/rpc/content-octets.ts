/** How the codec finds the octets of a content that it sends, and where it puts those that arrive. */
import type { ContentHandle } from '@mtalab/mta-core';

/** Finds the octets behind a handle. @throws UnreadableContent when the store cannot read them. */
export type LoadContent = (handle: ContentHandle) => Uint8Array;

/**
 * Puts arrived octets aside and returns the handle for them. The octets are a stretch of a larger buffer.
 * @throws MalformedFrame when this process has no room for them.
 */
export type KeepContent = (octets: Uint8Array) => ContentHandle;

/**
 * The octets of a handle.
 * @throws RangeError when they are not as many as the handle says.
 */
export function contentOf(handle: ContentHandle, load: LoadContent): Uint8Array {
  const octets = load(handle);
  if (octets.length !== handle.length) {
    throw new RangeError(
      `content ${handle.content ?? handle.ref} has ${octets.length} octets where ${handle.length} were promised`,
    );
  }
  return octets;
}
