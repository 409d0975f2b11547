/**
 * The sockets of one MTA, for any kind of link. Effects of the core go in by method calls; inputs for the core come out
 * through a hook. The link's codecs know what the octets mean.
 * Nothing here waits for time: the core closes what takes too long.
 */
import { type AddressInfo, connect, createServer, isIP, type Server, type Socket } from 'node:net';
import { type Effect, type Input, type LinkFrame, type LinkKind, ntError } from '@mtalab/mta-core';
import { type CodecsByLink, type FrameCodecs, MalformedFrame, UnreadableContent } from './frame-codec.js';
import { addressText, SocketConnection } from './socket-connection.js';
import type { SocketTap } from './socket-tap.js';

export type NetworkHooks = {
  /** Takes an input for the core. Called from socket events, one frame at a time, never from within a method of `Network`. */
  readonly input: (input: Input) => void;
  readonly log?: (level: 'info' | 'warn' | 'error', text: string) => void;
};

export type NetworkOptions = {
  /** Octets that may wait for one peer to read them; a connection with more is dropped. Default: the longest frame and 16 MiB. */
  readonly maxBufferedBytes?: number;
  /** Connections, dialled and accepted together; the core has its own, lower limit. */
  readonly maxSockets?: number;
  /** Sees the octets of every connection. */
  readonly tap?: SocketTap | undefined;
};

/** One connection in a status report. `sent` and `received` count whole frames. */
export type SocketView = {
  readonly conn: number;
  readonly local: string;
  readonly remote: string;
  readonly sent: number;
  readonly received: number;
};

type ListenEffect = Extract<Effect, { readonly type: 'listen' }>;
type DialEffect = Extract<Effect, { readonly type: 'dial' }>;

/** Sockets that are closed here and whose peers have not taken what was sent; beyond it the oldest is cut. */
const closingLimit = 64;
/** Loop turns that `closeAll` gives all sockets together. */
const closeAllTurns = 2000;
/** OS errors of this machine, not of the peer's. */
const exhausted = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);

export class Network {
  readonly #hooks: NetworkHooks;
  readonly #codecs: CodecsByLink;
  readonly #maxBufferedBytes: number | undefined;
  readonly #maxSockets: number;
  readonly #tap: SocketTap | undefined;
  readonly #servers = new Set<Server>();
  readonly #connections = new Map<number, SocketConnection>();
  /** Ended by us, oldest first. */
  readonly #closing = new Set<Socket>();
  /** Inputs for connections that failed within a call of the core's driver, delivered when that call is over. */
  readonly #failed = new Map<number, Input>();
  #dirty: SocketConnection[] = [];
  #nextAccepted = 1;

  /** @param codecs of the kinds of links that this MTA has. */
  constructor(hooks: NetworkHooks, codecs: CodecsByLink, options: NetworkOptions = {}) {
    this.#hooks = hooks;
    this.#codecs = codecs;
    this.#maxBufferedBytes = options.maxBufferedBytes;
    this.#maxSockets = options.maxSockets ?? 4096;
    this.#tap = options.tap;
  }

