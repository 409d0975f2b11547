/**
 * The envelope of a message between MTAs (X.411 MessageTransferEnvelope). MTA Lab reads only its own extension. The other fields say
 * to any reader of X.411 what they can of the same.
 */
import type { Priority, TransferEnvelope } from '@mtalab/mta-core';
import { application, applicationOf, berTag, constructed, context, contextOf, integer, primitive, text } from './ber-writer.js';
import { utcTimeText } from './identifiers.js';

/** X.411's numbers. */
const priorityNumber: Readonly<Record<Priority, number>> = { normal: 0, 'non-urgent': 1, urgent: 2 };

// Country XX (none), a single space for any administration domain, and one private domain.
const country = constructed(applicationOf(1), [text(berTag.printableString, 'XX')]);
const administration = constructed(applicationOf(2), [text(berTag.printableString, ' ')]);
const domain = constructed(applicationOf(3), [country, administration, text(berTag.printableString, 'MTALAB')]);
const standardAttributes = constructed(berTag.sequence, [country, administration]);

/** built-in content type 0: unidentified. The private extension has the name of the content type. */
const contentType = integer(application(6), 0);
/** Routing action: relayed. */
const relayed = integer(context(2), 0);
/** Responsibility, and reports of non-delivery for the MTA and the originator. */
const recipientIndicators = primitive(context(1), Uint8Array.of(0, 0xa8));

/** Most characters of a domain-defined attribute's value, most of these attributes, and of a local identifier (X.411 Annex B). */
const valueLength = 128;
const maxValues = 4;
const identifierLength = 32;

/** Characters outside PrintableString that RFC 2156 3.4 writes in parentheses. */
const escapes: Readonly<Record<string, string>> = {
  '@': '(a)',
  '%': '(p)',
  '!': '(b)',
  '"': '(q)',
  _: '(u)',
  '(': '(l)',
  ')': '(r)',
};

/** An RFC 822 address as RFC 2156 writes it in PrintableString. What it cannot say becomes a question mark (own). */
function printable(address: string): string {
  return address.replaceAll(/[^A-Za-z0-9 '+,\-./:=?]/g, (character) => escapes[character] ?? '?');
}

/** An O/R address with the mailbox as domain-defined attribute RFC-822, and its continuations (RFC 2156 4.3.1). */
function orName(mailbox: string): Uint8Array {
  if (mailbox === '') return constructed(applicationOf(0), [standardAttributes]);
  const value = printable(mailbox);
  const attributes: Uint8Array[] = [];
  for (let index = 0; index < maxValues && index * valueLength < value.length; index += 1) {
    const type = text(berTag.printableString, index === 0 ? 'RFC-822' : `RFC822C${index}`);
    const part = text(berTag.printableString, value.slice(index * valueLength, (index + 1) * valueLength));
    attributes.push(constructed(berTag.sequence, [type, part]));
  }
  return constructed(applicationOf(0), [standardAttributes, constructed(berTag.sequence, attributes)]);
}

/** The last 32 characters of the MTS identifier: the part that counts stands at its end. */
function messageIdentifier(mtsId: string): Uint8Array {
  const local = mtsId.slice(-identifierLength).replaceAll(/[^ -~]/g, '?');
  return constructed(applicationOf(4), [domain, text(berTag.ia5String, local)]);
}

/** All MTAs of MTA Lab are in one domain, so its trace has one element. */
function traceInformation(arrivedAtMs: number): Uint8Array {
  const supplied = constructed(berTag.set, [text(context(0), arrivalTime(arrivedAtMs)), relayed]);
  return constructed(applicationOf(9), [constructed(berTag.sequence, [domain, supplied])]);
}

/** X.411 has times up to 2049. */
function arrivalTime(atMs: number): string {
  try {
    return utcTimeText(atMs);
  } catch {
    return utcTimeText(0);
  }
}

/** @param extension the value of the private extension, and the extension itself around it. */
export function messageEnvelope(envelope: TransferEnvelope, extension: Uint8Array): Uint8Array {
  const recipients = envelope.recipients.map((recipient, index) =>
    constructed(berTag.set, [orName(recipient), integer(context(0), index + 1), recipientIndicators]),
  );
  return constructed(berTag.set, [
    messageIdentifier(envelope.mtsId),
    orName(envelope.originator),
    contentType,
    integer(application(7), priorityNumber[envelope.priority]),
    traceInformation(envelope.submittedAtMs),
    constructed(contextOf(3), [extension]),
    constructed(contextOf(2), recipients),
  ]);
}
