/**
 * What the MTAs of a lab have done since it started, over restarts of its processes.
 *
 * Deliveries are counted by distinct copy id for each MTA: a delivery repeated after a crash has the same id. Counters of an
 * MTA start at 0 with each of its lives, so the last ones seen of each life are added up; what a killed process counted
 * after it was last asked is lost with it (deliveries are not: see `Lab`).
 */
import { contains, type Intervals, including } from '@mtalab/mta-core';
import type { DeliveryNotice, MtaStatus } from '@mtalab/transport';

/** Sums over all MTAs and all their lives. */
export type CounterSums = {
  readonly submitted: number;
  readonly reports: number;
  readonly deadLetters: number;
  readonly turnsGiven: number;
  readonly associationsOpened: number;
};

const nothing: CounterSums = { submitted: 0, reports: 0, deadLetters: 0, turnsGiven: 0, associationsOpened: 0 };

type Waiter = { readonly count: number; readonly resolve: () => void; readonly reject: (error: Error) => void };

export class Tally {
  readonly #copies = new Map<string, Intervals>();
  readonly #lives = new Map<string, CounterSums>();
  readonly #waiters = new Set<Waiter>();
  #delivered = 0;
  #timed = 0;
  #delaySumMs = 0;
  #delayMaxMs = 0;

  /** Distinct copies put into mailboxes. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Over the deliveries whose notice arrived; 0 when there was none. */
  get delays(): { readonly meanMs: number; readonly maxMs: number } {
    return { meanMs: this.#timed === 0 ? 0 : this.#delaySumMs / this.#timed, maxMs: this.#delayMaxMs };
  }

  /** A delivery's notice. Those for the dead-letter folder are no deliveries. */
  noteDelivery(line: DeliveryNotice): void {
    if (line.mailbox === 'dead-letter' || !this.noteCopy(line.node, line.copy)) return;
    this.#timed += 1;
    this.#delaySumMs += line.delayMs;
    if (line.delayMs > this.#delayMaxMs) this.#delayMaxMs = line.delayMs;
  }

  /** A copy known to be in a mailbox. Was it news? */
  noteCopy(node: string, copy: number): boolean {
    const known = this.#copies.get(node) ?? [];
    if (contains(known, copy)) return false;
    this.#copies.set(node, including(known, copy));
    this.#delivered += 1;
    for (const waiter of this.#waiters) if (waiter.count <= this.#delivered) waiter.resolve();
    return true;
  }

  /** A copy that was in a mailbox before the lab started: it never counts. */
  noteEarlier(node: string, copy: number): void {
    this.#copies.set(node, including(this.#copies.get(node) ?? [], copy));
  }

  noteStatus(status: MtaStatus): void {
    this.#lives.set(`${status.incarnation} ${status.name}`, {
      submitted: status.counters.submitted,
      reports: status.counters.reports,
      deadLetters: status.counters.deadLetters,
      turnsGiven: status.turnsGiven,
      associationsOpened: status.associationsOpened,
    });
  }

  sums(): CounterSums {
    let sums = nothing;
    for (const life of this.#lives.values()) {
      sums = {
        submitted: sums.submitted + life.submitted,
        reports: sums.reports + life.reports,
        deadLetters: sums.deadLetters + life.deadLetters,
        turnsGiven: sums.turnsGiven + life.turnsGiven,
        associationsOpened: sums.associationsOpened + life.associationsOpened,
      };
    }
    return sums;
  }

  /** Resolves once `count` copies are delivered. `cancel` forgets the wait. */
  reached(count: number): { readonly done: Promise<void>; cancel(): void } {
    if (this.#delivered >= count) return { done: Promise.resolve(), cancel: () => {} };
    let waiter: Waiter | undefined;
    const done = new Promise<void>((resolve, reject) => {
      waiter = { count, resolve, reject };
      this.#waiters.add(waiter);
    });
    return {
      done,
      cancel: () => {
        if (waiter !== undefined) this.#waiters.delete(waiter);
      },
    };
  }

  /** Whoever still waits gets this error. */
  close(error: Error): void {
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#waiters.clear();
  }
}
