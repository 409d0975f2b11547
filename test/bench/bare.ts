/**
 * One process of the bare baseline: the least work that durable exactly-once hand-over needs. It shares the product's store,
 * rows per commit, sockets, pieces and number of messages in flight, and omits the protocol, the core and the event log.
 *
 *     node bare.js receiver FOLDER
 *     node bare.js sender FOLDER PORT CONNECTIONS MESSAGES-ON-EACH
 */
import { createHash, type Hash } from 'node:crypto';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { StoredMessage } from '@mtalab/mta-core';
import { monotonicMs, type Store } from '@mtalab/transport';
import { handleOf } from '../support/contents.js';
import { openStore } from './backlog.js';
import {
  type Answer,
  answerFrame,
  type Opening,
  onFrames,
  pieceFrame,
  pieceLength,
  readPiece,
  windowSize,
} from './bare-frames.js';
import type { Sample } from './figures.js';

/** As in the product, an erasure joins the next commit, or gets its own after this many times the length of a commit. */
const idleCommits = 4;
const idleCommitMs = { least: 5, most: 50 } as const;

/** Commits awaited writes at the end of the event loop's turn, and other writes a little later. */
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

/** A message whose pieces are arriving. */
type Arriving = { readonly content: number; readonly opening: Opening; readonly hash: Hash; length: number };
/** What follows when a piece is on disk: its answer, and the delivery of the message that it ends. */
type Written = { readonly answer: () => void; readonly whole?: Whole };
type Whole = { readonly message: StoredMessage; readonly hash: Hash; readonly lastOctets: Buffer };

