/**
 * The network of the engine: dials, frames in order on each connection, losses. It carries the frames of any link and looks into
 * none. A policy decides on delays, routes and faults.
 */
import { type LinkFrame, ntError } from '@mtalab/mta-core';
import {
  ConnectionList,
  type Lane,
  newConnection,
  opposite,
  type Place,
  type TransitInput,
  type VirtualConnection,
  type VirtualEnd,
} from './connection.js';
import { receivedFrame } from './content.js';
import type { Engine } from './engine.js';
import type { DialEffect } from './event.js';
import type { VirtualNode } from './node.js';
import type { DialRoute, ProcessLoss } from './policy.js';
import { UnreadableContent } from './virtual-store.js';

type Reached = Extract<DialRoute, { readonly binding: number }>;

/** WSAECONNRESET: the error by which a process notices the end of a connection. */
const connectionReset = 10054;

export class VirtualNetwork {
  readonly connections = new ConnectionList();
  readonly #engine: Engine;
  #nextId = 1;
  #sent = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Number of items sent on connections so far: frames, and the items that set up a connection. */
  get sent(): number {
    return this.#sent;
  }

  dial(node: VirtualNode, dial: DialEffect): void {
    const engine = this.#engine;
    node.dials.add(dial.conn);
    const delayMs = engine.policy.dialDelayMs(node, dial);
    if (delayMs === null) this.#dialled(node, dial, true);
    else engine.after(delayMs, { type: 'dial', node, incarnation: node.store.incarnation, dial });
  }

  /** A dial has reached the place of its target. */
  dialled(node: VirtualNode, dial: DialEffect): void {
    if (node.dials.has(dial.conn)) this.#dialled(node, dial, false);
  }

