/**
 * The control server: a WebSocket on loopback, for clients that can read the token file. Requests and replies are JSON.
 * Streams are pushed. A subscriber that does not read loses its subscription; the MTA never waits for it.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Settings } from '@mtalab/mta-core';
import { WebSocketServer } from 'ws';
import type { Diagnostics } from '../driver/diagnostics.js';
import type { Driver } from '../driver/driver.js';
import type { LabClock } from '../driver/lab-clock.js';
import type { CaptureService } from './capture-schema.js';
import { ClientSession } from './client-session.js';
import { type CommandTable, serveCommands } from './command-session.js';
import { controlLimits } from './control-limits.js';
import type { StreamName } from './stream-schema.js';

/** A stream as the server sees it: entries are JSON texts already. */
export type StreamSource = {
  /** Number of the latest entry. */
  latest(): number;
  /** First what is kept after `since`, then what comes. @returns a function that ends it. */
  follow(since: number | undefined, push: (json: string) => void): () => void;
};

export type ControlBackend = {
  readonly driver: Driver;
  readonly clock: LabClock;
  readonly diagnostics: Diagnostics;
  readonly settings: Settings;
  readonly streams: Readonly<Record<StreamName, StreamSource>>;
  /** Records the octets of its connections. Default: the MTA cannot. */
  readonly captures?: CaptureService | undefined;
  readonly log: (text: string) => void;
};

/** For a process that is no MTA: nothing but commands. */
export type CommandBackend = { readonly commands: CommandTable; readonly log: (text: string) => void };

export type ControlServerOptions = {
  readonly backend: ControlBackend | CommandBackend;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Where the token is written, for its owner alone. */
  readonly tokenFile: string;
  /** Octets a subscriber may leave unread. Default 8 MiB. */
  readonly maxUnreadBytes?: number;
  /** Real time that a connection has for its request. Default `controlLimits.requestTimeoutMs`. */
  readonly requestTimeoutMs?: number;
};

/** Where the control channel listens. */
export const controlHost = '127.0.0.1';
const loopbackHosts = new Set(['localhost', '127.0.0.1', '[::1]']);

/** A page of another site must not reach the MTA through its visitor's browser. */
function isLoopbackOrigin(origin: string): boolean {
  try {
    return loopbackHosts.has(new URL(origin).hostname);
  } catch {
    return false;
  }
}

function tokenOf(request: IncomingMessage): string {
  const bearer = /^Bearer ([\x21-\x7e]+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const query = (request.url ?? '').split('?')[1] ?? '';
  return new URLSearchParams(query).get('token') ?? '';
}

function sameToken(given: string, token: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(token);
  return a.length === b.length && timingSafeEqual(a, b);
}

function writeToken(path: string): string {
  const token = randomBytes(32).toString('base64url');
  // A file that is there keeps its mode when it is overwritten, so it goes first.
  rmSync(path, { force: true });
  writeFileSync(path, `${token}\n`, { mode: 0o600, flag: 'wx' });
  return token;
}

function refuseUpgrade(socket: Duplex, status: string, reason: string): void {
  socket.on('error', () => socket.destroy());
  // A client that keeps its side open must not keep the socket.
  socket.once('finish', () => socket.destroy());
  const head = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${reason.length + 1}\r\n`;
  socket.end(`${head}\r\n${reason}\n`);
}

export class ControlServer {
  readonly url: string;
  readonly port: number;
  readonly tokenFile: string;
  readonly #http: Server;
  readonly #webSockets: WebSocketServer;
  readonly #log: (text: string) => void;
  /** All connections, of strangers too: what HTTP has handed on as an upgrade it no longer knows. */
  readonly #sockets = new Set<Socket>();

  private constructor(http: Server, webSockets: WebSocketServer, tokenFile: string, log: (text: string) => void) {
    this.#http = http;
    this.#webSockets = webSockets;
    this.#log = log;
    http.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.port = (http.address() as AddressInfo).port;
    this.url = `ws://${controlHost}:${this.port}`;
    this.tokenFile = tokenFile;
  }

  /** @throws Error when the port is taken or the token file cannot be written. */
  static async start(options: ControlServerOptions): Promise<ControlServer> {
    const { backend, tokenFile } = options;
    const timeoutMs = options.requestTimeoutMs ?? controlLimits.requestTimeoutMs;
    const timeouts = { headersTimeout: timeoutMs, requestTimeout: timeoutMs, connectionsCheckingInterval: timeoutMs / 5 };
    const http = createServer(timeouts, (_request, response) => {
      response.writeHead(426, { 'content-type': 'text/plain', upgrade: 'websocket' }).end('This is a WebSocket service.\n');
    });
    http.maxConnections = controlLimits.maxConnections;
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject);
      http.listen({ host: controlHost, port: options.port, exclusive: true }, () => {
        http.off('error', reject);
        resolve();
      });
    });
    http.on('error', (error) => backend.log(`control: ${error.message}`));
    let token: string;
    try {
      token = writeToken(tokenFile);
    } catch (error) {
      http.close();
      http.closeAllConnections();
      throw new Error(`the control token cannot be written to ${tokenFile}: ${(error as Error).message}`, { cause: error });
    }
    const webSockets = new WebSocketServer({
      noServer: true,
      maxPayload: controlLimits.maxMessageBytes,
      perMessageDeflate: false,
      clientTracking: true,
    });
    const maxUnreadBytes = options.maxUnreadBytes ?? controlLimits.maxUnreadBytes;
    http.on('upgrade', (request, socket, head) => {
      const origin = request.headers.origin;
      if (!sameToken(tokenOf(request), token)) {
        refuseUpgrade(socket, '401 Unauthorized', 'The token is missing or wrong. It is in the file control.token of the MTA.');
      } else if (origin !== undefined && !isLoopbackOrigin(origin)) {
        refuseUpgrade(socket, '403 Forbidden', 'Pages from other hosts may not connect.');
      } else if (webSockets.clients.size >= controlLimits.maxClients) {
        refuseUpgrade(socket, '503 Service Unavailable', `${controlLimits.maxClients} clients are connected already.`);
      } else {
        (socket as Socket).setNoDelay(true);
        webSockets.handleUpgrade(request, socket, head, (client) => {
          if ('commands' in backend) serveCommands(client, backend.commands);
          else new ClientSession(client, backend, maxUnreadBytes);
        });
      }
    });
    return new ControlServer(http, webSockets, tokenFile, backend.log);
  }

  get clients(): number {
    return this.#webSockets.clients.size;
  }

  /**
   * Take leave of all clients and close. The token is void from then on and its file is removed. No client can make this
   * last longer than `closeGraceMs`.
   */
  async close(): Promise<void> {
    try {
      rmSync(this.tokenFile, { force: true });
    } catch (error) {
      this.#log(`control: ${this.tokenFile} cannot be removed: ${(error as Error).message}`);
    }
    for (const client of this.#webSockets.clients) client.close(1001, 'the MTA has ended');
    const grace = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, controlLimits.closeGraceMs);
    await new Promise<void>((resolve) => {
      this.#http.close(() => resolve());
      this.#http.closeAllConnections();
    });
    clearTimeout(grace);
    this.#webSockets.close();
  }
}
