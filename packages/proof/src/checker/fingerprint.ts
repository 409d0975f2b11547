/**
 * The fingerprint of a global state: 64 bits over its canonical form. Two states get the same fingerprint if they differ only in
 * the values of ids, and equality and order of the ids are the same. With symmetry, two mirror images get the same one too.
 *
 * The canonical form replaces ids. Copies, calls, recoveries and incarnations become their ranks among those that occur, because
 * their order matters (queues, watermarks, "not higher than the last seen"). Of associations and groups only equality matters:
 * they become the order of their first occurrence in the canonical order of the parts. Connections become their place in that order.
 */
import { receiver, sender, tag } from './codes.js';
import type { ConnectionState, GlobalState } from './global-state.js';
import type { NodeState } from './node-step.js';

const multiplierA = 0x85ebca6b;
const multiplierB = 0xc2b2ae35;

/** A sorted set of numbers. */
class Ranks {
  values: number[] = [];

  add(value: number): void {
    const { values } = this;
    let at = values.length;
    while (at > 0 && (values[at - 1] as number) > value) at -= 1;
    if (at > 0 && values[at - 1] === value) return;
    values.splice(at, 0, value);
  }

  /** How many numbers are lower. */
  of(value: number): number {
    const { values } = this;
    let at = 0;
    while (at < values.length && (values[at] as number) < value) at += 1;
    return at;
  }
}

const connectionMark = -20;

export class Fingerprinter {
  /** The two halves of the last fingerprint. */
  high = 0;
  low = 0;
  readonly #orders: readonly (readonly number[])[];
  #buffer: number[] = [];
  #length = 0;
  #connections: readonly ConnectionState[] = [];
  /** The place of each connection in the canonical order. */
  #places: number[] = [];
  #ordered: number[] = [];
  readonly #copies: Ranks[];
  readonly #incarnations: Ranks[];
  #calls: Ranks[] = [];
  #recoveries: Ranks[] = [];
  #recoveryOf: number[] = [];
  #associations: number[] = [];
  #groups: number[] = [];
  #place: number[] = [];

  /** @param orders the orders of the MTAs to compare: one, or one and its mirror image. */
  constructor(mtas: number, orders: readonly (readonly number[])[]) {
    this.#orders = orders;
    this.#copies = Array.from({ length: mtas }, () => new Ranks());
    this.#incarnations = Array.from({ length: mtas }, () => new Ranks());
  }

  /** Computes `high` and `low`. */
  take(global: GlobalState): void {
    this.#connections = global.connections;
    this.#gathered = false;
    let first = true;
    let high = 0;
    let low = 0;
    for (const order of this.#orders) {
      this.#write(global, order);
      this.#hash(global, order);
      if (first || this.high < high || (this.high === high && this.low < low)) {
        high = this.high;
        low = this.low;
      }
      first = false;
    }
    this.high = high;
    this.low = low;
  }

  #gathered = false;

