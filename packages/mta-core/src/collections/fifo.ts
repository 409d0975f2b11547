/**
 * A persistent first-in first-out queue of rows with rising ids. Rows sit in chunks of 32, and the newest chunk is kept apart, so a
 * push copies that chunk alone, however long the queue is. A row that comes back (its transfer was interrupted) goes into a tree
 * in front, and leaves again first, in its old order.
 */
import { appended, type Row } from './table.js';
import { dropRow, emptyTree, firstRow, putRow, rowsIn, type Tree } from './tree.js';

const chunkRows = 32;

export type Fifo<T extends Row> = {
  /** Rows that came back, in order of their ids. */
  readonly returned: Tree<T>;
  /** Index of the first row still queued in the first chunk. The tail is the first chunk where there is no other. */
  readonly headAt: number;
  /** Full chunks. */
  readonly chunks: readonly (readonly T[])[];
  /** The newest rows, at most a chunk. */
  readonly tail: readonly T[];
  readonly size: number;
};

export function emptyFifo<T extends Row>(): Fifo<T> {
  return { returned: emptyTree(), headAt: 0, chunks: [], tail: [], size: 0 };
}

export function peek<T extends Row>(fifo: Fifo<T>): T | undefined {
  return fifo.returned.size === 0 ? firstFresh(fifo) : firstRow(fifo.returned);
}

export function push<T extends Row>(fifo: Fifo<T>, row: T): Fifo<T> {
  const { returned, headAt, chunks, tail, size } = fifo;
  if (tail.length < chunkRows) return { returned, headAt, chunks, tail: appended(tail, row), size: size + 1 };
  return { returned, headAt, chunks: appended(chunks, tail), tail: [row], size: size + 1 };
}

/** The queue without its first row. */
export function shift<T extends Row>(fifo: Fifo<T>): Fifo<T> {
  const { returned, chunks, tail, size } = fifo;
  if (size === 0) return fifo;
  const first = returned.size === 0 ? undefined : firstRow(returned);
  if (first !== undefined) return { ...fifo, returned: dropRow(returned, first.id), size: size - 1 };
  const headAt = fifo.headAt + 1;
  const chunk = chunks[0];
  if (headAt < (chunk ?? tail).length) return { returned, headAt, chunks, tail, size: size - 1 };
  return chunk === undefined
    ? { returned, headAt: 0, chunks, tail: [], size: size - 1 }
    : { returned, headAt: 0, chunks: chunks.slice(1), tail, size: size - 1 };
}

/** Returns a row to the place it was taken from. */
export function giveBack<T extends Row>(fifo: Fifo<T>, row: T): Fifo<T> {
  return { ...fifo, returned: putRow(fifo.returned, row), size: fifo.size + 1 };
}

/** The first row that never came back: the lowest id of those still to be taken the first time. */
export function firstFresh<T extends Row>(fifo: Fifo<T>): T | undefined {
  return (fifo.chunks[0] ?? fifo.tail)[fifo.headAt];
}

export function* rowsOf<T extends Row>(fifo: Fifo<T>): Generator<T> {
  yield* rowsIn(fifo.returned);
  let from = fifo.headAt;
  for (const chunk of [...fifo.chunks, fifo.tail]) {
    for (let at = from; at < chunk.length; at += 1) yield chunk[at] as T;
    from = 0;
  }
}
