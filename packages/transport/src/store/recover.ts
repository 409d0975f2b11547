/** What a start finds in a store: reading it back, and the internal check after a stop that was not in order. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Copy, Recovered, StoredMessage } from '@mtalab/mta-core';
import type { Backend, Birth, MessageRow } from './backend.js';
import type { HeldCopies } from './held-copies.js';
import { AgeIndex, copiesLeft, KeptMessages } from './kept-messages.js';
import { messageOf } from './message-row.js';
import { damagedStore, StoreError } from './store.js';

/** The longest list of damage that is written out. */
const maxDamageLines = 10_000;

export type Found = {
  readonly recovered: Recovered;
  readonly copies: HeldCopies;
  readonly submissions: Map<string, number>;
  readonly sizeBytes: number;
  /** Number of messages with copies left. */
  readonly messages: number;
};

/** What a message adds to the size of the store, in octets. */
export function keptBytes(row: { readonly sizeBytes: number; readonly envelope: string; readonly copies: string }): number {
  return row.sizeBytes + row.envelope.length + row.copies.length;
}

/** What is wrong with the content of a message, if anything. */
function contentFault(backend: Backend, row: MessageRow, digest: string): string | null {
  const hash = createHash('sha256');
  let end = 0;
  const pieces = row.octets === null ? backend.pieces(row.content) : [{ offset: 0, octets: row.octets, sum: row.sum }];
  for (const { offset, octets, sum } of pieces) {
    if (offset !== end) return `there are no octets at ${end}`;
    if (crc32(octets) !== sum) return `the octets from ${offset} on do not match their checksum`;
    hash.update(octets);
    end += octets.length;
  }
  if (end !== row.sizeBytes) return `it has ${end} octets instead of ${row.sizeBytes}`;
  return digest === '' || hash.digest('hex') === digest ? null : 'it does not match the digest of its envelope';
}

/** The queue a copy is in, as the check names it. */
const queueOf = (copy: Copy): string => (copy.destination.to === 'mta' ? copy.destination.mta : 'mailboxes');

type Checked = Required<Pick<Recovered, 'check' | 'damaged'>>;

/**
 * The internal check: the medium's structure, then every message with its copies and its whole content. A message whose envelope
 * cannot be trusted is set aside here. One whose content is damaged stays: the core reports on it, and then has it set aside.
 * @throws StoreError when more than messages is damaged.
 */
function check(backend: Backend, birth: Birth): Checked {
  const lines = [`Internal check of ${backend.place}, start number ${birth.incarnation}`, ''];
  const complaints = backend.examine();
  let losses: readonly string[] = [];
  if (complaints.length > 0) {
    lines.push('The database file is damaged:', ...complaints, '');
    try {
      losses = backend.salvage(complaints);
    } catch (error) {
      const detailsPath = backend.writeDetails(birth.incarnation, [...lines, (error as Error).message, ''].join('\n'));
      throw damagedStore(backend.place, `${complaints[0]}. Details: ${detailsPath}`, { cause: error, detailsPath });
    }
    lines.push('What could be read was brought into a new file. Not so:', ...(losses.length === 0 ? ['nothing'] : losses), '');
  }
  const queues = new Map<string, number>([['mailboxes', 0]]);
  const damaged: { readonly content: number; readonly detail: string; readonly isLost: boolean; readonly text: string }[] = [];
  let messages = 0;
  for (const row of backend.rows()) {
    messages += 1;
    const message = messageOf(row);
    const fault = typeof message === 'string' ? message : contentFault(backend, row, message.envelope.digest);
    if (fault !== null) {
      const text = typeof message === 'string' ? '' : ` (${message.envelope.mtsId})`;
      damaged.push({
        content: row.content,
        detail: `content ${row.content}: ${fault}`,
        isLost: typeof message === 'string',
        text,
      });
      continue;
    }
    for (const copy of (message as StoredMessage).copies) queues.set(queueOf(copy), (queues.get(queueOf(copy)) ?? 0) + 1);
  }
  const lost = damaged.filter(({ isLost }) => isLost);
  if (lost.length > 0) {
    backend.begin();
    for (const { content, detail } of lost) {
      backend.keepAside(content, detail);
      backend.deleteMessage(content);
      backend.deletePieces(content, 0);
    }
    backend.commit();
  }
  lines.push(`Messages looked at: ${messages}.`, '');
  for (const [queue, copies] of queues) lines.push(`Queue ${queue}: ${copies} copies accepted, sound.`);
  lines.push('', `Damaged messages set aside: ${damaged.length}.`);
  for (const { content, detail, text } of damaged.slice(0, maxDamageLines)) lines.push(`Message ${content}${text}: ${detail}.`);
  const detailsPath = backend.writeDetails(birth.incarnation, `${lines.join('\n')}\n`);
  return {
    check: { queues: [...queues.keys()].map((queue) => ({ queue, file: backend.place })), detailsPath },
    damaged: [...damaged, ...losses.map((detail) => ({ content: null, detail }))].map(({ content, detail }) => ({
      content,
      detail,
    })),
  };
}

