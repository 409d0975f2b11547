/** The HTTP endpoint of the metrics. It answers `GET /metrics` and nothing else. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';
import { formatFor } from './content-negotiation.js';
import { contentTypes, type ExpositionFormat, Recorder, render } from './exposition.js';
import { factsOf } from './facts.js';
import type { Facts } from './metric-model.js';
import { metricsLimits } from './metrics-limits.js';
import { ProcessMeter } from './process-figures.js';

const path = '/metrics';

export type MetricsAddress = {
  /** 0 lets the system choose. */
  readonly port: number;
  /** IPv4 or IPv6 address. Default 127.0.0.1. */
  readonly address?: string;
};

/** What the driver contributes to a scrape. */
export type MetricsSource = () => Omit<Facts, 'mailboxes' | 'peers' | 'rest' | 'process'>;

export class MetricsServer {
  /** Where the metrics are: `http://127.0.0.1:9464/metrics`. */
  readonly url: string;
  /** Takes what has to be recorded when it happens. */
  readonly recorder = new Recorder();
  readonly #http: Server;
  readonly #log: (text: string) => void;
  readonly #meter = new ProcessMeter();
  #source: MetricsSource | null = null;

  private constructor(http: Server, log: (text: string) => void) {
    this.#http = http;
    this.#log = log;
    const { address, port } = http.address() as AddressInfo;
    this.url = `http://${isIPv6(address) ? `[${address}]` : address}:${port}${path}`;
    http.on('request', (request: IncomingMessage, response: ServerResponse) => void this.#answer(request, response));
    http.on('error', (error) => log(`metrics: ${error.message}`));
  }

  /** Listen. @throws Error with the code of the operating system if the port cannot be had. */
  static async start({ port, address }: Required<MetricsAddress>, log: (text: string) => void): Promise<MetricsServer> {
    const { requestTimeoutMs, maxHeadBytes, keepAliveMs, maxConnections, idleTimeoutMs } = metricsLimits;
    const http = createServer({
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: requestTimeoutMs / 5,
      keepAliveTimeout: keepAliveMs,
      maxHeaderSize: maxHeadBytes,
    });
    http.maxConnections = maxConnections;
    http.timeout = idleTimeoutMs;
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject);
      http.listen({ host: address, port, exclusive: true }, () => {
        http.off('error', reject);
        resolve();
      });
    });
    return new MetricsServer(http, log);
  }

  /** From now on requests are answered from this source; before, the answer is 503. */
  serve(source: MetricsSource): void {
    this.#source = source;
  }

  /** Stop listening and cut all connections. */
  async close(): Promise<void> {
    this.#meter.close();
    await new Promise<void>((resolve) => {
      this.#http.close(() => resolve());
      this.#http.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Nobody needs a body here, and a client that sends one would keep the connection busy.
    if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined)
      response.setHeader('connection', 'close');
    if ((request.url ?? '').split('?')[0] !== path)
      return refuse(response, 404, `There is nothing here. The metrics are at ${path}.`);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return refuse(response, 405, `${path} answers GET only.`);
    }
    if (this.#source === null) return refuse(response, 503, 'The MTA is starting.');
    const format = formatFor(request.headers.accept);
    try {
      await this.#send(response, format, this.#source);
    } catch (error) {
      this.#log(`metrics: ${(error as Error).message}`);
      refuse(response, 500, 'The metrics cannot be computed. The log of the MTA says why.');
    }
  }

  async #send(response: ServerResponse, format: ExpositionFormat, source: MetricsSource): Promise<void> {
    const facts = factsOf({ ...source(), process: this.#meter.read() });
    const text = Buffer.from(await render(format, facts, this.recorder));
    response.writeHead(200, { 'content-type': contentTypes[format], 'content-length': text.length, 'cache-control': 'no-store' });
    response.end(text);
  }
}

function refuse(response: ServerResponse, status: number, words: string): void {
  const text = `${words}\n`;
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
