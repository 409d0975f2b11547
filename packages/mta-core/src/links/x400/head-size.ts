/**
 * An upper bound of the octets in front of the content in the first segment of an activity. The link keeps that segment within the
 * checkpoint size with it. It looks at lengths of texts only: a unit of UTF-16 is at most three octets in UTF-8.
 */
import type { ActivityHead } from './frame.js';

const utf8Bytes = 3;
/** Octets of a number below 2^53 with tag and length. */
const numberBytes = 9;
/** Octets of an activity id in the list of settled copies. */
const activityBytes = 6;
const digestBytes = 32;
/** An address in the envelope of X.411 has at most this many characters, of which each needs at most three. */
const addressCharacters = 512;
/** Its constant parts: country, domain, and up to four domain-defined attributes with tags and lengths. */
const addressBytes = 100;
/** What is constant in the envelope of X.411: identifiers, times, object identifiers, indicators. */
const envelopeBytes = 300;

/** A value of this many octets, with tag and length. */
function value(bytes: number): number {
  return bytes + (bytes < 128 ? 2 : 6);
}

function text(value_: string): number {
  return value(utf8Bytes * value_.length);
}

/** An O/R address of X.411. */
function address(mailbox: string): number {
  return addressBytes + Math.min(addressCharacters, utf8Bytes * mailbox.length);
}

export function headSizeBound({ envelope, settled }: ActivityHead): number {
  let sizeBytes = envelopeBytes + address(envelope.originator);
  for (const recipient of envelope.recipients) sizeBytes += address(recipient) + text(recipient);
  for (const { mta } of envelope.trace) sizeBytes += value(text(mta) + numberBytes);
  sizeBytes += text(envelope.mtsId) + text(envelope.originator) + text(envelope.contentType);
  return sizeBytes + value(activityBytes * settled.length) + value(digestBytes) + 4 * numberBytes;
}
