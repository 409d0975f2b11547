/**
 * Moves lab time forward by hand. In a lab at rest only a timer can make anything happen, so all clocks can jump together to
 * the next timer. Ten minutes of lab time then cost no real time, and a lab that stays at rest is proved to be stuck.
 */
import type { LabClock, MtaStatus } from '@mtalab/transport';
import { durationText, pause } from '../process/deadline.js';
import { HarnessTimeout } from '../process/errors.js';
import { judgeRest, type Look } from './quiescence.js';

/** What the clockwork needs of a lab. */
export type ClockworkParts = {
  readonly clock: LabClock;
  look(): Promise<Look>;
  /** Sets the offset of one MTA's clock, ms. */
  setOffset(mta: string, offsetMs: number): Promise<void>;
};

/** Real time between two checks while the lab moves, ms. */
const pollMs = 5;
/** Limit of timers in one `advanceBy`. Above it, a timer must be firing again and again. */
const maxAdvances = 100_000;

export class Clockwork {
  readonly #parts: ClockworkParts;

  constructor(parts: ClockworkParts) {
    this.#parts = parts;
  }

  /** Is the lab at rest? Two looks in a row must see the same, and no reason against rest. */
  async quiescent(): Promise<boolean> {
    return (await this.#reasonsAgainstRest()).length === 0;
  }

  /**
   * Waits in real time until the lab is at rest.
   * @throws HarnessTimeout after `timeoutMs`, with the reasons why the lab is not at rest.
   */
  async settle(timeoutMs: number): Promise<void> {
    const endMs = performance.now() + timeoutMs;
    for (;;) {
      const reasons = await this.#reasonsAgainstRest();
      if (reasons.length === 0) return;
      if (performance.now() >= endMs) {
        throw new HarnessTimeout(
          `the lab did not come to rest within ${durationText(timeoutMs)}: ${reasons.slice(0, 5).join('; ')}`,
        );
      }
      await pause(pollMs);
    }
  }

  /** Waits for rest, moves all clocks to the earliest timer, and waits for rest again. */
  async advance(timeoutMs: number): Promise<'advanced' | 'nothing due'> {
    await this.settle(timeoutMs);
    const { statuses } = await this.#parts.look();
    const dueMs = earliest(statuses);
    if (dueMs === null) return 'nothing due';
    await this.#moveTo(dueMs, statuses);
    await this.settle(timeoutMs);
    return 'advanced';
  }

  /** Moves lab time forward. Stops at each timer on the way, so that all timers fire in order. */
  async advanceBy(ms: number, timeoutMs: number): Promise<void> {
    if (!Number.isFinite(ms) || ms < 0) throw new RangeError(`lab time moves forward by a number of milliseconds, not by ${ms}`);
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
    throw new HarnessTimeout(`lab time did not reach its goal after ${maxAdvances} timers`);
  }

  /** The reasons why the lab is not at rest. Empty at rest. */
  async #reasonsAgainstRest(): Promise<readonly string[]> {
    const first = judgeRest(await this.#parts.look());
    if (first.unrest.length > 0) return first.unrest;
    const second = judgeRest(await this.#parts.look());
    if (second.unrest.length > 0) return second.unrest;
    return first.fingerprint === second.fingerprint ? [] : ['something moved between two looks'];
  }

  async #moveTo(atMs: number, statuses: readonly MtaStatus[]): Promise<void> {
    const { clock } = this.#parts;
    clock.advanceTo(atMs);
    // MTAs without a due timer go first. So when the timer fires, every clock shows its instant.
    const order = [...statuses].sort((one, other) => (other.nextDeadlineMs ?? Infinity) - (one.nextDeadlineMs ?? Infinity));
    for (const { mta } of order) await this.#parts.setOffset(mta, clock.offsetMs);
  }
}

function earliest(statuses: readonly MtaStatus[]): number | null {
  let least: number | null = null;
  for (const { nextDeadlineMs } of statuses)
    if (nextDeadlineMs !== null && (least === null || nextDeadlineMs < least)) least = nextDeadlineMs;
  return least;
}