  /**
   * Listen for the core's binding. Input: `listening` or `listen-failed`.
   * @throws Error when the link has no sockets.
   */
  listen({ link, binding, address, port }: ListenEffect): void {
    const codecs = this.#codecsOf(link);
    const server = createServer();
    let isUp = false;
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (isUp) {
        this.#log('error', `Listening on ${address} failed: ${error.message}`);
        return;
      }
      this.#servers.delete(server);
      this.#hooks.input({ type: 'listen-failed', link, binding, osError: osErrorOf(error) });
    });
    server.on('connection', (socket) => this.#accept(link, codecs, binding, socket));
    server.on('listening', () => {
      if (!this.#servers.has(server)) return;
      isUp = true;
      this.#hooks.input({ type: 'listening', link, binding, port: (server.address() as AddressInfo).port });
    });
    this.#servers.add(server);
    try {
      server.listen({ host: address, port, exclusive: true });
    } catch (error) {
      process.nextTick(() => server.emit('error', error));
    }
  }

  /**
   * Dial for the core's even `conn`. Input: `connected` or `dial-failed`.
   * @throws Error when the link has no sockets.
   */
  dial({ link, conn, host, port, localAddress }: DialEffect): void {
    const codecs = this.#codecsOf(link);
    let socket: Socket;
    try {
      if (this.#connections.size >= this.#maxSockets) throw Object.assign(new Error('too many connections'), { code: 'EMFILE' });
      // A name may have addresses of both families: the lookup is limited to the one that the local address can reach.
      const from = localAddress === undefined ? {} : { localAddress, family: isIP(host) === 0 ? isIP(localAddress) : 0 };
      socket = connect({ host, port, ...from });
    } catch (error) {
      // A port out of range, for instance.
      this.#fail(conn, dialFailed(conn, error as NodeJS.ErrnoException));
      return;
    }
    const connection = this.#connection(link, codecs, conn, socket, null);
    socket.on('connect', () => {
      if (connection.phase !== 'dialling') return;
      connection.up(this.#tap);
      const address = isIP(host) === 0 ? socket.remoteAddress : undefined;
      this.#hooks.input({ type: 'connected', conn, ...(address === undefined ? {} : { address }) });
    });
  }

  /**
   * Encode a frame for its connection; it leaves with the next `flush`. A connection that is gone is passed over: its loss
   * is on its way to the core.
   * @returns what is wrong with the content that the frame carries, if it cannot be read: the frame does not leave then.
   * @throws Error when the frame is of another kind of link than its connection.
   */
  send({ link, conn, frame }: LinkFrame): string | null {
    const connection = this.#connections.get(conn);
    if (connection === undefined || connection.phase !== 'up') return null;
    if (connection.link !== link)
      throw new Error(`connection ${conn} is of the ${connection.link} link, not of the ${link} link`);
    try {
      connection.codec.encodeInto(connection.out, frame);
    } catch (error) {
      if (error instanceof UnreadableContent) return error.message;
      const why = (error as Error).message;
      this.#log('error', `A ${frame.type} for ${connection.remote} cannot be encoded: ${why}. The connection is dropped.`);
      this.#drop(connection);
      return null;
    }
    connection.sent += 1;
    const { maxBufferedBytes } = connection;
    if (connection.bufferedBytes > maxBufferedBytes) {
      const text = `${connection.remote} does not read: more than ${maxBufferedBytes} octets wait for it.`;
      this.#log('warn', `${text} The connection is dropped.`);
      this.#drop(connection);
      return null;
    }
    if (!connection.dirty) {
      connection.dirty = true;
      this.#dirty.push(connection);
    }
    return null;
  }

  /** Hand all that was encoded since the last time to the sockets, one write each. */
  flush(): void {
    if (this.#dirty.length === 0) return;
    const connections = this.#dirty;
    this.#dirty = [];
    for (const connection of connections) if (connection.dirty) connection.flush();
  }

  /** Close a connection once what was sent is written, or give up a dial. No input follows for it. */
  close(conn: number): void {
    this.#failed.delete(conn);
    const connection = this.#connections.get(conn);
    if (connection !== undefined) this.#retire(connection);
  }

  /** Connections that are up, oldest first. */
  sockets(): SocketView[] {
    const views: SocketView[] = [];
    for (const { phase, conn, local, remote, sent, received } of this.#connections.values()) {
      if (phase === 'up') views.push({ conn, local, remote, sent, received });
    }
    return views;
  }

  /** Stop listening and close all connections. Resolves when no socket is left; a peer that does not read is cut off. */
  async closeAll(): Promise<void> {
    const servers = [...this.#servers].map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    this.#servers.clear();
    for (const connection of [...this.#connections.values()]) this.#retire(connection);
    for (let turn = 0; turn < closeAllTurns && this.#closing.size > 0; turn += 1) await new Promise(setImmediate);
    for (const socket of this.#closing) socket.destroy();
    await Promise.all(servers);
  }

  #codecsOf(link: LinkKind): FrameCodecs {
    const codecs = this.#codecs[link];
    if (codecs === undefined) throw new Error(`the ${link} link has no sockets here`);
    return codecs as FrameCodecs;
  }

  #accept(link: LinkKind, codecs: FrameCodecs, binding: number, socket: Socket): void {
    const conn = this.#nextAccepted;
    if (this.#connections.size >= this.#maxSockets) {
      this.#log('warn', `Too many connections: ${addressText(socket.remoteAddress, socket.remotePort)} is turned away.`);
      socket.destroy();
      return;
    }
    this.#nextAccepted += 2;
    const connection = this.#connection(link, codecs, conn, socket, socket.localPort ?? 0);
    connection.up(this.#tap);
    this.#hooks.input({ type: 'accepted', link, conn, binding, remote: connection.remote });
  }

  #connection(link: LinkKind, codecs: FrameCodecs, conn: number, socket: Socket, acceptedAt: number | null): SocketConnection {
    const maxBufferedBytes = this.#maxBufferedBytes;
    const connection = new SocketConnection({ conn, link, socket, acceptedAt, codecs, maxBufferedBytes });
    this.#connections.set(conn, connection);
    const deliver = (frame: LinkFrame['frame']): boolean => {
      connection.received += 1;
      // A codec of a link gives frames of that link.
      this.#hooks.input({ type: 'frame', link, conn, frame } as LinkFrame);
      return connection.phase === 'up';
    };
    socket.on('data', (chunk: Buffer) => {
      connection.look?.data(false, chunk);
      if (connection.phase !== 'up' || connection.deaf) return;
      try {
        connection.codec.decode(chunk, deliver);
      } catch (error) {
        if (!(error instanceof MalformedFrame)) throw error;
        connection.deaf = true;
        connection.codec.release();
        if (error.isShortage) this.#log('warn', `${connection.remote}: ${error.message}. The connection is closed.`);
        this.#hooks.input({ type: 'malformed', conn, answer: error.answer, detail: error.message });
      }
      // The answers to one read leave at once: the peer works on them while this side reads its next connection.
      this.flush();
    });
    socket.on('end', () => {
      connection.look?.end(false);
      this.#lost(connection, null);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      connection.look?.reset(false);
      this.#lost(connection, error);
    });
    socket.on('close', () => {
      connection.closed();
      this.#closing.delete(socket);
      this.#lost(connection, null);
    });
    return connection;
  }

  /** The connection ended otherwise than by `close`. */
  #lost(connection: SocketConnection, error: NodeJS.ErrnoException | null): void {
    const { phase, conn } = connection;
    if (phase === 'gone') return;
    this.#retire(connection);
    if (phase === 'dialling') this.#hooks.input(dialFailed(conn, error));
    else
      this.#hooks.input({ type: 'lost', conn, error: error?.code === 'ETIMEDOUT' ? ntError.timedOut : ntError.connectionReset });
  }

  /** Cut a connection for a reason of our own, and report its loss once the caller is done. */
  #drop(connection: SocketConnection): void {
    const { conn, socket } = connection;
    this.#forget(connection);
    socket.destroy();
    this.#fail(conn, { type: 'lost', conn, error: ntError.connectionReset });
  }

  #fail(conn: number, input: Input): void {
    this.#failed.set(conn, input);
    process.nextTick(() => {
      if (this.#failed.delete(conn)) this.#hooks.input(input);
    });
  }

  #retire(connection: SocketConnection): void {
    const { socket, phase } = connection;
    this.#forget(connection);
    if (phase === 'dialling' || socket.destroyed) {
      socket.destroy();
      return;
    }
    this.#closing.add(socket);
    connection.end();
    if (this.#closing.size <= closingLimit) return;
    const [oldest] = this.#closing;
    oldest?.destroy();
  }

  #forget(connection: SocketConnection): void {
    connection.phase = 'gone';
    connection.codec.release();
    this.#connections.delete(connection.conn);
  }

  #log(level: 'info' | 'warn' | 'error', text: string): void {
    this.#hooks.log?.(level, text);
  }
}

function osErrorOf(error: NodeJS.ErrnoException | null): string {
  return error?.code ?? error?.message ?? 'ECONNRESET';
}

/** Refused, unreachable and the like are all 1722 to a client. */
function dialFailed(conn: number, error: NodeJS.ErrnoException | null): Input {
  const osError = osErrorOf(error);
  return { type: 'dial-failed', conn, error: exhausted.has(osError) ? ntError.outOfMemory : ntError.serverUnavailable, osError };
}
