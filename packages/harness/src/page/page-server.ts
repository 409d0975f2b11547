/**
 * Serves the page of a lab on loopback: its files, and the feed over a WebSocket. The address that is printed has a token that
 * opens the page once; from then on a cookie of this browser does.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { HarnessError } from '../process/errors.js';
import type { StaticFile } from './static-files.js';

export type PageServerOptions = {
  /** 0: the system chooses. */
  readonly port?: number;
  readonly files: ReadonlyMap<string, StaticFile>;
  /** Makes the recording so far as one HTML file. */
  readonly recording: () => string;
  /** A page has come. */
  readonly onPage: (socket: WebSocket) => void;
};

const host = '127.0.0.1';
const maxPages = 16;
const maxSessions = 64;
const maxRequestBytes = 65_536;
/** Tokens that have been printed and not been used. */
const maxTokens = 16;

/** No script but the page's own; connections to this server only. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const headers = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

function isSame(given: string, secret: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(secret)];
  return one.length === other.length && timingSafeEqual(one, other);
}

export class PageServer {
  /** Where the page is, without a token. */
  readonly url: string;
  readonly #http: Server;
  readonly #webSockets = new WebSocketServer({ noServer: true, maxPayload: maxRequestBytes, perMessageDeflate: false });
  readonly #sockets = new Set<Socket>();
  readonly #options: PageServerOptions;
  readonly #origin: string;
  readonly #cookie: string;
  #tokens: string[] = [];
  #sessions: string[] = [];

  private constructor(http: Server, options: PageServerOptions) {
    this.#http = http;
    this.#options = options;
    const { port } = http.address() as AddressInfo;
    this.#origin = `http://${host}:${port}`;
    this.url = `${this.#origin}/`;
    // Cookies do not tell ports apart, and several labs may be open in one browser.
    this.#cookie = `mtalab-${port}`;
    http.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    http.on('request', (request, response) => this.#answer(request, response));
    http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** @throws HarnessError if the port is taken. */
  static async start(options: PageServerOptions): Promise<PageServer> {
    const http = createServer({ headersTimeout: 10_000, requestTimeout: 10_000 });
    http.maxConnections = 128;
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject);
      http.listen({ host, port: options.port ?? 0, exclusive: true }, () => resolve());
    }).catch((error: Error) => {
      throw new HarnessError(`the page cannot be served on ${host}:${options.port ?? 0}: ${error.message}`, { cause: error });
    });
    return new PageServer(http, options);
  }

  /** An address that opens the page once. */
  newAddress(): string {
    const token = randomBytes(24).toString('base64url');
    this.#tokens = [...this.#tokens, token].slice(-maxTokens);
    return `${this.url}?token=${token}`;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    // Not by URL, which throws at a target such as `//`: anybody on this machine may send one.
    const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
    if (request.headers.host !== new URL(this.#origin).host) {
      this.#text(response, 421, `This is ${this.#origin}.`);
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      this.#text(response, 405, 'Only GET is answered here.');
      return;
    }
    const token = new URLSearchParams(query).get('token');
    if (token !== null) {
      this.#enter(token, response);
      return;
    }
    if (!this.#isKnown(request)) {
      this.#text(
        response,
        403,
        'Open the address that `mtalab pair` has printed; it has a token and works once. `mtalab page` prints a new one.',
      );
      return;
    }
    if (path === '/recording.html') {
      const type = { 'content-type': 'text/html; charset=utf-8', 'content-disposition': 'attachment; filename="recording.html"' };
      response.writeHead(200, { ...headers, ...type }).end(this.#options.recording());
      return;
    }
    const file = this.#options.files.get(path === '/' ? '/index.html' : path);
    if (file === undefined) {
      this.#text(response, 404, 'There is no such file.');
      return;
    }
    response.writeHead(200, { ...headers, 'content-type': file.type, 'content-length': file.body.length });
    response.end(request.method === 'HEAD' ? undefined : file.body);
  }

  #enter(token: string, response: ServerResponse): void {
    const at = this.#tokens.findIndex((each) => isSame(token, each));
    if (at < 0) {
      this.#text(response, 403, 'This address has been used, or is of another run. `mtalab page` prints a new one.');
      return;
    }
    this.#tokens.splice(at, 1);
    const session = randomBytes(24).toString('base64url');
    this.#sessions = [...this.#sessions, session].slice(-maxSessions);
    const cookie = `${this.#cookie}=${session}; HttpOnly; SameSite=Strict; Path=/`;
    response.writeHead(303, { ...headers, location: '/', 'set-cookie': cookie }).end();
  }

  #isKnown(request: IncomingMessage): boolean {
    const cookies = (request.headers.cookie ?? '').split(/;\s*/);
    const given = cookies.find((each) => each.startsWith(`${this.#cookie}=`))?.slice(this.#cookie.length + 1);
    return given !== undefined && this.#sessions.some((session) => isSame(given, session));
  }

  #text(response: ServerResponse, status: number, text: string): void {
    response.writeHead(status, { ...headers, 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refuse = (status: string): void => {
      socket.on('error', () => socket.destroy());
      socket.once('finish', () => socket.destroy());
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    };
    if (request.url !== '/feed') refuse('404 Not Found');
    else if (request.headers.origin !== this.#origin || !this.#isKnown(request)) refuse('403 Forbidden');
    else if (this.#webSockets.clients.size >= maxPages) refuse('503 Service Unavailable');
    else this.#webSockets.handleUpgrade(request, socket, head, (client) => this.#options.onPage(client));
  }

  async close(): Promise<void> {
    for (const client of this.#webSockets.clients) client.close(1001, 'the lab has ended');
    const grace = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, 1000);
    await new Promise<void>((resolve) => {
      this.#http.close(() => resolve());
      this.#http.closeIdleConnections();
    });
    clearTimeout(grace);
    this.#webSockets.close();
  }
}
