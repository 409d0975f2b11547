/** Faults that lose a connection between a send and its receipt. */
import type { Lane, VirtualConnection, VirtualNetwork } from '@mtalab/engine';
import type { SimFault } from './fault-kinds.js';

type Loss = {
  /** How many of the items under way each way still arrive. */
  readonly keep: readonly [toServer: number, toClient: number];
  /** Lose all connections between the two nodes: then no other connection shows the loss. */
  readonly all: boolean;
  readonly noticeMs: readonly [server: number, client: number];
};

/** Loses one connection, or all connections between its two nodes. */
export function cut(network: VirtualNetwork, connection: VirtualConnection, { keep, all, noticeMs }: Loss): void {
  network.break(connection, keep, noticeMs);
  if (!all) return;
  const [one, other] = [connection.client.node, connection.server.node];
  for (const each of network.connections) {
    const [client, server] = [each.client.node, each.server.node];
    if (client === one && server === other) network.break(each, keep, noticeMs);
    else if (client === other && server === one) network.break(each, [keep[1], keep[0]], [noticeMs[1], noticeMs[0]]);
  }
}

/** Loses the next item on this lane and all behind it; items already under way still arrive. */
export function loseOnSend(network: VirtualNetwork, lane: Lane, fault: SimFault): void {
  if (fault.kind !== 'lose' && fault.kind !== 'lose-give') return;
  const { connection } = lane;
  const before = lane.items.length;
  const keep = lane === connection.toServer ? ([before, fault.keep] as const) : ([fault.keep, before] as const);
  cut(network, connection, { keep, all: fault.all, noticeMs: fault.noticeMs });
}

/** Loses a connection at once, with all items under way. */
export function loseNow(network: VirtualNetwork, { connection }: Lane): void {
  network.break(connection, [0, 0], [0, 0]);
}
