/** One proxied connection: a leg to the MTA that dialled, a leg to the MTA behind the proxy, and a flow in each direction. */
import type { Socket } from 'node:net';
import type { BareFrame } from '@mtalab/mta-core';
import type { ArmedFault, FaultPlan } from '@mtalab/scenario';
import type { Fate } from '@mtalab/trace';
import type { Captures, Leg } from '../capture/captures.js';
import type { TcpEnd } from '../capture/tcp-packets.js';
import { ConnectionReader } from './connection-reader.js';
import { Flow, type FlowLimits } from './flow.js';

/** What a connection needs of the proxy. */
export type ConnectionHost = {
  readonly captures: Captures;
  readonly plan: FaultPlan;
  readonly limits: FlowLimits;
  after(labMs: number, run: () => void): () => void;
  /** A whole PDU arrived, from the dialling MTA or from the MTA behind. Returns its number. */
  arrived(connection: ProxyConnection, fromClient: boolean, pdu: BareFrame): number;
  fate(connection: ProxyConnection, fromClient: boolean, seq: number, pdu: BareFrame, fate: Fate, fault: ArmedFault | null): void;
  cut(connection: ProxyConnection, fault: ArmedFault): void;
  senderName(connection: ProxyConnection, fromClient: boolean): string;
  gone(connection: ProxyConnection): void;
};

/** The proxy's end of a leg, with its counts of whole PDUs. The status of an MTA has the same for the other end. */
export type SocketRow = {
  readonly conn: number;
  readonly local: string;
  readonly remote: string;
  readonly sent: number;
  readonly received: number;
  /** Received PDUs that wait in the proxy, and those that it swallowed. */
  readonly held: number;
  readonly swallowed: number;
};

/** Limit in real time for the octets before the end of a leg to reach the receiver, ms. */
const flushLimitMs = 1000;

/** Ends a leg when its octets have reached the kernel, or after a limit. */
function endFlushed(leg: Socket): void {
  if (leg.writableLength === 0 || leg.connecting) {
    leg.destroy();
    return;
  }
  const limit = setTimeout(() => leg.destroy(), flushLimitMs);
  leg.once('close', () => clearTimeout(limit));
  leg.once('finish', () => leg.destroy());
  leg.end();
}

export class ProxyConnection {
  readonly id: number;
  /** Name of the MTA behind the proxy, which was dialled. */
  readonly link: string;
  /** Name of the MTA that dialled. Null while unknown. */
  clientName: string | null = null;
  association: string | null = null;
  /** Association group at the dialled MTA. 0 while unknown. */
  group = 0;
  readonly #host: ConnectionHost;
  readonly #client: Socket;
  #server: Socket | null = null;
  readonly #clientAddress: { readonly local: string; readonly remote: string };
  #serverAddress: { readonly local: string; readonly remote: string } | null = null;
  /** The legs, as captures see them. */
  readonly #seen: { readonly client: Leg; server: Leg | null };
  #up: Flow | null = null;
  #down: Flow | null = null;
  #gone = false;
  #silent = false;
  #paused = false;
  #stepping = false;
  /** During a cut each leg ends by itself, so that the close of one does not end the other before it is flushed. */
  #cutting = false;

  constructor(id: number, link: string, client: Socket, host: ConnectionHost) {
    this.id = id;
    this.link = link;
    this.#client = client;
    this.#host = host;
    this.#clientAddress = addressOf(client);
    const ends = { client: endOf(client.remoteAddress, client.remotePort), server: endOf(client.localAddress, client.localPort) };
    this.#seen = { client: host.captures.leg(ends, true, () => host.senderName(this, true)), server: null };
    client.setNoDelay(true).unref();
    this.#watch(client, () => this.#server);
  }

