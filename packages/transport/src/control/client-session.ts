/** One client of an MTA's control server: its requests, its uploads and its subscriptions. */
import type { WebSocket } from 'ws';
import { SubmitRefused } from '../driver/submissions.js';
import { BadRequest } from './bad-request.js';
import { type CommandClient, carryOut } from './commands.js';
import { controlLimits } from './control-limits.js';
import { readRequest } from './read-request.js';
import type { CommandResult, ServerMessage } from './schema.js';
import type { ControlBackend } from './server.js';
import type { StreamName } from './stream-schema.js';
import { isBatch, readBatch } from './submit-batch.js';
import { submitTogether } from './submit-together.js';
import { Uploads } from './uploads.js';

const defaultRowBytes = 65_536;

/** Entries of streams that one message holds, characters. */
const maxEntriesBytes = 65_536;

type Subscription = { ended: boolean; end: () => void };

export class ClientSession implements CommandClient {
  readonly uploads: Uploads;
  readonly #socket: WebSocket;
  readonly #backend: ControlBackend;
  readonly #maxUnreadBytes: number;
  readonly #subscriptions = new Map<StreamName, Subscription>();
  #outstanding = 0;
  #batches = 0;
  /** Entries of streams that leave together at the end of the turn, as JSON. */
  #entries: string[] = [];
  #entriesOf: StreamName | null = null;
  #entryBytes = 0;
  #afterReply: (() => void) | null = null;

  constructor(socket: WebSocket, backend: ControlBackend, maxUnreadBytes: number) {
    this.#socket = socket;
    this.#backend = backend;
    this.#maxUnreadBytes = maxUnreadBytes;
    const { settings } = backend;
    this.uploads = new Uploads(backend.driver, settings.maxMessageBytes, settings.checkpointSizeK * 1024 || defaultRowBytes);
    socket.on('message', (data, isBinary) => {
      // With the default binaryType a message comes as one Buffer.
      if (!isBinary) void this.#request((data as Buffer).toString('utf8'));
      else if (isBatch(data as Buffer)) void this.#batch(data as Buffer);
      else this.#piece(data as Buffer);
    });
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.#gone());
  }

  latest(stream: StreamName): number {
    return this.#backend.streams[stream].latest();
  }

  /** Follow a stream. What is still kept after `since` comes first. */
  subscribe(stream: StreamName, since: number | undefined): CommandResult<'subscribe'> {
    this.unsubscribe(stream);
    const source = this.#backend.streams[stream];
    // The reply must leave before the first entry does.
    this.#afterReply = () => {
      const subscription: Subscription = { ended: false, end: () => undefined };
      this.#subscriptions.set(stream, subscription);
      subscription.end = source.follow(since, (json) => {
        if (!subscription.ended) this.#push(stream, json);
      });
      // What was kept can be too much already.
      if (subscription.ended) subscription.end();
    };
    return { stream, latest: source.latest() };
  }

  unsubscribe(stream: StreamName): void {
    const subscription = this.#subscriptions.get(stream);
    if (subscription === undefined) return;
    this.#subscriptions.delete(stream);
    subscription.ended = true;
    subscription.end();
  }

  /** Entries of one turn of the event loop travel together. */
  #push(stream: StreamName, json: string): void {
    if (this.#socket.bufferedAmount + this.#entryBytes > this.#maxUnreadBytes) {
      this.unsubscribe(stream);
      this.#send({ stream, dropped: true });
      return;
    }
    if (this.#entriesOf !== stream) this.#sendEntries();
    if (this.#entries.length === 0) setImmediate(this.#sendEntries);
    this.#entriesOf = stream;
    this.#entries.push(json);
    this.#entryBytes += json.length;
    if (this.#entryBytes > maxEntriesBytes) this.#sendEntries();
  }

  readonly #sendEntries = (): void => {
    if (this.#entries.length === 0) return;
    const text = `{"stream":"${this.#entriesOf}","entries":[${this.#entries.join()}]}`;
    this.#entries = [];
    this.#entryBytes = 0;
    this.#write(text);
  };

  #piece(frame: Buffer): void {
    try {
      this.#send(this.uploads.piece(frame));
    } catch (error) {
      this.#refuse(null, error);
    }
  }

  /** Submissions that came in one frame: they share a commit, and one reply answers them all. */
  async #batch(frame: Buffer): Promise<void> {
    let id: number | null = null;
    try {
      const batch = readBatch(frame);
      id = batch.id;
      if (this.#batches >= controlLimits.maxBatches)
        throw new BadRequest(`${controlLimits.maxBatches} batches wait for their answers already; wait for one`);
      this.#batches += 1;
      try {
        const result = await submitTogether(batch.messages(), this.#backend.driver, this.uploads);
        this.#send({ id: id ?? 0, ok: true, result });
      } finally {
        this.#batches -= 1;
      }
    } catch (error) {
      this.#refuse(id, error);
    }
  }

  async #request(text: string): Promise<void> {
    let id: number | null = null;
    try {
      const { id: given, cmd, args } = readRequest(text);
      id = given;
      if (this.#outstanding >= controlLimits.maxOutstanding) {
        throw new BadRequest(`${controlLimits.maxOutstanding} requests wait for their answers already; wait for one`);
      }
      this.#outstanding += 1;
      try {
        const { driver, clock, diagnostics, captures } = this.#backend;
        const result = await carryOut({ driver, clock, diagnostics, captures, client: this }, cmd, args);
        this.#send({ id, ok: true, result });
        const after = this.#afterReply;
        this.#afterReply = null;
        if (this.#socket.readyState === this.#socket.OPEN) after?.();
      } finally {
        this.#outstanding -= 1;
      }
    } catch (error) {
      this.#refuse(id, error);
    }
  }

  #refuse(id: number | null, error: unknown): void {
    if (error instanceof BadRequest || error instanceof SubmitRefused) {
      const upload = error instanceof BadRequest && id === null ? error.upload : undefined;
      this.#send({ id, ok: false, error: error.message, ...(upload === undefined ? {} : { upload }) });
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    this.#backend.log(`control: a request failed: ${error instanceof Error ? (error.stack ?? message) : message}`);
    this.#send({ id, ok: false, error: `internal error: ${message}` });
  }

  #send(message: ServerMessage[keyof ServerMessage]): void {
    // A reply may speak of what an entry has told before.
    this.#sendEntries();
    this.#write(JSON.stringify(message));
  }

  #write(text: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(text);
    // Replies too must not pile up: a client that sends requests and never reads is cut off.
    if (this.#socket.bufferedAmount > 4 * this.#maxUnreadBytes) this.#socket.terminate();
  }

  #gone(): void {
    for (const stream of [...this.#subscriptions.keys()]) this.unsubscribe(stream);
    this.uploads.dropAll();
  }
}
