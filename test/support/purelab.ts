/**
 * MTAs without sockets: the core's own state, a virtual clock, links that carry PDUs in order per connection, and stores that
 * finish when told to. What the interaction tests and the article tests run on.
 */
import {
  defaultSettings,
  type Effect,
  type Input,
  type Mta,
  type MtaConfig,
  nextDeadline,
  type Pdu,
  type ReportedEvent,
  type Settings,
  type StoredMessage,
  start,
  step,
} from '@mtalab/mta-core';

export type Sent = { readonly from: string; readonly to: string; readonly conn: Wire; readonly pdu: Pdu };

/** A connection between two MTAs, with what is under way in each direction. */
export type Wire = {
  readonly id: number;
  readonly client: { readonly node: string; readonly conn: number };
  readonly server: { readonly node: string; readonly conn: number };
  /** Events under way to the server and to the client, in order. */
  readonly toServer: Transit[];
  readonly toClient: Transit[];
};
type Transit =
  | { readonly type: 'accept' }
  | { readonly type: 'connected' }
  | { readonly type: 'pdu'; readonly pdu: Pdu }
  | { readonly type: 'lost' };

type DurableStore = {
  incarnation: number;
  readonly uuid: string;
  clean: boolean;
  readonly messages: Map<number, StoredMessage>;
  readonly received: Map<string, Set<number>>;
  readonly submissions: Map<string, string>;
};

export type Node = {
  readonly name: string;
  readonly config: MtaConfig;
  readonly store: DurableStore;
  mta: Mta;
  up: boolean;
  /** Store effects that are not done yet. */
  readonly pending: Effect[];
  nextAccepted: number;
};

export type Delivery = { readonly node: string; readonly mailbox: string; readonly mtsId: string; readonly contentType: string };

export type LabHooks = {
  /** Called before a PDU is given to its receiver. Return false to swallow it. */
  onPdu?: (sent: Sent) => boolean;
  onEvent?: (node: string, event: ReportedEvent) => void;
};

export class PureLab {
  readonly nodes = new Map<string, Node>();
  readonly wires: Wire[] = [];
  readonly deliveries: Delivery[] = [];
  readonly events: { readonly node: string; readonly event: ReportedEvent }[] = [];
  readonly submitted: { readonly submissionId: string; readonly mtsId: string; readonly known: boolean }[] = [];
  readonly refused: { readonly submissionId: string; readonly reason: string }[] = [];
  nowMs = 0;
  hooks: LabHooks = {};
  /** MTAs that cannot be reached: a dial to them fails. */
  readonly unreachable = new Set<string>();
  /** When true, store effects wait for `storeDone`. */
  holdStores = false;
  #nextWire = 1;
  #nextUpload = -1;
  readonly #ports = new Map<string, number>();

