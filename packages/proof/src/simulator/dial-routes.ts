/** The listeners of a run, the dials that reach them, and when each node last reached another. */
import type { DialEffect, DialRoute, Engine, VirtualNode } from '@mtalab/engine';
import { reaches } from '../rules/reach.js';
import type { BlockedWays } from './blocked-ways.js';

/** How long a dial that gets no answer waits before it tries again. */
const retryMs = 3000;

export class DialRoutes {
  readonly #engine: () => Engine;
  readonly #ways: BlockedWays;
  /** The node and binding of each port. */
  readonly #ports = new Map<number, { readonly index: number; readonly binding: number }>();
  readonly #reached = new Map<string, number>();

  constructor(engine: () => Engine, ways: BlockedWays, mtas: readonly VirtualNode['config'][]) {
    this.#engine = engine;
    this.#ways = ways;
    for (const [index, { bindings }] of mtas.entries()) {
      for (const [binding, { port }] of bindings.entries()) this.#ports.set(port, { index, binding });
    }
  }

  /** Does an MTA listen on this address and port? */
  listens(index: number, host: string, port: number): boolean {
    const place = this.#ports.get(port);
    const node = this.#engine().nodes[index];
    if (node === undefined || place?.index !== index || !node.up) return false;
    return node.listeners.get(place.binding)?.address === host;
  }

  /** String bindings of all listeners of an MTA. */
  listeningAt(index: number): readonly string[] {
    const bindings = this.#engine().nodes[index]?.config.bindings ?? [];
    const up = bindings.filter(({ address, port }) => this.listens(index, address, port));
    return up.map(({ address, port }) => `${address}[${port}]`);
  }

  /** When a dial of one MTA last reached another MTA, ms; -1 if none ever did. */
  reachedAtMs(from: number, to: number): number {
    return this.#reached.get(`${from}>${to}`) ?? -1;
  }

  route({ index, name }: VirtualNode, dial: DialEffect): DialRoute {
    const { conn, host, port, localAddress = null } = dial;
    if (!reaches(localAddress, host)) return { osError: 'ENETUNREACH' };
    const place = this.#ports.get(port);
    const target = place === undefined ? undefined : this.#engine().nodes[place.index];
    if (target !== undefined && (this.#ways.blocked(index, target.index) || this.#ways.blocked(target.index, index))) {
      return { retryMs };
    }
    if (place === undefined || target === undefined || !this.listens(place.index, host, port)) return { osError: 'ECONNREFUSED' };
    this.#reached.set(`${index}>${target.index}`, this.#engine().nowMs);
    return { node: target, binding: place.binding, remote: `${name}:${conn}` };
  }
}
