/** A queue of events, sorted by instant, then by rank, then by creation order. */
import TinyQueue from 'tinyqueue';
import type { EngineEvent, EventBody } from './event.js';

/** The order of making decides between equals: the queue itself would give them back in any order. */
function compare(one: EngineEvent, other: EngineEvent): number {
  return one.atMs - other.atMs || one.rank - other.rank || one.order - other.order;
}

export class Agenda {
  readonly #queue = new TinyQueue<EngineEvent>([], compare);
  #made = 0;

  get size(): number {
    return this.#queue.length;
  }

  peek(): EngineEvent | undefined {
    return this.#queue.peek();
  }

  push(body: EventBody, atMs: number, rank: number): void {
    this.#queue.push({ ...body, atMs, rank, order: this.#made });
    this.#made += 1;
  }

  pop(): EngineEvent | undefined {
    return this.#queue.pop();
  }
}
