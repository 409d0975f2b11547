/** The client of a control server, for the harness and the command. */
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import type * as z from 'zod';
import { ControlError } from './control-error.js';
import { controlLimits } from './control-limits.js';
import {
  type ArgumentsOf,
  type CommandName,
  type CommandResult,
  type CommandSchemas,
  commands,
  type ResultOf,
  serverMessages,
} from './schema.js';
import { type StreamEntries, type StreamName, streams } from './stream-schema.js';
import { batchResult, type SubmitArguments, type SubmitOutcome } from './submit-batch.js';
import { Submitting } from './submitting.js';
import { Turns } from './turns.js';

export type StreamHandlers<S extends StreamName> = {
  readonly entry: (entry: StreamEntries[S]) => void;
  /** This side has read too slowly: nothing more comes. */
  readonly dropped?: () => void;
};
export type RequestOptions = {
  /** Real milliseconds until `timeout`. Default 30,000. */
  readonly timeoutMs?: number;
};
export type ConnectOptions = RequestOptions & {
  /**
   * Does the open connection keep this process alive? Default true. If not, only requests without an answer do. A program that
   * follows nothing but a stream must then have another reason to live.
   */
  readonly keepsAlive?: boolean;
};
/** Arguments and options of a command; arguments may be left out where none is required. */
export type Given<Schemas extends CommandSchemas, Name extends keyof Schemas> =
  Readonly<Record<never, never>> extends ArgumentsOf<Schemas, Name>
    ? [args?: ArgumentsOf<Schemas, Name>, options?: RequestOptions]
    : [args: ArgumentsOf<Schemas, Name>, options?: RequestOptions];
export type CommandGiven<Name extends CommandName> = Given<typeof commands, Name>;

type Waiter = {
  readonly cmd: string;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
};
type UploadWaiter = { readonly settle: (receivedBytes: number | Error) => void };
const defaultTimeoutMs = 30_000;
/** Pieces of an upload that may be on their way at one time. */
const uploadWindow = 4;

