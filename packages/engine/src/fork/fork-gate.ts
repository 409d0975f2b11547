/**
 * The link of a fork: every PDU that is sent waits here until a person lets it go or loses it. On a connection the PDUs keep
 * their order, as on a real one; a PDU is lost with the connections of its association.
 */
import { type BareFrame, describeFrame, type LinkFrame } from '@mtalab/mta-core';
import { type Fate, type LinkPdu, locate, withoutContent } from '@mtalab/trace';
import type { Lane, TransitInput, VirtualConnection } from '../connection.js';
import type { VirtualNetwork } from '../network.js';
import type { EnginePolicy } from '../policy.js';

/** A PDU on its way. */
export type UnderWay = {
  /** Its number in this fork. */
  readonly id: number;
  readonly from: string;
  readonly to: string;
  /** One line of text, as in the ladder. */
  readonly text: string;
  /** The association of its connection; null while it has none. */
  readonly association: string | null;
};

type Waiting = {
  readonly id: number;
  readonly lane: Lane;
  /** Null is the orderly end of the direction. */
  readonly input: Extract<TransitInput, { type: 'frame' }> | null;
};

export type ForkGateHost = {
  readonly network: () => VirtualNetwork;
  /** What became of a PDU. */
  readonly tell: (pdu: LinkPdu) => void;
};

function associationOf({ client, server }: VirtualConnection): string | null {
  for (const { node, conn } of [client, server]) {
    const name = node.mta === null ? undefined : locate(node.mta, conn)?.name;
    if (name !== undefined) return name;
  }
  return null;
}

export class ForkGate {
  readonly policy: Pick<EnginePolicy, 'send' | 'close'> = {
    send: (lane, input) => this.#arrive(lane, input),
    close: (away) => this.#close(away),
  };
  readonly #host: ForkGateHost;
  #waiting: Waiting[] = [];
  /** The PDUs of a recording have lower numbers. */
  #lastId = 1e9;

  constructor(host: ForkGateHost) {
    this.#host = host;
  }

  /** All PDUs on their way, in the order in which they were sent. */
  get underWay(): readonly UnderWay[] {
    return this.#waiting.flatMap(({ id, lane, input }) => {
      if (input === null) return [];
      const [from, to] = [lane.from.node.name, lane.to.node.name];
      return [{ id, from, to, text: describeFrame(input), association: associationOf(lane.connection) }];
    });
  }

  /** How many PDUs and ends of connections wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Lets the oldest go. @returns what went; null if nothing waits, undefined for the end of a connection.
   */
  next(): UnderWay | undefined | null {
    const [first] = this.#waiting;
    if (first === undefined) return null;
    const shown = this.underWay.find(({ id }) => id === first.id);
    this.#pass(first);
    return shown;
  }

  /** Lets a PDU go, with those before it on its connection. @returns false if it is not on its way. */
  let(id: number): boolean {
    const wanted = this.#waiting.find((each) => each.id === id);
    if (wanted === undefined) return false;
    for (const each of this.#waiting.filter((one) => one.lane === wanted.lane && one.id <= id)) this.#pass(each);
    return true;
  }

  /** Loses a PDU, with the connections of its association. @returns false if it is not on its way. */
  lose(id: number): boolean {
    const wanted = this.#waiting.find((each) => each.id === id);
    if (wanted === undefined) return false;
    const { connection } = wanted.lane;
    const association = associationOf(connection);
    this.#cut(connection, 'lost in the fork');
    if (association !== null) this.cut(association, 'lost in the fork');
    return true;
  }

  /** Cuts connections. @param association null: all. @returns how many. */
  cut(association: string | null, fault: string): number {
    const chosen = [...this.#host.network().connections].filter(
      (each) => !each.broken && (association === null || associationOf(each) === association),
    );
    for (const connection of chosen) this.#cut(connection, fault);
    return chosen.length;
  }

  #arrive(lane: Lane, input: TransitInput): number | null {
    if (input.type !== 'frame') return 0;
    this.#wait(lane, input);
    return null;
  }

  #wait(lane: Lane, input: Waiting['input']): void {
    this.#lastId += 1;
    const waiting = { id: this.#lastId, lane, input };
    this.#waiting.push(waiting);
    if (input !== null) this.#tell(waiting, input, 'held', null);
  }

  /** An end closes: the other end notices after everything that was sent before. */
  #close(away: Lane): boolean {
    this.#wait(away, null);
    return true;
  }

  #pass(one: Waiting): void {
    this.#waiting = this.#waiting.filter((each) => each !== one);
    const { lane, input } = one;
    if (input === null) {
      this.#cut(lane.connection, null);
      return;
    }
    this.#tell(one, input, 'passed', null);
    this.#host.network().transmit(lane, input, 0);
  }

  #cut(connection: VirtualConnection, fault: string | null): void {
    const lost = this.#waiting.filter(({ lane }) => lane.connection === connection);
    this.#waiting = this.#waiting.filter(({ lane }) => lane.connection !== connection);
    for (const one of lost) if (one.input !== null) this.#tell(one, one.input, 'cut', fault);
    this.#host.network().break(connection, [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY], [0, 0]);
  }

  #tell({ id, lane }: Waiting, frame: LinkFrame, fate: Fate, fault: string | null): void {
    const pdu: BareFrame = withoutContent(frame);
    const [from, to] = [lane.from.node.name, lane.to.node.name];
    const association = associationOf(lane.connection);
    this.#host.tell({ ...pdu, seq: id, conn: lane.connection.id, from, to, association, fate, fault });
  }
}
