/** The listeners of a run, the dials that reach them, and when each node last reached another. */
import type { DialEffect, DialRoute, Engine, VirtualNode } from '@mtalab/engine';
import { reaches } from '../rules/reach.js';
import type { BlockedWays } from './blocked-ways.js';

/** How long a dial that gets no answer waits before it tries again. */
const retryMs = 3000;

export class DialRoutes {
  readonly #engine: () => Engine;
  readonly #ways: BlockedWays;
  /** The node of each port. */
  readonly #ports = new Map<number, number>();
  readonly #reached = new Map<string, number>();

  constructor(engine: () => Engine, ways: BlockedWays, mtas: readonly VirtualNode['config'][]) {
    this.#engine = engine;
    this.#ways = ways;
    for (const [index, { bindings, x400Port }] of mtas.entries()) {
      for (const { port } of bindings) this.#ports.set(port, index);
      if (x400Port !== undefined) this.#ports.set(x400Port, index);
    }
  }

  /** Does an MTA listen on this address and port? */
  listens(index: number, host: string, port: number): boolean {
    return this.#listenerAt(index, host, port) !== null;
  }

  /** The id of the listener of an MTA at this address and port; null if there is none. */
  #listenerAt(index: number, host: string, port: number): number | null {
    const node = this.#engine().nodes[index];
    if (node?.up !== true) return null;
    for (const [id, listener] of node.listeners) if (listener.port === port && listener.address === host) return id;
    return null;
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
    const target = this.#engine().nodes[this.#ports.get(port) ?? -1];
    if (target !== undefined && (this.#ways.blocked(index, target.index) || this.#ways.blocked(target.index, index))) {
      return { retryMs };
    }
    const binding = target === undefined ? null : this.#listenerAt(target.index, host, port);
    if (target === undefined || binding === null) return { osError: 'ECONNREFUSED' };
    this.#reached.set(`${index}>${target.index}`, this.#engine().nowMs);
    return { node: target, binding, remote: `${name}:${conn}` };
  }
}
