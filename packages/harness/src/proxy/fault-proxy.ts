/**
 * A proxy between MTAs that reads their PDUs. It passes octets on as they come, counts whole PDUs, learns which connections
 * belong to which association, and applies faults to the PDUs that they name.
 */
import { connect, type Socket } from 'node:net';
import type { AssociationId, BareFrame, LinkName } from '@mtalab/mta-core';
import {
  type ArmedFault,
  endAction,
  type FaultHandle,
  FaultPlan,
  type FaultSpec,
  learn,
  type NetworkState,
  parseFault,
} from '@mtalab/scenario';
import { type Fate, type LinkPdu, withoutContent } from '@mtalab/trace';
import { LabClock } from '@mtalab/transport';
import type { Capture, CaptureOptions } from '../capture/capture.js';
import { Captures } from '../capture/captures.js';
import { type ConnectionHost, ProxyConnection, type SocketRow } from './connection.js';
import type { FlowLimits } from './flow.js';
import { labTimers, type ProxyClock } from './lab-timers.js';
import { LinkListener } from './link-listener.js';

/** One PDU on the link, with its fate. */
export type ProxiedPdu = LinkPdu;

export type ProxyLink = {
  /** The MTA behind the proxy. */
  readonly name: string;
  /** The link of this listener. An MTA with both links has two. Default: `lan`. The octets show how to read a connection. */
  readonly link?: LinkName;
  /** Where it listens: `127.0.0.1[4097]`. `setTarget` can set it later. */
  readonly target?: string;
};

export type FaultProxyOptions = {
  readonly links: readonly ProxyLink[];
  /** Names of MTAs that dial through the proxy but are not behind it. */
  readonly names?: readonly string[];
  /** The loopback address that the proxy listens on. The MTAs must be able to dial it. Default: 127.0.0.1. */
  readonly address?: '127.0.0.1' | '::1';
  /** The clock for delays. Default: real time. */
  readonly clock?: ProxyClock;
  readonly onPdu?: (pdu: ProxiedPdu) => void;
  /** See `FlowLimits`. */
  readonly maxHeldBytes?: number;
  readonly maxCallBytes?: number;
  readonly maxConnections?: number;
  /** How long a connection waits for the target of its link, in ms of real time. */
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
  readonly kind: LinkName;
  readonly listener: LinkListener;
  target: Target | null;
  readonly waiting: Set<(target: Target) => void>;
};

const defaults = { maxHeldBytes: 8 * 1024 * 1024, maxCallBytes: 80 * 1024 * 1024, maxConnections: 2048, targetWaitMs: 10_000 };

/** The fault proxy of a lab, which stands between its MTAs. */
export class FaultProxy {
  readonly #links: Link[] = [];
  readonly #kinds: readonly LinkName[];
  readonly #names: readonly string[];
  readonly #plan = new FaultPlan();
  readonly #captures: Captures;
  readonly #connections = new Map<number, ProxyConnection>();
  readonly #listeners = new Set<(pdu: ProxiedPdu) => void>();
  readonly #host: ConnectionHost;
  readonly #address: string;
  readonly #maxConnections: number;
  readonly #targetWaitMs: number;
  #lastConnection = 0;
  #lastSeq = 0;
  #closed = false;
  #paused = false;
  #stepping = false;

  /** Use `FaultProxy.start`. */
  private constructor(options: FaultProxyOptions) {
    this.#names = [...new Set([...options.links.map((link) => link.name), ...(options.names ?? [])])];
    this.#kinds = [...new Set(options.links.map(({ link = 'lan' }) => link))];
    this.#address = options.address ?? '127.0.0.1';
    this.#maxConnections = options.maxConnections ?? defaults.maxConnections;
    this.#targetWaitMs = options.targetWaitMs ?? defaults.targetWaitMs;
    if (options.onPdu !== undefined) this.#listeners.add(options.onPdu);
    const limits: FlowLimits = {
      maxHeldBytes: options.maxHeldBytes ?? defaults.maxHeldBytes,
      maxCallBytes: options.maxCallBytes ?? defaults.maxCallBytes,
    };
    const clock = options.clock ?? labTimers(new LabClock());
    this.#captures = new Captures(this.#names);
    this.#host = {
      captures: this.#captures,
      plan: this.#plan,
      limits,
      after: (labMs, run) => clock.after(labMs, run),
      arrived: (connection, fromClient, pdu) => {
        learn(connection, fromClient, pdu, this.#connections.values());
        this.#lastSeq += 1;
        return this.#lastSeq;
      },
      fate: (...report) => this.#notify(...report),
      cut: (connection, fault) => this.#cut(connection, fault),
      senderName: (connection, fromClient) => this.#nameOf(connection, fromClient),
      gone: (connection) => this.#connections.delete(connection.id),
    };
  }

