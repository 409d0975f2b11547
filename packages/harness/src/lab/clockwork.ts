/**
 * Lab time that is moved on by hand. When nothing but a timer can make anything happen, all clocks go together to the next
 * timer's instant: then ten minutes of waiting cost nothing, and that something does not move is proved, not slept through.
 */
import type { LabClock, MtaStatus } from '@mtalab/transport';
import { pause, spoken } from '../process/deadline.js';
import { HarnessTimeout } from '../process/errors.js';
import { judge, type Look } from './quiescence.js';

/** What the clockwork needs of a lab. */
export type ClockworkParts = {
  readonly clock: LabClock;
  look(): Promise<Look>;
  /** Set the offset of one MTA's clock, ms. */
  setOffset(name: string, offsetMs: number): Promise<void>;
};

/** Between two polls while something moves, real ms. */
const pollMs = 5;
/** Timers fired in one `advanceBy`; more is a timer that never rests. */
const maxAdvances = 100_000;

export class Clockwork {
  readonly #parts: ClockworkParts;

  constructor(parts: ClockworkParts) {
    this.#parts = parts;
  }

  /** Two looks in a row, with the same numbers and nothing that speaks against rest. */
  async quiescent(): Promise<boolean> {
    return (await this.#restOrReasons()).length === 0;
  }

  /**
   * Wait, in real time, until the lab is at rest.
   * @throws HarnessTimeout after `timeoutMs`, with what is still moving.
   */
  async settle(timeoutMs: number): Promise<void> {
    const endMs = performance.now() + timeoutMs;
    for (;;) {
      const reasons = await this.#restOrReasons();
      if (reasons.length === 0) return;
      if (performance.now() >= endMs) {
        throw new HarnessTimeout(`the lab did not come to rest within ${spoken(timeoutMs)}: ${reasons.slice(0, 5).join('; ')}`);
      }
      await pause(pollMs);
    }
  }

  /** At rest: move all clocks to the earliest timer, and let what it starts settle. */
  async advance(timeoutMs: number): Promise<'advanced' | 'nothing due'> {
    await this.settle(timeoutMs);
    const { statuses } = await this.#parts.look();
    const dueMs = earliest(statuses);
    if (dueMs === null) return 'nothing due';
    await this.#moveTo(dueMs, statuses);
    await this.settle(timeoutMs);
    return 'advanced';
  }

  /** Move lab time on by this much, stopping at each timer on the way so that all of them fire in order. */
  async advanceBy(ms: number, timeoutMs: number): Promise<void> {
    if (!Number.isFinite(ms) || ms < 0) throw new RangeError(`lab time goes forward by a number of milliseconds, not by ${ms}`);
    const targetMs = this.#parts.clock.nowMs() + ms;
    for (let count = 0; count < maxAdvances; count += 1) {
      await this.settle(timeoutMs);
      const { statuses } = await this.#parts.look();
      const dueMs = earliest(statuses);
      const last = dueMs === null || dueMs > targetMs;
      await this.#moveTo(last ? targetMs : dueMs, statuses);
      if (!last) continue;
      await this.settle(timeoutMs);
      return;
    }
    throw new HarnessTimeout(`after ${maxAdvances} timers lab time has still not come to its goal`);
  }

  async #restOrReasons(): Promise<readonly string[]> {
    const first = judge(await this.#parts.look());
    if (first.unrest.length > 0) return first.unrest;
    const second = judge(await this.#parts.look());
    if (second.unrest.length > 0) return second.unrest;
    return first.fingerprint === second.fingerprint ? [] : ['something moved between two looks'];
  }

  async #moveTo(atMs: number, statuses: readonly MtaStatus[]): Promise<void> {
    const { clock } = this.#parts;
    clock.advanceTo(atMs);
    // Those with nothing due go first: when the timer fires, everybody's clock shows its instant.
    const order = [...statuses].sort((one, other) => (other.nextDeadlineMs ?? Infinity) - (one.nextDeadlineMs ?? Infinity));
    for (const { name } of order) await this.#parts.setOffset(name, clock.offsetMs);
  }
}

function earliest(statuses: readonly MtaStatus[]): number | null {
  let least: number | null = null;
  for (const { nextDeadlineMs } of statuses)
    if (nextDeadlineMs !== null && (least === null || nextDeadlineMs < least)) least = nextDeadlineMs;
  return least;
}
