/**
 * The verdict on a run, from what was submitted and what the MTAs have on disk: each accepted message is delivered, reported on or
 * still queued. Pure: the caller gathers the evidence.
 */
import { priorities } from '@mtalab/mta-core';
import { OrderCheck } from './order.js';
import type { SentMessage } from './sent-log.js';

/** A delivery that the disk of an MTA shows. */
export type FoundDelivery = {
  /** Place of its MTS identifier. Null where only the content is known: then the content says which message it is. */
  readonly place: number | null;
  readonly sha256: Uint8Array;
  readonly sizeBytes: number;
};

/** What the disks show of one way of the mail. */
export type WayEvidence = {
  /** In the order of arrival. */
  readonly deliveries: Iterable<FoundDelivery>;
  /** Places of the messages that are queued at some MTA. */
  readonly queued: ReadonlySet<number>;
  /** Places of accepted submissions by their numbers, for those without an answer. */
  readonly submissions: ReadonlyMap<number, number>;
  /** Reports in the mailbox of the originator. */
  readonly reports: number;
  /** Messages that an MTA has set aside as damaged. */
  readonly setAside: number;
  /** How many sequences in order there may be: see order.ts. Infinite: the order says nothing. */
  readonly sequences: number;
};

export type Reckoning = {
  readonly accepted: number;
  readonly delivered: number;
  readonly deliveredOctets: number;
  readonly reported: number;
  readonly queued: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly damaged: number;
  readonly outOfOrder: number;
};

const zero: Reckoning = {
  accepted: 0,
  delivered: 0,
  deliveredOctets: 0,
  reported: 0,
  queued: 0,
  lost: 0,
  duplicated: 0,
  damaged: 0,
  outOfOrder: 0,
};

const digestBytes = 32;

/** The submitted messages of one way, in the order of their places. About 45 octets for each, however many there are. */
class SentIndex {
  readonly places: Float64Array;
  readonly priority: Uint8Array;
  /** Without a place: nobody knows whether an MTA has accepted them. */
  readonly unsure = new Set<string>();
  readonly #digests: Buffer;
  /** Where the digest of each message is among the digests, which stay as they came. */
  readonly #order: Uint32Array;
  #byDigest: Map<string, number[]> | undefined;

  constructor(sent: Iterable<SentMessage>, submissions: ReadonlyMap<number, number>) {
    const places: number[] = [];
    const priority: number[] = [];
    let digests = Buffer.alloc(1024 * digestBytes);
    for (const message of sent) {
      const place = message.place ?? submissions.get(message.number);
      if (place === undefined) {
        this.unsure.add(keyOf(message.sha256));
        continue;
      }
      const at = places.length * digestBytes;
      if (at === digests.length) digests = Buffer.concat([digests], 2 * digests.length);
      digests.set(message.sha256, at);
      places.push(place);
      priority.push(priorities.indexOf(message.priority));
    }
    this.#digests = digests;
    // Answers come nearly in order, so this sorts little.
    this.#order = Uint32Array.from(places.keys()).sort((one, other) => (places[one] as number) - (places[other] as number));
    this.places = Float64Array.from(this.#order, (from) => places[from] as number);
    this.priority = Uint8Array.from(this.#order, (from) => priority[from] as number);
  }

  /** The message with this place; -1 if there is none. */
  at(place: number): number {
    let [low, high] = [0, this.places.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.places[middle] as number) < place) low = middle + 1;
      else high = middle;
    }
    return this.places[low] === place ? low : -1;
  }

  hasDigest(index: number, sha256: Uint8Array): boolean {
    return this.#digestAt(index).equals(sha256);
  }

  /** The first message with this content that nobody has taken; if all are taken, the last one again; -1 if there is none. */
  takeByDigest(sha256: Uint8Array): number {
    if (this.#byDigest === undefined) {
      this.#byDigest = new Map();
      for (let index = 0; index < this.places.length; index += 1) {
        const key = keyOf(this.#digestAt(index));
        const others = this.#byDigest.get(key);
        if (others === undefined) this.#byDigest.set(key, [index]);
        else others.push(index);
      }
      for (const indexes of this.#byDigest.values()) indexes.reverse();
    }
    const indexes = this.#byDigest.get(keyOf(sha256));
    return indexes === undefined ? -1 : ((indexes.length > 1 ? indexes.pop() : indexes[0]) as number);
  }

  #digestAt(index: number): Buffer {
    const from = (this.#order[index] as number) * digestBytes;
    return this.#digests.subarray(from, from + digestBytes);
  }
}

function keyOf(sha256: Uint8Array): string {
  return Buffer.from(sha256).toString('latin1');
}

/** Reckons one way of the mail. */
export function reckonWay(sent: Iterable<SentMessage>, evidence: WayEvidence): Reckoning {
  const index = new SentIndex(sent, evidence.submissions);
  const times = new Uint8Array(index.places.length);
  const orders = new Map<number, OrderCheck>();
  let { accepted, delivered, deliveredOctets, duplicated, damaged } = { ...zero, accepted: index.places.length };
  for (const { place, sha256, sizeBytes } of evidence.deliveries) {
    const at = place === null ? index.takeByDigest(sha256) : index.at(place);
    if (at < 0) {
      // An MTA may have accepted a message whose answer was lost. Anything else was never submitted with this content.
      if (index.unsure.delete(keyOf(sha256))) {
        accepted += 1;
        delivered += 1;
        deliveredOctets += sizeBytes;
      } else damaged += 1;
      continue;
    }
    times[at] = Math.min(255, (times[at] as number) + 1);
    if (times[at] !== 1) {
      duplicated += 1;
      continue;
    }
    delivered += 1;
    deliveredOctets += sizeBytes;
    if (!index.hasDigest(at, sha256)) damaged += 1;
    const priority = index.priority[at] as number;
    const order = orders.get(priority) ?? new OrderCheck(evidence.sequences);
    orders.set(priority, order);
    order.arrived(at);
  }
  const queued = index.places.reduce((sum, place, at) => sum + (times[at] === 0 && evidence.queued.has(place) ? 1 : 0), 0);
  const missing = accepted - delivered - queued;
  return {
    accepted,
    delivered,
    deliveredOctets,
    reported: evidence.reports,
    queued,
    lost: Math.max(0, missing - evidence.reports),
    duplicated,
    damaged: damaged + evidence.setAside,
    outOfOrder: [...orders.values()].reduce((sum, order) => sum + order.outOfOrder, 0),
  };
}

export function sumOf(reckonings: readonly Reckoning[]): Reckoning {
  return reckonings.reduce(
    (sum, each) =>
      Object.fromEntries(
        Object.entries(sum).map(([name, value]) => [name, value + each[name as keyof Reckoning]]),
      ) as unknown as Reckoning,
    zero,
  );
}
