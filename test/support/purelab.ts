/**
 * MTAs without sockets: the core's own state, a virtual clock, connections that carry frames in order, and stores that finish
 * when told to. What the interaction files, the article tests and the random histories run on.
 */

import { Listeners } from '@mtalab/engine';
import {
  type Effect,
  type Input,
  type LinkFrame,
  type Mta,
  type MtaConfig,
  nextDeadline,
  type Pdu,
  type ReportedEvent,
  type ReportFacts,
  type Settings,
  start,
  step,
} from '@mtalab/mta-core';
import { usualAddress, usualConfig } from './pure-config.js';
import { targetOf } from './pure-dial.js';
import { PureStore, renderedBytes } from './pure-store.js';
import { type Delivery, type LabHooks, type Node, type Refused, Sent, type SubmitOptions, type Submitted } from './pure-types.js';
import {
  type Carried,
  type Direction,
  type End,
  isEnd,
  newWire,
  nextArrival,
  receiverOf,
  senderOf,
  type Transit,
  type Wire,
} from './pure-wire.js';

export { usualAddress, withLink } from './pure-config.js';
export type { Delivery, Node, Sent, Submitted } from './pure-types.js';

/** Firings in a row that do not get the clock on: no MTA has that much to do at one instant. */
const maxFiringsAtOnce = 1000;

export class PureLab {
  readonly nodes = new Map<string, Node>();
  readonly wires: Wire[] = [];
  readonly deliveries: Delivery[] = [];
  readonly events: { readonly node: string; readonly event: ReportedEvent }[] = [];
  readonly submitted: Submitted[] = [];
  readonly refused: Refused[] = [];
  /** What each report says, by the MTS identifier of the report. */
  readonly reports = new Map<string, ReportFacts>();
  nowMs = 0;
  hooks: LabHooks = {};
  /** MTAs that cannot be reached: a dial to them fails. */
  readonly unreachable = new Set<string>();
  /** When true, every store effect waits for `storeDone`; or those of one MTA. */
  holdStores = false;
  readonly heldStores = new Set<string>();
  readonly #listeners = new Listeners();
  #nextWire = 1;
  #nextUpload = -1;
  #nextOrder = 1;

  /**
   * Add MTAs that are all adjacent to each other; MTA `X` serves the domain `x.example` (lower case). Each listens on
   * 127.0.0.1, at the port `portOf` says.
   * @param legacy articles that are on from the start, by MTA.
   * @param adjust the last word on each configuration.
   * @param started false: nobody is, until `startAll`, so that the starts can be watched.
   */
  constructor(
    names: readonly string[],
    settings: Partial<Settings> = {},
    legacy: Readonly<Record<string, readonly string[]>> = {},
    adjust: (config: MtaConfig) => MtaConfig = (config) => config,
    started = true,
  ) {
    for (const name of names) this.#add(adjust(usualConfig(name, names, settings, legacy[name] ?? [])));
    if (started) this.startAll();
  }

