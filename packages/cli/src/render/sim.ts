/** Adds up and renders the figures of simulated runs. */
import { type SimFaultKind, type SimResult, simFaultKinds } from '@mtalab/proof';

export class SimTotals {
  readonly #startedAtMs = performance.now();
  readonly #faults: Partial<Record<SimFaultKind, number>> = {};
  #seeds = 0;
  #failed = 0;
  #states = 0;
  #virtualMs = 0;
  #mail = { accepted: 0, delivered: 0, reported: 0, reports: 0, deadLetters: 0 };

  add(result: SimResult): void {
    this.#seeds += 1;
    if (!result.ok) this.#failed += 1;
    this.#states += result.states;
    this.#virtualMs += result.virtualMs;
    for (const kind of simFaultKinds) {
      const count = result.faults[kind];
      if (count !== undefined) this.#faults[kind] = (this.#faults[kind] ?? 0) + count;
    }
    const { mail } = result;
    this.#mail = {
      accepted: this.#mail.accepted + mail.accepted,
      delivered: this.#mail.delivered + mail.delivered,
      reported: this.#mail.reported + mail.reported,
      reports: this.#mail.reports + mail.reports,
      deadLetters: this.#mail.deadLetters + mail.deadLetters,
    };
  }

  get #elapsedS(): number {
    return Math.max(0.001, (performance.now() - this.#startedAtMs) / 1000);
  }

  get #faultCount(): number {
    return Object.values(this.#faults).reduce((sum, count) => sum + count, 0);
  }

  /** The figures so far, in one line. */
  line(): string {
    const hours = this.#virtualMs / 3_600_000;
    return [
      `${this.#seeds} seeds (${this.#failed} failed)`,
      `${(this.#seeds / this.#elapsedS).toFixed(1)} seeds/s`,
      `${(hours / this.#elapsedS).toFixed(1)} virtual hours/s`,
      `${this.#states} states`,
      `${this.#faultCount} faults: ${this.#kinds()}`,
    ].join(', ');
  }

  #kinds(): string {
    const seen = simFaultKinds.filter((kind) => (this.#faults[kind] ?? 0) > 0).map((kind) => `${kind} ${this.#faults[kind]}`);
    return seen.length === 0 ? 'none' : seen.join(' ');
  }

  /** The figures at the end. */
  text(): string {
    const { accepted, delivered, reported, deadLetters } = this.#mail;
    const hours = this.#virtualMs / 3_600_000;
    return [
      '',
      `${this.#seeds - this.#failed} of ${this.#seeds} ${this.#seeds === 1 ? 'seed keeps' : 'seeds keep'} all rules`,
      `  ${this.#states} states, ${hours.toFixed(1)} virtual hours in ${this.#elapsedS.toFixed(1)} s (${(this.#seeds / this.#elapsedS).toFixed(1)} seeds/s, ${(hours / this.#elapsedS).toFixed(1)} virtual hours/s)`,
      `  ${accepted} messages accepted: ${delivered} deliveries, ${reported} recipients reported on, ${deadLetters} dead letters`,
      `  ${this.#faultCount} faults: ${this.#kinds()}`,
    ].join('\n');
  }

  json(): Readonly<Record<string, unknown>> {
    return {
      ok: this.#failed === 0,
      seeds: this.#seeds,
      failed: this.#failed,
      states: this.#states,
      virtualMs: this.#virtualMs,
      elapsedS: Number(this.#elapsedS.toFixed(3)),
      mail: this.#mail,
      faults: this.#faults,
    };
  }
}
