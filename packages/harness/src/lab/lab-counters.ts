/**
 * Counts what the MTAs of a lab have done since it started, over restarts of their processes.
 *
 * Deliveries are counted by distinct copy id for each MTA, because a delivery repeated after a crash has the same id. The
 * counters of an MTA start at 0 with each process. So the sums add up the last known counters of each process. Counts of a
 * killed process since its last status are lost. Deliveries are not lost: see `Lab`.
 */
import { type DeliveryNotice, deadLetters, type MtaStatus } from '@mtalab/transport';
import { CopySet } from './copy-set.js';

/** Sums over all MTAs and all their processes. */
export type CounterSums = {
  readonly submitted: number;
  readonly reports: number;
  readonly deadLetters: number;
  readonly turnsGiven: number;
  readonly associationsOpened: number;
};

const zero: CounterSums = { submitted: 0, reports: 0, deadLetters: 0, turnsGiven: 0, associationsOpened: 0 };

type Waiter = { readonly count: number; readonly resolve: () => void; readonly reject: (error: Error) => void };

export class LabCounters {
  readonly #copies = new Map<string, CopySet>();
  /** By incarnation and name of the MTA. */
  readonly #processes = new Map<string, CounterSums>();
  readonly #waiters = new Set<Waiter>();
  #delivered = 0;
  #noticed = 0;
  #delaySumMs = 0;
  #delayMaxMs = 0;

  /** Distinct copies delivered to mailboxes. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Delays of the deliveries whose notice arrived. 0 without any. */
  get delays(): { readonly meanMs: number; readonly maxMs: number } {
    return { meanMs: this.#noticed === 0 ? 0 : this.#delaySumMs / this.#noticed, maxMs: this.#delayMaxMs };
  }

  /** Counts the notice of a delivery. One for the dead-letter folder is no delivery. */
  noteDelivery(line: DeliveryNotice): void {
    if (line.mailbox === deadLetters || !this.noteCopy(line.node, line.copy)) return;
    this.#noticed += 1;
    this.#delaySumMs += line.delayMs;
    if (line.delayMs > this.#delayMaxMs) this.#delayMaxMs = line.delayMs;
  }

  /** Counts a copy that is in a mailbox. Returns true if it is a new one. */
  noteCopy(node: string, copy: number): boolean {
    const known = this.#copiesAt(node);
    if (known.has(copy)) return false;
    known.add(copy);
    this.#delivered += 1;
    for (const waiter of this.#waiters) if (waiter.count <= this.#delivered) waiter.resolve();
    return true;
  }

  /** Marks a copy that was in a mailbox before the lab started. It never counts. */
  noteEarlier(node: string, copy: number): void {
    this.#copiesAt(node).add(copy);
  }

  #copiesAt(node: string): CopySet {
    let known = this.#copies.get(node);
    if (known === undefined) {
      known = new CopySet();
      this.#copies.set(node, known);
    }
    return known;
  }

  /** Keeps the counters of the present process of an MTA. */
  noteStatus(status: MtaStatus): void {
    this.#processes.set(`${status.incarnation} ${status.mta}`, {
      submitted: status.counters.submitted,
      reports: status.counters.reports,
      deadLetters: status.counters.deadLetters,
      turnsGiven: status.turnsGiven,
      associationsOpened: status.associationsOpened,
    });
  }

  sums(): CounterSums {
    let sums = zero;
    for (const counters of this.#processes.values()) {
      sums = {
        submitted: sums.submitted + counters.submitted,
        reports: sums.reports + counters.reports,
        deadLetters: sums.deadLetters + counters.deadLetters,
        turnsGiven: sums.turnsGiven + counters.turnsGiven,
        associationsOpened: sums.associationsOpened + counters.associationsOpened,
      };
    }
    return sums;
  }

  /** `done` resolves when `count` copies are delivered. `cancel` ends the wait. */
  whenDelivered(count: number): { readonly done: Promise<void>; cancel(): void } {
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

  /** Rejects all waits with this error. */
  close(error: Error): void {
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#waiters.clear();
  }
}