  /** Add MTAs that are all adjacent to each other; MTA `X` serves the domain `x.example` (lower case). */
  constructor(
    names: readonly string[],
    settings: Partial<Settings> = {},
    legacy: Readonly<Record<string, readonly string[]>> = {},
  ) {
    for (const [index, name] of names.entries()) this.#ports.set(name, 5001 + index);
    for (const name of names) {
      const others = names.filter((other) => other !== name);
      this.add({
        name,
        version: '5.5',
        build: '2653.23',
        listen: [{ address: '127.0.0.1', port: this.#ports.get(name) as number, label: '' }],
        advertise: [],
        settings: { ...defaultSettings, ...settings },
        peers: others.map((other) => ({ name: other, endpoints: [`127.0.0.1[${this.#ports.get(other)}]`], password: '' })),
        routes: others.map((other) => ({ domain: `${other.toLowerCase()}.example`, mta: other })),
        localDomains: [`${name.toLowerCase()}.example`],
        legacy: legacy[name] ?? [],
      });
    }
  }

  add(config: MtaConfig): void {
    const store: DurableStore = {
      incarnation: 0,
      uuid: `store-of-${config.name}`,
      clean: true,
      messages: new Map(),
      received: new Map(),
      submissions: new Map(),
    };
    const node: Node = {
      name: config.name,
      config,
      store,
      mta: undefined as unknown as Mta,
      up: false,
      pending: [],
      nextAccepted: 1,
    };
    this.nodes.set(config.name, node);
    this.#ports.set(config.name, config.listen[0]?.port ?? 0);
    this.startNode(config.name);
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
    node.store.incarnation += 1;
    node.up = true;
    const recovered = {
      incarnation: node.store.incarnation,
      storeUuid: node.store.uuid,
      clean: node.store.clean,
      messages: [...node.store.messages.values()],
      received: [...node.store.received].map(([sender, activities]) => ({ sender, activities: [...activities] })),
      check: { queues: [], detailsPath: 'check.txt' },
    };
    node.store.clean = false;
    const { mta, effects } = start(node.config, recovered, this.nowMs);
    node.mta = mta;
    this.#perform(node, effects);
  }

  /** The process dies: what was not stored is lost, its connections break. */
  crash(name: string): void {
    const node = this.node(name);
    node.up = false;
    node.pending.length = 0;
    for (const wire of [...this.wires]) {
      if (wire.client.node === name || wire.server.node === name) this.cutWire(wire, name);
    }
  }

  /** A loss: everything under way on this connection is gone, both ends will notice. */
  cutWire(wire: Wire, dead?: string): void {
    const index = this.wires.indexOf(wire);
    if (index < 0) return;
    this.wires.splice(index, 1);
    for (const end of [wire.client, wire.server]) {
      if (end.node !== dead && this.node(end.node).up) this.input(end.node, { type: 'lost', conn: end.conn, error: 10054 });
    }
  }

  /** Cut every connection between two MTAs, as a network does. */
  cutAll(): void {
    for (const wire of [...this.wires]) this.cutWire(wire);
  }

  input(name: string, input: Input): void {
    const node = this.node(name);
    if (!node.up) return;
    const { mta, effects } = step(node.mta, input, this.nowMs);
    // State must be plain data: what JSON cannot carry would break journals and replay.
    node.mta = mta;
    this.#perform(node, effects);
  }

  submit(
    name: string,
    submissionId: string,
    recipients: readonly string[],
    more: Partial<{ priority: 'urgent' | 'normal' | 'non-urgent'; sizeBytes: number; originator: string }> = {},
  ): void {
    this.input(name, {
      type: 'submit',
      submission: {
        submissionId,
        originator: more.originator ?? `user@${name.toLowerCase()}.example`,
        recipients,
        priority: more.priority ?? 'normal',
        contentType: 'message/rfc822',
        sizeBytes: more.sizeBytes ?? 100,
        content: this.#nextUpload--,
      },
    });
  }

  #perform(node: Node, effects: readonly Effect[]): void {
    for (const effect of effects) this.#performOne(node, effect);
  }

  #performOne(node: Node, effect: Effect): void {
    switch (effect.type) {
      case 'listen':
        return this.input(node.name, { type: 'listening', binding: effect.binding, port: effect.port });
      case 'dial':
        return this.#dial(node, effect.conn, effect.port);
      case 'pdu': {
        const wire = this.#wireOf(node.name, effect.conn);
        if (wire !== undefined)
          (wire.client.node === node.name && wire.client.conn === effect.conn ? wire.toServer : wire.toClient).push({
            type: 'pdu',
            pdu: effect.pdu,
          });
        return;
      }
      case 'close': {
        const wire = this.#wireOf(node.name, effect.conn);
        if (wire !== undefined)
          (wire.client.node === node.name && wire.client.conn === effect.conn ? wire.toServer : wire.toClient).push({
            type: 'lost',
          });
        return;
      }
      case 'store':
      case 'forget':
        node.pending.push(effect);
        if (!this.holdStores) this.storeDone(node.name);
        return;
      case 'settle': {
        const received = node.store.received.get(effect.sender);
        for (const activity of [...(received ?? [])]) {
          if (effect.activities.includes(activity) || (effect.below !== undefined && activity < effect.below))
            received?.delete(activity);
        }
        return;
      }
      case 'deliver': {
        const mailbox = effect.destination.to === 'mailbox' ? effect.destination.address : effect.destination.to;
        this.deliveries.push({
          node: node.name,
          mailbox,
          mtsId: effect.envelope.mtsId,
          contentType: effect.envelope.contentType,
        });
        return this.input(node.name, { type: 'delivered', copy: effect.copy });
      }
      case 'report':
        this.events.push({ node: node.name, event: effect.event });
        return this.hooks.onEvent?.(node.name, effect.event);
      case 'submitted':
        this.submitted.push({ submissionId: effect.submissionId, mtsId: effect.mtsId, known: effect.known });
        return;
      case 'submit-refused':
        this.refused.push({ submissionId: effect.submissionId, reason: effect.reason });
        return;
      case 'halt':
        node.up = false;
        node.store.clean = effect.clean;
        return;
      default:
        return;
    }
  }

