/** Octets of contents in tests: they live as long as their handle does. */
import type { ContentHandle } from '@mtalab/mta-core';

const octetsByHandle = new WeakMap<ContentHandle, Uint8Array>();
let last = 0;

export function handleOf(octets: Uint8Array): ContentHandle {
  last += 1;
  const handle = { length: octets.length, ref: `t${last}` };
  octetsByHandle.set(handle, octets);
  return handle;
}

export const octetsOf = (handle: ContentHandle): Uint8Array | undefined => octetsByHandle.get(handle);

/** For a codec that sends what `handleOf` has named. */
export function loadOctets(handle: ContentHandle): Uint8Array {
  const octets = octetsByHandle.get(handle);
  if (octets === undefined) throw new Error(`nothing is known of content ${handle.ref}`);
  return octets;
}
