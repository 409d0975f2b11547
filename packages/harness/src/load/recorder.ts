/**
 * Counts what the generator does, and measures how long messages take: over the whole run, by priority, and in the present
 * interval. It has no clock: the generator gives the instants, in milliseconds of one monotonic clock.
 */
import { type Priority, priorities } from '@mtalab/mta-core';
import { Latency } from './latencies.js';
import { type Latencies, type LatencyName, type LoadSample, latencyNames } from './result.js';

type LatencySet = Readonly<Record<LatencyName, Latency>>;

function latencySet(): LatencySet {
  return { corrected: new Latency(), raw: new Latency(), accept: new Latency() };
}

function summaries(set: LatencySet): Latencies {
  return { corrected: set.corrected.summary(), raw: set.raw.summary(), accept: set.accept.summary() };
}

/** What the counts of a run are made of. */
export type RunCounts = {
  intended: number;
  started: number;
  late: number;
  /** Late starts that had room: nothing but the generator itself kept them. */
  ownLate: number;
  /** By how much they were late, all together, ms. */
  ownLateMs: number;
  dropped: number;
  accepted: number;
  refused: number;
  unanswered: number;
  /** Deliveries whose notice came. */
  delivered: number;
};

function noCounts(): RunCounts {
  return {
    intended: 0,
    started: 0,
    late: 0,
    ownLate: 0,
    ownLateMs: 0,
    dropped: 0,
    accepted: 0,
    refused: 0,
    unanswered: 0,
    delivered: 0,
  };
}

/** The instants of one message. */
export type Started = { readonly intendedMs: number; readonly startMs: number; readonly priority: Priority };

export type IntervalSample = Omit<LoadSample, 'mtas' | 'turn'>;

export class Recorder {
  readonly counts = noCounts();
  readonly #toleranceMs: number;
  readonly #whole = latencySet();
  readonly #byPriority: Readonly<Record<Priority, LatencySet>>;
  readonly #interval = { corrected: new Latency(), raw: new Latency() };
  #before = noCounts();
  #intervalBeganS = 0;
  #lastDeliveryMs: number | null = null;

  /** @param toleranceMs a start that is later than this after its intended instant is late. */
  constructor(toleranceMs: number) {
    this.#toleranceMs = toleranceMs;
    const sets = priorities.map((priority) => [priority, latencySet()] as const);
    this.#byPriority = Object.fromEntries(sets) as Record<Priority, LatencySet>;
  }

  /** When the last message was delivered, as far as notices came; null without any. */
  get lastDeliveryMs(): number | null {
    return this.#lastDeliveryMs;
  }

  /** `count` more starts were due. */
  intended(count = 1): void {
    this.counts.intended += count;
  }

  dropped(count = 1): void {
    this.counts.dropped += count;
  }

  /** @param hadRoom was there room for the start at its intended instant? */
  started({ intendedMs, startMs }: Started, hadRoom: boolean): void {
    this.counts.started += 1;
    if (startMs - intendedMs <= this.#toleranceMs) return;
    this.counts.late += 1;
    if (!hadRoom) return;
    this.counts.ownLate += 1;
    this.counts.ownLateMs += startMs - intendedMs;
  }

  accepted({ startMs, priority }: Started, atMs: number): void {
    this.counts.accepted += 1;
    for (const set of [this.#whole, this.#byPriority[priority]]) set.accept.record(atMs - startMs);
  }

  refused(): void {
    this.counts.refused += 1;
  }

  unanswered(): void {
    this.counts.unanswered += 1;
  }

  /** A copy is in its mailbox since `atMs`. */
  delivered({ intendedMs, startMs, priority }: Started, atMs: number): void {
    this.counts.delivered += 1;
    this.#lastDeliveryMs = Math.max(this.#lastDeliveryMs ?? atMs, atMs);
    for (const set of [this.#whole, this.#byPriority[priority], this.#interval]) {
      set.corrected.record(atMs - intendedMs);
      set.raw.record(atMs - startMs);
    }
  }

  /** Ends the present interval, and begins the next one. */
  endInterval(atS: number): IntervalSample {
    const now = this.counts;
    const before = this.#before;
    const sample = {
      atS,
      lengthS: atS - this.#intervalBeganS,
      intended: now.intended - before.intended,
      started: now.started - before.started,
      late: now.late - before.late,
      accepted: now.accepted - before.accepted,
      delivered: now.delivered - before.delivered,
      corrected: this.#interval.corrected.summary(),
      raw: this.#interval.raw.summary(),
    };
    this.#before = { ...now };
    this.#intervalBeganS = atS;
    this.#interval.corrected.reset();
    this.#interval.raw.reset();
    return sample;
  }

  latencies(): Latencies {
    return summaries(this.#whole);
  }

  byPriority(): Readonly<Record<Priority, Latencies>> {
    const sets = priorities.map((priority) => [priority, summaries(this.#byPriority[priority])] as const);
    return Object.fromEntries(sets) as Record<Priority, Latencies>;
  }

  histograms(): Readonly<Record<LatencyName, string>> {
    const texts = latencyNames.map((name) => [name, this.#whole[name].encoded()] as const);
    return Object.fromEntries(texts) as Record<LatencyName, string>;
  }
}
