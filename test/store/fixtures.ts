/** Builds small messages and effects for tests of stores and sinks. */
import { createHash } from 'node:crypto';
import type { Copy, Destination, Effect, Envelope, ReportFacts, StoredMessage } from '@mtalab/mta-core';
import type { DeliverEffect } from '@mtalab/transport';
import { handleOf } from '../support/contents.js';

export type StoreEffect = Extract<Effect, { readonly type: 'store' }>;

export const text = (octets: Uint8Array): string => Buffer.from(octets).toString('latin1');
export const bytes = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, 'latin1'));
/** A pattern of octets that differs at every offset that matters. */
export function pattern(length: number, seed: number): Uint8Array {
  const octets = new Uint8Array(length);
  for (let at = 0; at < length; at += 1) octets[at] = (at * 31 + (at >>> 8) * 7 + seed) & 255;
  return octets;
}

export const toMta = (mta: string): Destination => ({ to: 'mta', mta });
export const toMailbox = (address: string): Destination => ({ to: 'mailbox', address });

function envelopeOf(name: string, sizeBytes: number): Envelope {
  return {
    mtsId: `c=lab;mta=MTA-A;${name}`,
    originator: 'alice@a.example',
    priority: 'normal',
    contentType: 'message/rfc822',
    submittedAtMs: 1_700_000_000_123,
    sizeBytes,
    digest: '',
    trace: [{ mta: 'MTA-A', atMs: 1_700_000_000_123 }],
  };
}
export function copyOf(id: number, destination: Destination = toMta('MTA-B')): Copy {
  return { id, destination, recipients: ['bob@b.example'] };
}
export function messageOf(content: number, sizeBytes: number, copies: readonly Copy[]): StoredMessage {
  return { content, envelope: envelopeOf(String(content), sizeBytes), copies };
}
export const sha256 = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex');
/** A message as a store keeps it: with the digest of its content. */
export function kept(content: number, contentText: string): StoredMessage {
  const { envelope, copies } = messageOf(content, contentText.length, [copyOf(content + 1)]);
  return { content, envelope: { ...envelope, digest: sha256(bytes(contentText)) }, copies };
}
/** A `store` effect from its relevant parts; the rest is empty. */
export function storing(token: number, parts: Partial<StoreEffect>): StoreEffect {
  return { type: 'store', token, accept: [], segments: [], forget: [], ...parts };
}
/** One message with one copy whose content comes in one segment. The copy's id is the content's key plus one. */
export function whole(token: number, content: number, octets: Uint8Array, parts: Partial<StoreEffect> = {}): StoreEffect {
  return storing(token, {
    accept: [messageOf(content, octets.length, [copyOf(content + 1)])],
    segments: [{ content, offset: 0, handle: handleOf(octets) }],
    ...parts,
  });
}

/** A delivery request to a sink. */
export function delivering(copy: number, content: number, sizeBytes: number, destination: Destination): DeliverEffect {
  return { type: 'deliver', copy, content, destination, envelope: envelopeOf(String(content), sizeBytes) };
}

export const facts: ReportFacts = {
  reportingMta: 'MTA-A',
  subject: envelopeOf('7', 20),
  subjectContent: 10,
  recipients: ['bob@b.example'],
  reason: 'unable-to-transfer',
  diagnostic: 'maximum-time-expired',
  outcomeUnknown: false,
  explanation: 'MTA-B could not be reached 144 times.',
  atMs: 1_700_000_600_000,
};