/** A connection to a control server. */
export class ControlClient {
  /** Resolves with the reason when the connection has ended, by either side. */
  readonly closed: Promise<string>;
  /** Where the server listens, such as `ws://127.0.0.1:40001`. */
  readonly url: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, Waiter>();
  readonly #uploads = new Map<string, UploadWaiter[]>();
  readonly #handlers = new Map<StreamName, StreamHandlers<never>>();
  // The server refuses what is above its limits, so the client waits for its turn.
  readonly #requestTurns = new Turns(controlLimits.maxOutstanding);
  readonly #submitting = new Submitting({
    exchange: async (frameOf, options) => {
      const id = this.#newId();
      const found = batchResult.safeParse(await this.#exchange('submit', id, frameOf(id), options));
      if (!found.success) throw new ControlError('unreadable', `control ${this.url}: submit: ${unlike(found.error)}`);
      return found.data;
    },
    upload: (content, options) => this.upload(content, options),
    submitUpload: (message, options) => this.command('submit', message, options),
  });
  #nextId = 1;
  #nextUpload = 1;
  #goneReason: string | null = null;

  private constructor(url: string, socket: WebSocket) {
    this.url = url;
    this.#socket = socket;
    socket.on('message', (data) => this.#receive((data as Buffer).toString('utf8')));
    // A close follows each error, with the reason.
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        const why =
          reason.length > 0 ? reason.toString('utf8') : code === 1009 ? 'a message was too big' : 'the connection was lost';
        this.#gone(why);
        resolve(why);
      });
    });
  }

  /**
   * Connect to a control server.
   * @param url such as `ws://127.0.0.1:40001`.
   * @throws ControlError `unauthorised`, `unreachable` or `timeout`.
   */
  static connect(url: string, token: string, options: ConnectOptions = {}): Promise<ControlClient> {
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    let tcp: Socket | undefined;
    const socket = new WebSocket(url, {
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: false,
      handshakeTimeout: timeoutMs,
      createConnection: (where: object) => {
        tcp = connect(where as NetConnectOpts);
        return tcp;
      },
      // A journal line can be long: an MTA with much recovered mail starts with one of many megabytes.
      maxPayload: 512 * 1_048_576,
    });
    return new Promise((resolve, reject) => {
      socket.once('open', () => {
        socket.off('error', failed);
        if (options.keepsAlive === false) tcp?.unref();
        resolve(new ControlClient(url, socket));
      });
      const failed = (error: Error): void => {
        const timedOut = /timed out/.test(error.message);
        const text = timedOut ? `no answer in ${timeoutMs} ms` : `nobody can be reached (${error.message})`;
        reject(new ControlError(timedOut ? 'timeout' : 'unreachable', `control ${url}: ${text}`, { cause: error }));
      };
      socket.on('error', failed);
      socket.once('unexpected-response', (request, response) => {
        request.destroy();
        const unauthorised = response.statusCode === 401 || response.statusCode === 403;
        const text = `${response.statusCode} ${response.statusMessage}`;
        reject(new ControlError(unauthorised ? 'unauthorised' : 'unreachable', `control ${url}: refused with ${text}`));
      });
    });
  }

  /**
   * Give an MTA a command and wait for its result.
   * @throws ControlError `refused` with the MTA's reason, `gone`, `timeout` or `unreadable`.
   */
  command<Name extends CommandName>(name: Name, ...given: CommandGiven<Name>): Promise<CommandResult<Name>> {
    return this.commandOf(commands, name, ...given);
  }

  /**
   * Give a control server that is not an MTA's one of its own commands. The schemas type the arguments and check the result.
   * @throws ControlError as `command`.
   */
  async commandOf<Schemas extends CommandSchemas, Name extends keyof Schemas & string>(
    schemas: Schemas,
    name: Name,
    ...[args, options]: Given<Schemas, Name>
  ): Promise<ResultOf<Schemas, Name>> {
    const result = await this.request(name, args as object | undefined, options);
    const read = (schemas[name] as Schemas[Name]).result.safeParse(result);
    if (!read.success) throw new ControlError('unreadable', `control ${this.url}: ${name}: ${unlike(read.error)}`);
    // As it came: a server of a later version may say more than this schema has.
    return result as ResultOf<Schemas, Name>;
  }

  /**
   * Send a request as it is and wait for its result, which is not checked. Above the limit of requests without an answer it waits
   * for its turn, and its time begins then.
   * @throws ControlError `refused` with the server's reason, `gone` or `timeout`.
   */
  request<T = unknown>(cmd: string, args: object = {}, options: RequestOptions = {}): Promise<T> {
    return this.#requestTurns.do(() => this.#ask<T>(cmd, args, options));
  }

  #ask<T>(cmd: string, args: object, options: RequestOptions): Promise<T> {
    const id = this.#newId();
    return this.#exchange<T>(cmd, id, JSON.stringify({ ...args, id, cmd }), options);
  }

  #newId(): number {
    this.#nextId += 1;
    return this.#nextId - 1;
  }

  /** Sends a request, and waits for the reply with its id. */
  #exchange<T>(cmd: string, id: number, request: string | Buffer, options: RequestOptions): Promise<T> {
    const gone = this.#goneError(cmd);
    if (gone !== null) return Promise.reject(gone);
    if (Buffer.byteLength(request) > controlLimits.maxMessageBytes) {
      const limit = `at most ${controlLimits.maxMessageBytes} octets fit in one`;
      return Promise.reject(new ControlError('refused', `${cmd}: the request is too big, ${limit}; upload large content`));
    }
    return new Promise<T>((resolve, reject) => {
      const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new ControlError('timeout', `control ${this.url}: no answer to ${cmd} in ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiting.set(id, { cmd, resolve: resolve as (result: unknown) => void, reject, timer });
      this.#socket.send(request);
    });
  }

  /**
   * Submit a message, uploading its content in pieces when it is large. Resolves when it is on the MTA's disk. Messages that are
   * submitted in the same turn of the event loop travel together.
   * @throws ControlError as `request`.
   */
  submit(message: SubmitArguments, options: RequestOptions = {}): Promise<CommandResult<'submit'>> {
    return this.#submitting.one(message, options);
  }

  /**
   * Submit many messages. Resolves when all are on the MTA's disk or refused. What does not fit in one frame travels in several, and
   * above the limit of frames without an answer they wait for their turn. Large contents are uploaded.
   * @returns what became of each message, in their order.
   * @throws ControlError `gone` or `timeout`: nobody knows what became of them. A repetition with the same submission ids is harmless.
   */
  submitBatch(messages: readonly SubmitArguments[], options: RequestOptions = {}): Promise<readonly SubmitOutcome[]> {
    return this.#submitting.many(messages, options);
  }

  /** Upload a content in pieces. @returns its upload id, for `submit`. */
  async upload(content: Uint8Array, options: RequestOptions = {}): Promise<string> {
    const upload = `u${this.#nextUpload}`;
    this.#nextUpload += 1;
    await this.command('upload-begin', { upload }, options);
    const id = Buffer.from(upload, 'latin1');
    const acknowledged: Promise<number>[] = [];
    this.#uploads.set(upload, []);
    try {
      for (let at = 0; at < content.length; at += controlLimits.maxPieceBytes) {
        // Never more pieces on their way than the window, however large the content.
        if (acknowledged.length >= uploadWindow) await acknowledged[acknowledged.length - uploadWindow];
        const piece = content.subarray(at, at + controlLimits.maxPieceBytes);
        acknowledged.push(this.#piece(upload, id, piece, options.timeoutMs ?? defaultTimeoutMs));
      }
      const received = await acknowledged.at(-1);
      if ((received ?? 0) !== content.length)
        throw new ControlError('refused', `upload ${upload}: ${received} of ${content.length} octets arrived`);
    } catch (error) {
      // An upload that nobody submits would take one of the places for ever. The server may have dropped it already.
      if (this.#goneReason === null) this.command('upload-drop', { upload }, options).catch(() => undefined);
      throw error;
    } finally {
      this.#uploads.delete(upload);
    }
    return upload;
  }

  /**
   * Follow a stream. There is one handler for each stream: a second one takes the place of the first.
   * @param since number of the last entry that is known: what is still kept after it comes first.
   * @returns the number of the stream's latest entry at that time.
   */
  async subscribe<S extends StreamName>(
    stream: S,
    handlers: StreamHandlers<S> | StreamHandlers<S>['entry'],
    since?: number,
  ): Promise<CommandResult<'subscribe'>> {
    const given: StreamHandlers<S> = typeof handlers === 'function' ? { entry: handlers } : handlers;
    this.#handlers.set(stream, given as unknown as StreamHandlers<never>);
    return this.command('subscribe', since === undefined ? { stream } : { stream, since });
  }

  /** Ends a subscription. What is under way may still come. */
  async unsubscribe(stream: StreamName): Promise<void> {
    this.#handlers.delete(stream);
    await this.command('unsubscribe', { stream });
  }

  /** End the connection. Requests that wait are rejected with `gone`. */
  close(): void {
    this.#gone('closed by this side');
    this.#socket.close();
    // A process that stands still never answers the close, and an open socket would keep this process.
    setTimeout(() => this.#socket.terminate(), controlLimits.closeGraceMs).unref();
  }

  #piece(upload: string, id: Buffer, octets: Uint8Array, timeoutMs: number): Promise<number> {
    const gone = this.#goneError('upload');
    if (gone !== null) return Promise.reject(gone);
    const answer = new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new ControlError('timeout', `control ${this.url}: upload ${upload}: no answer in ${timeoutMs} ms`));
      }, timeoutMs);
      const settle = (received: number | Error): void => {
        clearTimeout(timer);
        if (typeof received === 'number') resolve(received);
        else reject(received);
      };
      this.#uploads.get(upload)?.push({ settle });
    });
    // Awaited in groups: a rejection that is not awaited yet is no defect.
    answer.catch(() => undefined);
    this.#socket.send(Buffer.concat([Buffer.of(id.length), id, octets]));
    return answer;
  }

  /** What comes that is not of the protocol ends the connection: nothing after it could be trusted. */
  #receive(text: string): void {
    try {
      this.#take(JSON.parse(text) as object);
    } catch (error) {
      this.#gone(`the server does not speak this protocol: ${(error as Error).message}`);
      this.#socket.terminate();
    }
  }

  #take(message: object): void {
    if ('stream' in message) this.#pushed(message);
    else if ('upload' in message) this.#pieceAnswered(message);
    else this.#answered(message);
  }

  #answered(message: object): void {
    const answer =
      'ok' in message && message.ok === true ? read(serverMessages.result, message) : read(serverMessages.refusal, message);
    const waiter = answer.id === null ? undefined : this.#waiting.get(answer.id);
    if (answer.id === null || waiter === undefined) return;
    this.#waiting.delete(answer.id);
    clearTimeout(waiter.timer);
    if (answer.ok) waiter.resolve(answer.result);
    else waiter.reject(new ControlError('refused', answer.error));
  }

  #pushed(message: object): void {
    if ('dropped' in message) {
      const { stream } = read(serverMessages.dropped, message);
      const handlers = this.#handlers.get(stream);
      this.#handlers.delete(stream);
      handlers?.dropped?.();
      return;
    }
    const { stream, entries } = read(serverMessages.entries, message);
    for (const entry of entries) {
      // The handler of an entry may end the subscription.
      const handlers = this.#handlers.get(stream);
      if (handlers === undefined) return;
      (handlers.entry as (entry: unknown) => void)(read(streams[stream] as z.ZodType, entry));
    }
  }

  #pieceAnswered(message: object): void {
    if (!('ok' in message)) {
      const { upload, receivedBytes } = read(serverMessages.piece, message);
      this.#uploads.get(upload)?.shift()?.settle(receivedBytes);
      return;
    }
    const { upload = '', error } = read(serverMessages.refusal, message);
    // With one piece refused the others are of no use.
    for (const waiter of this.#uploads.get(upload)?.splice(0) ?? []) waiter.settle(new ControlError('refused', error));
  }

  #goneError(cmd: string): ControlError | null {
    if (this.#goneReason === null) return null;
    return new ControlError('gone', `control ${this.url}: ${cmd} cannot be asked: ${this.#goneReason}`);
  }

  #gone(reason: string): void {
    this.#goneReason ??= reason;
    for (const { cmd, reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new ControlError('gone', `control ${this.url}: no answer to ${cmd}: ${this.#goneReason}`));
    }
    this.#waiting.clear();
    for (const waiters of this.#uploads.values()) {
      const error = new ControlError('gone', `control ${this.url}: upload: ${this.#goneReason}`);
      for (const waiter of waiters.splice(0)) waiter.settle(error);
    }
  }
}

/** The message, if it has what the schema says. @throws Error that says what is wrong. */
function read<T>(schema: z.ZodType<T>, message: unknown): T {
  const found = schema.safeParse(message);
  if (!found.success) throw new Error(unlike(found.error));
  return message as T;
}

function unlike(error: z.ZodError): string {
  const [issue] = error.issues;
  return `what came is not what was expected${issue === undefined ? '' : ` (${[...issue.path, issue.message].join(': ')})`}`;
}
