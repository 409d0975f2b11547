/**
 * The messages that a start finds, oldest first. Only numbers of them are in memory: whoever goes through them reads one row after
 * the other. So a start on a long backlog needs no more memory than one on an empty store.
 */
import type { Copy, StoredMessage } from '@mtalab/mta-core';
import type { Backend, MessageHead } from './backend.js';
import { type Held, HeldCopies } from './held-copies.js';
import { messageOf } from './message-row.js';
import { damagedStore } from './store.js';

/** Ids of the erased copies of messages that have others left, by content. */
type Gone = ReadonlyMap<number, readonly number[]>;
type Kept = Pick<Held, 'content' | 'bytes' | 'pieces'>;

/** The copies of a message that have not been erased. */
export function copiesLeft({ content, copies }: StoredMessage, gone: Gone): readonly Copy[] {
  const erased = gone.get(content);
  return erased === undefined ? copies : copies.filter(({ id }) => !erased.includes(id));
}

/**
 * Orders messages by their age, which the id of their first copy shows: ids of copies come from one counter that never goes back.
 * Keys of contents come from two counters, so the order of the rows can be another.
 */
export class AgeIndex {
  readonly #firstIds: number[] = [];
  readonly #contents: number[] = [];
  readonly #bytes: number[] = [];
  readonly #inPieces: boolean[] = [];
  /** Ids of the copies of messages with several, by content. */
  readonly #several = new Map<number, readonly number[]>();
  #isInOrder = true;
  #sizeBytes = 0;

  get length(): number {
    return this.#contents.length;
  }
  /** What the messages add to the size of the store, in octets. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** @param ids of the copies that are left, at least one. */
  add(ids: readonly number[], { content, bytes, pieces }: Kept): void {
    const first = ids[0] as number;
    this.#isInOrder &&= this.length === 0 || first > (this.#firstIds[this.length - 1] as number);
    if (ids.length > 1) this.#several.set(content, ids);
    this.#firstIds.push(first);
    this.#contents.push(content);
    this.#bytes.push(bytes);
    this.#inPieces.push(pieces);
    this.#sizeBytes += bytes;
  }

  /** Keys of the contents, the oldest message first; null when that is the order in which they were added. */
  inOrder(): Float64Array | null {
    return this.#isInOrder ? null : Float64Array.from(this.#places(), (at) => this.#contents[at] as number);
  }

  copies(gone: Gone): HeldCopies {
    const copies = new HeldCopies();
    for (const at of this.#places()) {
      const content = this.#contents[at] as number;
      const ids = this.#several.get(content) ?? [this.#firstIds[at] as number];
      const erased = [...(gone.get(content) ?? [])];
      const bytes = this.#bytes[at] as number;
      const held = { content, bytes, pieces: this.#inPieces[at] as boolean, left: ids.length, gone: erased };
      for (const id of ids) copies.set(id, held);
    }
    return copies;
  }

  #places(): Uint32Array {
    const places = Uint32Array.from(this.#contents, (_, at) => at);
    const ids = this.#firstIds;
    return this.#isInOrder ? places : places.sort((one, other) => (ids[one] as number) - (ids[other] as number));
  }
}

/** Can be gone through until the store is written to. A journal writes it as an array. */
export class KeptMessages implements Iterable<StoredMessage> {
  readonly #backend: Backend;
  readonly #gone: Gone;
  readonly #order: Float64Array | null;

  /** @param order keys of contents; null when the medium's order is right. */
  constructor(backend: Backend, gone: Gone, order: Float64Array | null) {
    this.#backend = backend;
    this.#gone = gone;
    this.#order = order;
  }

  /** @throws StoreError when a row is no longer as it was a moment ago. */
  *[Symbol.iterator](): Iterator<StoredMessage> {
    for (const head of this.#order === null ? this.#backend.heads() : this.#headsOf(this.#order)) {
      const message = messageOf(head);
      if (typeof message === 'string') throw this.#changed(head.content, message);
      const copies = copiesLeft(message, this.#gone);
      if (copies.length > 0) yield copies.length === message.copies.length ? message : { ...message, copies };
    }
  }

  toJSON(): readonly StoredMessage[] {
    return [...this];
  }

  *#headsOf(order: Float64Array): Iterable<MessageHead> {
    for (const content of order) {
      const head = this.#backend.head(content);
      if (head === undefined) throw this.#changed(content, 'its row is gone');
      yield head;
    }
  }

  #changed(content: number, what: string): Error {
    return damagedStore(this.#backend.place, `message ${content} was sound a moment ago, and now ${what}`, {});
  }
}