  /**
   * Starts a listener on loopback for each link of each MTA behind the proxy.
   * @throws Error if a name occurs twice with one link, if a target is not readable, or if the system refuses a listener.
   */
  static async start(options: FaultProxyOptions): Promise<FaultProxy> {
    if (options.links.length === 0) throw new Error('a fault proxy needs at least one link');
    const targets = options.links.map((link) => (link.target === undefined ? null : parseTarget(link.target)));
    const proxy = new FaultProxy(options);
    try {
      for (const [index, { name, link: kind = 'lan' }] of options.links.entries()) {
        if (proxy.#links.some((link) => link.name === name && link.kind === kind))
          throw new Error(`two links of the fault proxy have the name ${name}`);
        await proxy.#listen(name, kind, targets[index] ?? null);
      }
    } catch (error) {
      await proxy.close();
      throw error;
    }
    return proxy;
  }

  async #listen(name: string, kind: LinkName, target: Target | null): Promise<void> {
    const listener = new LinkListener(this.#address, (client) => this.#accept(link, client));
    const link: Link = { name, kind, listener, target, waiting: new Set() };
    this.#links.push(link);
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
    if (this.#paused) connection.setPaused(true);
    if (this.#stepping) connection.setStepping(true);
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
   * Sets where an MTA behind the proxy listens. Dials the connections that wait for it. Open connections stay as they are.
   * @throws Error if the proxy refused callers, and another process has taken the port meanwhile.
   */
  async setTarget(name: string, host: string, port: number, kind: LinkName = 'lan'): Promise<void> {
    const link = this.#link(name, kind);
    link.target = { host, port };
    await link.listener.open();
    const waiting = [...link.waiting];
    link.waiting.clear();
    for (const go of waiting) go(link.target);
  }

  /** Refuses callers of an MTA that is down, until the next `setTarget`. */
  async refuse(name: string): Promise<void> {
    await Promise.all(this.#linksOf(name).map(({ listener }) => listener.refuse()));
  }

  /** The port of the proxy for the MTA behind it. */
  port(name: string, kind: LinkName = 'lan'): number {
    return this.#link(name, kind).listener.port;
  }

  /** The string binding of the proxy for the MTA behind it: `127.0.0.1[4097]`. The MTA should advertise it. */
  endpoint(name: string, kind: LinkName = 'lan'): string {
    return `${this.#address}[${this.port(name, kind)}]`;
  }

  #linksOf(name: string): readonly Link[] {
    const links = this.#links.filter((link) => link.name === name);
    if (links.length > 0) return links;
    const names = [...new Set(this.#links.map((link) => link.name))];
    throw new Error(`unknown MTA ${name}; the MTAs behind the fault proxy are ${names.join(', ')}`);
  }

  #link(name: string, kind: LinkName): Link {
    const link = this.#linksOf(name).find((each) => each.kind === kind);
    if (link === undefined) throw new Error(`the fault proxy has no listener of the link ${kind} for ${name}`);
    return link;
  }

  /**
   * Arms a fault, given as text in the fault language or as a parsed fault. It counts PDUs from now on.
   * @throws FaultSyntaxError if the text is wrong. Error if there are too many faults.
   */
  add(fault: string | FaultSpec): FaultHandle {
    const spec = typeof fault === 'string' ? parseFault(fault, this.#names.length > 1 ? this.#names : [], this.#kinds) : fault;
    return this.#plan.add(spec);
  }

  /** Removes a fault and ends its effect: releases what it holds, heals its black hole. Returns false if it is unknown. */
  remove(id: number): boolean {
    const fault = this.#plan.remove(id);
    if (fault === undefined) return false;
    for (const connection of this.#connections.values()) {
      for (const flow of connection.flows()) {
        flow.endDelay(id);
        flow.heal(id);
        flow.release(id);
      }
    }
    endAction(fault);
    return true;
  }

  /** Releases PDUs that one fault or all faults hold. Faults not reached yet stay armed. Returns the number of PDUs. */
  release(id?: number): number {
    return this.#sumOfFlows((flow) => flow.release(id));
  }

  /** Ends one black hole or all. PDUs that it swallowed are lost. Returns the number of directions healed. */
  heal(id?: number): number {
    return this.#sumOfFlows((flow) => (flow.heal(id) ? 1 : 0));
  }

  #sumOfFlows(act: (flow: ReturnType<ProxyConnection['flows']>[number]) => number): number {
    let sum = 0;
    // A released PDU may cut connections, which removes them from the map.
    for (const connection of [...this.#connections.values()]) {
      for (const flow of connection.flows()) sum += act(flow);
    }
    return sum;
  }

  /** All faults that were added and not removed. */
  faults(): readonly FaultHandle[] {
    return this.#plan.all();
  }

  /** The faults that never acted. A run that depends on them has proved nothing. */
  unreached(): readonly FaultHandle[] {
    return this.#plan.all().filter((fault) => fault.hits === 0);
  }

  /** Cuts all connections, or those of one association. Returns their number. */
  cutAll(association?: AssociationId): number {
    const cut = [...this.#connections.values()].filter((one) => association === undefined || one.association === association);
    for (const connection of cut) connection.cut(null);
    return cut.length;
  }

  /** Takes the network between the MTAs away, or gives it back. */
  async setNetwork(state: NetworkState): Promise<void> {
    await Promise.all(this.#links.map(({ listener }) => listener.reach(state !== 'down')));
    for (const connection of [...this.#connections.values()]) {
      if (state !== 'up') connection.silence();
      else if (connection.silent) connection.cut(null);
    }
  }

  /** Keeps all octets back, in both directions and also on new connections, until `resume`. Nothing is lost. */
  pause(): void {
    this.#paused = true;
    for (const connection of this.#connections.values()) connection.setPaused(true);
  }

  /** Ends a `pause`. */
  resume(): void {
    this.#paused = false;
    for (const connection of [...this.#connections.values()]) connection.setPaused(false);
  }

  /** Do PDUs pass one by one? */
  get stepping(): boolean {
    return this.#stepping;
  }

  /** From now on no PDU passes by itself: `step` lets the next one go. With false all go again. Nothing is lost. */
  setStepping(stepping: boolean): void {
    this.#stepping = stepping;
    for (const connection of [...this.#connections.values()]) connection.setStepping(stepping);
  }

  /**
   * Lets the PDU go that has waited longest, of all connections in both directions. A fault that holds a PDU keeps it.
   * @returns the PDU; null if none waits.
   */
  step(): BareFrame | null {
    const flows = [...this.#connections.values()].flatMap((connection) => connection.flows());
    const waiting = flows.flatMap((flow) => (flow.nextSeq === null ? [] : [{ flow, seq: flow.nextSeq }]));
    return waiting.sort((one, other) => one.seq - other.seq)[0]?.flow.passNext() ?? null;
  }

  /** Cuts the association of a connection, or only the connection if the fault says so. */
  #cut(connection: ProxyConnection, fault: ArmedFault): void {
    const { association } = connection;
    connection.cut(fault);
    if (association === null || fault.spec.action === 'drop-connection') return;
    for (const other of [...this.#connections.values()]) {
      if (other.association === association) other.cut(fault);
    }
  }

  /** The proxy's end of every leg, with its counts of whole PDUs. They match the sockets in the status of the MTAs. */
  sockets(): readonly SocketRow[] {
    return [...this.#connections.values()].flatMap((connection) => connection.sockets());
  }

  /** The connections through the proxy, with the PDUs that it keeps back on each. */
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

  /**
   * Begins a capture of the octets of all connections. It ends by itself with the proxy.
   * @throws Error if there are too many captures.
   */
  capture(options?: CaptureOptions): Capture {
    return this.#captures.begin(options);
  }

  /** Calls a listener for every PDU from now on. Returns a function that ends this. */
  subscribe(listener: (pdu: ProxiedPdu) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #notify(
    connection: ProxyConnection,
    fromClient: boolean,
    seq: number,
    pdu: BareFrame,
    fate: Fate,
    fault: ArmedFault | null,
  ): void {
    if (this.#listeners.size === 0) return;
    const seen: ProxiedPdu = {
      ...withoutContent(pdu),
      seq,
      conn: connection.id,
      from: this.#nameOf(connection, fromClient),
      to: this.#nameOf(connection, !fromClient),
      association: connection.association,
      fate,
      fault: fault?.text ?? null,
    };
    for (const listener of this.#listeners) listener(seen);
  }

  /** Name of the MTA at one end. If the dialling MTA is unknown and there are two MTAs, it is the one that was not dialled. */
  #nameOf(connection: ProxyConnection, client: boolean): string {
    if (!client) return connection.link;
    if (connection.clientName !== null) return connection.clientName;
    const others = this.#names.filter((name) => name !== connection.link);
    return (others.length === 1 ? others[0] : undefined) ?? '?';
  }

  /** Stops listening and ends all connections at once. */
  async close(): Promise<void> {
    this.#closed = true;
    const closing = this.#links.map(({ listener }) => listener.close());
    for (const connection of [...this.#connections.values()]) connection.destroy();
    await Promise.all(closing);
    this.#captures.end();
  }
}

function parseTarget(text: string): Target {
  const match = /^(?:ncacn_ip_tcp:)?([^[\]\s]+)\[(\d{1,5})\]$/.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port < 1 || port > 65_535) {
    throw new Error(`"${text}" is no target of a link; expected an address and a port, such as 127.0.0.1[4097]`);
  }
  return { host: match[1], port };
}
