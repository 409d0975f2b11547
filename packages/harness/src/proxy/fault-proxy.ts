/**
 * The proxy that stands between MTAs and understands what they say: it passes octets on as they come, keeps count of whole
 * PDUs, knows which connections make up which association, and does to chosen PDUs what a fault says.
 */
import { connect, type Socket } from 'node:net';
import type { AssociationId, Pdu } from '@mtalab/mta-core';
import { type ArmedFault, endAction, type FaultHandle, FaultPlan, type FaultSpec, learn, parseFault } from '@mtalab/scenario';
import { type Fate, type LinkPdu, withoutContent } from '@mtalab/trace';
import { type ConnectionHost, ProxyConnection, type SocketRow } from './connection.js';
import type { FlowLimits } from './flow.js';
import { LinkListener } from './link-listener.js';

/** The clock of delays. */
export type ProxyClock = {
  /** Run after `labMs` milliseconds of the lab's clock; gives a function that prevents it. */
  after(labMs: number, run: () => void): () => void;
};

/** Real timers for a lab whose clock runs `timeScale` times as fast as the wall's. */
export function scaledTimers(timeScale: number): ProxyClock {
  return {
    after(labMs, run) {
      const timer = setTimeout(run, labMs / timeScale);
      return () => clearTimeout(timer);
    },
  };
}

/** One PDU as the proxy saw it. */
export type ProxiedPdu = LinkPdu;

export type ProxyLink = {
  /** The MTA behind. */
  readonly name: string;
  /** Where it listens, `127.0.0.1[4097]`; may be given later with `setTarget`. */
  readonly target?: string;
};

export type FaultProxyOptions = {
  readonly links: readonly ProxyLink[];
  /** Names of MTAs that are not behind the proxy but talk through it. */
  readonly names?: readonly string[];
  /** The loopback address it listens on: one that the MTAs can dial from theirs. Default: 127.0.0.1. */
  readonly address?: '127.0.0.1' | '::1';
  /** For delays; default real time. */
  readonly clock?: ProxyClock;
  readonly onPdu?: (pdu: ProxiedPdu) => void;
  readonly maxHeldBytes?: number;
  readonly maxCallBytes?: number;
  readonly maxConnections?: number;
  /** How long a connection waits for the target of its link, in real milliseconds. */
  readonly targetWaitMs?: number;
};

export type ProxyConnectionView = {
  readonly conn: number;
  readonly from: string;
  readonly to: string;
  readonly association: AssociationId | null;
  readonly held: number;
  readonly swallowed: number;
};

type Target = { readonly host: string; readonly port: number };
type Link = {
  readonly name: string;
  readonly listener: LinkListener;
  target: Target | null;
  readonly waiting: Set<(target: Target) => void>;
};

const defaults = { maxHeldBytes: 8 * 1024 * 1024, maxCallBytes: 80 * 1024 * 1024, maxConnections: 2048, targetWaitMs: 10_000 };

export class FaultProxy {
  readonly #links = new Map<string, Link>();
  readonly #names: readonly string[];
  readonly #plan = new FaultPlan();
  readonly #connections = new Map<number, ProxyConnection>();
  readonly #listeners = new Set<(pdu: ProxiedPdu) => void>();
  readonly #host: ConnectionHost;
  readonly #address: string;
  readonly #maxConnections: number;
  readonly #targetWaitMs: number;
  #lastConnection = 0;
  #lastSeq = 0;
  #closed = false;

  /** Use `FaultProxy.start`. */
  private constructor(options: FaultProxyOptions) {
    this.#names = [...new Set([...options.links.map((link) => link.name), ...(options.names ?? [])])];
    this.#address = options.address ?? '127.0.0.1';
    this.#maxConnections = options.maxConnections ?? defaults.maxConnections;
    this.#targetWaitMs = options.targetWaitMs ?? defaults.targetWaitMs;
    if (options.onPdu !== undefined) this.#listeners.add(options.onPdu);
    const limits: FlowLimits = {
      maxHeldBytes: options.maxHeldBytes ?? defaults.maxHeldBytes,
      maxCallBytes: options.maxCallBytes ?? defaults.maxCallBytes,
    };
    const clock = options.clock ?? scaledTimers(1);
    this.#host = {
      plan: this.#plan,
      limits,
      after: (labMs, run) => clock.after(labMs, run),
      arrived: (connection, fromClient, pdu) => {
        learn(connection, fromClient, pdu, this.#connections.values());
        this.#lastSeq += 1;
        return this.#lastSeq;
      },
      fate: (...told) => this.#tell(...told),
      cut: (connection, fault) => this.#cut(connection, fault),
      senderName: (connection, fromClient) => this.#nameOf(connection, fromClient),
      gone: (connection) => this.#connections.delete(connection.id),
    };
  }

