/** Blocked directions of the network: single ones, and those between the parts of a split network. */
import type { Engine, Lane } from '@mtalab/engine';

/** The end of a block: the waiting items arrive, or the network resets the connections. */
export type Healing = 'deliver' | 'reset';

export class BlockedWays {
  readonly #engine: () => Engine;
  readonly #holes = new Set<string>();
  readonly #partitions = new Set<number>();

  constructor(engine: () => Engine) {
    this.#engine = engine;
  }

  /** Is the way from one node to another blocked? Nodes by index. */
  blocked(from: number, to: number): boolean {
    if (this.#holes.size > 0 && this.#holes.has(`${from}>${to}`)) return true;
    for (const pick of this.#partitions) if (((from >> pick) & 1) !== ((to >> pick) & 1)) return true;
    return false;
  }

  /** Blocks one way. @returns a function that ends the block. */
  hole(from: number, to: number, then: Healing): () => void {
    const key = `${from}>${to}`;
    this.#holes.add(key);
    return () => {
      if (this.#holes.delete(key)) this.#heal(then);
    };
  }

  /** Splits the network: nodes with the same bit of their index stay together. @returns a function that ends the split. */
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