  #add(config: MtaConfig): void {
    const { name } = config;
    const store = new PureStore(name);
    const node: Node = { name, config, store, mta: undefined as unknown as Mta, up: false, pending: [], nextAccepted: 1 };
    this.nodes.set(name, node);
  }

  startAll(): void {
    for (const name of this.nodes.keys()) this.startNode(name);
  }

  node(name: string): Node {
    const node = this.nodes.get(name);
    if (node === undefined) throw new Error(`there is no MTA ${name}`);
    return node;
  }

  mta(name: string): Mta {
    return this.node(name).mta;
  }

  startNode(name: string): void {
    const node = this.node(name);
    if (node.up) throw new Error(`${name} is up`);
    const { mta, effects } = start(node.config, node.store.begin(), this.nowMs);
    node.up = true;
    node.mta = mta;
    for (const effect of effects) this.#perform(node, effect);
  }

  /** The process dies: what was not stored is lost, its connections break. */
  crash(name: string): void {
    const node = this.node(name);
    node.up = false;
    node.pending.length = 0;
    this.#listeners.close(name);
    for (const wire of [...this.wires]) if (wire.client.node === name || wire.server.node === name) this.cutWire(wire);
  }

  /**
   * A loss: everything under way on this connection is gone, and both ends notice.
   * @param unnoticedBy this MTA does not: it believes the connection up until `notice`, or until it closes it.
   */
  cutWire(wire: Wire, unnoticedBy: string | null = null): void {
    const index = this.wires.indexOf(wire);
    if (index < 0) return;
    const already = wire.unnoticedBy;
    wire.toServer.length = 0;
    wire.toClient.length = 0;
    if (unnoticedBy === null) this.wires.splice(index, 1);
    else wire.unnoticedBy = unnoticedBy;
    for (const end of [wire.client, wire.server]) {
      if (end.node === unnoticedBy || (already !== null && end.node !== already)) continue;
      this.#inputTo(end, { type: 'lost', conn: end.conn, error: 10054 });
    }
  }

  /** Cut every connection, as a network does. */
  cutAll(): void {
    for (const wire of [...this.wires]) this.cutWire(wire);
  }

  /** Every end notices what it has not noticed so far. */
  notice(): void {
    for (const wire of [...this.wires]) if (wire.unnoticedBy !== null) this.cutWire(wire);
  }

  input(name: string, input: Input): void {
    const node = this.node(name);
    if (!node.up) return;
    const { mta, effects } = step(node.mta, input, this.nowMs);
    node.mta = mta;
    for (const effect of effects) this.#perform(node, effect);
  }

  /** To a connection's end, if the process that had it still runs. */
  #inputTo(end: { readonly node: string; readonly incarnation: number }, input: Input): void {
    const node = this.node(end.node);
    if (node.up && node.store.incarnation === end.incarnation) this.input(end.node, input);
  }

  submit(name: string, submissionId: string, recipients: readonly string[], more: SubmitOptions = {}): void {
    const { priority = 'normal', sizeBytes = 100, originator = `user@${name.toLowerCase()}.example` } = more;
    const content = this.#nextUpload;
    this.#nextUpload -= 1;
    const contentType = 'message/rfc822';
    this.input(name, {
      type: 'submit',
      submission: { submissionId, originator, recipients, priority, contentType, sizeBytes, content },
    });
  }

  #perform(node: Node, effect: Effect): void {
    switch (effect.type) {
      case 'listen':
        return this.#listen(node, effect);
      case 'dial':
        return this.#dial(node, effect);
      case 'frame':
        return this.#send(node, effect.conn, { type: 'frame', frame: effect });
      case 'close':
        return this.#send(node, effect.conn, { type: 'lost' });
      case 'store':
      case 'forget':
        if (effect.type === 'store') this.#noteReport(effect.render?.content, effect);
        node.pending.push(effect);
        if (!this.holdStores && !this.heldStores.has(node.name)) this.storeDone(node.name);
        return;
      case 'settle':
        return node.store.settle(effect);
      case 'deliver': {
        const mailbox = effect.destination.to === 'mailbox' ? effect.destination.address : effect.destination.to;
        const { mtsId, contentType } = effect.envelope;
        const delivery = { node: node.name, mailbox, mtsId, contentType, copy: effect.copy };
        this.deliveries.push(delivery);
        this.hooks.onDelivery?.(delivery);
        return this.input(node.name, { type: 'delivered', copy: effect.copy });
      }
      case 'report':
        this.events.push({ node: node.name, event: effect.event });
        return this.hooks.onEvent?.(node.name, effect.event);
      case 'submitted':
        this.submitted.push({ node: node.name, ...effect });
        return this.hooks.onSubmitted?.({ node: node.name, ...effect });
      case 'submit-refused':
        this.refused.push({ node: node.name, ...effect });
        return this.hooks.onRefused?.({ node: node.name, ...effect });
      case 'halt':
        return this.#halt(node, effect);
      case 'drop-content':
        return;
    }
  }

  #noteReport(content: number | undefined, effect: Extract<Effect, { type: 'store' }>): void {
    const report = effect.accept.find((message) => message.content === content);
    if (report !== undefined && effect.render !== undefined) this.reports.set(report.envelope.mtsId, effect.render.facts);
  }

  /** The process ends; the system closes what it had open. */
  #halt(node: Node, { clean, code }: Extract<Effect, { type: 'halt' }>): void {
    node.up = false;
    node.store.clean = clean;
    this.#listeners.close(node.name);
    this.hooks.onHalt?.(node.name, clean, code);
    for (const wire of this.wires) {
      if (wire.client.node === node.name) this.#push(wire, 'toServer', { type: 'lost' });
      if (wire.server.node === node.name) this.#push(wire, 'toClient', { type: 'lost' });
    }
  }

  #listen({ name }: Node, { binding, address, port }: Extract<Effect, { type: 'listen' }>): void {
    const opened = this.#listeners.open({ node: name, binding, address }, [port]);
    if (typeof opened === 'number') this.input(name, { type: 'listening', binding, port: opened });
    else this.input(name, { type: 'listen-failed', binding, osError: opened });
  }

  #dial(node: Node, effect: Extract<Effect, { type: 'dial' }>): void {
    const { link, conn, host, port, localAddress } = effect;
    const { to, listener } = targetOf(effect, this.nodes, this.#listeners);
    const dialled = { link, from: node.name, to, host, port, localAddress };
    if (typeof listener === 'string' || this.unreachable.has(listener.node)) {
      const osError = typeof listener === 'string' ? listener : 'ECONNREFUSED';
      this.hooks.onDial?.({ ...dialled, wire: null, osError });
      return this.input(node.name, { type: 'dial-failed', conn, error: 1722, osError });
    }
    const target = this.node(listener.node);
    const accepted = target.nextAccepted;
    target.nextAccepted += 2;
    // Each MTA has the machine to itself, as far as others can tell: its name stands for the host.
    const seenAs = localAddress === undefined || localAddress === usualAddress ? node.name : `${node.name}@${localAddress}`;
    const client: End = { node: node.name, incarnation: node.store.incarnation, conn };
    const server: End = { node: target.name, incarnation: target.store.incarnation, conn: accepted };
    const wire = newWire({ id: this.#nextWire, link, client, server, binding: listener.binding, remote: `${seenAs}:${conn}` });
    this.#nextWire += 1;
    this.wires.push(wire);
    this.hooks.onDial?.({ ...dialled, wire, osError: null });
    this.#push(wire, 'toServer', { type: 'accept' });
    this.#push(wire, 'toClient', { type: 'connected' });
  }

  #push(wire: Wire, direction: Direction, transit: DistributiveOmit<Transit, 'order'>): void {
    wire[direction].push({ ...transit, order: this.#nextOrder });
    this.#nextOrder += 1;
  }

  /** The connection that an MTA knows by this number. */
  wireOf(name: string, conn: number): Wire | undefined {
    const { incarnation } = this.node(name).store;
    return this.wires.find((wire) => isEnd(wire.client, name, incarnation, conn) || isEnd(wire.server, name, incarnation, conn));
  }

  #send(node: Node, conn: number, transit: DistributiveOmit<Transit, 'order'>): void {
    const wire = this.wireOf(node.name, conn);
    if (wire === undefined) return;
    if (wire.unnoticedBy !== null) {
      if (transit.type === 'lost') this.wires.splice(this.wires.indexOf(wire), 1);
      return;
    }
    this.#push(wire, isEnd(wire.client, node.name, node.store.incarnation, conn) ? 'toServer' : 'toClient', transit);
  }

  /** Put a frame on its way in the name of one end, which knows nothing of it. */
  inject(wire: Wire, direction: Direction, carried: Carried): void {
    this.#push(wire, direction, { type: 'frame', frame: { type: 'frame', conn: senderOf(wire, direction).conn, ...carried } });
  }

  /** The same on an RPC connection. */
  injectPdu(wire: Wire, direction: Direction, pdu: Pdu): void {
    this.inject(wire, direction, { link: 'rpc', frame: pdu });
  }

  /** Finish every store effect of a node, in order. */
  storeDone(name: string): void {
    const node = this.node(name);
    for (let effect = node.pending.shift(); effect !== undefined; effect = node.pending.shift()) {
      if (effect.type === 'forget') {
        node.store.forget(effect.copies);
        this.input(name, { type: 'forgotten', token: effect.token });
        continue;
      }
      const known = node.store.commit(effect);
      const more = known !== undefined ? { known } : effect.render === undefined ? {} : { renderedBytes };
      this.input(name, { type: 'stored', token: effect.token, ...more });
    }
  }

  /** The disk is full: what waits to be stored is not. What waits to be erased waits on. */
  storeFail(name: string): void {
    const node = this.node(name);
    const effects = node.pending.splice(0);
    node.pending.push(...effects.filter((effect) => effect.type === 'forget'));
    for (const effect of effects) {
      if (effect.type === 'store')
        this.input(name, { type: 'store-failed', token: effect.token, failure: 'full', detail: 'ENOSPC' });
    }
  }

  /** Let what was sent first arrive. @returns false when nothing is under way. */
  deliverOne(): boolean {
    const next = nextArrival(this.wires);
    if (next !== null) this.deliverOn(next.wire, next.direction);
    return next !== null;
  }

  /** Let the first thing under way on one connection arrive. */
  deliverOn(wire: Wire, direction: Direction): void {
    const index = this.wires.indexOf(wire);
    const transit = index < 0 ? undefined : wire[direction].shift();
    if (transit === undefined) return;
    const [to, from] = [receiverOf(wire, direction), senderOf(wire, direction)];
    if (transit.type === 'accept') {
      this.#inputTo(to, { type: 'accepted', link: wire.link, conn: to.conn, binding: wire.binding, remote: wire.remote });
    } else if (transit.type === 'connected') {
      this.#inputTo(to, { type: 'connected', conn: to.conn });
    } else if (transit.type === 'lost') {
      // The other direction is closed with it: what was under way there will never be read.
      this.wires.splice(index, 1);
      this.hooks.onEnd?.(wire, from.node);
      this.#inputTo(to, { type: 'lost', conn: to.conn, error: 10054 });
    } else {
      const frame: LinkFrame = { ...transit.frame, conn: to.conn };
      const sent = new Sent(from.node, to.node, wire, frame);
      if (!(this.hooks.onFrame?.(sent) ?? true)) return;
      this.#inputTo(to, frame);
      this.hooks.onTaken?.(sent);
    }
  }

  /** Let everything under way arrive, and what follows from it. */
  settle(limit = 100_000): number {
    let count = 0;
    while (this.deliverOne()) {
      count += 1;
      if (count > limit) throw new Error(`still busy after ${limit} arrivals`);
    }
    return count;
  }

  /** The earliest deadline of all MTAs that are up. */
  nextDeadline(): number | null {
    const all = [...this.nodes.values()].filter((node) => node.up).map((node) => nextDeadline(node.mta));
    return all.reduce<number | null>((one, other) => (one === null || (other !== null && other < one) ? other : one), null);
  }

  /** Move the clock on to the next deadline and fire it. @returns false when there is none. */
  advance(): boolean {
    const next = this.nextDeadline();
    if (next === null) return false;
    this.nowMs = Math.max(this.nowMs, next);
    for (const node of this.nodes.values()) this.input(node.name, { type: 'timer' });
    this.settle();
    return true;
  }

  /** Let this much time pass, firing every deadline on the way. */
  pass(ms: number): void {
    const end = this.nowMs + ms;
    let firings = 0;
    for (let next = this.nextDeadline(); next !== null && next <= end; next = this.nextDeadline()) {
      firings = next > this.nowMs ? 0 : firings + 1;
      if (firings > maxFiringsAtOnce) throw new Error(`the clock does not get on at ${this.nowMs} ms`);
      this.advance();
    }
    this.nowMs = end;
    this.settle();
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
