/** Makes the row of a message, and checks its content against the digest of its envelope. */
import { crc32 } from 'node:zlib';
import type { MeasuredContent, StoredMessage } from '@mtalab/mta-core';
import type { MessageRow } from './backend.js';
import { sha256Of } from './sha256.js';
import { Refusal, type StoreContents } from './store-contents.js';

/** `measured`: length and digest of the content, if the envelope had no digest. */
export type MadeRow = { readonly row: MessageRow; readonly measured: MeasuredContent | null };

/**
 * The row of a message whose content is staged; takes the content over.
 * @param reportBytes length of the content, if it is a report rendered just now.
 * @throws Refusal when the content is not whole, or not the one that the digest names; DamagedContent when it cannot be read.
 */
export function messageRow(contents: StoreContents, message: StoredMessage, reportBytes: number | null): MadeRow {
  const { content, copies } = message;
  const sizeBytes = reportBytes ?? message.envelope.sizeBytes;
  if (copies.length === 0) throw new Refusal('io', `message ${content} has no copies`);
  const octets = contents.take(content, sizeBytes);
  const digest = octets === null ? contents.digest(content, sizeBytes) : sha256Of(octets);
  const isKnown = message.envelope.digest !== '';
  if (isKnown && message.envelope.digest !== digest)
    throw new Refusal('damaged', `content ${content}: what has arrived does not match the digest of its envelope`);
  const envelope = isKnown ? message.envelope : { ...message.envelope, sizeBytes, digest };
  const row = {
    content,
    sizeBytes,
    sum: octets === null ? 0 : crc32(octets),
    envelope: JSON.stringify(envelope),
    copies: JSON.stringify(copies),
    octets,
  };
  return { row, measured: isKnown ? null : { content, sizeBytes, digest } };
}
