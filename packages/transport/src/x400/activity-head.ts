/**
 * What stands in front of the content in an activity: the beginning of a message of X.411, up to the length of its content. The
 * private extension (own) in the envelope has the head of the activity, with a checksum: a changed address would be a wrong delivery.
 */
import { type ActivityHead, type Priority, priorities } from '@mtalab/mta-core';
import { count, known, name, text as shortText, Unreadable, wireLimits } from '../rpc/field-checks.js';
import { BerReader } from './ber-reader.js';
import { BerWriter, berTag, context, contextOf, lengthBytes, putHeader } from './ber-writer.js';
import { crc32 } from './crc32.js';
import { activityAt, activityBytes, putActivity } from './identifiers.js';
import { writeEnvelope } from './p1-envelope.js';

/** 1.3.6.1.4.1.32473.400.1, under the number for examples (RFC 5612). */
const extensionId = Uint8Array.of(0x2b, 6, 1, 4, 1, 0x81, 0xfd, 0x59, 0x83, 0x10, 1);

const digestBytes = 32;
/** Largest content: its length has six octets at most. */
const maxSizeBytes = 2 ** 47;

/** One for all heads: a head is finished before the next one begins. After a very long one it is replaced. */
let writer = new BerWriter();
const keptBytes = 65_536;

/** The octets in front of the content. @throws RangeError */
export function headOctets(head: ActivityHead): Uint8Array {
  const { sizeBytes } = head.envelope;
  if (!(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0 && sizeBytes <= maxSizeBytes))
    throw new RangeError(`a content cannot have ${sizeBytes} octets`);
  if (writer.octets.length > keptBytes) writer = new BerWriter();
  writer.at = 0;
  writeEnvelope(writer, head.envelope, () => writeExtension(head));
  const envelope = writer.octets.subarray(0, writer.at);
  const contentHeaderBytes = 1 + lengthBytes(sizeBytes);
  const length = envelope.length + contentHeaderBytes + sizeBytes;
  const octets = new Uint8Array(1 + lengthBytes(length) + envelope.length + contentHeaderBytes);
  const at = putHeader(octets, 0, contextOf(0), length);
  octets.set(envelope, at);
  putHeader(octets, at + envelope.length, berTag.octetString, sizeBytes);
  return octets;
}

function writeExtension(head: ActivityHead): void {
  writer.constructed(berTag.sequence, () => {
    writer.primitive(context(3), extensionId);
    writer.constructed(contextOf(2), () => writer.constructed(berTag.sequence, () => writeHead(head)));
  });
}

function writeHead({ envelope, settled, settledBelow }: ActivityHead): void {
  const { mtsId, originator, priority, contentType, submittedAtMs, sizeBytes, digest, trace, recipients } = envelope;
  const start = writer.at;
  writer.text(berTag.utf8String, mtsId);
  writer.text(berTag.utf8String, originator);
  writer.integer(berTag.enumerated, priorities.indexOf(priority));
  writer.text(berTag.utf8String, contentType);
  writer.integer(berTag.integer, submittedAtMs);
  writer.integer(berTag.integer, sizeBytes);
  writer.primitive(berTag.octetString, digestOctets(digest));
  writer.constructed(berTag.sequence, () => {
    for (const { mta, atMs } of trace) {
      writer.constructed(berTag.sequence, () => {
        writer.text(berTag.utf8String, mta);
        writer.integer(berTag.integer, atMs);
      });
    }
  });
  writer.constructed(berTag.sequence, () => {
    for (const recipient of recipients) writer.text(berTag.utf8String, recipient);
  });
  writer.primitive(berTag.octetString, settledOctets(settled));
  writer.integer(berTag.integer, settledBelow);
  writer.integer(berTag.integer, crc32(writer.octets, start, writer.at));
}

/** The SHA-256 in hexadecimal, or the empty text. @throws RangeError */
function digestOctets(digest: string): Uint8Array {
  if (digest !== '' && !/^[0-9a-f]{64}$/.test(digest)) throw new RangeError(`Not a SHA-256: ${JSON.stringify(digest)}`);
  const octets = new Uint8Array(digest.length / 2);
  for (let index = 0; index < octets.length; index += 1)
    octets[index] = (digitOf(digest, 2 * index) << 4) | digitOf(digest, 2 * index + 1);
  return octets;
}

/** The value of a hexadecimal digit in lower case. */
function digitOf(digits: string, index: number): number {
  const unit = digits.charCodeAt(index);
  return unit < 0x61 ? unit - 0x30 : unit - 0x57;
}

function digestText(octets: Uint8Array): string {
  if (octets.length !== 0 && octets.length !== digestBytes)
    throw new Unreadable(`the digest has ${octets.length} octets instead of ${digestBytes}`);
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('');
}

