/**
 * Applies the fault language to the network of the engine, as the fault proxy applies it to real sockets. Every PDU passes this gate
 * when it is sent. The gate forwards it, holds it, swallows it, or cuts connections.
 */
import type { BareFrame, LinkName } from '@mtalab/mta-core';
import { type ArmedFault, endAction, type FaultHandle, FaultPlan, learn, type NetworkState, parseFault } from '@mtalab/scenario';
import { type Fate, type LinkPdu, withoutContent } from '@mtalab/trace';
import type { Lane, TransitInput, VirtualConnection } from '../connection.js';
import type { VirtualNetwork } from '../network.js';
import type { VirtualNode } from '../node.js';
import type { EnginePolicy } from '../policy.js';

export type GateHost = {
  /** Names of the MTAs, and the links between them. */
  readonly names: readonly string[];
  readonly links: readonly LinkName[];
  readonly network: () => VirtualNetwork;
  /** Runs a job after a delay in ms of virtual time. @returns a function that cancels it. */
  readonly after: (ms: number, run: () => void) => () => void;
};

/** A PDU that has reached the gate. */
type Seen = { readonly seq: number; readonly pdu: BareFrame };

type Waiting = {
  /** Null is the orderly end of the direction. */
  readonly sent: (Seen & { readonly input: TransitInput }) | null;
  hold: ArmedFault | null;
  delay: { readonly fault: ArmedFault; readonly cancel: () => void } | null;
  readonly cutAfter: ArmedFault | null;
};

type TransitFrame = Extract<TransitInput, { type: 'frame' }>;

/** One direction of a connection at the gate. */
type GateLane = { readonly lane: Lane; readonly queue: Waiting[]; swallowing: ArmedFault | null };

type GateConnection = {
  readonly connection: VirtualConnection;
  readonly id: number;
  /** The dialled MTA. */
  readonly link: string;
  clientName: string | null;
  association: string | null;
  group: number;
  readonly up: GateLane;
  readonly down: GateLane;
  /** The network has lost the connection, and says so to neither end. */
  silent: boolean;
};

export class FaultGate {
  /** Every PDU that reached the gate, and its fate. */
  readonly pdus: LinkPdu[] = [];
  readonly policy: Pick<EnginePolicy, 'send' | 'close'> = {
    send: (lane, input) => this.#arrive(lane, input),
    close: (away, processEnded) => this.#close(away, processEnded),
  };
  readonly #host: GateHost;
  readonly #plan = new FaultPlan();
  /** Connections that are not lost, oldest first. */
  readonly #connections = new Map<VirtualConnection, GateConnection>();
  #lastSeq = 0;
  #isDown = false;

  constructor(host: GateHost) {
    this.#host = host;
  }

  /** @throws FaultSyntaxError */
  add(text: string): FaultHandle {
    return this.#plan.add(parseFault(text, this.#host.names, this.#host.links));
  }

  /** Do new connections fail? */
  get isDown(): boolean {
    return this.#isDown;
  }

  setNetwork(state: NetworkState): void {
    this.#isDown = state === 'down';
    for (const connection of [...this.#connections.values()]) {
      if (state !== 'up') this.#silence(connection);
      else if (connection.silent) this.#cut(connection, null);
    }
  }

  /** Called for each item sent. @returns null if the gate forwards the item later, or never. */
  #arrive(lane: Lane, input: TransitInput): number | null {
    if (input.type === 'accepted') this.#connected(lane.connection);
    if (input.type !== 'frame') return 0;
    const connection = this.#connections.get(lane.connection);
    if (connection !== undefined) this.#judge(connection, gateLane(connection, lane), input);
    return null;
  }

