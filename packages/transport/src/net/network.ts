/**
 * The sockets of one MTA. Effects of the core go in by method calls, inputs for the core come out through a hook.
 * Nothing here waits for time: what takes too long is closed by the core.
 */
import { type AddressInfo, connect, createServer, isIP, type Server, type Socket } from 'node:net';
import { type ContentHandle, type Input, ntError, type Pdu } from '@mtalab/mta-core';
import { AssociatedGroups, StubBudget } from '../rpc/memory-limits.js';
import { defaultMaxStubBytes, PduCodec } from '../rpc/pdu-codec.js';
import { MalformedPdu } from '../rpc/pdu-header.js';
import type { StubTrace } from '../rpc/stub-trace.js';
import { addressText, Link } from './socket-connection.js';

export type NetworkHooks = {
  /** Takes an input for the core. Called from socket events, one PDU at a time, never from within a method of `Network`. */
  readonly input: (input: Input) => void;
  /** Finds the octets of a stretch of a stored content, when its RTTR is sent. */
  readonly loadContent: (handle: ContentHandle) => Uint8Array;
  readonly log?: (level: 'info' | 'warn' | 'error', text: string) => void;
};

export type NetworkOptions = {
  /** The longest stub that is put together from fragments, in octets: the largest message and room for its envelope. */
  readonly maxStubBytes?: number;
  /** Octets that all stubs of which some fragments are missing may take up. Default: ten of the longest. */
  readonly maxPartialBytes?: number;
  /** Octets that may wait for one peer to read them; a connection with more is dropped. More than one stub. */
  readonly maxBufferedBytes?: number;
  /** Connections, dialled and accepted together; the core has its own, lower limit. */
  readonly maxSockets?: number;
};

/** One connection in a status report. `sent` and `received` count whole PDUs. */
export type SocketView = {
  readonly conn: number;
  readonly local: string;
  readonly remote: string;
  readonly sent: number;
  readonly received: number;
};

/**
 * Octets of a call by one who has no association here, and of any answer. The longest honest one is an MtaBind with its
 * names and addresses, a few thousand octets: who has not introduced himself cannot make an MTA hold more than that.
 */
const maxStrangerBytes = 65_536;
/**
 * Largest messages of which some part may be here at once. A peer sends a segment in a call, 30 K by default and 1 M at most,
 * or the whole message if either side has a checkpoint size of 0. It has nine associations by default and one more for
 * urgent mail, each sends one call after the other: ten whole messages never meet the limit.
 */
const partialMessages = 10;
/** Sockets that are closed here and whose peers have not taken what was sent; beyond it the oldest is cut. */
const closingLimit = 64;
/** Loop turns that `closeAll` gives all sockets together. */
const closeAllTurns = 2000;
/** OS errors of this machine, not of the peer's. */
const exhausted = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);

export class Network {
  readonly #hooks: NetworkHooks;
  readonly #maxStubBytes: number;
  readonly #maxBufferedBytes: number;
  readonly #maxSockets: number;
  readonly #servers = new Set<Server>();
  readonly #links = new Map<number, Link>();
  readonly #groups = new AssociatedGroups();
  readonly #budget: StubBudget;
  /** Ended by us, oldest first. */
  readonly #closing = new Set<Socket>();
  /** Inputs for connections that failed within a call of the core's driver, delivered when that call is over. */
  readonly #failed = new Map<number, Input>();
  #dirty: Link[] = [];
  #trace: StubTrace | null = null;
  #nextAccepted = 1;

  constructor(hooks: NetworkHooks, options: NetworkOptions = {}) {
    this.#hooks = hooks;
    this.#maxStubBytes = options.maxStubBytes ?? defaultMaxStubBytes;
    this.#budget = new StubBudget(options.maxPartialBytes ?? partialMessages * this.#maxStubBytes);
    this.#maxBufferedBytes = options.maxBufferedBytes ?? this.#maxStubBytes + 16_777_216;
    this.#maxSockets = options.maxSockets ?? 4096;
  }

