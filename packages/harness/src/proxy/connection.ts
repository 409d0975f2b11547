/** One proxied connection: the leg to the MTA that dialled, the leg to the MTA behind, and a flow in each direction. */
import type { Socket } from 'node:net';
import type { Pdu } from '@mtalab/mta-core';
import type { ArmedFault, FaultPlan } from '@mtalab/scenario';
import type { Fate } from '@mtalab/trace';
import { Flow, type FlowLimits } from './flow.js';
import { FragmentReader } from './fragments.js';

/** What a connection needs of the proxy. */
export type ConnectionHost = {
  readonly plan: FaultPlan;
  readonly limits: FlowLimits;
  after(labMs: number, run: () => void): () => void;
  /** A whole PDU arrived, from the dialling side or from the side behind. Gives its number. */
  arrived(connection: ProxyConnection, fromClient: boolean, pdu: Pdu): number;
  fate(connection: ProxyConnection, fromClient: boolean, seq: number, pdu: Pdu, fate: Fate, fault: ArmedFault | null): void;
  cut(connection: ProxyConnection, fault: ArmedFault): void;
  senderName(connection: ProxyConnection, fromClient: boolean): string;
  gone(connection: ProxyConnection): void;
};

/** One leg's TCP connection as the proxy sees it, with whole PDUs counted: the counterpart of a row in an MTA's status. */
export type SocketRow = {
  readonly conn: number;
  readonly local: string;
  readonly remote: string;
  readonly sent: number;
  readonly received: number;
  /** Of those received: waiting in the proxy, and swallowed by it. */
  readonly held: number;
  readonly swallowed: number;
};

/** How long the end of a leg waits for octets that were passed before it and that the receiver has not taken, in real time. */
const flushLimitMs = 1000;

/** Ends a leg when what it was given has reached the kernel, or has not for too long. */
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
  /** Name of the MTA behind: the one that was dialled. */
  readonly link: string;
  /** Name of the MTA that dialled, once it is known. */
  clientName: string | null = null;
  association: string | null = null;
  /** Association group at the dialled MTA, 0 while unknown. */
  group = 0;
  readonly #host: ConnectionHost;
  readonly #client: Socket;
  #server: Socket | null = null;
  readonly #clientAddress: { readonly local: string; readonly remote: string };
  #serverAddress: { readonly local: string; readonly remote: string } | null = null;
  #up: Flow | null = null;
  #down: Flow | null = null;
  #gone = false;
  /** A cut ends each leg by itself: the close of one must not take the other before it is flushed. */
  #cutting = false;

  constructor(id: number, link: string, client: Socket, host: ConnectionHost) {
    this.id = id;
    this.link = link;
    this.#client = client;
    this.#host = host;
    this.#clientAddress = addressOf(client);
    client.setNoDelay(true);
    this.#watch(client, () => this.#server);
  }

  /** The leg to the MTA behind is being dialled. */
  dial(server: Socket): void {
    if (this.#gone) {
      server.destroy();
      return;
    }
    this.#server = server;
    server.setNoDelay(true);
    this.#watch(server, () => this.#client);
    server.once('connect', () => {
      if (!this.#gone) this.#open(server);
    });
  }

  #open(server: Socket): void {
    this.#serverAddress = addressOf(server);
    const reader = new FragmentReader(this.#host.limits.maxCallBytes);
    const flow = (source: Socket, sink: Socket, fromClient: boolean): Flow =>
      new Flow(source, sink, {
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
    this.#client.resume();
  }

  /** A leg that is gone takes the other with it: at once when it was reset, which is passed on, else when all has been passed on. */
  #watch(leg: Socket, other: () => Socket | null): void {
    let reset = false;
    leg.on('error', () => {
      reset = true;
    });
    leg.on('close', () => {
      const partner = other();
      if (!this.#cutting && partner !== null && !partner.destroyed) {
        if (reset && !partner.connecting) partner.resetAndDestroy();
        else endFlushed(partner);
      }
      this.#leave(null);
    });
  }

  #leave(fault: ArmedFault | null): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#up?.close(fault);
    this.#down?.close(fault);
    this.#host.gone(this);
  }

  /** Both legs end now; what was passed before reaches the kernels, what waits is lost. */
  cut(fault: ArmedFault | null): void {
    this.#cutting = true;
    this.#leave(fault);
    for (const leg of [this.#client, this.#server]) {
      if (leg === null) continue;
      leg.pause();
      endFlushed(leg);
    }
  }

  /** Both legs are gone at once, with whatever waited. */
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
    const rows = [row(this.#clientAddress, this.#up, this.#down)];
    if (this.#serverAddress !== null) rows.push(row(this.#serverAddress, this.#down, this.#up));
    return rows;
  }
}

function addressOf(socket: Socket): { readonly local: string; readonly remote: string } {
  return { local: endText(socket.localAddress, socket.localPort), remote: endText(socket.remoteAddress, socket.remotePort) };
}

/** As the MTAs write the ends of their connections. */
function endText(address: string | undefined, port: number | undefined): string {
  return address?.includes(':') === true ? `[${address}]:${port}` : `${address}:${port}`;
}
