/** What the page shows of the octets of a PDU: encoded once more from the fields of the journal. */
import type { LinkFrame } from '@mtalab/mta-core';
import type { PageOctets } from '@mtalab/trace';
import { frameOctets } from '@mtalab/transport';
import { isRecord } from '../lab/arguments.js';
import { HarnessError, messageOf } from '../process/errors.js';

/** Octets of one PDU that are shown: a person looks at no more. */
const maxShown = 4096;

function isShown([at]: readonly [number, number]): boolean {
  return at < maxShown;
}

/**
 * @param frame of an effect in a journal, as the page has it.
 * @returns null if the frame alone does not say its octets.
 * @throws HarnessError if it is no frame, or cannot be encoded.
 */
export function shownOctets(frame: unknown): PageOctets | null {
  if (!isRecord(frame) || !isRecord(frame['frame'])) throw new HarnessError('frame: expected the frame of a step');
  try {
    const found = frameOctets(frame as unknown as LinkFrame);
    if (found === null) return null;
    const { octets, unknown, fields } = found;
    return {
      length: octets.length,
      octets: Buffer.from(octets.subarray(0, maxShown)).toString('hex'),
      unknown: unknown.filter(isShown),
      fields: fields.filter(({ ranges }) => ranges.some(isShown)),
    };
  } catch (error) {
    throw new HarnessError(`this PDU cannot be encoded again: ${messageOf(error)}`, { cause: error });
  }
}
