/**
 * One process of the bare baseline: what any program would have to do to hand messages over durably and once, and nothing
 * else. The same store, the same rows in the same commits, the same sockets, the same number in flight; no protocol, no
 * core, no event log. A frame is `u32 length, u32 head length, head as JSON, content`, an answer `u32 length, head as JSON`.
 *
 *     node bare.js receiver FOLDER
 *     node bare.js sender FOLDER PORT CONNECTIONS
 */
import { createHash } from 'node:crypto';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Envelope, StoredMessage } from '@mtalab/mta-core';
import { monotonicMs, type Store } from '@mtalab/transport';
import { handleOf } from '../support/contents.js';
import { openStore } from './backlog.js';
import type { Sample } from './figures.js';

/** What only makes room joins the next commit, or has one of its own after so many times a commit's length: as in the product. */
const idleCommits = 4;
const idleCommitMs = { least: 5, most: 50 } as const;
const lengthBytes = 4;
const noOctets = Buffer.alloc(0);

type Head = {
  readonly id: number;
  readonly envelope: Envelope;
  readonly recipients: readonly string[];
  /** Erased at the sender for good: the receiver may forget these. */
  readonly settled: readonly number[];
};
type Answer = { readonly id: number };

/** A stream cut into frames, each without its length. */
function frames(socket: Socket, take: (frame: Buffer) => void): void {
  let rest: Buffer = noOctets;
  socket.on('data', (chunk: Buffer) => {
    const octets = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (octets.length - at >= lengthBytes) {
      const end = at + lengthBytes + octets.readUInt32LE(at);
      if (end > octets.length) break;
      take(octets.subarray(at + lengthBytes, end));
      at = end;
    }
    rest = octets.subarray(at);
  });
}

function answerFrame(answer: Answer): Buffer {
  const head = JSON.stringify(answer);
  const frame = Buffer.allocUnsafe(lengthBytes + head.length);
  frame.writeUInt32LE(head.length);
  frame.write(head, lengthBytes, 'latin1');
  return frame;
}

function messageFrame(head: Head, content: Uint8Array): Buffer {
  const text = JSON.stringify(head);
  const textBytes = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(2 * lengthBytes + textBytes + content.length);
  frame.writeUInt32LE(frame.length - lengthBytes);
  frame.writeUInt32LE(textBytes, lengthBytes);
  frame.write(text, 2 * lengthBytes);
  frame.set(content, 2 * lengthBytes + textBytes);
  return frame;
}

/** Commits at the end of a turn of the loop what somebody waits for, and a little later what nobody waits for. */
class GroupCommit {
  readonly #store: Store;
  readonly #done: (tokens: readonly number[]) => void;
  #pending = false;
  #timer: NodeJS.Timeout | null = null;
  #idleMs: number = idleCommitMs.least;

  constructor(store: Store, done: (tokens: readonly number[]) => void) {
    this.#store = store;
    this.#done = done;
  }

  soon(): void {
    if (this.#pending) return;
    this.#pending = true;
    setImmediate(() => {
      this.#pending = false;
      this.#commit();
    });
  }

  later(): void {
    this.#timer ??= setTimeout(() => this.#commit(), this.#idleMs);
  }

  #commit(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const beganMs = performance.now();
    const outcomes = this.#store.commit();
    this.#idleMs = Math.min(idleCommitMs.most, Math.max(idleCommitMs.least, idleCommits * (performance.now() - beganMs)));
    const tokens = outcomes.map((outcome) => {
      if (outcome.type === 'store-failed') throw new Error(outcome.detail);
      return outcome.token;
    });
    this.#done(tokens);
  }
}

