/** Stores the durable backlog for both benches, and checks afterwards that each message was delivered exactly once. */
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync } from 'node:fs';
import type { StoredMessage } from '@mtalab/mta-core';
import { openSqliteStore, type Store } from '@mtalab/transport';
import { handleOf, octetsOf } from '../support/contents.js';
import { pieceBytes } from './bare-frames.js';
import type { Limits } from './figures.js';

const messagesPerCommit = 1000;
const bytesPerCommit = 16 * 2 ** 20;
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

function messageOf(index: number, atMs: number, sizeBytes: number): StoredMessage {
  const number = 2 * index + 1;
  const envelope = {
    mtsId: `c=lab;mta=MTA-A;1-${number}`,
    originator: 'ada@a.example',
    priority: 'normal',
    contentType: 'message/rfc822',
    submittedAtMs: atMs,
    sizeBytes,
    digest: '',
    trace: [{ mta: 'MTA-A', atMs }],
  } as const;
  const recipients = ['ben@b.example'];
  const copy = { id: firstId + number + 1, destination: { to: 'mta', mta: 'MTA-B' } as const, recipients };
  return { content: firstId + number, envelope, copies: [copy] };
}

/** What a run hands over. */
export type Load = Limits & {
  /** Octets of each message. */
  readonly bytes: number;
  /** Messages that are queued as well, and still are when the run ends. Default 0. */
  readonly stay?: number;
  /** A store with all of this, to be copied: a large backlog takes long to store. Default: the run stores its own. */
  readonly from?: string;
};

/** Fills a new store in this folder with messages for MTA-B, and closes it in order. */
export function loadBacklog(folder: string, { messages, bytes, stay = 0, from }: Load): void {
  if (from !== undefined) {
    cpSync(from, folder, { recursive: true });
    return;
  }
  const all = messages + stay;
  const store = openStore(folder);
  const atMs = Date.now();
  let uncommitted = 0;
  for (let index = 0; index < all; index += 1) {
    const message = messageOf(index, atMs, bytes);
    const segments: { content: number; offset: number; handle: ReturnType<typeof handleOf> }[] = [];
    for (let offset = 0; offset < bytes; offset += pieceBytes) {
      const handle = handleOf(randomBytes(Math.min(pieceBytes, bytes - offset)));
      segments.push({ content: message.content, offset, handle });
    }
    store.apply({ type: 'store', token: index, accept: [message], segments, forget: [] });
    uncommitted += 1;
    if (uncommitted < messagesPerCommit && uncommitted * bytes < bytesPerCommit && index + 1 < all) continue;
    uncommitted = 0;
    const failed = store.commit().find((outcome) => outcome.type === 'store-failed');
    if (failed !== undefined) throw new Error(`the backlog cannot be stored: ${JSON.stringify(failed)}`);
  }
  store.close(true);
}

/**
 * @param isWhole the run was not cut short, so no message but those that stay may be left at the sender.
 * @throws Error unless each message is in the receiver's ledger once, or still at the sender.
 */
export function proveExactlyOnce(senderFolder: string, receiverFolder: string, load: Load, isWhole: boolean): void {
  const { stay = 0 } = load;
  const messages = load.messages + stay;
  const whole = isWhole && stay === 0;
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
