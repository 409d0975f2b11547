/** Fits the real network to the driver: kept ports, and the octets of segments that are sent. */
import { type BindingConfig, type ContentHandle, type Input, type LinkFrame, mapperIds } from '@mtalab/mta-core';
import { Network } from '../net/network.js';
import type { StubTrace } from '../rpc/stub-trace.js';
import type { NetworkPort, SocketCounts } from './driver-ports.js';
import type { KeptPorts } from './kept-ports.js';

export type LogLevel = 'info' | 'warn' | 'error';

export type WiringOptions = {
  readonly bindings: readonly BindingConfig[];
  readonly mapperPort: number | null;
  readonly keptPorts: KeptPorts;
  readonly input: (input: Input) => void;
  readonly readContent: (content: number, offset: number, length: number) => Uint8Array;
  readonly log: (level: LogLevel, text: string) => void;
  readonly maxStubBytes: number;
};

/** A `Network` that listens on the ports kept from earlier starts where the configuration leaves the port open. */
export class WiredNetwork implements NetworkPort {
  readonly #options: WiringOptions;
  readonly #network: Network;
  /** Bindings that are being opened on a kept port. */
  readonly #onKeptPort = new Set<number>();

  constructor(options: WiringOptions) {
    this.#options = options;
    this.#network = new Network(
      {
        input: (input) => {
          if (input.type === 'listening' || input.type === 'listen-failed') this.#listened(input);
          else options.input(input);
        },
        loadContent: (handle) => this.#load(handle),
        log: options.log,
      },
      { maxStubBytes: options.maxStubBytes },
    );
  }

  listen(binding: number, address: string, port: number): void {
    const kept = port === 0 ? this.#options.keptPorts.forBinding(binding) : 0;
    if (kept !== 0) this.#onKeptPort.add(binding);
    this.#network.listen(binding, address, kept === 0 ? port : kept);
  }

  dial(conn: number, host: string, port: number, localAddress?: string): void {
    this.#network.dial(conn, host, port, localAddress);
  }

  send(frame: LinkFrame): void {
    if (frame.link !== 'rpc') throw new Error(`there are no sockets for the ${frame.link} link`);
    this.#network.send(frame.conn, frame.frame);
  }

  close(conn: number): void {
    this.#network.close(conn);
  }

  flush(): void {
    this.#network.flush();
  }

  sockets(): readonly SocketCounts[] {
    return this.#network.sockets();
  }

  /** See `Network.traceStubs`. */
  traceStubs(trace: StubTrace | null): void {
    this.#network.traceStubs(trace);
  }

  closeAll(): Promise<void> {
    return this.#network.closeAll();
  }

  #load(handle: ContentHandle): Uint8Array {
    if (handle.content === undefined) throw new RangeError(`content ${handle.ref}: its octets are gone`);
    return this.#options.readContent(handle.content, handle.offset ?? 0, handle.length);
  }

  /** What the configuration says of a listening address: a binding's, or that of an endpoint mapper beside it. */
  #configured(id: number): Pick<BindingConfig, 'address' | 'port'> | undefined {
    const { bindings, mapperPort } = this.#options;
    const binding = bindings[id % mapperIds];
    return binding === undefined || id < mapperIds ? binding : { address: binding.address, port: mapperPort ?? 0 };
  }

  #listened(input: Extract<Input, { readonly type: 'listening' | 'listen-failed' }>): void {
    const { binding } = input;
    const { keptPorts, log } = this.#options;
    const configured = this.#configured(binding);
    const triedKept = this.#onKeptPort.delete(binding);
    // Another port helps only where the address itself can be had.
    const taken = input.type === 'listen-failed' && ['EADDRINUSE', 'EACCES'].includes(input.osError);
    if (taken && triedKept && configured !== undefined) {
      const place = `${configured.address}[${keptPorts.forBinding(binding)}]`;
      log('warn', `${place}, kept from an earlier start, cannot be had again (${input.osError}): a fresh port is taken`);
      this.#network.listen(binding, configured.address, 0);
      return;
    }
    if (input.type === 'listening' && configured?.port === 0) {
      try {
        keptPorts.keepBinding(binding, input.port);
      } catch (error) {
        log('warn', `port ${input.port} cannot be kept for later starts: ${(error as Error).message}`);
      }
    }
    this.#options.input(input);
  }
}
