/** A numbered stream of entries. It keeps the latest for late subscribers, and costs next to nothing without any. */

export type Numbered<T> = T & { readonly n: number };
export type FeedListener<T> = (entry: Numbered<T>) => void;

export class Feed<T extends object> {
  readonly #capacity: number;
  readonly #ring: Numbered<T>[] = [];
  readonly #listeners = new Set<FeedListener<T>>();
  #next = 1;

  /** @param capacity entries kept for late joiners. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Number of the latest entry; 0 when there was none. */
  get latest(): number {
    return this.#next - 1;
  }

  /** The entry is given its number in place, so that nothing is copied. */
  emit(entry: T): void {
    const numbered = Object.assign(entry, { n: this.#next });
    this.#ring[this.#next % this.#capacity] = numbered;
    this.#next += 1;
    for (const listener of this.#listeners) listener(numbered);
  }

  /** Entries with a number above `n` that are still kept, oldest first. */
  after(n: number): readonly Numbered<T>[] {
    const entries: Numbered<T>[] = [];
    const oldest = Math.max(Math.trunc(n) + 1, this.#next - this.#capacity, 1);
    for (let at = oldest; at < this.#next; at += 1) {
      const entry = this.#ring[at % this.#capacity];
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  }

  /** @returns a function that ends the listening. */
  listen(listener: FeedListener<T>): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
