/** The rule of the pace: no transfer begins again and again without a pause. */
import { describeActivity } from '@mtalab/mta-core';
import type { Breach } from './catalogue.js';

/**
 * Most begins of one transfer within a second. A copy may meet four losses in a row and each of them may come at once; the operator
 * may end its waits; and a peer that has dropped the activity makes it begin again.
 */
const maxBegins = 12;
const windowMs = 1000;

export class Pace {
  /** When each copy was begun within the last second, by store and copy. */
  readonly #begins = new Map<string, number[]>();
  #clearedAtMs = 0;

  /** An activity starts or resumes. */
  begun(store: string, activity: number, nowMs: number): Breach | null {
    if (nowMs - this.#clearedAtMs > windowMs) {
      this.#begins.clear();
      this.#clearedAtMs = nowMs;
    }
    const key = `${store} ${activity}`;
    const times = [...(this.#begins.get(key) ?? []), nowMs];
    this.#begins.set(key, times);
    if (times.length <= maxBegins) return null;
    const detail = `It begins the transfer of this copy ${times.length} times within a second.`;
    return { rule: 'pace', message: describeActivity(activity), detail };
  }
}
