/** The items of a live feed that a page may still ask for, as JSON, in order and numbered. Bounded in octets. */
import type { PairedItem } from '@mtalab/trace';

export type FeedLine = { readonly seq: number; readonly json: string };

/** Characters of JSON kept. The states of all MTAs are kept beside them. */
const maxKeptLength = 24 * 2 ** 20;

export class FeedLog {
  readonly #maxLength: number;
  #lines: FeedLine[] = [];
  /** Lines before this index are dropped. */
  #first = 0;
  #length = 0;
  #seq = 0;

  constructor(maxLength = maxKeptLength) {
    this.#maxLength = maxLength;
  }

  get latest(): number {
    return this.#seq;
  }

  /** Number of the oldest item kept. */
  get oldest(): number {
    return this.#lines[this.#first]?.seq ?? this.#seq + 1;
  }

  add(item: PairedItem): void {
    const json = JSON.stringify(item);
    this.#seq += 1;
    this.#lines.push({ seq: this.#seq, json });
    this.#length += json.length;
    while (this.#length > this.#maxLength && this.#first < this.#lines.length - 1) {
      this.#length -= (this.#lines[this.#first] as FeedLine).json.length;
      this.#first += 1;
    }
    if (this.#first > 1024 && this.#first > this.#lines.length / 2) {
      this.#lines = this.#lines.slice(this.#first);
      this.#first = 0;
    }
  }

  /** All items that are kept, as JSON, oldest first. */
  kept(): readonly string[] {
    return this.#lines.slice(this.#first).map(({ json }) => json);
  }

  /**
   * Items after a number, oldest first, up to so many characters.
   * @returns null if the item after `seq` is not kept any more.
   */
  after(seq: number, maxLength: number): readonly FeedLine[] | null {
    if (seq + 1 < this.oldest) return null;
    const found: FeedLine[] = [];
    let length = 0;
    for (let at = this.#first + Math.max(0, seq + 1 - this.oldest); at < this.#lines.length; at += 1) {
      const line = this.#lines[at] as FeedLine;
      length += line.json.length;
      if (found.length > 0 && length > maxLength) break;
      found.push(line);
    }
    return found;
  }
}