  /**
   * Start one listener on the loopback for each MTA behind the proxy.
   * @throws Error when a name comes twice, a target cannot be read, or the system refuses a listener.
   */
  static async start(options: FaultProxyOptions): Promise<FaultProxy> {
    if (options.links.length === 0) throw new Error('a fault proxy needs at least one link');
    const targets = options.links.map((link) => (link.target === undefined ? null : parseTarget(link.target)));
    const proxy = new FaultProxy(options);
    try {
      for (const [index, { name }] of options.links.entries()) {
        if (proxy.#links.has(name)) throw new Error(`two links of the fault proxy are called ${name}`);
        await proxy.#listen(name, targets[index] ?? null);
      }
    } catch (error) {
      await proxy.close();
      throw error;
    }
    return proxy;
  }

  async #listen(name: string, target: Target | null): Promise<void> {
    const listener = new LinkListener(this.#address, (client) => this.#accept(link, client));
    const link: Link = { name, listener, target, waiting: new Set() };
    this.#links.set(name, link);
    await listener.open();
  }

  #accept(link: Link, client: Socket): void {
    if (this.#closed || this.#connections.size >= this.#maxConnections) {
      client.resetAndDestroy();
      return;
    }
    this.#lastConnection += 1;
    const connection = new ProxyConnection(this.#lastConnection, link.name, client, this.#host);
    this.#connections.set(connection.id, connection);
    const dial = ({ host, port }: Target): void => connection.dial(connect({ host, port, allowHalfOpen: true }));
    if (link.target !== null) {
      dial(link.target);
      return;
    }
    const giveUp = setTimeout(() => client.destroy(), this.#targetWaitMs);
    const go = (target: Target): void => {
      clearTimeout(giveUp);
      dial(target);
    };
    link.waiting.add(go);
    client.once('close', () => {
      clearTimeout(giveUp);
      link.waiting.delete(go);
    });
  }

  /**
   * Say where an MTA behind the proxy listens. Connections that wait for it are dialled; open ones stay where they are.
   * @throws Error when callers were refused and the port has been taken meanwhile.
   */
  async setTarget(name: string, host: string, port: number): Promise<void> {
    const link = this.#link(name);
    link.target = { host, port };
    await link.listener.open();
    const waiting = [...link.waiting];
    link.waiting.clear();
    for (const go of waiting) go(link.target);
  }

  /** The MTA is down: whoever calls it is refused, until it is said again where it listens. */
  refuse(name: string): Promise<void> {
    return this.#link(name).listener.refuse();
  }

  /** The port at which the MTA behind is reached through the proxy. */
  port(name: string): number {
    return this.#link(name).listener.port;
  }

  /** The string binding that an MTA behind the proxy should advertise: `127.0.0.1[4097]`. */
  endpoint(name: string): string {
    return `${this.#address}[${this.port(name)}]`;
  }

  #link(name: string): Link {
    const link = this.#links.get(name);
    if (link === undefined)
      throw new Error(`no MTA ${name} is behind the fault proxy; there are ${[...this.#links.keys()].join(', ')}`);
    return link;
  }

  /**
   * Arm a fault, given in the fault language or already read. It counts from now on.
   * @throws FaultSyntaxError when the text cannot be read, Error when there are too many faults.
   */
  add(fault: string | FaultSpec): FaultHandle {
    const spec = typeof fault === 'string' ? parseFault(fault, this.#names.length > 1 ? this.#names : []) : fault;
    return this.#plan.add(spec);
  }

  /** Take a fault away and end what it does: what it holds is released, its black hole healed. False if it is unknown. */
  remove(id: number): boolean {
    const fault = this.#plan.remove(id);
    if (fault === undefined) return false;
    for (const connection of this.#connections.values()) {
      for (const flow of connection.flows()) {
        flow.hasten(id);
        flow.heal(id);
        flow.release(id);
      }
    }
    endAction(fault);
    return true;
  }

  /** Let go what is held, by all faults or by one. Faults not met yet stay armed. Gives the number of PDUs that left. */
  release(id?: number): number {
    return this.#sumOfFlows((flow) => flow.release(id));
  }

  /** End the black holes, all or one. What they swallowed is lost. Gives the number of directions healed. */
  heal(id?: number): number {
    return this.#sumOfFlows((flow) => (flow.heal(id) ? 1 : 0));
  }

  #sumOfFlows(act: (flow: ReturnType<ProxyConnection['flows']>[number]) => number): number {
    let sum = 0;
    // A released PDU may cut connections, which leave the table.
    for (const connection of [...this.#connections.values()]) {
      for (const flow of connection.flows()) sum += act(flow);
    }
    return sum;
  }

  faults(): readonly FaultHandle[] {
    return this.#plan.all();
  }

  /** The faults that never acted: a run that counts on them has proved nothing. */
  unreached(): readonly FaultHandle[] {
    return this.#plan.all().filter((fault) => fault.hits === 0);
  }

  /** Cut all connections, or those of one association. Gives their number. */
  cutAll(association?: AssociationId): number {
    const cut = [...this.#connections.values()].filter((one) => association === undefined || one.association === association);
    for (const connection of cut) connection.cut(null);
    return cut.length;
  }

  #cut(connection: ProxyConnection, fault: ArmedFault): void {
    const { association } = connection;
    connection.cut(fault);
    if (association === null || fault.spec.action === 'drop-connection') return;
    for (const other of [...this.#connections.values()]) {
      if (other.association === association) other.cut(fault);
    }
  }

  /** Every leg's socket with its counts of whole PDUs, to be matched with the sockets of the MTAs' status. */
  sockets(): readonly SocketRow[] {
    return [...this.#connections.values()].flatMap((connection) => connection.sockets());
  }

  connections(): readonly ProxyConnectionView[] {
    return [...this.#connections.values()].map((connection) => ({
      conn: connection.id,
      from: this.#nameOf(connection, true),
      to: this.#nameOf(connection, false),
      association: connection.association,
      held: connection.flows().reduce((sum, flow) => sum + flow.held, 0),
      swallowed: connection.flows().reduce((sum, flow) => sum + flow.swallowed, 0),
    }));
  }

  /** Be told of every PDU from now on; gives a function that ends it. */
  subscribe(listener: (pdu: ProxiedPdu) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(connection: ProxyConnection, fromClient: boolean, seq: number, pdu: Pdu, fate: Fate, fault: ArmedFault | null): void {
    if (this.#listeners.size === 0) return;
    const told: ProxiedPdu = {
      seq,
      conn: connection.id,
      from: this.#nameOf(connection, fromClient),
      to: this.#nameOf(connection, !fromClient),
      association: connection.association,
      pdu: withoutContent(pdu),
      fate,
      fault: fault?.text ?? null,
    };
    for (const listener of this.#listeners) listener(told);
  }

  /** Between two MTAs, who is not the one that was dialled is the other. */
  #nameOf(connection: ProxyConnection, client: boolean): string {
    if (!client) return connection.link;
    if (connection.clientName !== null) return connection.clientName;
    const others = this.#names.filter((name) => name !== connection.link);
    return (others.length === 1 ? others[0] : undefined) ?? '?';
  }

  /** Stop listening and end all connections at once. */
  async close(): Promise<void> {
    this.#closed = true;
    const closing = [...this.#links.values()].map(({ listener }) => listener.close());
    for (const connection of [...this.#connections.values()]) connection.destroy();
    await Promise.all(closing);
  }
}

function parseTarget(text: string): Target {
  const match = /^(?:ncacn_ip_tcp:)?([^[\]\s]+)\[(\d{1,5})\]$/.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port < 1 || port > 65_535) {
    throw new Error(`"${text}" is not the target of a link: expected an address and a port such as 127.0.0.1[4097]`);
  }
  return { host: match[1], port };
}
