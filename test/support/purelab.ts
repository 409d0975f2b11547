/**
 * Runs MTAs without sockets: the core's own state, a virtual clock, connections that carry frames in order, and stores whose
 * writes finish when the test says so. The interaction files, the article tests and the random histories run on it.
 */

import { Listeners } from '@mtalab/engine';
import {
  contentIn,
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
  type StoreFailure,
  start,
  step,
} from '@mtalab/mta-core';
import { usualAddress, usualConfig } from './pure-config.js';
import { targetOf } from './pure-dial.js';
import { PureStore } from './pure-store.js';
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

/** Limit of timer firings at one instant. A lab that exceeds it is stuck. */
const maxFiringsAtOnce = 1000;

export class PureLab {
  readonly nodes = new Map<string, Node>();
  readonly wires: Wire[] = [];
  readonly deliveries: Delivery[] = [];
  readonly events: { readonly node: string; readonly event: ReportedEvent }[] = [];
  readonly submitted: Submitted[] = [];
  readonly refused: Refused[] = [];
  /** The facts of each report, by the report's MTS identifier. */
  readonly reports = new Map<string, ReportFacts>();
  nowMs = 0;
  hooks: LabHooks = {};
  /** Unreachable MTAs: a dial to them fails. */
  readonly unreachable = new Set<string>();
  /** If true, every store effect waits for `storeDone`; `heldStores` does the same for single MTAs. */
  holdStores = false;
  readonly heldStores = new Set<string>();
  readonly #listeners = new Listeners();
  #nextWire = 1;
  #nextUpload = -1;
  #nextOrder = 1;

  /**
   * Adds MTAs that are all adjacent to each other; MTA `X` serves the domain `x.example` (lower case). Each listens on
   * 127.0.0.1, at the port of `portOf`.
   * @param legacy articles in legacy mode from the start, by MTA.
   * @param adjust changes each configuration last.
   * @param started if false, no MTA starts before `startAll`, so that a test can watch the starts.
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

  /** Kills the process: it loses unfinished store effects, and its connections break. */
  crash(name: string): void {
    const node = this.node(name);
    node.up = false;
    node.pending.length = 0;
    this.#listeners.close(name);
    for (const wire of [...this.wires]) if (wire.client.node === name || wire.server.node === name) this.cutWire(wire);
  }

  /**
   * Breaks a connection: everything under way on it is lost, and both ends notice.
   * @param unnoticedBy an MTA that does not notice: it believes the connection up until `notice`, or until its own close.
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

  /** Breaks every connection, as a network failure does. */
  cutAll(): void {
    for (const wire of [...this.wires]) this.cutWire(wire);
  }

  /** Makes every end notice its dead connections. */
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

  /** Gives the input to a connection's end, if the same incarnation still runs. */
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
      case 'frame': {
        const content = contentIn(effect)?.content;
        if (content !== undefined && node.store.damaged.has(content))
          return this.input(node.name, { ...effect, type: 'unreadable', detail: 'bad sector' });
        return this.#send(node, effect.conn, { type: 'frame', frame: effect });
      }
      case 'close':
        return this.#send(node, effect.conn, { type: 'lost' });
      case 'store':
      case 'forget':
        if (effect.type === 'store') this.#noteReport(effect.render?.content, effect);
        node.pending.push(effect);
        if (!this.holdStores && !this.heldStores.has(node.name)) this.storeDone(node.name);
        return;
      case 'recall': {
        const { entry, priority, copies } = effect;
        return this.input(node.name, { type: 'recalled', entry, priority, ...node.store.recall(copies) });
      }
      case 'settle':
        return node.store.settle(effect);
      case 'deliver': {
        if (node.store.damaged.has(effect.content))
          return this.input(node.name, { type: 'deliver-failed', copy: effect.copy, detail: 'bad sector', damaged: true });
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

  /** Ends the process; the system closes its listeners and connections. */
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

  #listen({ name }: Node, { link, binding, address, port }: Extract<Effect, { type: 'listen' }>): void {
    const opened = this.#listeners.open({ node: name, binding, address }, [port]);
    if (typeof opened === 'number') this.input(name, { type: 'listening', link, binding, port: opened });
    else this.input(name, { type: 'listen-failed', link, binding, osError: opened });
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
    // Each MTA seems to have its own machine, so its name stands for the host.
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

  /** The connection to which an MTA gave this number. */
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

  /** Sends a forged frame in the name of one end. */
  inject(wire: Wire, direction: Direction, carried: Carried): void {
    this.#push(wire, direction, { type: 'frame', frame: { type: 'frame', conn: senderOf(wire, direction).conn, ...carried } });
  }

  /** Sends a forged PDU on an RPC connection. */
  injectPdu(wire: Wire, direction: Direction, pdu: Pdu): void {
    this.inject(wire, direction, { link: 'rpc', frame: pdu });
  }

  /** Finishes every store effect of an MTA, in order. */
  storeDone(name: string): void {
    const node = this.node(name);
    for (let effect = node.pending.shift(); effect !== undefined; effect = node.pending.shift()) {
      if (effect.type === 'forget') {
        node.store.forget(effect.copies);
        this.input(name, { type: 'forgotten', token: effect.token });
        continue;
      }
      this.input(name, { type: 'stored', token: effect.token, ...node.store.commit(effect) });
    }
  }

  /** Waiting `store` effects fail, as on a full disk or with damaged contents; `forget` effects keep waiting. */
  storeFail(name: string, failure: StoreFailure = 'full'): void {
    const node = this.node(name);
    const effects = node.pending.splice(0);
    node.pending.push(...effects.filter((effect) => effect.type === 'forget'));
    for (const effect of effects) {
      if (effect.type === 'store')
        this.input(name, {
          type: 'store-failed',
          token: effect.token,
          failure,
          detail: failure === 'full' ? 'ENOSPC' : 'wrong digest',
        });
    }
  }

  /** Lets the earliest transit arrive. @returns false if nothing is under way. */
  deliverOne(): boolean {
    const next = nextArrival(this.wires);
    if (next !== null) this.deliverOn(next.wire, next.direction);
    return next !== null;
  }

  /** Lets the first transit in one direction of a connection arrive. */
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
      // The other direction closes too, and its transits are lost.
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

  /** Lets everything under way arrive, with all its consequences. */
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

  /** Advances the clock to the next deadline and fires it. @returns false if there is none. */
  advance(): boolean {
    const next = this.nextDeadline();
    if (next === null) return false;
    this.nowMs = Math.max(this.nowMs, next);
    for (const node of this.nodes.values()) this.input(node.name, { type: 'timer' });
    this.settle();
    return true;
  }

  /** Lets this much time pass, and fires every deadline on the way. */
  pass(ms: number): void {
    const end = this.nowMs + ms;
    let firings = 0;
    for (let next = this.nextDeadline(); next !== null && next <= end; next = this.nextDeadline()) {
      firings = next > this.nowMs ? 0 : firings + 1;
      if (firings > maxFiringsAtOnce) throw new Error(`the clock is stuck at ${this.nowMs} ms`);
      this.advance();
    }
    this.nowMs = end;
    this.settle();
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