  #put(code: readonly number[]): void {
    const buffer = this.#buffer;
    let at = this.#length;
    for (let index = 0; index < code.length; index += 1) buffer[at++] = code[index] as number;
    this.#length = at;
  }

  #put1(value: number): void {
    this.#buffer[this.#length++] = value;
  }

  /** All parts of the state, in the canonical order. */
  #write(global: GlobalState, order: readonly number[]): void {
    this.#length = 0;
    const place = order.map((_mta, index) => order.indexOf(index));
    this.#place = place;
    this.#put1(global.losses);
    this.#put1(global.crashes);
    // If an adapter can fail there are no mirror images, so the number of its MTA needs no translation.
    this.#put1(global.broken === null ? 0 : 1 + global.broken.at * 8 + global.broken.binding);
    for (const at of order) {
      const node = global.nodes[at] as NodeState;
      this.#put1(global.unsubmitted[at] as number);
      this.#put(node.code.head);
      const { entries } = node.code;
      if (entries.length === 1) this.#put((entries[0] as (typeof entries)[number]).code);
      else
        for (const entry of [...entries].sort((one, other) => (place[one.peer] ?? 0) - (place[other.peer] ?? 0)))
          this.#put(entry.code);
    }
    this.#orderConnections(global, order);
    for (const index of this.#ordered) this.#writeConnection(global, index);
  }

  /** Sorted by the dialling MTA, then by the order of its dials. */
  #orderConnections(global: GlobalState, order: readonly number[]): void {
    const ordered = this.#ordered;
    ordered.length = 0;
    for (const at of order) {
      for (let index = 0; index < global.connections.length; index += 1)
        if ((global.connections[index] as ConnectionState).client === at) ordered.push(index);
    }
    for (let index = 0; index < ordered.length; index += 1) this.#places[ordered[index] as number] = index;
  }

  #writeConnection(global: GlobalState, index: number): void {
    const connection = global.connections[index] as ConnectionState;
    this.#put1(connectionMark);
    this.#put1(index);
    this.#put1(0);
    this.#put1(
      (connection.phase === 'up' ? 0 : connection.phase === 'lost' ? 1 : 2) * 4 +
        (connection.clientUp ? 2 : 0) +
        (connection.serverUp ? 1 : 0),
    );
    this.#put1(tag.mta);
    this.#put1(connection.client);
    this.#put1(tag.mta);
    this.#put1(connection.server);
    if (connection.phase === 'dialling') this.#put1(connection.binding * 2 + (connection.routed ? 1 : 0));
    if (connection.clientUp) this.#putRow(global, connection.client, connection.clientConn);
    if (connection.serverUp) this.#putRow(global, connection.server, connection.serverConn);
    this.#putItems(connection.toServer);
    this.#put1(connectionMark);
    this.#put1(index);
    this.#put1(1);
    this.#putItems(connection.toClient);
  }

  #putRow(global: GlobalState, at: number, conn: number): void {
    for (const row of (global.nodes[at] as NodeState).code.rows) {
      if (row.conn !== conn) continue;
      this.#put1(7);
      this.#put(row.code);
      return;
    }
    this.#put1(8);
  }

  #putItems(items: ConnectionState['toServer']): void {
    this.#put1(items.length);
    for (const item of items) {
      if (item === null) this.#put1(99);
      else this.#put(item.code);
    }
  }

  #connectionOf(at: number, conn: number): number {
    const connections = this.#connections;
    for (let index = 0; index < connections.length; index += 1) {
      const connection = connections[index] as ConnectionState;
      if (connection.client === at && connection.clientUp && connection.clientConn === conn) return index;
      if (connection.server === at && connection.serverUp && connection.serverConn === conn) return index;
    }
    return -1;
  }

  #ranksOfRecovery(association: number): Ranks {
    for (let index = 0; index < this.#recoveryOf.length; index += 1) {
      if (this.#recoveryOf[index] === association) return this.#recoveries[index] as Ranks;
    }
    const ranks = new Ranks();
    // A first opening is not a recovery, so 0 keeps its rank whether it occurs or not.
    ranks.add(0);
    this.#recoveryOf.push(association);
    this.#recoveries.push(ranks);
    return ranks;
  }

  /** Collects the ids that occur. They are the same under every order, so once is enough. */
  #gather(): void {
    for (const ranks of this.#copies) ranks.values.length = 0;
    for (const ranks of this.#incarnations) ranks.values.length = 0;
    this.#calls = this.#connections.map(() => new Ranks());
    this.#recoveries = [];
    this.#recoveryOf = [];
    const buffer = this.#buffer;
    const length = this.#length;
    let by = 0;
    let to = 0;
    let here = 0;
    const who = (mta: number): number => (mta === sender ? by : mta === receiver ? to : mta);
    for (let at = 0; at < length; ) {
      const value = buffer[at] as number;
      if (value >= 0) {
        at += 1;
        continue;
      }
      const one = buffer[at + 1] as number;
      const two = buffer[at + 2] as number;
      switch (value) {
        case tag.copy:
          this.#copies[who(one)]?.add(two);
          at += 3;
          break;
        case tag.incarnation:
          this.#incarnations[who(one)]?.add(two);
          at += 3;
          break;
        case tag.recovery:
          if (two > 0) this.#ranksOfRecovery(one).add(two);
          at += 3;
          break;
        case tag.call: {
          const connection = this.#connectionOf(one, two);
          if (connection >= 0) this.#calls[connection]?.add(buffer[at + 3] as number);
          at += 4;
          break;
        }
        case tag.callHere:
          this.#calls[here]?.add(one);
          at += 2;
          break;
        case connectionMark: {
          const connection = this.#connections[one] as ConnectionState;
          here = one;
          by = two === 0 ? connection.client : connection.server;
          to = two === 0 ? connection.server : connection.client;
          at += 3;
          break;
        }
        case tag.from:
        case tag.connection:
        case tag.group:
          at += 3;
          break;
        default:
          at += 2;
      }
    }
  }

  #hash(global: GlobalState, _order: readonly number[]): void {
    if (!this.#gathered) this.#gather();
    this.#gathered = true;
    const associations = this.#associations;
    const groups = this.#groups;
    associations.length = 0;
    groups.length = 0;
    const buffer = this.#buffer;
    const length = this.#length;
    const place = this.#place;
    let high = 0x9e3779b9 | 0;
    let low = 0x7f4a7c15 | 0;
    let by = 0;
    let to = 0;
    let here = 0;
    for (let at = 0; at < length; ) {
      let value = buffer[at] as number;
      if (value >= 0) at += 1;
      else {
        const kind = value;
        const one = buffer[at + 1] as number;
        const two = buffer[at + 2] as number;
        const mta = one === sender ? by : one === receiver ? to : one;
        at += 3;
        switch (kind) {
          case tag.mta:
            value = 100 + (place[mta] ?? 0);
            at -= 1;
            break;
          case tag.copy:
            value = 200 + (place[mta] ?? 0) * 64 + (this.#copies[mta]?.of(two) ?? 63);
            break;
          case tag.from:
            value = 400 + (place[mta] ?? 0) * 64 + (this.#copies[mta]?.of(two) ?? 63);
            break;
          case tag.association: {
            let index = associations.indexOf(one);
            if (index < 0) index = associations.push(one) - 1;
            value = 600 + index;
            at -= 1;
            break;
          }
          case tag.recovery:
            value = 700 + (two === 0 ? 0 : 1 + this.#ranksOfRecovery(one).of(two));
            break;
          case tag.connection: {
            const connection = this.#connectionOf(mta, two);
            value = 800 + (connection < 0 ? 50 : (this.#places[connection] as number));
            break;
          }
          case tag.call: {
            const connection = this.#connectionOf(mta, two);
            const call = buffer[at] as number;
            value =
              connection < 0 ? 900 : 1000 + (this.#places[connection] as number) * 64 + (this.#calls[connection]?.of(call) ?? 0);
            at += 1;
            break;
          }
          case tag.callHere:
            value = 3000 + (this.#calls[here]?.of(one) ?? 0);
            at -= 1;
            break;
          case tag.group: {
            const key = mta * 1e6 + two;
            let index = groups.indexOf(key);
            if (index < 0) index = groups.push(key) - 1;
            value = 3100 + index;
            break;
          }
          case tag.incarnation:
            value = 3200 + (this.#incarnations[mta]?.of(two) ?? 0);
            break;
          case tag.message:
            value = 3300 + (global.undelivered.includes(one) ? 0 : global.reported.includes(one) ? 1 : 2);
            at -= 1;
            break;
          default: {
            const connection = this.#connections[one] as ConnectionState;
            here = one;
            by = two === 0 ? connection.client : connection.server;
            to = two === 0 ? connection.server : connection.client;
            value = 3400 + two;
          }
        }
      }
      high = Math.imul(high ^ value, multiplierA);
      high ^= high >>> 15;
      low = Math.imul(low + value, multiplierB) ^ (high >>> 11);
      low = (low << 13) | (low >>> 19) | 0;
    }
    high = Math.imul(high ^ (high >>> 16), multiplierB);
    low = Math.imul(low ^ (low >>> 15), multiplierA);
    this.high = (high ^ (high >>> 13)) >>> 0;
    this.low = (low ^ (low >>> 16)) >>> 0;
  }
}
