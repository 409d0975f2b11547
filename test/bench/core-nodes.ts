/** MTAs of the pure core in this process, with an instant network and instant stores. */
import {
  defaultSettings,
  type Effect,
  type Input,
  type Mta,
  type MtaConfig,
  type OperatorCommand,
  type StoredMessage,
  start,
  step,
} from '@mtalab/mta-core';

const atMs = 1_000_000;
const firstPort = 5001;

/** What the surroundings of an MTA refuse. */
export type Refusal = 'store' | 'deliver' | null;

export class CoreNode {
  mta: Mta;
  /** Its store or its mailboxes fail for the time being. */
  refuses: Refusal = null;
  readonly #net: CoreNetwork;
  readonly #inbox: Input[] = [];
  /** The backlog by its contents: what the core has of a long queue in memory is only its front. */
  readonly #kept: ReadonlyMap<number, StoredMessage>;
  readonly wires = new Map<number, { node: CoreNode; conn: number }>();
  #accepted = 1;

  constructor(net: CoreNetwork, config: MtaConfig, messages: readonly StoredMessage[]) {
    this.#net = net;
    this.#kept = new Map(messages.map((message) => [message.content, message]));
    const recovered = { incarnation: 2, storeUuid: `store-${config.name}`, clean: true, messages, received: [] };
    const { mta, effects } = start(config, recovered, atMs);
    this.mta = mta;
    net.nodes.set(config.bindings[0]?.port ?? 0, this);
    for (const effect of effects) this.#carryOut(effect);
  }

  get isIdle(): boolean {
    return this.#inbox.length === 0;
  }

  /** Does everything that waits, and what follows from it at once. @returns the number of steps. */
  run(): number {
    const inbox = this.#inbox;
    for (let at = 0; at < inbox.length; at += 1) this.#step(inbox[at] as Input);
    return inbox.splice(0).length;
  }

  /** Carries out an operator's command. @returns the milliseconds of its one step. */
  command(command: OperatorCommand): number {
    const beganMs = performance.now();
    const { mta, effects } = step(this.mta, { type: 'command', command }, atMs);
    const tookMs = performance.now() - beganMs;
    this.mta = mta;
    for (const effect of effects) this.#carryOut(effect);
    return tookMs;
  }

  #step(input: Input): void {
    const { mta, effects } = step(this.mta, input, atMs);
    this.mta = mta;
    for (const effect of effects) this.#carryOut(effect);
  }

  #put(input: Input): void {
    this.#inbox.push(input);
  }

  /** Carries out an effect at once, as the network and the store would. */
  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'frame': {
        const wire = this.wires.get(effect.conn);
        if (wire !== undefined) wire.node.#put({ ...effect, conn: wire.conn });
        return;
      }
      case 'store': {
        const { token } = effect;
        if (this.refuses !== 'store') this.#put({ type: 'stored', token });
        else this.#put({ type: 'store-failed', token, failure: 'io', detail: 'refused by the bench' });
        return;
      }
      case 'recall': {
        const { entry, priority, copies } = effect;
        const found = copies.map(({ copy, content }) => ({ copy, message: this.#kept.get(content) as StoredMessage }));
        this.#put({ type: 'recalled', entry, priority, found, missing: [] });
        return;
      }
      case 'forget':
        this.#put({ type: 'forgotten', token: effect.token });
        return;
      case 'deliver': {
        const { copy } = effect;
        if (this.refuses !== 'deliver') this.#put({ type: 'delivered', copy });
        else this.#put({ type: 'deliver-failed', copy, detail: 'refused by the bench' });
        return;
      }
      case 'listen':
        this.#put({ type: 'listening', link: effect.link, binding: effect.binding, port: effect.port });
        return;
      case 'dial':
        this.#net.connect(this, effect);
        return;
      default:
    }
  }

  /** A connection to this MTA. @returns its number here. */
  accept(from: CoreNode, theirs: number): number {
    const conn = this.#accepted;
    this.#accepted += 2;
    this.wires.set(conn, { node: from, conn: theirs });
    this.#put({ type: 'accepted', link: 'rpc', conn, binding: 0, remote: '127.0.0.1:9' });
    return conn;
  }

  connected(conn: number, to: CoreNode, theirs: number): void {
    this.wires.set(conn, { node: to, conn: theirs });
    this.#put({ type: 'connected', conn });
  }
}

