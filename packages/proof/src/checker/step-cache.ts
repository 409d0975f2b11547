/**
 * Caches the outcomes of node steps, so that the checker does not compute a recent one twice. Equal states of an MTA share
 * one object, and so do equal PDUs: they share cached results and memory.
 */
import { type BareFrame, ltabOf, rowsIn } from '@mtalab/mta-core';
import type { NodeState, Parcel, StepResult } from './node-step.js';

/**
 * A map of recent entries, in two generations. It drops an entry that nobody reads while a whole generation fills up, so
 * that it does not keep the past of the search alive.
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

  /** @param limit most cached states of MTAs in each of two generations. */
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

  /** The shared object for states that are equal except for their counters and the like. */
  node(parts: Omit<NodeState, 'code' | 'kept'>, make: () => NodeState): NodeState {
    const key = keyOf(parts);
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const node = make();
    this.#nodes.set(key, node);
    return node;
  }

  parcel(carried: BareFrame, make: (id: number) => Parcel): Parcel {
    const key = JSON.stringify(carried);
    const known = this.#parcels.get(key);
    if (known !== undefined) return known;
    const parcel = make(this.#nextParcel);
    this.#nextParcel += 1;
    this.#parcels.set(key, parcel);
    return parcel;
  }
}

/** Key of a state: everything that the core may read and that differs between states. */
function keyOf({ at, mta, disk, pending, nextAccepted }: Omit<NodeState, 'code' | 'kept'>): string {
  const { legacy, bindings, rpc, nextNumber, nextToken, stores, forgets, mailboxes, received, phase, incarnation, queuedCopies } =
    mta;
  const { senders, overLimit, nextConnection, memory, x400 } = mta;
  // Rows alone: the text is shorter, and does not depend on the shape of a tree.
  const ltab = ltabOf(mta).map((entry) => ({
    ...entry,
    endpoints: 0,
    counters: 0,
    latest: 0,
    turnMs: 0,
    deadlineMs: 0,
    waiting: rowsIn(entry.waiting),
  }));
  const core = [
    legacy,
    bindings,
    { ...rpc, connections: rowsIn(rpc.connections), carriers: rowsIn(rpc.carriers) },
    nextNumber,
    nextToken,
    rowsIn(stores),
    rowsIn(forgets),
    mailboxes,
    rowsIn(received),
    senders,
    overLimit,
    nextConnection,
    memory,
    {
      ...x400,
      connections: rowsIn(x400.connections),
      associations: rowsIn(x400.associations),
      interrupted: rowsIn(x400.interrupted),
    },
    phase,
    incarnation,
    queuedCopies,
    ltab,
  ];
  return digest(JSON.stringify([at, disk, pending, nextAccepted, core]));
}

/** A hash of a text, 104 bits, as a short text. */
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
