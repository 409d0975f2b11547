/** The octets of the PDUs of a recording: it has no server that could encode them when someone asks. */
import { gzipSync } from 'node:zlib';
import type { PageOctets, PairedItem } from '@mtalab/trace';
import { shownOctets } from './shown-octets.js';

/** PDUs whose octets a recording has, the first ones: packed they take some hundred octets each. */
const maxRecorded = 5000;

function octetsOf(frame: unknown): PageOctets | null {
  try {
    return shownOctets(frame);
  } catch {
    // One PDU that cannot be encoded again takes nothing from the others.
    return null;
  }
}

/**
 * @param items of the recording, as JSON, in its order.
 * @returns base64 of gzip of a JSON array: for each frame that a step sends, in this order, its octets, or null.
 */
export function packedOctets(items: Iterable<string>): string {
  const found: (PageOctets | null)[] = [];
  for (const json of items) {
    if (found.length >= maxRecorded) break;
    if (!json.includes('"frame"')) continue;
    const item = JSON.parse(json) as PairedItem;
    if (item.k !== 'step') continue;
    for (const effect of item.entry.effects) if (effect.type === 'frame') found.push(octetsOf(effect));
  }
  return gzipSync(JSON.stringify(found.slice(0, maxRecorded))).toString('base64');
}