function receiver(store: Store): { listen: () => Promise<number>; delivered: () => number } {
  let count = 0;
  let nextId = store.recovered.incarnation * 2 ** 32;
  let token = 0;
  type Waiting = { readonly message: StoredMessage; readonly octets: Buffer; readonly answer: () => void };
  const waiting = new Map<number, Waiting>();
  const commits = new GroupCommit(store, (tokens) => {
    const stored = tokens.flatMap((done) => waiting.get(done) ?? []);
    for (const { answer } of stored) answer();
    for (const { message, octets } of stored) deliver(message, octets);
    for (const done of tokens) waiting.delete(done);
    if (stored.length > 0) commits.later();
  });
  const deliver = ({ envelope, copies }: StoredMessage, octets: Buffer): void => {
    const copy = copies[0] as StoredMessage['copies'][number];
    const sha256 = createHash('sha256').update(octets).digest();
    const { mtsId, sizeBytes, submittedAtMs } = envelope;
    store.record({ copy: copy.id, mtsId, mailbox: copy.recipients[0] ?? '', sizeBytes, submittedAtMs, sha256 });
    token += 1;
    store.apply({ type: 'forget', token, copies: [copy.id] });
    count += 1;
  };
  const take = (socket: Socket, frame: Buffer): void => {
    const headBytes = frame.readUInt32LE(0);
    const { id, envelope, recipients, settled } = JSON.parse(
      frame.toString('utf8', lengthBytes, lengthBytes + headBytes),
    ) as Head;
    if (settled.length > 0) store.apply({ type: 'settle', sender: 'sender', activities: settled });
    nextId += 2;
    const content = nextId;
    const destination = { to: 'mailbox', address: recipients[0] ?? '' } as const;
    const trace = [...envelope.trace, { mta: 'MTA-B', atMs: Math.floor(monotonicMs()) }];
    const message = { content, envelope: { ...envelope, trace }, copies: [{ id: nextId + 1, destination, recipients }] };
    token += 1;
    const octets = frame.subarray(lengthBytes + headBytes);
    waiting.set(token, { message, octets, answer: () => socket.write(answerFrame({ id })) });
    store.apply({
      type: 'store',
      token,
      accept: [message],
      segments: [{ content, offset: 0, handle: handleOf(octets) }],
      received: { sender: 'sender', activity: id },
      forget: [],
    });
    commits.soon();
  };
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    frames(socket, (frame) => take(socket, frame));
    socket.on('error', () => socket.destroy());
  });
  return {
    listen: () =>
      new Promise((resolve) => {
        server.listen({ host: '127.0.0.1', port: 0 }, () => resolve((server.address() as AddressInfo).port));
      }),
    delivered: () => count,
  };
}

function sender(store: Store, port: number, connections: number): void {
  const backlog = store.recovered.messages;
  let next = 0;
  let token = 0;
  let settled: number[] = [];
  const erasing = new Map<number, number>();
  const commits = new GroupCommit(store, (tokens) => {
    for (const done of tokens) {
      const id = erasing.get(done);
      erasing.delete(done);
      if (id !== undefined) settled.push(id);
    }
  });
  const sendNext = (socket: Socket): void => {
    const message = backlog[next];
    if (message === undefined) return;
    next += 1;
    const { id, recipients } = message.copies[0] as StoredMessage['copies'][number];
    const { content, envelope } = message;
    socket.write(messageFrame({ id, envelope, recipients, settled }, store.readContent(content, 0, envelope.sizeBytes)));
    settled = [];
  };
  for (let index = 0; index < connections; index += 1) {
    const socket = connect({ host: '127.0.0.1', port }, () => {
      socket.setNoDelay(true);
      sendNext(socket);
    });
    socket.on('error', () => socket.destroy());
    frames(socket, (frame) => {
      const { id } = JSON.parse(frame.toString('latin1')) as Answer;
      sendNext(socket);
      token += 1;
      erasing.set(token, id);
      store.apply({ type: 'forget', token, copies: [id] });
      commits.later();
    });
  }
}

const [role, folder = '', port = '0', connections = '1'] = process.argv.slice(2);
const store = openStore(folder);
let delivered = (): number => 0;
process.on('message', (message) => {
  if (message === 'sample') {
    const { user, system } = process.cpuUsage();
    const rssBytes = process.memoryUsage.rss();
    const sample: Sample = { delivered: delivered(), atMs: monotonicMs(), cpuS: (user + system) / 1e6, rssBytes };
    process.send?.(sample);
  } else if (message === 'stop') {
    store.close(true);
    process.exit(0);
  }
});
process.on('disconnect', () => process.exit(1));
if (role === 'receiver') {
  const parts = receiver(store);
  delivered = parts.delivered;
  process.send?.({ port: await parts.listen() });
} else {
  sender(store, Number(port), Number(connections));
  process.send?.({ port: 0 });
}
