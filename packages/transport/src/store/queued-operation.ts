/** What is queued in a store until its commit. */
import type { ContentHandle, StoreEffect } from '@mtalab/mta-core';
import type { LedgerEntry, StoreOptions, StoreWork } from './store.js';

export type Operation =
  | { readonly type: 'store'; readonly effect: StoreEffect; readonly octets: readonly (Uint8Array | string)[] }
  | Exclude<StoreWork, { readonly type: 'store' }>
  | { readonly type: 'put'; readonly content: number; readonly offset: number; readonly octets: Uint8Array }
  | { readonly type: 'record'; readonly entry: LedgerEntry };

/** Contents that an effect would make messages of, or report on. */
export function contentsOf(effect: StoreEffect): number[] {
  const contents = effect.accept.map((message) => message.content);
  if (effect.render !== undefined) contents.push(effect.render.facts.subjectContent);
  return contents;
}

/** The greatest of these numbers, or 0. */
export function lastOf(values: Iterable<number>): number {
  let last = 0;
  for (const value of values) last = Math.max(last, value);
  return last;
}

/** The octets of a segment, or why they cannot be had. */
export function octetsBehind(handle: ContentHandle, octetsOf: StoreOptions['octetsOf']): Uint8Array | string {
  try {
    const octets = octetsOf(handle);
    if (octets === undefined) return 'the octets of a segment are not here any more';
    return octets.length === handle.length ? octets : `a segment has ${octets.length} octets instead of ${handle.length}`;
  } catch (error) {
    return `the octets of a segment cannot be had: ${error instanceof Error ? error.message : String(error)}`;
  }
}
