/** Connections of a simulated lab: dialling, sending in order, loss, and ways that are blocked. */
import type { Effect, Input, Pdu } from '@mtalab/mta-core';
import { reaches } from '../rules/reach.js';
import type { SimFault } from './faults/kinds.js';
import type { DialEffect, SimNode } from './node.js';
import { hash } from './random.js';
import { type End, type Item, type Lane, newWire, type Wire, Wires } from './wire.js';
import type { World } from './world.js';

/** How long a dial that gets no answer waits before it knocks again. */
const knockMs = 3000;

export class Network {
  readonly wires = new Wires();
  readonly #world: World;
  readonly #ports = new Map<number, number>();
  readonly #reached = new Map<string, number>();
  readonly #holes = new Set<string>();
  readonly #partitions = new Set<number>();
  #nextWire = 1;
  #listens = 0;
  #sent = 0;
  #gives = 0;

  constructor(world: World) {
    this.#world = world;
    for (const node of world.nodes) for (const { port } of node.config.bindings) this.#ports.set(port, node.index);
  }

  /** Things sent so far. */
  get sent(): number {
    return this.#sent;
  }

  #delayMs(lane: Lane): number {
    const { seed, delays } = this.#world.setup;
    // Connections of one lab differ in speed, so that what is sent later on one may overtake what is on another.
    const quick = delays.uneven && hash(seed, 7, lane.id) % 3 !== 0;
    const mostMs = quick ? Math.ceil(delays.mostMs / 20) : delays.mostMs;
    return delays.leastMs + (hash(seed, 1000 + lane.id, lane.sent) % (mostMs - delays.leastMs + 1));
  }

  dial(node: SimNode, effect: DialEffect): void {
    node.dials.add(effect.conn);
    const { seed, delays } = this.#world.setup;
    const delayMs = delays.leastMs + (hash(seed, 20 + node.index, effect.conn) % (delays.mostMs - delays.leastMs + 1));
    this.#world.after(delayMs, { type: 'dial', node: node.index, incarnation: node.store.incarnation, dial: effect });
  }

  /** The system opens a listener, or cannot. @returns what the MTA hears of it. */
  listen(node: SimNode, { binding, port }: Extract<Effect, { type: 'listen' }>): Input {
    const fails = this.#world.faultsAt('listen', this.#listens, node.index).length > 0;
    this.#listens += 1;
    if (fails) {
      node.crippled = true;
      return { type: 'listen-failed', binding, osError: 'EADDRNOTAVAIL' };
    }
    node.listening.set(port, binding);
    return { type: 'listening', binding, port };
  }

  /** Does an MTA listen on this address and port? */
  listens(index: number, host: string, port: number): boolean {
    const node = this.#world.nodes[index];
    const binding = node?.listening.get(port);
    return node?.up === true && binding !== undefined && node.config.bindings[binding]?.address === host;
  }

  /** String bindings of all addresses that an MTA listens on. */
  listeningAt(index: number): readonly string[] {
    const bindings = this.#world.nodes[index]?.config.bindings ?? [];
    const up = bindings.filter(({ address, port }) => this.listens(index, address, port));
    return up.map(({ address, port }) => `${address}[${port}]`);
  }

  /** When an MTA was last found by a dial of another one, ms; -1 when it never was. */
  reachedAtMs(from: number, to: number): number {
    return this.#reached.get(`${from}>${to}`) ?? -1;
  }

  /** A dial has come to where its target should be. */
  dialled(node: SimNode, dial: DialEffect): void {
    const { conn, host, port, localAddress = null } = dial;
    if (!node.dials.has(conn)) return;
    const world = this.#world;
    const index = this.#ports.get(port);
    const target = index === undefined ? undefined : world.nodes[index];
    if (!reaches(localAddress, host)) {
      node.dials.delete(conn);
      world.input(node, { type: 'dial-failed', conn, error: 1722, osError: 'ENETUNREACH' });
      return;
    }
    if (target !== undefined && (this.blocked(node.index, target.index) || this.blocked(target.index, node.index))) {
      world.after(knockMs, { type: 'dial', node: node.index, incarnation: node.store.incarnation, dial });
      return;
    }
    node.dials.delete(conn);
    const binding = target?.listening.get(port);
    if (target === undefined || binding === undefined || !this.listens(target.index, host, port)) {
      world.input(node, { type: 'dial-failed', conn, error: 1722, osError: 'ECONNREFUSED' });
      return;
    }
    this.#reached.set(`${node.index}>${target.index}`, world.nowMs);
    const client = { node: node.index, incarnation: node.store.incarnation, conn };
    const server = { node: target.index, incarnation: target.store.incarnation, conn: target.nextAccepted };
    target.nextAccepted += 2;
    const wire = newWire(this.#nextWire, client, server, world.nowMs);
    this.#nextWire += 1;
    this.wires.add(wire);
    node.wires.set(conn, { wire, end: wire.client });
    target.wires.set(wire.server.conn, { wire, end: wire.server });
    this.#send(wire, wire.toServer, { type: 'accept', binding });
    this.#send(wire, wire.toClient, { type: 'connected' });
  }

  pdu(node: SimNode, conn: number, pdu: Pdu): void {
    const found = node.wires.get(conn);
    if (found === undefined) return;
    const { wire, end } = found;
    const lane = end === wire.client ? wire.toServer : wire.toClient;
    const received = withReference(node, pdu);
    if (pdu.type === 'request' && pdu.body.op === 'MtaSend' && pdu.body.apdu.kind === 'turn-give') {
      const at = this.#gives;
      this.#gives += 1;
      for (const fault of this.#world.faultsAt('give', at, node.index)) this.#faultOnSend(wire, lane, fault);
    }
    this.#send(wire, lane, { type: 'pdu', pdu: received });
  }

  /** The process lets go of a connection, or gives up its dial. */
  close(node: SimNode, conn: number): void {
    node.dials.delete(conn);
    const found = node.wires.get(conn);
    if (found === undefined) return;
    node.wires.delete(conn);
    this.#letGo(found.wire, found.end, null);
  }

  /** What one end leaves behind. @param keep how much of what it has sent still arrives; null for all. */
  #letGo(wire: Wire, end: End, loss: { readonly keep: number; readonly noticeMs: number } | null): void {
    const [own, other] = end === wire.client ? [wire.toClient, wire.toServer] : [wire.toServer, wire.toClient];
    end.alive = false;
    own.items.length = 0;
    if (other.to.alive && !wire.broken) {
      if (loss === null) {
        this.#put(wire, other, { type: 'lost' }, this.#delayMs(other));
      } else {
        wire.broken = true;
        lose(other, loss.keep);
        this.#put(wire, other, { type: 'lost' }, loss.noticeMs);
      }
    }
    this.wires.release(wire);
  }

  /** The process is gone: by a crash, with part of what it has sent, or in order. */
  processEnded(node: SimNode, loss: { readonly keep: number; readonly noticeMs: number } | null): void {
    for (const { wire, end } of node.wires.values()) this.#letGo(wire, end, loss);
  }

  /** A loss of one connection, or of all between the same two MTAs: then neither learns of it by the others. */
  cut(
    wire: Wire,
    loss: { readonly keep: readonly [number, number]; readonly all: boolean; readonly noticeMs: readonly [number, number] },
  ): void {
    const { keep, all, noticeMs } = loss;
    this.break(wire, keep, noticeMs);
    if (!all) return;
    const [one, other] = [wire.client.node, wire.server.node];
    for (const each of this.wires) {
      const [client, server] = [each.client.node, each.server.node];
      if (client === one && server === other) this.break(each, keep, noticeMs);
      else if (client === other && server === one) this.break(each, [keep[1], keep[0]], [noticeMs[1], noticeMs[0]]);
    }
  }

  /** A loss. Each end notices in its own time, after what still arrives. */
  break(wire: Wire, keep: readonly [number, number], noticeMs: readonly [number, number]): void {
    if (wire.broken) return;
    wire.broken = true;
    for (const [index, lane] of [wire.toServer, wire.toClient].entries()) {
      lose(lane, keep[index] as number);
      if (lane.to.alive) this.#put(wire, lane, { type: 'lost' }, noticeMs[index] as number);
    }
  }

  #send(wire: Wire, lane: Lane, item: Item): void {
    const at = this.#sent;
    this.#sent += 1;
    let delayMs = this.#delayMs(lane);
    for (const fault of this.#world.faultsAt('sent', at, lane.to.node)) {
      if (fault.kind === 'delay') delayMs += fault.byMs;
      else this.#faultOnSend(wire, lane, fault);
    }
    if (wire.broken || !lane.to.alive) return;
    this.#put(wire, lane, item, delayMs);
  }

  #faultOnSend(wire: Wire, lane: Lane, fault: SimFault): void {
    if (fault.kind !== 'lose' && fault.kind !== 'lose-give') return;
    const all = lane.items.length;
    const keep: readonly [number, number] = lane === wire.toServer ? [all, fault.keep] : [fault.keep, all];
    this.cut(wire, { keep, all: fault.all, noticeMs: fault.noticeMs });
  }

  #put(wire: Wire, lane: Lane, item: Item, delayMs: number): void {
    lane.sent += 1;
    const atMs = Math.max(lane.lastAtMs, this.#world.nowMs + delayMs);
    lane.lastAtMs = atMs;
    lane.items.push({ ...item, atMs });
    this.#world.at(atMs, { type: 'arrive', wire, lane });
  }

  /** The first thing under way has arrived. */
  arrive(wire: Wire, lane: Lane): void {
    const [first] = lane.items;
    const world = this.#world;
    if (first === undefined || first.atMs > world.nowMs || lane.stuck) return;
    const { to } = lane;
    if (!to.alive) {
      lane.items.length = 0;
      return;
    }
    const from = lane === wire.toServer ? wire.client : wire.server;
    if (!wire.broken && this.blocked(from.node, to.node)) {
      lane.stuck = true;
      return;
    }
    lane.items.shift();
    const node = world.nodes[to.node] as SimNode;
    switch (first.type) {
      case 'accept':
        world.input(node, {
          type: 'accepted',
          link: 'rpc',
          conn: to.conn,
          binding: first.binding,
          remote: `${world.nodes[from.node]?.name ?? ''}:${from.conn}`,
        });
        return;
      case 'connected':
        world.input(node, { type: 'connected', conn: to.conn });
        return;
      case 'pdu':
        world.input(node, { type: 'frame', link: 'rpc', conn: to.conn, frame: first.pdu });
        return;
      case 'lost':
        to.alive = false;
        lane.items.length = 0;
        node.wires.delete(to.conn);
        this.wires.release(wire);
        world.input(node, { type: 'lost', conn: to.conn, error: 10054 });
    }
  }

  blocked(from: number, to: number): boolean {
    if (this.#holes.size > 0 && this.#holes.has(`${from}>${to}`)) return true;
    for (const pick of this.#partitions) if (((from >> pick) & 1) !== ((to >> pick) & 1)) return true;
    return false;
  }

  /** One way is blocked. @returns how to end it. */
  hole(from: number, to: number, then: 'deliver' | 'reset'): () => void {
    const key = `${from}>${to}`;
    this.#holes.add(key);
    return () => {
      if (this.#holes.delete(key)) this.#heal(then);
    };
  }

  /** The network falls apart: MTAs with the same bit of their index stay together. @returns how to end it. */
  part(pick: number, then: 'deliver' | 'reset'): () => void {
    this.#partitions.add(pick);
    return () => {
      if (this.#partitions.delete(pick)) this.#heal(then);
    };
  }

  #heal(then: 'deliver' | 'reset'): void {
    for (const wire of this.wires) {
      for (const lane of [wire.toServer, wire.toClient]) {
        const from = lane === wire.toServer ? wire.client : wire.server;
        if (!lane.stuck || this.blocked(from.node, lane.to.node)) continue;
        if (then === 'reset') this.break(wire, [0, 0], [this.#delayMs(wire.toServer), this.#delayMs(wire.toClient)]);
        else this.#resume(wire, lane);
      }
    }
  }

  #resume(wire: Wire, lane: Lane): void {
    lane.stuck = false;
    lane.lastAtMs = this.#world.nowMs;
    const items = lane.items.splice(0);
    for (const item of items) this.#put(wire, lane, item, this.#delayMs(lane));
  }
}

/** The end of what is under way is gone; all of it, where it stood before a blocked way. */
function lose(lane: Lane, keep: number): void {
  lane.items.length = lane.stuck ? 0 : Math.min(lane.items.length, keep);
  lane.stuck = false;
}

/** A PDU as its receiver gets it: its octets have a name there, not a place in the sender's store. */
function withReference(node: SimNode, pdu: Pdu): Pdu {
  if (pdu.type !== 'request' || pdu.body.op !== 'MtaSend' || pdu.body.apdu.kind !== 'rttr') return pdu;
  const apdu = { ...pdu.body.apdu, content: node.store.handleFor(pdu.body.apdu.content) };
  return { ...pdu, body: { ...pdu.body, apdu } };
}
