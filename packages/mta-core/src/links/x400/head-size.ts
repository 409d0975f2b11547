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
/** An address in the envelope of X.411 has at most this many characters: four attributes of 128, each with type, tags and lengths. */
const maxCharacters = 512;
const attributeCharacters = 128;
const attributeBytes = 16;
/** What is constant in such an address and in the fields of a recipient: country, domain, number, indicators, the first attribute. */
const addressBytes = 52;
/** What is constant in the envelope: identifiers, times, object identifiers, tags and lengths. */
const envelopeBytes = 200;

/** A value of this many octets, with tag and length. */
function value(bytes: number): number {
  return bytes + (bytes < 128 ? 2 : 6);
}

function text({ length }: string): number {
  return value(utf8Bytes * length);
}

/** An O/R address of X.411. A character that PrintableString lacks takes three (RFC 2156). */
function address({ length }: string): number {
  const characters = Math.min(maxCharacters, 3 * length);
  return addressBytes + characters + attributeBytes * Math.floor(characters / attributeCharacters);
}

export function headSizeBound({ envelope, settled }: ActivityHead): number {
  let sizeBytes = envelopeBytes + address(envelope.originator);
  for (const recipient of envelope.recipients) sizeBytes += address(recipient) + text(recipient);
  for (const { mta } of envelope.trace) sizeBytes += value(text(mta) + numberBytes);
  sizeBytes += text(envelope.mtsId) + text(envelope.originator) + text(envelope.contentType);
  return sizeBytes + value(activityBytes * settled.length) + value(digestBytes) + 4 * numberBytes;
}
