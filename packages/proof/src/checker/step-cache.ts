/**
 * What node steps have led to, so that none is computed twice while it may be asked for again; and one object for equal
 * states of an MTA, and for equal PDUs, so that what was computed for the one serves the other and both need memory once.
 */
import { ltabOf, type Pdu } from '@mtalab/mta-core';
import type { NodeState, Parcel, StepResult } from './node-step.js';

/**
 * The latest entries of a map, in two generations: what is not asked for again while a whole generation fills up is let go, so
 * that the past of the search is not kept alive.
 */
class Recent<Key, Value> {
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: Key): Value | undefined {
    const known = this.#young.get(key);
    if (known !== undefined) return known;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: Key, value: Value): void {
    if (this.#young.size >= this.#limit) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}

export class StepCache {
  readonly #results: Recent<NodeState, Map<unknown, StepResult>>;
  readonly #nodes: Recent<string, NodeState>;
  readonly #parcels: Recent<string, Parcel>;
  #nextParcel = 0;

  /** @param limit states of MTAs that are remembered, in each of two generations. */
  constructor(limit: number) {
    this.#results = new Recent(limit);
    this.#nodes = new Recent(limit);
    this.#parcels = new Recent(limit);
  }

  get(node: NodeState, key: unknown): StepResult | undefined {
    return this.#results.get(node)?.get(key);
  }

  set(node: NodeState, key: unknown, result: StepResult): void {
    const results = this.#results.get(node);
    if (results === undefined) this.#results.set(node, new Map([[key, result]]));
    else results.set(key, result);
  }

  /** The one object for states that are equal but for what they have counted. */
  node(parts: Omit<NodeState, 'code' | 'kept'>, make: () => NodeState): NodeState {
    const key = keyOf(parts);
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const node = make();
    this.#nodes.set(key, node);
    return node;
  }

  parcel(pdu: Pdu, make: (id: number) => Parcel): Parcel {
    const key = JSON.stringify(pdu);
    const known = this.#parcels.get(key);
    if (known !== undefined) return known;
    const parcel = make(this.#nextParcel);
    this.#nextParcel += 1;
    this.#parcels.set(key, parcel);
    return parcel;
  }
}

/** All of a state that the core may ever look at, and that is not the same in every state. */
function keyOf({ at, mta, disk, pending, nextAccepted }: Omit<NodeState, 'code' | 'kept'>): string {
  const { legacy, bindings, rpc, nextNumber, nextToken, stores, forgets, mailboxes, received, phase, incarnation, queuedCopies } =
    mta;
  const { senders, overLimit, nextConnection, memory } = mta;
  const ltab = ltabOf(mta).map((entry) => ({ ...entry, endpoints: 0, counters: 0 }));
  const core = [
    legacy,
    bindings,
    rpc,
    nextNumber,
    nextToken,
    stores,
    forgets,
    mailboxes,
    received,
    senders,
    overLimit,
    nextConnection,
    memory,
    phase,
    incarnation,
    queuedCopies,
    ltab,
  ];
  return digest(JSON.stringify([at, disk, pending, nextAccepted, core]));
}

/** 104 bits of a text, as a short text. */
function digest(text: string): string {
  let one = 0x9e3779b9;
  let two = 0x85ebca6b;
  let three = 0xc2b2ae35;
  let four = 0x27d4eb2f;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    one = Math.imul(one ^ code, 2654435761);
    two = Math.imul(two ^ code, 1597334677);
    three = Math.imul((three << 5) ^ (three >>> 27) ^ code, 2246822519);
    four = Math.imul((four << 7) ^ (four >>> 25) ^ code, 3266489917);
  }
  one = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(two ^ (two >>> 13), 3266489909);
  two = Math.imul(two ^ (two >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909);
  return `${(one >>> 0).toString(36)}.${(two >>> 0).toString(36)}.${(three >>> 0).toString(36)}.${(four >>> 0).toString(36)}`;
}
