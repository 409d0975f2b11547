/** Ways of the network on which nothing arrives for a while: single ones, and those between the parts of a network that fell apart. */
import type { Engine, Lane } from '@mtalab/engine';

/** What happens to the connections when a blocked way opens again: what waited arrives, or they are reset. */
export type Healing = 'deliver' | 'reset';

export class BlockedWays {
  readonly #engine: () => Engine;
  readonly #holes = new Set<string>();
  readonly #partitions = new Set<number>();

  constructor(engine: () => Engine) {
    this.#engine = engine;
  }

  /** Does nothing arrive on the way from one node to another, by their indices? */
  blocked(from: number, to: number): boolean {
    if (this.#holes.size > 0 && this.#holes.has(`${from}>${to}`)) return true;
    for (const pick of this.#partitions) if (((from >> pick) & 1) !== ((to >> pick) & 1)) return true;
    return false;
  }

  /** Blocks one way. @returns how to end it. */
  hole(from: number, to: number, then: Healing): () => void {
    const key = `${from}>${to}`;
    this.#holes.add(key);
    return () => {
      if (this.#holes.delete(key)) this.#heal(then);
    };
  }

  /** The network falls apart: nodes with the same bit of their index stay together. @returns how to end it. */
  part(pick: number, then: Healing): () => void {
    this.#partitions.add(pick);
    return () => {
      if (this.#partitions.delete(pick)) this.#heal(then);
    };
  }

  isBlocked({ from, to }: Lane): boolean {
    return this.blocked(from.node.index, to.node.index);
  }

  #heal(then: Healing): void {
    const { network, policy } = this.#engine();
    for (const connection of network.connections) {
      const { toServer, toClient } = connection;
      for (const lane of [toServer, toClient]) {
        if (!lane.stuck || this.isBlocked(lane)) continue;
        if (then === 'reset') network.break(connection, [0, 0], [policy.delayMs(toServer), policy.delayMs(toClient)]);
        else network.resume(lane);
      }
    }
  }
}
