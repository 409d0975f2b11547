/** Stores the durable backlog for both benches, and checks afterwards that each message was delivered exactly once. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { StoredMessage } from '@mtalab/mta-core';
import { openSqliteStore, type Store } from '@mtalab/transport';
import { handleOf, octetsOf } from '../support/contents.js';

const contentBytes = 1024;
const messagesPerCommit = 1000;
/** Ids of the first start of a store: incarnation 1, then a counter. */
const firstId = 2 ** 32;

export function openStore(folder: string): Store {
  mkdirSync(folder, { recursive: true });
  return openSqliteStore(folder, {
    octetsOf,
    render: () => {
      throw new Error('nothing is reported on in a bench');
    },
  });
}

function messageOf(index: number, atMs: number): StoredMessage {
  const number = 2 * index + 1;
  const envelope = {
    mtsId: `c=lab;mta=MTA-A;1-${number}`,
    originator: 'ada@a.example',
    priority: 'normal',
    contentType: 'message/rfc822',
    submittedAtMs: atMs,
    sizeBytes: contentBytes,
    digest: '',
    trace: [{ mta: 'MTA-A', atMs }],
  } as const;
  const recipients = ['ben@b.example'];
  const copy = { id: firstId + number + 1, destination: { to: 'mta', mta: 'MTA-B' } as const, recipients };
  return { content: firstId + number, envelope, copies: [copy] };
}

/** Fills a new store in this folder with messages for MTA-B, and closes it in order. */
export function loadBacklog(folder: string, messages: number): void {
  const store = openStore(folder);
  const atMs = Date.now();
  for (let index = 0; index < messages; index += 1) {
    const message = messageOf(index, atMs);
    const handle = handleOf(randomBytes(contentBytes));
    store.apply({
      type: 'store',
      token: index,
      accept: [message],
      segments: [{ content: message.content, offset: 0, handle }],
      forget: [],
    });
    if ((index + 1) % messagesPerCommit === 0 || index + 1 === messages) {
      const failed = store.commit().find((outcome) => outcome.type === 'store-failed');
      if (failed !== undefined) throw new Error(`the backlog cannot be stored: ${JSON.stringify(failed)}`);
    }
  }
  store.close(true);
}

/**
 * @param whole the run was not cut short, so no message may be left at the sender.
 * @throws Error unless each message is in the receiver's ledger once, or still at the sender.
 */
export function proveExactlyOnce(senderFolder: string, receiverFolder: string, messages: number, whole: boolean): void {
  const receiver = openStore(receiverFolder);
  const { count, distinct } = receiver.ledgerSummary();
  const { messages: undelivered } = receiver.counts();
  receiver.close(true);
  const sender = openStore(senderFolder);
  const { messages: left } = sender.counts();
  sender.close(true);
  const once = count === distinct && count <= messages;
  if (once && (whole ? count === messages && left + undelivered === 0 : count + undelivered + left >= messages)) return;
  throw new Error(
    `not exactly once: ${messages} messages, ${count} deliveries of ${distinct} different ones, ` +
      `${left} left at the sender, ${undelivered} undelivered at the receiver`,
  );
}
