/** A queue of events, sorted by instant, then by rank, then by creation order. */
import type { EngineEvent, EventBody } from './event.js';

export class Agenda {
  readonly #items: EngineEvent[] = [];
  #made = 0;

  get size(): number {
    return this.#items.length;
  }

  peek(): EngineEvent | undefined {
    return this.#items[0];
  }

  push(body: EventBody, atMs: number, rank: number): void {
    const item: EngineEvent = { ...body, atMs, rank, order: this.#made };
    this.#made += 1;
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = items[up] as EngineEvent;
      if (!before(item, parent)) break;
      items[at] = parent;
      at = up;
    }
    items[at] = item;
  }

  pop(): EngineEvent | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (first === undefined || last === undefined || items.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && before(items[child + 1] as EngineEvent, items[child] as EngineEvent)) child += 1;
      if (!before(items[child] as EngineEvent, last)) break;
      items[at] = items[child] as EngineEvent;
      at = child;
    }
    items[at] = last;
    return first;
  }
}

function before(one: EngineEvent, other: EngineEvent): boolean {
  if (one.atMs !== other.atMs) return one.atMs < other.atMs;
  return one.rank === other.rank ? one.order < other.order : one.rank < other.rank;
}
