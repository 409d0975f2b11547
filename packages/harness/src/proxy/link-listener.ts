/** The listener of one link. Where its MTA is down callers are refused, as by a host on which nobody listens; the port is kept for it. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class LinkListener {
  readonly #address: string;
  readonly #accept: (client: Socket) => void;
  #server: Server | null = null;
  /** What keeps the port while nobody listens. */
  #holder: Holder | null = null;
  #port = 0;
  #closed = false;
  /** One step after the other: an MTA may end while its listener is still being opened. */
  #steps: Promise<void> = Promise.resolve();

  constructor(address: string, accept: (client: Socket) => void) {
    this.#address = address;
    this.#accept = accept;
  }

  get port(): number {
    return this.#port;
  }

  /**
   * Take calls, always at the same port.
   * @throws Error when the system refuses the listener.
   */
  open(): Promise<void> {
    return this.#then(() => this.#open());
  }

  /** Refuse calls; what is connected stays. */
  refuse(): Promise<void> {
    return this.#then(() => this.#refuse());
  }

  /** For good. Resolves when all that was connected has gone. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#steps;
    this.#holder?.release();
    const server = this.#server;
    if (server !== null) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #then(step: () => Promise<void>): Promise<void> {
    const done = this.#steps.then(() => (this.#closed ? undefined : step()));
    this.#steps = done.catch(() => undefined);
    return done;
  }

  async #open(): Promise<void> {
    if (this.#server !== null) return;
    this.#holder?.release();
    this.#holder = null;
    // Half-open, so that the end of one direction can be passed on as just that.
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
    server.on('connection', this.#accept);
    server.listen({ host: this.#address, port: this.#port });
    await once(server, 'listening');
    // What accept() reports later (no descriptors left) concerns one caller, who sees it; the listener goes on.
    server.on('error', () => {});
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  async #refuse(): Promise<void> {
    if (this.#server === null) return;
    this.#server.close();
    this.#server = null;
    // Without it the port is free for anybody, which is no worse than for a real host.
    this.#holder = await Holder.of(this.#address, this.#port).catch(() => null);
  }
}

/** A connection from a port to nowhere in particular: as long as it lasts, the system gives the port to nobody else. */
class Holder {
  readonly #ends: readonly (Socket | Server)[];

  private constructor(ends: readonly (Socket | Server)[]) {
    this.#ends = ends;
  }

  static async of(address: string, port: number): Promise<Holder> {
    const far = createServer();
    far.listen({ host: address, port: 0 });
    await once(far, 'listening');
    const near = connect({ host: address, port: (far.address() as AddressInfo).port, localAddress: address, localPort: port });
    try {
      const [[other]] = (await Promise.all([once(far, 'connection'), once(near, 'connect')])) as [[Socket], unknown];
      for (const end of [near, other]) end.on('error', () => {}).unref();
      return new Holder([near, other, far.unref()]);
    } catch (error) {
      near.destroy();
      far.close();
      throw error;
    }
  }

  /** At once, and without a trace: nothing of it may stand in the way of who listens next. */
  release(): void {
    for (const end of this.#ends) {
      if ('resetAndDestroy' in end) end.resetAndDestroy();
      else end.close();
    }
  }
}