  #dialled(node: VirtualNode, dial: DialEffect, atOnce: boolean): void {
    const engine = this.#engine;
    const route = engine.policy.route(node, dial);
    if ('retryMs' in route) {
      engine.after(route.retryMs, { type: 'dial', node, incarnation: node.store.incarnation, dial });
      return;
    }
    const { conn } = dial;
    node.dials.delete(conn);
    if ('osError' in route) {
      const input = { type: 'dial-failed', conn, error: ntError.serverUnavailable, osError: route.osError } as const;
      if (atOnce) engine.inputLater(node, input, 0);
      else engine.input(node, input);
      return;
    }
    this.#connect(node, dial, route);
  }

  #connect(node: VirtualNode, { conn, link }: DialEffect, { node: server, binding, remote }: Reached): void {
    const accepted = server.nextAccepted;
    server.nextAccepted += 2;
    const connection = this.adopt({ node, conn }, { node: server, conn: accepted });
    this.#send(connection.toServer, { type: 'accepted', link, conn: accepted, binding, remote });
    this.#send(connection.toClient, { type: 'connected', conn });
  }

  /** A connection between two processes that both have it, such as one that a recording has opened. */
  adopt(client: Place, server: Place): VirtualConnection {
    const connection = newConnection(this.#nextId, client, server, this.#engine.nowMs);
    this.#nextId += 1;
    this.connections.add(connection);
    client.node.sockets.set(client.conn, connection.toServer);
    server.node.sockets.set(server.conn, connection.toClient);
    return connection;
  }

  /**
   * Sends a frame of a process. Drops the frame if the process does not have the connection. If its content cannot be read, the
   * process gets it back.
   */
  frame(node: VirtualNode, frame: LinkFrame): void {
    const lane = node.sockets.get(frame.conn);
    if (lane === undefined) return;
    let received: LinkFrame;
    try {
      received = receivedFrame(node.store, frame, lane.to.conn);
    } catch (error) {
      if (!(error instanceof UnreadableContent)) throw error;
      this.#engine.inputLater(node, { ...frame, type: 'unreadable', detail: error.message }, 0);
      return;
    }
    this.#send(lane, received);
  }

  #send(lane: Lane, input: TransitInput): void {
    const { policy, watch } = this.#engine;
    this.#sent += 1;
    if (input.type === 'frame') watch.frame?.('sent', lane, input);
    const delayMs = policy.delayMs(lane);
    const moreMs = policy.send === undefined ? 0 : policy.send(lane, input);
    if (moreMs !== null) this.transmit(lane, input, delayMs + moreMs);
  }

  /** Sends an item. Drops it if the connection is lost or the other end is gone. */
  transmit(lane: Lane, input: TransitInput, delayMs: number): void {
    if (!lane.connection.broken && lane.to.alive) this.#put(lane, input, delayMs);
    else if (input.type === 'frame') this.#engine.watch.frame?.('lost', lane, input);
  }

  #put(lane: Lane, input: TransitInput, delayMs: number): void {
    lane.sent += 1;
    const atMs = Math.max(lane.lastAtMs, this.#engine.nowMs + delayMs);
    lane.lastAtMs = atMs;
    lane.items.push({ input, atMs });
    this.#engine.schedule(atMs, { type: 'arrive', lane });
  }

  /** The process releases a connection, or gives up a dial. */
  close(node: VirtualNode, conn: number): void {
    node.dials.delete(conn);
    const lane = node.sockets.get(conn);
    if (lane === undefined) return;
    node.sockets.delete(conn);
    this.#letGo(lane, null, false);
  }

  /** Ends all connections of a process that has ended. @param loss null for an orderly end: everything sent arrives. */
  processEnded(node: VirtualNode, loss: ProcessLoss | null): void {
    for (const lane of node.sockets.values()) this.#letGo(lane, loss, true);
  }

  #letGo(away: Lane, loss: ProcessLoss | null, processEnded: boolean): void {
    const { policy } = this.#engine;
    const { connection, from, to } = away;
    from.alive = false;
    this.#drop(opposite(away), 0);
    if (policy.close?.(away, processEnded) !== true && to.alive && !connection.broken) {
      if (loss === null) this.#lost(away, policy.delayMs(away));
      else {
        connection.broken = true;
        this.#cutOff(away, loss.keep);
        this.#lost(away, loss.noticeMs);
      }
    }
    this.connections.release(connection);
  }

  #lost(lane: Lane, delayMs: number): void {
    this.#put(lane, { type: 'lost', conn: lane.to.conn, error: connectionReset }, delayMs);
  }

  /**
   * Loses a connection. Each end notices in its own time, but never before the items under way would have arrived.
   * @param keep how many of the items under way still arrive, each way.
   */
  break(
    connection: VirtualConnection,
    keep: readonly [toServer: number, toClient: number],
    noticeMs: readonly [number, number],
  ): void {
    if (connection.broken) return;
    connection.broken = true;
    for (const [index, lane] of [connection.toServer, connection.toClient].entries()) {
      this.#cutOff(lane, keep[index] as number);
      if (lane.to.alive) this.#lost(lane, noticeMs[index] as number);
    }
  }

  /** Drops the last items under way; all of them if the lane is stuck. */
  #cutOff(lane: Lane, keep: number): void {
    this.#drop(lane, lane.stuck ? 0 : keep);
    lane.stuck = false;
  }

  #drop(lane: Lane, keep: number): void {
    const { watch } = this.#engine;
    if (lane.items.length <= keep) return;
    const dropped = lane.items.splice(keep);
    if (watch.frame === undefined) return;
    for (const { input } of dropped) if (input.type === 'frame') watch.frame('lost', lane, input);
  }

  /** The first item under way has reached the end of its lane. */
  arrive(lane: Lane): void {
    const engine = this.#engine;
    const first = lane.items[0];
    if (first === undefined || first.atMs > engine.nowMs || lane.stuck) return;
    const { connection, to } = lane;
    if (!to.alive) {
      this.#drop(lane, 0);
      return;
    }
    if (!connection.broken && engine.policy.mayArrive?.(lane) === false) {
      lane.stuck = true;
      return;
    }
    lane.items.shift();
    const { input } = first;
    if (input.type === 'lost') this.#notice(lane, to);
    else if (input.type === 'frame') engine.watch.frame?.('arrived', lane, input);
    engine.input(to.node, input);
  }

  #notice(lane: Lane, end: VirtualEnd): void {
    end.alive = false;
    this.#drop(lane, 0);
    end.node.sockets.delete(end.conn);
    this.connections.release(lane.connection);
  }

  /** Frees a stuck lane: sends all waiting items again, in order. */
  resume(lane: Lane): void {
    lane.stuck = false;
    lane.lastAtMs = this.#engine.nowMs;
    for (const { input } of lane.items.splice(0)) this.#put(lane, input, this.#engine.policy.delayMs(lane));
  }
}
