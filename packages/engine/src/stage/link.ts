/**
 * The link between virtual MTAs: what the fault proxy is to real ones. PDUs arrive in the order in which they are passed on;
 * faults act on them as the fault language says.
 */
import type { Input, Pdu } from '@mtalab/mta-core';
import { type ArmedFault, endAction, type FaultHandle, FaultPlan, learn, parseFault } from '@mtalab/scenario';
import { type Fate, type LinkPdu, withoutContent } from '@mtalab/trace';

/** One end: an MTA in one of its lives, and its number for the connection. */
export type End = { readonly node: string; readonly life: number; readonly conn: number };

export type LinkHost = {
  readonly names: readonly string[];
  /** Let this reach the MTA, after all that was let go before. */
  arrive(end: End, input: Input): void;
  /** Run after so many ms of virtual time; gives a function that prevents it. */
  after(ms: number, run: () => void): () => void;
  /** The content handle as its receiver gets it. */
  carried(from: string, pdu: Pdu): Pdu;
};

type Item = {
  /** Null for the orderly end of the direction. */
  readonly told: { readonly seq: number; readonly pdu: Pdu } | null;
  readonly pdu: Pdu | null;
  hold: ArmedFault | null;
  delay: { readonly fault: ArmedFault; readonly cancel: () => void } | null;
  readonly cutAfter: ArmedFault | null;
};

type Lane = { readonly from: End; readonly to: End; readonly queue: Item[]; swallowing: ArmedFault | null };

type Connection = {
  readonly id: number;
  /** The MTA that was dialled. */
  readonly link: string;
  clientName: string | null;
  association: string | null;
  group: number;
  readonly up: Lane;
  readonly down: Lane;
};

const connectionReset = 10054;

function keyOf({ node, life, conn }: End): string {
  return `${node} ${life} ${conn}`;
}

export class VirtualLink {
  readonly pdus: LinkPdu[] = [];
  readonly #host: LinkHost;
  readonly #plan = new FaultPlan();
  readonly #connections = new Map<number, Connection>();
  /** Ends that their MTA still has, with the connection they belong to. */
  readonly #ends = new Map<string, Connection>();
  #lastConnection = 0;
  #lastSeq = 0;

  constructor(host: LinkHost) {
    this.#host = host;
  }

  /** @throws FaultSyntaxError */
  add(text: string): FaultHandle {
    return this.#plan.add(parseFault(text, this.#host.names));
  }