function receiver(store: Store): { listen: () => Promise<number>; delivered: () => number } {
  let count = 0;
  let nextId = store.recovered.incarnation * 2 ** 32;
  let token = 0;
  const waiting = new Map<number, Written>();
  const arriving = new Map<number, Arriving>();
  const commits = new GroupCommit(store, (tokens) => {
    const written = tokens.flatMap((done) => waiting.get(done) ?? []);
    for (const { answer } of written) answer();
    for (const { whole } of written) if (whole !== undefined) deliver(whole);
    for (const done of tokens) waiting.delete(done);
    if (written.length > 0) commits.later();
  });
  const deliver = ({ message: { envelope, copies }, hash, lastOctets }: Whole): void => {
    const copy = copies[0] as StoredMessage['copies'][number];
    const sha256 = hash.update(lastOctets).digest();
    const { mtsId, sizeBytes, submittedAtMs } = envelope;
    store.record({ copy: copy.id, mtsId, mailbox: copy.recipients[0] ?? '', sizeBytes, submittedAtMs, sha256 });
    token += 1;
    store.apply({ type: 'forget', token, copies: [copy.id] });
    count += 1;
  };
  const begun = (id: number, opening: Opening): Arriving => {
    if (opening.settled.length > 0) store.apply({ type: 'settle', sender: 'sender', activities: opening.settled });
    nextId += 2;
    const started = { content: nextId, opening, hash: createHash('sha256'), length: 0 };
    arriving.set(id, started);
    return started;
  };
  const accepted = ({ content, opening }: Arriving): StoredMessage => {
    const { envelope, recipients } = opening;
    const destination = { to: 'mailbox', address: recipients[0] ?? '' } as const;
    const trace = [...envelope.trace, { mta: 'MTA-B', atMs: Math.floor(monotonicMs()) }];
    return { content, envelope: { ...envelope, trace }, copies: [{ id: content + 1, destination, recipients }] };
  };
  const take = (socket: Socket, frame: Buffer): void => {
    const { head, octets } = readPiece(frame);
    const { id, last, opening } = head;
    const message = opening === undefined ? arriving.get(id) : begun(id, opening);
    if (message === undefined) throw new Error(`a piece of an unknown message ${id}`);
    const segments = [{ content: message.content, offset: message.length, handle: handleOf(octets) }];
    message.length += octets.length;
    token += 1;
    const answer = (): unknown => socket.write(answerFrame({ id, last }));
    if (last) {
      const whole = accepted(message);
      arriving.delete(id);
      waiting.set(token, { answer, whole: { message: whole, hash: message.hash, lastOctets: octets } });
      const received = { sender: 'sender', activity: id };
      store.apply({ type: 'store', token, accept: [whole], segments, received, forget: [] });
    } else {
      message.hash.update(octets);
      waiting.set(token, { answer });
      store.apply({ type: 'store', token, accept: [], segments, forget: [] });
    }
    commits.soon();
  };
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    onFrames(socket, (frame) => take(socket, frame));
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

/** A message whose pieces are leaving. */
type Leaving = { readonly message: StoredMessage; sentUpTo: number; unanswered: number };

type Sender = {
  readonly isOpen: () => boolean;
  /** Begins no more messages. Resolves when those under way are answered, or nobody is left to answer. */
  readonly stop: () => Promise<void>;
};

function sender(store: Store, port: number, connections: number, messagesOnEach: number): Sender {
  const backlog = [...store.recovered.messages];
  let next = 0;
  let token = 0;
  let opened = 0;
  let settled: number[] = [];
  let underWay = 0;
  let isCut = false;
  let stopped: (() => void) | null = null;
  const erasing = new Map<number, number>();
  const commits = new GroupCommit(store, (tokens) => {
    for (const done of tokens) {
      const id = erasing.get(done);
      erasing.delete(done);
      if (id !== undefined) settled.push(id);
    }
  });
  const sendPieces = (socket: Socket, leaving: Leaving): void => {
    const { content, envelope, copies } = leaving.message;
    const { id, recipients } = copies[0] as StoredMessage['copies'][number];
    while (leaving.unanswered < windowSize && leaving.sentUpTo < envelope.sizeBytes) {
      const offset = leaving.sentUpTo;
      const length = pieceLength(offset, envelope.sizeBytes);
      leaving.sentUpTo += length;
      leaving.unanswered += 1;
      const head = { id, last: leaving.sentUpTo === envelope.sizeBytes };
      const octets = store.readContent(content, offset, length);
      socket.write(pieceFrame(offset === 0 ? { ...head, opening: { envelope, recipients, settled } } : head, octets));
      if (offset === 0) settled = [];
    }
  };
  const sendNext = (socket: Socket, leaving: Map<number, Leaving>): void => {
    const message = backlog[next];
    if (message === undefined || stopped !== null) return;
    next += 1;
    underWay += 1;
    const started = { message, sentUpTo: 0, unanswered: 0 };
    leaving.set(message.copies[0]?.id ?? 0, started);
    sendPieces(socket, started);
  };
  for (let index = 0; index < connections; index += 1) {
    const leaving = new Map<number, Leaving>();
    const socket = connect({ host: '127.0.0.1', port }, () => {
      socket.setNoDelay(true);
      opened += 1;
      for (let started = 0; started < messagesOnEach; started += 1) sendNext(socket, leaving);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      isCut = true;
      stopped?.();
    });
    onFrames(socket, (frame) => {
      const { id, last } = JSON.parse(frame.toString('latin1')) as Answer;
      const one = leaving.get(id);
      if (one === undefined) throw new Error(`an answer about an unknown message ${id}`);
      one.unanswered -= 1;
      if (!last) {
        sendPieces(socket, one);
        return;
      }
      leaving.delete(id);
      sendNext(socket, leaving);
      token += 1;
      erasing.set(token, id);
      store.apply({ type: 'forget', token, copies: [id] });
      commits.later();
      underWay -= 1;
      if (underWay === 0) stopped?.();
    });
  }
  return {
    isOpen: () => opened === connections,
    stop: () =>
      new Promise((resolve) => {
        stopped = resolve;
        if (underWay === 0 || isCut) resolve();
      }),
  };
}

const [role, folder = '', port = '0', connections = '1', onEach = '1'] = process.argv.slice(2);
const store = openStore(folder);
let delivered = (): number => 0;
let isOpen = (): boolean => true;
let stop = (): Promise<void> => Promise.resolve();
process.on('message', (message) => {
  if (message === 'sample') {
    const { user, system } = process.cpuUsage();
    const rssBytes = process.memoryUsage.rss();
    const sample: Sample = {
      delivered: delivered(),
      atMs: monotonicMs(),
      cpuS: (user + system) / 1e6,
      rssBytes,
      isOpen: isOpen(),
    };
    process.send?.(sample);
  } else if (message === 'stop') {
    void stop().then(() => {
      store.close(true);
      process.exit(0);
    });
  }
});
process.on('disconnect', () => process.exit(1));
if (role === 'receiver') {
  const parts = receiver(store);
  delivered = parts.delivered;
  process.send?.({ port: await parts.listen() });
} else {
  const parts = sender(store, Number(port), Number(connections), Number(onEach));
  isOpen = parts.isOpen;
  stop = parts.stop;
  process.send?.({ port: 0 });
}