type ReadMessages = Omit<Found, 'recovered' | 'submissions'> & { readonly kept: KeptMessages };

/** Looks at every message once, and remembers only numbers. Null if one cannot be read. */
function readMessages(backend: Backend): ReadMessages | null {
  const gone = new Map<number, number[]>();
  for (const { copy, content } of backend.gone()) {
    const list = gone.get(content);
    if (list === undefined) gone.set(content, [copy]);
    else list.push(copy);
  }
  const index = new AgeIndex();
  for (const head of backend.heads()) {
    const message = messageOf(head);
    if (typeof message === 'string') return null;
    const ids = copiesLeft(message, gone).map(({ id }) => id);
    if (ids.length > 0) index.add(ids, { content: head.content, bytes: keptBytes(head), pieces: !head.inline });
  }
  const kept = new KeptMessages(backend, gone, index.inOrder());
  return { kept, copies: index.copies(gone), sizeBytes: index.sizeBytes, messages: index.length };
}

/** The same, or null if the medium cannot be read throughout: then the check finds out where. */
function tryToRead(backend: Backend): ReturnType<typeof readMessages> {
  try {
    backend.begin();
    backend.eraseOrphans();
    backend.commit();
    return readMessages(backend);
  } catch (error) {
    backend.rollback();
    if (backend.failureOf(error) !== 'damaged') throw error;
    return null;
  }
}

/** Start on a store: count the incarnation up, check it if need be, and read it. @throws StoreError */
export function recover(backend: Backend): Found {
  const birth = backend.birth();
  let clean = birth.clean;
  let checked = clean ? undefined : check(backend, birth);
  let read = tryToRead(backend);
  if (read === null) {
    // Stopped in order, and damaged since.
    clean = false;
    checked = check(backend, birth);
    read = tryToRead(backend);
    if (read === null)
      throw new StoreError(`The store ${backend.place} changes while it is read. Is another program writing to it?`);
  }
  const bySender = new Map<string, number[]>();
  for (const { sender, activity } of backend.received()) {
    const list = bySender.get(sender);
    if (list === undefined) bySender.set(sender, [activity]);
    else list.push(activity);
  }
  const submissions = new Map<string, number>();
  for (const { seq, id } of backend.submissions()) submissions.set(id, seq);
  const recovered: Recovered = {
    incarnation: birth.incarnation,
    storeUuid: birth.storeUuid,
    clean,
    messages: read.kept,
    received: [...bySender].map(([sender, activities]) => ({ sender, activities })),
    ...(checked === undefined ? {} : { check: checked.check }),
    ...(checked === undefined || checked.damaged.length === 0 ? {} : { damaged: checked.damaged }),
  };
  const { copies, sizeBytes, messages } = read;
  return { recovered, copies, submissions, sizeBytes, messages };
}