/** The MTAs by their ports. */
export class CoreNetwork {
  readonly nodes = new Map<number, CoreNode>();

  connect(from: CoreNode, { conn, port }: Extract<Effect, { type: 'dial' }>): void {
    const to = this.nodes.get(port);
    if (to === undefined) throw new Error(`no MTA of the bench listens on port ${port}`);
    from.connected(conn, to, to.accept(from, conn));
  }

  /** Runs all MTAs until nothing is left to do. @returns the number of steps. */
  run(): number {
    let steps = 0;
    const nodes = [...this.nodes.values()];
    while (nodes.some((node) => !node.isIdle)) for (const node of nodes) steps += node.run();
    return steps;
  }
}

const portOf = (index: number): number => firstPort + index;

/** An adjacent MTA that a configuration names. */
type Adjacent = { readonly name: string; readonly port: number };

export type CoreShape = {
  /** MTAs that get mail. */
  readonly receivers: number;
  /** Associations with each of them. */
  readonly associations: number;
  /** Further adjacent MTAs. They cost nothing unless a step visits all of them. */
  readonly idle: number;
  /** Unconfirmed activities on each association. They cost nothing unless a step visits all of them. Default 1. */
  readonly activities?: number;
};

function configOf(
  name: string,
  port: number,
  adjacent: readonly Adjacent[],
  { associations, activities = 1 }: Pick<CoreShape, 'associations' | 'activities'>,
): MtaConfig {
  return {
    name,
    version: '5.5',
    build: '2653.23',
    bindings: [{ address: '127.0.0.1', port, label: '', enabled: true }],
    cluster: false,
    mapperPort: null,
    advertise: [],
    settings: {
      ...defaultSettings,
      threshold: associations === 1 ? 1_000_000 : 1,
      maxAssociationsPerMta: associations,
      maxAssociations: 10_000,
      activitiesInFlight: activities,
    },
    peers: adjacent.map((each) => ({ name: each.name, endpoints: [`127.0.0.1[${each.port}]`], password: '' })),
    routes: adjacent.map((each) => ({ domain: each.name.toLowerCase(), mta: each.name })),
    localDomains: [name.toLowerCase()],
    legacy: [],
  };
}

/** A message that waits at an MTA for another one. */
function messageFor(mta: string, index: number): StoredMessage {
  const id = 2 ** 32 + 2 * index;
  const envelope = {
    mtsId: `c=lab;mta=HUB;1-${id}`,
    originator: 'u@hub',
    priority: 'normal',
    contentType: 'message/rfc822',
    submittedAtMs: atMs,
    sizeBytes: 1024,
    digest: '',
    trace: [{ mta: 'HUB', atMs }],
  } as const;
  const recipients = [`v@${mta.toLowerCase()}`];
  return { content: id, envelope, copies: [{ id: id + 1, destination: { to: 'mta', mta }, recipients }] };
}

/** An MTA `HUB` with mail for `receivers` others, to each in turn, and further adjacent MTAs that have none. */
export function hubAndReceivers(
  messages: number,
  shape: CoreShape,
): { readonly network: CoreNetwork; readonly hub: CoreNode; readonly receivers: readonly CoreNode[] } {
  const network = new CoreNetwork();
  const named = (count: number, from: number, prefix: string): Adjacent[] =>
    Array.from({ length: count }, (_, index) => ({ name: `${prefix}-${index + 1}`, port: portOf(from + index) }));
  const hub = { name: 'HUB', port: portOf(0) };
  const busy = named(shape.receivers, 1, 'MTA');
  const idle = named(shape.idle, 1 + shape.receivers, 'IDLE');
  const nodes = busy.map(({ name, port }) => new CoreNode(network, configOf(name, port, [...idle, hub], shape), []));
  const backlog = Array.from({ length: messages }, (_, index) => messageFor(busy[index % busy.length]?.name ?? '', index));
  const config = configOf(hub.name, hub.port, [...idle, ...busy], shape);
  return { network, hub: new CoreNode(network, config, backlog), receivers: nodes };
}