  /** @param at the binding of the server that the call arrives at, and the client's address. */
  connect(client: End, server: End, at: { readonly binding: number; readonly from: string }): void {
    this.#lastConnection += 1;
    const lane = (from: End, to: End): Lane => ({ from, to, queue: [], swallowing: null });
    const connection: Connection = {
      id: this.#lastConnection,
      link: server.node,
      clientName: client.node,
      association: null,
      group: 0,
      up: lane(client, server),
      down: lane(server, client),
    };
    this.#connections.set(connection.id, connection);
    this.#ends.set(keyOf(client), connection);
    this.#ends.set(keyOf(server), connection);
    this.#host.arrive(server, {
      type: 'accepted',
      link: 'rpc',
      conn: server.conn,
      binding: at.binding,
      remote: `${at.from}:${client.conn}`,
    });
    this.#host.arrive(client, { type: 'connected', conn: client.conn });
  }

  /** May this still be told to the MTA: does it have the connection? A loss is the last thing it is told. */
  admits(end: End, input: Input): boolean {
    const key = keyOf(end);
    return input.type === 'lost' ? this.#ends.delete(key) : this.#ends.has(key);
  }

  send(from: End, pdu: Pdu): void {
    const connection = this.#ends.get(keyOf(from));
    if (connection === undefined || !this.#connections.has(connection.id)) return;
    const lane = laneOf(connection, from);
    learn(connection, lane === connection.up, pdu, this.#connections.values());
    this.#lastSeq += 1;
    const told = { seq: this.#lastSeq, pdu: withoutContent(pdu) };
    const carried = this.#host.carried(from.node, pdu);
    const verdict = this.#plan.judge(pdu, from.node, this.#plan.lastId);
    const { cutBefore, swallow, hold, delay, cutAfter } = verdict;
    if (cutBefore !== undefined) {
      for (const idle of [swallow, hold, delay, cutAfter]) endAction(idle);
      this.#tell(connection, lane, told, 'cut', cutBefore);
      this.#cutBy(connection, cutBefore);
      return;
    }
    const swallowing = lane.swallowing ?? swallow ?? null;
    if (swallowing !== null) {
      for (const idle of [hold, delay]) endAction(idle);
      if (lane.swallowing !== null) endAction(swallow);
      lane.swallowing = swallowing;
      this.#tell(connection, lane, told, 'swallowed', swallowing);
      if (cutAfter !== undefined) this.#cutBy(connection, cutAfter);
      return;
    }
    const item: Item = { told, pdu: carried, hold: hold ?? null, delay: null, cutAfter: cutAfter ?? null };
    if (delay?.spec.action === 'delay') {
      item.delay = {
        fault: delay,
        cancel: this.#host.after(delay.spec.delayMs, () => {
          endAction(delay);
          item.delay = null;
          this.#drain(connection, lane);
        }),
      };
    }
    const head = lane.queue[0];
    const barrier = hold ?? delay ?? head?.hold ?? head?.delay?.fault ?? null;
    if (item.hold !== null || item.delay !== null || head !== undefined) this.#tell(connection, lane, told, 'held', barrier);
    lane.queue.push(item);
    this.#drain(connection, lane);
  }

  /** The MTA closes its end: the other one hears of it after what was sent before. */
  close(end: End): void {
    const connection = this.#ends.get(keyOf(end));
    this.#ends.delete(keyOf(end));
    if (connection === undefined || !this.#connections.has(connection.id)) return;
    const lane = laneOf(connection, end);
    lane.queue.push({ told: null, pdu: null, hold: null, delay: null, cutAfter: null });
    this.#drain(connection, lane);
  }

  /** The process of this MTA is gone, and with it all its connections. */
  lose(node: string): void {
    for (const connection of [...this.#connections.values()]) {
      if (connection.up.from.node !== node && connection.up.to.node !== node) continue;
      for (const end of [connection.up.from, connection.up.to]) if (end.node === node) this.#ends.delete(keyOf(end));
      this.#cut(connection, null);
    }
  }

  cutAll(): void {
    for (const connection of [...this.#connections.values()]) this.#cut(connection, null);
  }

  release(): void {
    for (const [connection, lane] of this.#lanes()) {
      for (const item of lane.queue) {
        endAction(item.hold);
        item.hold = null;
      }
      this.#drain(connection, lane);
    }
  }

  heal(): void {
    for (const [, lane] of this.#lanes()) {
      endAction(lane.swallowing);
      lane.swallowing = null;
    }
  }

  #lanes(): readonly (readonly [Connection, Lane])[] {
    return [...this.#connections.values()].flatMap((one) => [[one, one.up] as const, [one, one.down] as const]);
  }

  #drain(connection: Connection, lane: Lane): void {
    for (let item = lane.queue[0]; item !== undefined; item = lane.queue[0]) {
      if (item.hold !== null || item.delay !== null || !this.#connections.has(connection.id)) return;
      lane.queue.shift();
      if (item.told === null || item.pdu === null) {
        this.#cut(connection, null);
        return;
      }
      this.#tell(connection, lane, item.told, 'passed', item.cutAfter);
      this.#host.arrive(lane.to, { type: 'frame', link: 'rpc', conn: lane.to.conn, frame: item.pdu });
      if (item.cutAfter === null) continue;
      endAction(item.cutAfter);
      this.#cutBy(connection, item.cutAfter);
    }
  }

  #cutBy(connection: Connection, fault: ArmedFault): void {
    const { association } = connection;
    this.#cut(connection, fault);
    if (association === null || fault.spec.action === 'drop-connection') return;
    for (const other of [...this.#connections.values()]) if (other.association === association) this.#cut(other, fault);
  }

  /** What was passed before arrives, what waits is lost, then both ends notice. */
  #cut(connection: Connection, fault: ArmedFault | null): void {
    if (!this.#connections.delete(connection.id)) return;
    for (const lane of [connection.up, connection.down]) {
      for (const item of lane.queue.splice(0)) {
        item.delay?.cancel();
        for (const one of [item.hold, item.delay?.fault, item.cutAfter]) endAction(one);
        if (item.told !== null) this.#tell(connection, lane, item.told, 'cut', fault);
      }
      endAction(lane.swallowing);
      this.#host.arrive(lane.to, { type: 'lost', conn: lane.to.conn, error: connectionReset });
    }
  }

  #tell(
    connection: Connection,
    lane: Lane,
    told: { readonly seq: number; readonly pdu: Pdu },
    fate: Fate,
    fault: ArmedFault | null,
  ): void {
    const { id: conn, association } = connection;
    this.pdus.push({ ...told, conn, from: lane.from.node, to: lane.to.node, association, fate, fault: fault?.text ?? null });
  }
}

function laneOf(connection: Connection, from: End): Lane {
  return keyOf(connection.up.from) === keyOf(from) ? connection.up : connection.down;
}
