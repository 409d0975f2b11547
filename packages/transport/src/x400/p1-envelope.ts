/**
 * The envelope of a message between MTAs (X.411 MessageTransferEnvelope). MTA Lab reads only its own extension. The other fields say
 * to any reader of X.411 what they can of the same.
 */
import type { Priority, TransferEnvelope } from '@mtalab/mta-core';
import { application, applicationOf, type BerWriter, ber, berTag, context, contextOf } from './ber-writer.js';
import { utcTimeText } from './identifiers.js';

/** X.411's numbers. */
const priorityNumber: Readonly<Record<Priority, number>> = { normal: 0, 'non-urgent': 1, urgent: 2 };

/** Country XX (none), and a single space for any administration domain. */
const country = ber((writer) => {
  writer.constructed(applicationOf(1), () => writer.text(berTag.printableString, 'XX'));
  writer.constructed(applicationOf(2), () => writer.text(berTag.printableString, ' '));
});
/** All MTAs of MTA Lab are in one private domain. */
const domain = ber((writer) =>
  writer.constructed(applicationOf(3), () => {
    writer.encoded(country);
    writer.text(berTag.printableString, 'MTALAB');
  }),
);
/** What all addresses begin with. */
const standardAttributes = ber((writer) => writer.constructed(berTag.sequence, () => writer.encoded(country)));

/** Built-in content type: unidentified. The private extension has the name of the content type. */
const unidentified = 0;
/** Routing action. */
const relayed = 0;
/** Responsibility, and reports of non-delivery for the MTA and the originator. */
const recipientIndicators = Uint8Array.of(0, 0xa8);

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
function writeName(writer: BerWriter, mailbox: string): void {
  writer.constructed(applicationOf(0), () => {
    writer.encoded(standardAttributes);
    if (mailbox === '') return;
    const value = printable(mailbox);
    writer.constructed(berTag.sequence, () => {
      for (let index = 0; index < maxValues && index * valueLength < value.length; index += 1) {
        writer.constructed(berTag.sequence, () => {
          writer.text(berTag.printableString, index === 0 ? 'RFC-822' : `RFC822C${index}`);
          writer.text(berTag.printableString, value.slice(index * valueLength, (index + 1) * valueLength));
        });
      }
    });
  });
}

/** The last 32 characters of the MTS identifier: the part that counts stands at its end. */
function writeIdentifier(writer: BerWriter, mtsId: string): void {
  writer.constructed(applicationOf(4), () => {
    writer.encoded(domain);
    writer.text(berTag.ia5String, mtsId.slice(-identifierLength).replaceAll(/[^ -~]/g, '?'));
  });
}

/** The trace of domains: there is one. */
function writeTrace(writer: BerWriter, arrivedAtMs: number): void {
  writer.constructed(applicationOf(9), () =>
    writer.constructed(berTag.sequence, () => {
      writer.encoded(domain);
      writer.constructed(berTag.set, () => {
        writer.text(context(0), utcTimeText(arrivedAtMs));
        writer.integer(context(2), relayed);
      });
    }),
  );
}

/** @param writeExtension writes the one extension. */
export function writeEnvelope(writer: BerWriter, envelope: TransferEnvelope, writeExtension: () => void): void {
  writer.constructed(berTag.set, () => {
    writeIdentifier(writer, envelope.mtsId);
    writeName(writer, envelope.originator);
    writer.integer(application(6), unidentified);
    writer.integer(application(7), priorityNumber[envelope.priority]);
    writeTrace(writer, envelope.submittedAtMs);
    writer.constructed(contextOf(3), writeExtension);
    writer.constructed(contextOf(2), () => {
      for (const [index, recipient] of envelope.recipients.entries()) {
        writer.constructed(berTag.set, () => {
          writeName(writer, recipient);
          writer.integer(context(0), index + 1);
          writer.primitive(context(1), recipientIndicators);
        });
      }
    });
  });
}