  #connected(connection: VirtualConnection): void {
    const { id, client, server, toServer, toClient } = connection;
    const gate = (lane: Lane): GateLane => ({ lane, queue: [], swallowing: null });
    this.#connections.set(connection, {
      connection,
      id,
      link: server.node.name,
      clientName: client.node.name,
      association: null,
      group: 0,
      up: gate(toServer),
      down: gate(toClient),
      silent: false,
    });
  }

  #judge(connection: GateConnection, gate: GateLane, input: TransitFrame): void {
    learn(connection, gate === connection.up, input, this.#connections.values());
    this.#lastSeq += 1;
    const sent = { seq: this.#lastSeq, pdu: withoutContent(input), input };
    if (connection.silent) {
      this.#tell(connection, gate, sent, 'swallowed', null);
      return;
    }
    const acting = this.#plan.judge(input, gate.lane.from.node.name, this.#plan.lastId);
    const { cutBefore, swallow, hold, delay, cutAfter } = acting;
    if (cutBefore !== undefined) {
      for (const idle of [swallow, hold, delay, cutAfter]) endAction(idle);
      this.#tell(connection, gate, sent, 'cut', cutBefore);
      this.#cutBy(connection, cutBefore);
      return;
    }
    const swallowing = gate.swallowing ?? swallow ?? null;
    if (swallowing !== null) {
      for (const idle of [hold, delay]) endAction(idle);
      if (gate.swallowing !== null) endAction(swallow);
      gate.swallowing = swallowing;
      this.#tell(connection, gate, sent, 'swallowed', swallowing);
      if (cutAfter !== undefined) this.#cutBy(connection, cutAfter);
      return;
    }
    const waiting: Waiting = { sent, hold: hold ?? null, delay: null, cutAfter: cutAfter ?? null };
    if (delay?.spec.action === 'delay') waiting.delay = this.#delayed(connection, gate, waiting, delay, delay.spec.delayMs);
    const head = gate.queue[0];
    const barrier = hold ?? delay ?? head?.hold ?? head?.delay?.fault ?? null;
    if (waiting.hold !== null || waiting.delay !== null || head !== undefined)
      this.#tell(connection, gate, sent, 'held', barrier);
    gate.queue.push(waiting);
    this.#drain(connection, gate);
  }

  #delayed(connection: GateConnection, gate: GateLane, waiting: Waiting, fault: ArmedFault, ms: number): Waiting['delay'] {
    const cancel = this.#host.after(ms, () => {
      endAction(fault);
      waiting.delay = null;
      this.#drain(connection, gate);
    });
    return { fault, cancel };
  }

  /** An end closes: the other end notices after everything that was sent before. For the end of a process, see `lose`. */
  #close(away: Lane, processEnded: boolean): boolean {
    const connection = this.#connections.get(away.connection);
    if (connection?.silent === true && !away.to.alive) this.#connections.delete(away.connection);
    if (connection === undefined || connection.silent || processEnded) return true;
    const gate = gateLane(connection, away);
    gate.queue.push({ sent: null, hold: null, delay: null, cutAfter: null });
    this.#drain(connection, gate);
    return true;
  }

  /** The process of this MTA has ended: cuts all its connections, and those whose orderly end still waits at the gate. */
  lose(node: VirtualNode): void {
    for (const connection of [...this.#connections.values()].filter(({ silent }) => !silent)) {
      const { from, to } = connection.up.lane;
      if (from.node === node || to.node === node) this.#cut(connection, null);
    }
  }

  cutAll(): void {
    for (const connection of [...this.#connections.values()]) this.#cut(connection, null);
  }

  release(): void {
    for (const [connection, gate] of this.#lanes()) {
      for (const waiting of gate.queue) {
        endAction(waiting.hold);
        waiting.hold = null;
      }
      this.#drain(connection, gate);
    }
  }

  heal(): void {
    for (const [, gate] of this.#lanes()) {
      endAction(gate.swallowing);
      gate.swallowing = null;
    }
  }

  #lanes(): readonly (readonly [GateConnection, GateLane])[] {
    return [...this.#connections.values()].flatMap((one) => [[one, one.up] as const, [one, one.down] as const]);
  }

  #drain(connection: GateConnection, gate: GateLane): void {
    for (let first = gate.queue[0]; first !== undefined; first = gate.queue[0]) {
      if (first.hold !== null || first.delay !== null || !this.#connections.has(connection.connection)) return;
      gate.queue.shift();
      const { sent, cutAfter } = first;
      if (sent === null) {
        this.#cut(connection, null);
        return;
      }
      this.#tell(connection, gate, sent, 'passed', cutAfter);
      const { network } = this.#host;
      network().transmit(gate.lane, sent.input, 0);
      if (cutAfter === null) continue;
      endAction(cutAfter);
      this.#cutBy(connection, cutAfter);
    }
  }

  #cutBy(connection: GateConnection, fault: ArmedFault): void {
    const { association } = connection;
    this.#cut(connection, fault);
    if (association === null || fault.spec.action === 'drop-connection') return;
    for (const other of [...this.#connections.values()]) if (other.association === association) this.#cut(other, fault);
  }

  /** PDUs that have passed arrive, PDUs that wait here are lost, then both ends notice. */
  #cut(gated: GateConnection, fault: ArmedFault | null): void {
    const { connection } = gated;
    if (!this.#connections.delete(connection)) return;
    this.#loseWaiting(gated, 'cut', fault);
    this.#host.network().break(connection, [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY], [0, 0]);
  }

  /** PDUs that have passed arrive. Everything else is lost, and neither end notices. */
  #silence(gated: GateConnection): void {
    if (gated.silent) return;
    gated.silent = true;
    this.#loseWaiting(gated, 'swallowed', null);
  }

  #loseWaiting(gated: GateConnection, fate: Fate, fault: ArmedFault | null): void {
    for (const gate of [gated.up, gated.down]) {
      for (const waiting of gate.queue.splice(0)) {
        waiting.delay?.cancel();
        for (const one of [waiting.hold, waiting.delay?.fault, waiting.cutAfter]) endAction(one);
        if (waiting.sent !== null) this.#tell(gated, gate, waiting.sent, fate, fault);
      }
      endAction(gate.swallowing);
      gate.swallowing = null;
    }
  }

  #tell(
    { id: conn, association }: GateConnection,
    { lane }: GateLane,
    { seq, pdu }: Seen,
    fate: Fate,
    fault: ArmedFault | null,
  ): void {
    const [from, to] = [lane.from.node.name, lane.to.node.name];
    this.pdus.push({ ...pdu, seq, conn, from, to, association, fate, fault: fault?.text ?? null });
  }
}

function gateLane({ up, down }: GateConnection, lane: Lane): GateLane {
  return up.lane === lane ? up : down;
}