  /** Listen for the core's binding. Input: `listening` or `listen-failed`. */
  listen(binding: number, address: string, port: number): void {
    const server = createServer();
    let isUp = false;
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (isUp) {
        this.#log('error', `Listening on ${address} failed: ${error.message}`);
        return;
      }
      this.#servers.delete(server);
      this.#hooks.input({ type: 'listen-failed', binding, osError: osErrorOf(error) });
    });
    server.on('connection', (socket) => this.#accept(binding, socket));
    server.on('listening', () => {
      if (!this.#servers.has(server)) return;
      isUp = true;
      this.#hooks.input({ type: 'listening', binding, port: (server.address() as AddressInfo).port });
    });
    this.#servers.add(server);
    try {
      server.listen({ host: address, port, exclusive: true });
    } catch (error) {
      process.nextTick(() => server.emit('error', error));
    }
  }

  /** Dial for the core's even `conn`. Input: `connected` or `dial-failed`. */
  dial(conn: number, host: string, port: number, localAddress?: string): void {
    let socket: Socket;
    try {
      if (this.#links.size >= this.#maxSockets) throw Object.assign(new Error('too many connections'), { code: 'EMFILE' });
      // A name may have addresses of both families: one that the local address can reach is asked for.
      const from = localAddress === undefined ? {} : { localAddress, family: isIP(host) === 0 ? isIP(localAddress) : 0 };
      socket = connect({ host, port, ...from });
    } catch (error) {
      // A port out of range, for instance.
      this.#fail(conn, dialFailed(conn, error as NodeJS.ErrnoException));
      return;
    }
    const link = this.#link(conn, socket, 0);
    socket.on('connect', () => {
      if (link.phase !== 'dialling') return;
      link.up();
      const address = isIP(host) === 0 ? socket.remoteAddress : undefined;
      this.#hooks.input({ type: 'connected', conn, ...(address === undefined ? {} : { address }) });
    });
  }

  /**
   * Encode a PDU for a connection; it leaves with the next `flush`. A connection that is gone is passed over: its loss
   * is on its way to the core.
   */
  send(conn: number, pdu: Pdu): void {
    const link = this.#links.get(conn);
    if (link === undefined || link.phase !== 'up') return;
    try {
      link.codec.encodeInto(link.out, pdu);
    } catch (error) {
      this.#log(
        'error',
        `A ${pdu.type} for ${link.remote} cannot be encoded: ${(error as Error).message}. The connection is dropped.`,
      );
      this.#drop(link);
      return;
    }
    link.sent += 1;
    if (conn % 2 === 1) this.#groups.sent(conn, pdu);
    if (link.bufferedBytes > this.#maxBufferedBytes) {
      this.#log(
        'warn',
        `${link.remote} does not read: more than ${this.#maxBufferedBytes} octets wait for it. The connection is dropped.`,
      );
      this.#drop(link);
      return;
    }
    if (!link.dirty) {
      link.dirty = true;
      this.#dirty.push(link);
    }
  }

  /** Hand all that was encoded since the last time to the sockets, one write each. */
  flush(): void {
    if (this.#dirty.length === 0) return;
    const links = this.#dirty;
    this.#dirty = [];
    for (const link of links) if (link.dirty) link.flush();
  }

  /** Close a connection once what was sent is written, or give up a dial. No input follows for it. */
  close(conn: number): void {
    this.#failed.delete(conn);
    const link = this.#links.get(conn);
    if (link !== undefined) this.#retire(link);
  }

  /** Tell of each stub of the MTA interface on every connection from now on; null for none, which costs nothing. */
  traceStubs(trace: StubTrace | null): void {
    this.#trace = trace;
    for (const link of this.#links.values()) traceLink(link, trace);
  }

  /** Connections that are up, oldest first. */
  sockets(): SocketView[] {
    const views: SocketView[] = [];
    for (const { phase, conn, local, remote, sent, received } of this.#links.values()) {
      if (phase === 'up') views.push({ conn, local, remote, sent, received });
    }
    return views;
  }

  /** Stop listening and close all connections. Resolves when no socket is left; a peer that does not read is cut off. */
  async closeAll(): Promise<void> {
    const servers = [...this.#servers].map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    this.#servers.clear();
    for (const link of [...this.#links.values()]) this.#retire(link);
    for (let turn = 0; turn < closeAllTurns && this.#closing.size > 0; turn += 1) await new Promise(setImmediate);
    for (const socket of this.#closing) socket.destroy();
    await Promise.all(servers);
  }

  #accept(binding: number, socket: Socket): void {
    const conn = this.#nextAccepted;
    if (this.#links.size >= this.#maxSockets) {
      this.#log('warn', `Too many connections: ${addressText(socket.remoteAddress, socket.remotePort)} is turned away.`);
      socket.destroy();
      return;
    }
    this.#nextAccepted += 2;
    const link = this.#link(conn, socket, socket.localPort ?? 0);
    link.up();
    this.#hooks.input({ type: 'accepted', link: 'rpc', conn, binding, remote: link.remote });
  }

  #link(conn: number, socket: Socket, secondaryPort: number): Link {
    const codec = new PduCodec({
      maxStubBytes: this.#maxStubBytes,
      maxStrangerBytes,
      isAssociated: () => this.#groups.has(conn),
      budget: this.#budget,
      loadContent: this.#hooks.loadContent,
      secondaryPort,
    });
    const link = new Link(conn, socket, codec);
    this.#links.set(conn, link);
    if (this.#trace !== null) traceLink(link, this.#trace);
    const deliver = (pdu: Pdu): boolean => {
      link.received += 1;
      this.#hooks.input({ type: 'frame', link: 'rpc', conn, frame: pdu });
      return link.phase === 'up';
    };
    socket.on('data', (chunk: Buffer) => {
      if (link.phase !== 'up' || link.deaf) return;
      try {
        link.codec.decode(chunk, deliver);
      } catch (error) {
        if (!(error instanceof MalformedPdu)) throw error;
        link.deaf = true;
        link.codec.release();
        if (error.isShortage) this.#log('warn', `${link.remote}: ${error.message}. The connection is closed.`);
        this.#hooks.input({ type: 'malformed', conn, version: error.version, detail: error.message });
      }
      // The answers to one read leave at once: the peer works on them while this side reads its next connection.
      this.flush();
    });
    socket.on('end', () => this.#lost(link, null));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#lost(link, error));
    socket.on('close', () => {
      this.#closing.delete(socket);
      this.#lost(link, null);
    });
    return link;
  }

  /** The connection ended otherwise than by `close`. */
  #lost(link: Link, error: NodeJS.ErrnoException | null): void {
    const { phase, conn } = link;
    if (phase === 'gone') return;
    this.#retire(link);
    if (phase === 'dialling') this.#hooks.input(dialFailed(conn, error));
    else
      this.#hooks.input({ type: 'lost', conn, error: error?.code === 'ETIMEDOUT' ? ntError.timedOut : ntError.connectionReset });
  }

  /** Cut a connection for a reason of our own, and report its loss once the caller is done. */
  #drop(link: Link): void {
    this.#forget(link);
    link.socket.destroy();
    this.#fail(link.conn, { type: 'lost', conn: link.conn, error: ntError.connectionReset });
  }

  #fail(conn: number, input: Input): void {
    this.#failed.set(conn, input);
    process.nextTick(() => {
      if (this.#failed.delete(conn)) this.#hooks.input(input);
    });
  }

  #retire(link: Link): void {
    const { socket, phase } = link;
    this.#forget(link);
    if (phase === 'dialling' || socket.destroyed) {
      socket.destroy();
      return;
    }
    this.#closing.add(socket);
    link.end();
    if (this.#closing.size <= closingLimit) return;
    const [oldest] = this.#closing;
    oldest?.destroy();
  }

  #forget(link: Link): void {
    link.phase = 'gone';
    link.codec.release();
    this.#groups.left(link.conn);
    this.#links.delete(link.conn);
  }

  #log(level: 'info' | 'warn' | 'error', text: string): void {
    this.#hooks.log?.(level, text);
  }
}

function traceLink(link: Link, trace: StubTrace | null): void {
  if (trace === null) link.codec.traceStubs(null);
  else {
    link.codec.traceStubs((direction, pdu, operation, stub) => {
      const { conn, local, remote } = link;
      trace({ direction, conn, local, remote, operation, pdu, stub });
    });
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
