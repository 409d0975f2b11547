/**
 * The listener for one MTA behind the proxy. While the MTA or the network is down, the listener keeps its port but refuses callers,
 * as a host without a listener does.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class LinkListener {
  readonly #address: string;
  readonly #accept: (client: Socket) => void;
  #server: Server | null = null;
  /** Keeps the port while there is no listener. */
  #holder: PortHolder | null = null;
  #port = 0;
  #closed = false;
  /** Is the MTA up? */
  #wanted = false;
  /** Is the network up? */
  #reachable = true;
  /** Steps run one by one, because an MTA may end while its listener opens. */
  #steps: Promise<void> = Promise.resolve();

  constructor(address: string, accept: (client: Socket) => void) {
    this.#address = address;
    this.#accept = accept;
  }

  get port(): number {
    return this.#port;
  }

  /**
   * Accepts calls, always at the same port.
   * @throws Error if the system refuses the listener.
   */
  open(): Promise<void> {
    return this.#then(() => {
      this.#wanted = true;
      return this.#adjust();
    });
  }

  /** Refuses calls. Open connections stay. */
  refuse(): Promise<void> {
    return this.#then(() => {
      this.#wanted = false;
      return this.#adjust();
    });
  }

  /** The network is up, or down: then it refuses calls for an MTA that is up, too. */
  reach(reachable: boolean): Promise<void> {
    return this.#then(() => {
      this.#reachable = reachable;
      return this.#adjust();
    });
  }

  #adjust(): Promise<void> {
    return this.#wanted && this.#reachable ? this.#open() : this.#refuse();
  }

  /** Closes the listener for good. Resolves when all connections have ended. */
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
    // Half-open connections let the proxy pass on the end of one direction alone.
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
    server.on('connection', this.#accept);
    server.listen({ host: this.#address, port: this.#port });
    await once(server, 'listening');
    // The proxy alone does not keep its process alive.
    server.unref();
    // A later error of accept(), such as no free descriptor, affects one caller. The listener goes on.
    server.on('error', () => {});
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  async #refuse(): Promise<void> {
    if (this.#server === null) return;
    this.#server.close();
    this.#server = null;
    // Without the holder another process can take the port, as on a real host.
    this.#holder = await PortHolder.of(this.#address, this.#port).catch(() => null);
  }
}

/** A connection from the port to a throw-away listener. While it lasts, the system gives the port to no other process. */
class PortHolder {
  readonly #ends: readonly (Socket | Server)[];

  private constructor(ends: readonly (Socket | Server)[]) {
    this.#ends = ends;
  }

  static async of(address: string, port: number): Promise<PortHolder> {
    const far = createServer();
    far.listen({ host: address, port: 0 });
    await once(far, 'listening');
    const near = connect({ host: address, port: (far.address() as AddressInfo).port, localAddress: address, localPort: port });
    try {
      const [[other]] = (await Promise.all([once(far, 'connection'), once(near, 'connect')])) as [[Socket], unknown];
      for (const end of [near, other]) end.on('error', () => {}).unref();
      return new PortHolder([near, other, far.unref()]);
    } catch (error) {
      near.destroy();
      far.close();
      throw error;
    }
  }

  /** Resets the connection, so that no trace of it (TIME_WAIT) hinders the next listener. */
  release(): void {
    for (const end of this.#ends) {
      if ('resetAndDestroy' in end) end.resetAndDestroy();
      else end.close();
    }
  }
}
