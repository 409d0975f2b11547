/** Limits of messages under way, by number and by octets, so that much mail takes little memory. */
import type { MailItem } from './read.js';

/** Limit of octets of content that messages under way hold in memory. One message may be larger. */
const maxBytes = 64 * 1_048_576;

export class InFlight {
  readonly #maxCount: number;
  readonly #underWay = new Set<Promise<void>>();
  #bytes = 0;

  constructor(maxCount: number) {
    this.#maxCount = maxCount;
  }

  /**
   * Starts to send an item. Resolves when there is room for the next one.
   * @param send must not reject.
   * @returns the promise of `send`, in an object so that it is not awaited here.
   */
  async add(item: MailItem, send: () => Promise<void>): Promise<{ readonly sent: Promise<void> }> {
    // Content that a function reads is in memory only while it is submitted.
    const bytes = item.content instanceof Uint8Array ? item.content.length : 0;
    this.#bytes += bytes;
    const sent = send().finally(() => {
      this.#bytes -= bytes;
      this.#underWay.delete(sent);
    });
    this.#underWay.add(sent);
    while (this.#underWay.size >= this.#maxCount || (this.#bytes >= maxBytes && this.#underWay.size > 0))
      await Promise.race(this.#underWay);
    return { sent };
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay);
  }
}