/** Activity ids, six octets each: there can be thousands. @throws RangeError */
function settledOctets(settled: readonly number[]): Uint8Array {
  const octets = new Uint8Array(activityBytes * settled.length);
  for (const [index, activity] of settled.entries()) putActivity(octets, index * activityBytes, activity);
  return octets;
}

function readSettled(octets: Uint8Array): readonly number[] {
  if (octets.length % activityBytes !== 0) throw new Unreadable(`the list of settled activities has ${octets.length} octets`);
  if (octets.length / activityBytes > wireLimits.settled)
    throw new Unreadable(`more than ${wireLimits.settled} settled activities`);
  return Array.from({ length: octets.length / activityBytes }, (_, index) => activityAt(octets, index * activityBytes));
}

/** A head and where the content behind it starts. */
export type HeadFound = { readonly head: ActivityHead; readonly contentAt: number };

/** Reads a head at the beginning of the octets from `at` to `end`. @throws Unreadable */
export function readHead(octets: Uint8Array, at: number, end: number): HeadFound {
  const reader = new BerReader(octets, at, end);
  const length = reader.header(contextOf(0), 'MTS-APDU');
  const start = reader.at;
  const envelope = reader.open(berTag.set, 'envelope');
  const sizeBytes = reader.header(berTag.octetString, 'content');
  if (reader.at - start + sizeBytes !== length) throw new Unreadable('the lengths of the message and of its content disagree');
  const head = readExtension(openExtension(envelope), octets);
  if (head.envelope.sizeBytes !== sizeBytes) throw new Unreadable('the envelope and the content disagree about the size');
  if (end - reader.at > sizeBytes) throw new Unreadable('there is more content than the envelope says');
  return { head, contentAt: reader.at };
}

/** The value of our extension in an envelope; the other fields are passed over. */
function openExtension(envelope: BerReader): BerReader {
  while (envelope.tag !== contextOf(3)) envelope.skip('extensions');
  const extensions = envelope.open(contextOf(3), 'extensions');
  while (envelope.tag !== -1) envelope.skip('field of the envelope');
  const field = extensions.open(berTag.sequence, 'extension');
  extensions.finish('extensions');
  const id = field.value(context(3), 'extension type');
  if (id.length !== extensionId.length || extensionId.some((octet, index) => id[index] !== octet))
    throw new Unreadable('the extension of the envelope is of an unknown type');
  const value = field.open(contextOf(2), 'extension value');
  field.finish('extension');
  const sequence = value.open(berTag.sequence, 'activity head');
  value.finish('extension value');
  return sequence;
}

function readExtension(reader: BerReader, octets: Uint8Array): ActivityHead {
  const start = reader.at;
  const mtsId = name(reader.text(berTag.utf8String, 'MTS identifier'), 'MTS identifier');
  const originator = shortText(reader.text(berTag.utf8String, 'originator'), 'originator', wireLimits.addressLength);
  const priority: Priority = known(priorities, reader.integer(berTag.enumerated, 'priority'), 'priority');
  const contentType = name(reader.text(berTag.utf8String, 'content type'), 'content type');
  const submittedAtMs = count(reader.integer(berTag.integer, 'submission time'), 'submission time');
  const sizeBytes = count(reader.integer(berTag.integer, 'size'), 'size');
  const digest = digestText(reader.value(berTag.octetString, 'digest'));
  const trace = members(reader.open(berTag.sequence, 'trace'), 'trace steps', wireLimits.traceSteps, (steps) => {
    const step = steps.open(berTag.sequence, 'trace step');
    const mta = name(step.text(berTag.utf8String, 'MTA in the trace'), 'MTA in the trace');
    const atMs = count(step.integer(berTag.integer, 'time in the trace'), 'time in the trace');
    step.finish('trace step');
    return { mta, atMs };
  });
  const recipients = members(reader.open(berTag.sequence, 'recipients'), 'recipients', wireLimits.recipients, (names) =>
    name(names.text(berTag.utf8String, 'recipient'), 'recipient', wireLimits.addressLength),
  );
  if (recipients.length === 0) throw new Unreadable('recipients are missing');
  const settled = readSettled(reader.value(berTag.octetString, 'settled activities'));
  const settledBelow = count(reader.integer(berTag.integer, 'settledBelow'), 'settledBelow');
  const sum = crc32(octets, start, reader.at);
  if (reader.integer(berTag.integer, 'checksum') !== sum) throw new Unreadable('the checksum of the activity head is wrong');
  reader.finish('activity head');
  const envelope = { mtsId, originator, priority, contentType, submittedAtMs, sizeBytes, digest, trace, recipients };
  return { envelope, settled, settledBelow };
}

/** Reads a list to its end. */
function members<T>(reader: BerReader, what: string, limit: number, read: (reader: BerReader) => T): readonly T[] {
  const found: T[] = [];
  while (reader.tag !== -1) {
    if (found.length === limit) throw new Unreadable(`more than ${limit} ${what}`);
    found.push(read(reader));
  }
  return found;
}
