/** Sources of faults: drawn during the run, or given by a plan. Either way the run records its faults as data. */
import { type Quirk, quirks } from '@mtalab/mta-core';
import { drawn, hash, type Ratio } from '../seeded-random.js';
import { infoOf, type Opportunity, type SimFault, type SimFaultKind, simFaultKinds } from './fault-kinds.js';

export type FaultSource = {
  /**
   * Returns the faults of an opportunity.
   * @param at number of the opportunity among those of its sort.
   * @param mta index of the MTA concerned.
   */
  readonly at: (per: Opportunity, at: number, mta: number) => readonly SimFault[];
};

const none: readonly SimFault[] = [];

/** Half of the draws are Q166594, which every host can show. */
function quirkAt(number: number): string {
  return number % 2 === 0 ? 'Q166594' : (quirks[(number >>> 1) % quirks.length] as Quirk).article;
}

/** Draws a time, ms: first its order of magnitude, then the time, so that short times are as likely as long ones. */
function duration(number: number, mostMs: number): number {
  const scale = [10, 100, 1000, 10_000, 100_000, 1_000_000][number % 6] as number;
  return 1 + ((number >>> 3) % Math.min(scale, mostMs));
}

/** Decides by a hash of seed, kind and opportunity, so that each decision is independent of the others. */
export class DrawnFaults implements FaultSource {
  readonly #seed: number;
  readonly #mtas: number;
  readonly #kinds: ReadonlyMap<Opportunity, readonly { kind: SimFaultKind; ratio: Ratio; stream: number; left: number }[]>;

  constructor(seed: number, mtas: number, ratios: Readonly<Partial<Record<SimFaultKind, Ratio>>>) {
    this.#seed = seed;
    this.#mtas = mtas;
    const kinds = new Map<Opportunity, { kind: SimFaultKind; ratio: Ratio; stream: number; left: number }[]>();
    for (const [index, kind] of simFaultKinds.entries()) {
      const ratio = ratios[kind];
      if (ratio === undefined || ratio.n === 0) continue;
      const { per, most } = infoOf(kind);
      // A larger network has more of everything, so the bound grows with the network.
      const left = most * Math.max(1, mtas >> 1);
      kinds.set(per, [...(kinds.get(per) ?? []), { kind, ratio, stream: 100 + index, left }]);
    }
    this.#kinds = kinds;
  }

  at(per: Opportunity, at: number, mta: number): readonly SimFault[] {
    const kinds = this.#kinds.get(per);
    if (kinds === undefined) return none;
    let faults: SimFault[] | null = null;
    for (const each of kinds) {
      if (each.left === 0 || drawn(this.#seed, each.stream, at, each.ratio.of) >= each.ratio.n) continue;
      each.left -= 1;
      faults ??= [];
      faults.push(this.#make(each.kind, each.stream, at, mta));
    }
    return faults ?? none;
  }

  #make(kind: SimFaultKind, stream: number, at: number, mta: number): SimFault {
    // What a fault is like is taken from one hash each: a bias of one in millions does no harm here.
    const number = (nth: number): number => hash(this.#seed, stream * 16 + nth, at);
    const some = number(1) % this.#mtas;
    // A fault at the busy MTA is usually more interesting.
    const one = number(2) % 4 === 0 ? some : mta;
    const then = number(3) % 2 === 0 ? 'deliver' : 'reset';
    const notice = (nth: number): number => duration(number(nth), 30_000);
    switch (kind) {
      case 'cut':
        return {
          kind,
          at,
          pick: number(4),
          all: number(3) % 2 === 0,
          keep: [number(5) % 4, number(6) % 4],
          noticeMs: [notice(7), notice(8)],
        };
      case 'lose':
      case 'lose-give':
        return { kind, at, keep: number(5) % 4, all: number(3) % 2 === 0, noticeMs: [notice(7), notice(8)] };
      case 'delay':
        return { kind, at, byMs: duration(number(4), 150_000) };
      case 'stall':
        return { kind, at, mta: one, forMs: duration(number(4), 150_000) };
      case 'black-hole':
        return { kind, at, mta: one, pick: number(5), forMs: duration(number(4), 300_000), then };
      case 'partition':
        return { kind, at, pick: number(5) % 10, forMs: duration(number(4), 600_000), then };
      case 'crash':
      case 'crash-after-commit':
        return {
          kind,
          at,
          mta: kind === 'crash' ? one : mta,
          forMs: duration(number(4), 90_000),
          keep: number(5) % 4,
          noticeMs: notice(7),
        };
      case 'slow-store':
        return { kind, at, mta: one, forMs: duration(number(4), 200_000), byMs: duration(number(5), 60_000) };
      case 'store-full':
      case 'store-io':
        return { kind, at, carried: number(4) % 2 === 0 };
      case 'mailbox':
        return { kind, at };
      case 'clock':
        return { kind, at, mta: one, byMs: duration(number(4), 600_000) };
      case 'retry':
        return { kind, at, mta: one };
      case 'stop':
        return { kind, at, mta: one, forMs: duration(number(4), 90_000) };
      case 'set':
        return { kind, at, mta: one, article: quirkAt(number(5)), forMs: duration(number(4), 600_000) };
      case 'bindings':
        return { kind, at, mta: one, turn: number(5) % 3, disable: number(6) % 2 === 0, forMs: duration(number(4), 600_000) };
      case 'adapter':
        return { kind, at };
      case 'damage':
        return { kind, at, mta: one, pick: number(4) };
      case 'poison':
        return { kind, at, mta: one, pick: number(4), forMs: 5 * duration(number(5), 600_000) };
    }
  }
}

/** Takes the faults from a plan. */
export class PlannedFaults implements FaultSource {
  readonly #faults = new Map<Opportunity, Map<number, SimFault[]>>();

  constructor(faults: readonly SimFault[]) {
    for (const fault of faults) {
      const { per } = infoOf(fault.kind);
      let byNumber = this.#faults.get(per);
      if (byNumber === undefined) {
        byNumber = new Map();
        this.#faults.set(per, byNumber);
      }
      byNumber.set(fault.at, [...(byNumber.get(fault.at) ?? []), fault]);
    }
  }

  at(per: Opportunity, at: number): readonly SimFault[] {
    return this.#faults.get(per)?.get(at) ?? none;
  }
}