  #dial(node: Node, conn: number, port: number): void {
    const target = [...this.nodes.values()].find((each) => this.#ports.get(each.name) === port);
    if (target === undefined || !target.up || this.unreachable.has(target.name)) {
      return this.input(node.name, { type: 'dial-failed', conn, error: 1722, osError: 'ECONNREFUSED' });
    }
    const accepted = target.nextAccepted;
    target.nextAccepted += 2;
    const wire: Wire = {
      id: this.#nextWire,
      client: { node: node.name, conn },
      server: { node: target.name, conn: accepted },
      toServer: [{ type: 'accept' }],
      toClient: [{ type: 'connected' }],
    };
    this.#nextWire += 1;
    this.wires.push(wire);
  }

  #wireOf(node: string, conn: number): Wire | undefined {
    return this.wires.find(
      (wire) =>
        (wire.client.node === node && wire.client.conn === conn) || (wire.server.node === node && wire.server.conn === conn),
    );
  }

  /** Finish every store effect of a node, in order. */
  storeDone(name: string): void {
    const node = this.node(name);
    for (let effect = node.pending.shift(); effect !== undefined; effect = node.pending.shift()) {
      if (effect.type === 'forget') {
        this.#forget(node, effect.copies);
        this.input(name, { type: 'forgotten', token: effect.token });
      } else if (effect.type === 'store') {
        const known = effect.submission === undefined ? undefined : node.store.submissions.get(effect.submission.submissionId);
        if (known !== undefined) {
          this.input(name, { type: 'stored', token: effect.token, known });
          continue;
        }
        if (effect.submission !== undefined) node.store.submissions.set(effect.submission.submissionId, effect.submission.mtsId);
        for (const message of effect.accept) node.store.messages.set(message.content, message);
        if (effect.received !== undefined) {
          const { sender, activity } = effect.received;
          node.store.received.set(sender, (node.store.received.get(sender) ?? new Set()).add(activity));
        }
        this.#forget(node, effect.forget);
        this.input(name, { type: 'stored', token: effect.token, ...(effect.render === undefined ? {} : { renderedBytes: 500 }) });
      }
    }
  }

  #forget(node: Node, copies: readonly number[]): void {
    for (const [key, message] of node.store.messages) {
      const left = message.copies.filter((copy) => !copies.includes(copy.id));
      if (left.length === 0) node.store.messages.delete(key);
      else if (left.length < message.copies.length) node.store.messages.set(key, { ...message, copies: left });
    }
  }

  /** Let one thing under way arrive. @returns false when nothing is under way. */
  deliverOne(): boolean {
    for (const wire of this.wires) {
      for (const toServer of [true, false]) {
        const transit = (toServer ? wire.toServer : wire.toClient).shift();
        if (transit === undefined) continue;
        this.#arrive(wire, toServer, transit);
        return true;
      }
    }
    return false;
  }

  #arrive(wire: Wire, toServer: boolean, transit: Transit): void {
    const to = toServer ? wire.server : wire.client;
    const from = toServer ? wire.client : wire.server;
    if (transit.type === 'accept') {
      this.input(to.node, { type: 'accepted', conn: to.conn, binding: 0, remote: `${from.node}:${from.conn}` });
    } else if (transit.type === 'connected') {
      this.input(to.node, { type: 'connected', conn: to.conn });
    } else if (transit.type === 'lost') {
      // The other direction is closed with it: what was under way there will never be read.
      this.wires.splice(this.wires.indexOf(wire), 1);
      this.input(to.node, { type: 'lost', conn: to.conn, error: 10054 });
    } else if (this.hooks.onPdu?.({ from: from.node, to: to.node, conn: wire, pdu: transit.pdu }) ?? true) {
      this.input(to.node, { type: 'pdu', conn: to.conn, pdu: transit.pdu });
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
    for (const node of this.nodes.values()) if (node.up) this.input(node.name, { type: 'timer' });
    this.settle();
    return true;
  }

  /** Let this much time pass, firing every deadline on the way. */
  pass(ms: number): void {
    const end = this.nowMs + ms;
    for (let next = this.nextDeadline(); next !== null && next <= end; next = this.nextDeadline()) this.advance();
    this.nowMs = end;
    this.settle();
  }
}
