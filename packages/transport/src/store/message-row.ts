/** The row of a message: made of a message, with its content checked against the digest of its envelope, and read back. */
import { crc32 } from 'node:zlib';
import { type Copy, type Envelope, type MeasuredContent, priorities, type StoredMessage } from '@mtalab/mta-core';
import type { MessageHead, MessageRow } from './backend.js';
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
  const digest = contents.digest(content, sizeBytes, octets);
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

const isText = (value: unknown): value is string => typeof value === 'string';
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);

function isEnvelope(value: unknown): value is Envelope {
  return (
    isObject(value) &&
    isText(value.mtsId) &&
    isText(value.originator) &&
    priorities.some((priority) => priority === value.priority) &&
    isText(value.contentType) &&
    isWhole(value.submittedAtMs) &&
    isWhole(value.sizeBytes) &&
    isText(value.digest) &&
    Array.isArray(value.trace) &&
    value.trace.every((step) => isObject(step) && isText(step.mta) && isWhole(step.atMs))
  );
}

function isCopy(value: unknown): value is Copy {
  if (!isObject(value) || !isWhole(value.id) || !isTexts(value.recipients) || !isObject(value.destination)) return false;
  const { to, mta, address } = value.destination;
  return (to === 'mta' && isText(mta)) || (to === 'mailbox' && isText(address)) || to === 'dead-letter';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The message of a row, or what is wrong with it. */
export function messageOf(
  head: Pick<MessageHead, 'content' | 'sizeBytes' | 'envelope' | 'copies' | 'isSound'>,
): StoredMessage | string {
  if (!isText(head.envelope) || !isText(head.copies)) return 'its row is incomplete';
  if (!head.isSound) return 'its row does not match its checksum';
  const envelope = parsed(head.envelope);
  if (!isEnvelope(envelope)) return 'its envelope cannot be read';
  const copies = parsed(head.copies);
  if (!Array.isArray(copies) || copies.length === 0 || !copies.every(isCopy)) return 'its copies cannot be read';
  if (envelope.sizeBytes !== head.sizeBytes) return `its envelope says ${envelope.sizeBytes} octets, its row ${head.sizeBytes}`;
  return { content: head.content, envelope, copies };
}
