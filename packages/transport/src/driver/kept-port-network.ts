/** The network of an MTA, which listens again on the ports that the system chose at an earlier start. */
import type { Input, LinkFrame } from '@mtalab/mta-core';
import type { SocketCounts } from '../control/status-schema.js';
import type { CodecsByLink } from '../net/frame-codec.js';
import { Network } from '../net/network.js';
import type { SocketTap } from '../net/socket-tap.js';
import type { EffectOf, NetworkPort } from './driver-ports.js';
import type { KeptPorts } from './kept-ports.js';
import { configuredPlace, type ListeningPorts } from './listener-kinds.js';

export type LogLevel = 'info' | 'warn' | 'error';

export type KeptPortNetworkOptions = {
  readonly ports: ListeningPorts;
  readonly keptPorts: KeptPorts;
  readonly codecs: CodecsByLink;
  readonly tap: SocketTap | undefined;
  readonly input: (input: Input) => void;
  readonly log: (level: LogLevel, text: string) => void;
};

/** A `Network` that listens on the ports kept from earlier starts where the configuration leaves the port open. */
export class KeptPortNetwork implements NetworkPort {
  readonly #options: KeptPortNetworkOptions;
  readonly #network: Network;
  /** Bindings that are being opened on a kept port, by their ids. */
  readonly #onKeptPort = new Map<number, EffectOf<'listen'>>();

  constructor(options: KeptPortNetworkOptions) {
    this.#options = options;
    const hooks = {
      input: (input: Input) => {
        if (input.type === 'listening' || input.type === 'listen-failed') this.#listened(input);
        else options.input(input);
      },
      log: options.log,
    };
    this.#network = new Network(hooks, options.codecs, { tap: options.tap });
  }

  listen(effect: EffectOf<'listen'>): void {
    const { binding } = effect;
    const kept = effect.port === 0 ? this.#options.keptPorts.forBinding(binding) : 0;
    if (kept !== 0) this.#onKeptPort.set(binding, effect);
    this.#network.listen(kept === 0 ? effect : { ...effect, port: kept });
  }

  dial(effect: EffectOf<'dial'>): void {
    this.#network.dial(effect);
  }

  send(frame: LinkFrame): string | null {
    return this.#network.send(frame);
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

  closeAll(): Promise<void> {
    return this.#network.closeAll();
  }

  #listened(input: Extract<Input, { readonly type: 'listening' | 'listen-failed' }>): void {
    const { binding } = input;
    const { keptPorts, log } = this.#options;
    const configured = configuredPlace(this.#options.ports, binding);
    const triedKept = this.#onKeptPort.get(binding);
    this.#onKeptPort.delete(binding);
    // Another port helps only where the address itself can be had.
    const taken = input.type === 'listen-failed' && ['EADDRINUSE', 'EACCES'].includes(input.osError);
    if (taken && triedKept !== undefined) {
      const place = `${triedKept.address}[${keptPorts.forBinding(binding)}]`;
      log('warn', `${place}, kept from an earlier start, cannot be had again (${input.osError}): a fresh port is taken`);
      this.#network.listen({ ...triedKept, port: 0 });
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