  /** Takes the leg to the MTA behind, while it is being dialled. */
  dial(server: Socket): void {
    if (this.#gone) {
      server.destroy();
      return;
    }
    this.#server = server;
    server.setNoDelay(true).unref();
    this.#watch(server, () => this.#client);
    server.once('connect', () => {
      if (!this.#gone) this.#open(server);
    });
  }

  #open(server: Socket): void {
    this.#serverAddress = addressOf(server);
    const ends = { client: endOf(server.localAddress, server.localPort), server: endOf(server.remoteAddress, server.remotePort) };
    const seen = { client: this.#seen.client, server: this.#host.captures.leg(ends, false, () => this.link) };
    this.#seen.server = seen.server;
    const reader = new ConnectionReader(this.#host.limits.maxCallBytes);
    const flow = (source: Socket, sink: Socket, fromClient: boolean): Flow =>
      new Flow(source, sink, {
        took: (octets) => (fromClient ? seen.client : seen.server).data(true, octets),
        gave: (octets) => (fromClient ? seen.server : seen.client).data(false, octets),
        tookEnd: () => (fromClient ? seen.client : seen.server).end(true),
        gaveEnd: () => (fromClient ? seen.server : seen.client).end(false),
        plan: this.#host.plan,
        limits: this.#host.limits,
        sender: () => this.#host.senderName(this, fromClient),
        fragments: (chunk) => reader.read(chunk, fromClient),
        rest: () => reader.rest(fromClient),
        arrived: (pdu) => this.#host.arrived(this, fromClient, pdu),
        fate: (seq, pdu, fate, fault) => this.#host.fate(this, fromClient, seq, pdu, fate, fault),
        cut: (fault) => this.#host.cut(this, fault),
        after: (labMs, run) => this.#host.after(labMs, run),
      });
    this.#up = flow(this.#client, server, true);
    this.#down = flow(server, this.#client, false);
    if (this.#silent) for (const each of this.flows()) each.silence();
    for (const each of this.flows()) {
      each.setPaused(this.#paused);
      each.setStepping(this.#stepping);
    }
    if (!this.#paused) this.#client.resume();
  }

  /** Keeps octets back in both directions, or lets them go on. */
  setPaused(paused: boolean): void {
    this.#paused = paused;
    for (const flow of this.flows()) flow.setPaused(paused);
  }

  /** Keeps whole PDUs back in both directions. See `Flow.setStepping`. */
  setStepping(stepping: boolean): void {
    this.#stepping = stepping;
    for (const flow of this.flows()) flow.setStepping(stepping);
  }

  /** Is the connection silent? See `silence`. */
  get silent(): boolean {
    return this.#silent;
  }

  /** Both directions carry nothing any more, and the end of one leg does not end the other. */
  silence(): void {
    this.#silent = true;
    for (const flow of this.flows()) flow.silence();
  }

  /** Ends the other leg when a leg ends. A reset is passed on at once. Otherwise the other leg ends after its octets. */
  #watch(leg: Socket, other: () => Socket | null): void {
    let reset = false;
    leg.on('error', () => {
      reset = true;
    });
    leg.on('close', () => {
      const partner = other();
      this.#seenEnd(leg, reset);
      if (this.#silent && !this.#cutting && partner?.destroyed === false) return;
      if (!this.#cutting && partner !== null && !partner.destroyed) {
        if (reset && !partner.connecting) {
          this.#legOf(partner)?.reset(false);
          partner.resetAndDestroy();
        } else endFlushed(partner);
      }
      this.#leave(null);
    });
  }

  #legOf(socket: Socket): Leg | null {
    return socket === this.#client ? this.#seen.client : this.#seen.server;
  }

  /** A leg has ended: by a reset of the MTA, or because the proxy has closed it. */
  #seenEnd(socket: Socket, reset: boolean): void {
    const leg = this.#legOf(socket);
    if (leg === null) return;
    if (reset) leg.reset(true);
    else leg.end(false);
    this.#host.captures.gone(leg);
  }

  #leave(fault: ArmedFault | null): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#up?.close(fault);
    this.#down?.close(fault);
    this.#host.gone(this);
  }

  /** Ends both legs. Octets that were passed on reach the kernels. Waiting octets are lost. */
  cut(fault: ArmedFault | null): void {
    this.#cutting = true;
    this.#leave(fault);
    for (const leg of [this.#client, this.#server]) {
      if (leg === null) continue;
      leg.pause();
      endFlushed(leg);
    }
  }

  /** Destroys both legs at once, with all waiting octets. */
  destroy(): void {
    this.#leave(null);
    this.#client.destroy();
    this.#server?.destroy();
  }

  flows(): readonly Flow[] {
    return [this.#up, this.#down].filter((flow) => flow !== null);
  }

  sockets(): readonly SocketRow[] {
    const row = (address: { local: string; remote: string }, into: Flow | null, outOf: Flow | null): SocketRow => ({
      conn: this.id,
      ...address,
      sent: outOf?.passed ?? 0,
      received: into?.received ?? 0,
      held: into?.held ?? 0,
      swallowed: into?.swallowed ?? 0,
    });
    const rows: SocketRow[] = [];
    // A leg of a silent connection may be gone.
    if (!this.#client.destroyed) rows.push(row(this.#clientAddress, this.#up, this.#down));
    if (this.#serverAddress !== null && this.#server?.destroyed === false)
      rows.push(row(this.#serverAddress, this.#down, this.#up));
    return rows;
  }
}

function endOf(address = '', port = 0): TcpEnd {
  return { address, port };
}

function addressOf(socket: Socket): { readonly local: string; readonly remote: string } {
  return { local: endText(socket.localAddress, socket.localPort), remote: endText(socket.remoteAddress, socket.remotePort) };
}

/** The end of a connection, as the MTAs write it in their status. */
function endText(address: string | undefined, port: number | undefined): string {
  return address?.includes(':') === true ? `[${address}]:${port}` : `${address}:${port}`;
}
