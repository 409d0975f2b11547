/**
 * A persistent first-in first-out queue of rows with rising ids: chunks of at most 32 rows, so that a queue of a hundred
 * thousand costs no more than a short copy at each end. What comes back (a transfer was interrupted) goes into a small
 * sorted list in front and leaves again first, in its old order.
 */
import { type Row, type Table, withoutRow, withRow } from './table.js';

const chunkRows = 32;

export type Fifo<T extends Row> = {
  /** Rows that came back, in order of their ids. */
  readonly returned: Table<T>;
  /** Rows of the first chunk are gone up to here. */
  readonly headAt: number;
  readonly chunks: readonly (readonly T[])[];
  readonly size: number;
};

export function emptyFifo<T extends Row>(): Fifo<T> {
  return { returned: [], headAt: 0, chunks: [], size: 0 };
}

export function peek<T extends Row>(fifo: Fifo<T>): T | undefined {
  return fifo.returned[0] ?? fifo.chunks[0]?.[fifo.headAt];
}

export function push<T extends Row>(fifo: Fifo<T>, row: T): Fifo<T> {
  const { returned, headAt, size } = fifo;
  const chunks = fifo.chunks.slice();
  const last = chunks.at(-1);
  if (last !== undefined && last.length < chunkRows) {
    const copy = last.slice();
    copy.push(row);
    chunks[chunks.length - 1] = copy;
  } else chunks.push([row]);
  return { returned, headAt, chunks, size: size + 1 };
}

/** The queue without its first row. */
export function shift<T extends Row>(fifo: Fifo<T>): Fifo<T> {
  const { returned, chunks, size } = fifo;
  const first = returned[0];
  if (first !== undefined) return { returned: withoutRow(returned, first.id), headAt: fifo.headAt, chunks, size: size - 1 };
  const chunk = chunks[0];
  if (chunk === undefined) return fifo;
  const headAt = fifo.headAt + 1;
  if (headAt < chunk.length) return { returned, headAt, chunks, size: size - 1 };
  return { returned, headAt: 0, chunks: chunks.slice(1), size: size - 1 };
}

/** Give a row back to where it was taken from. */
export function giveBack<T extends Row>(fifo: Fifo<T>, row: T): Fifo<T> {
  return { ...fifo, returned: withRow(fifo.returned, row), size: fifo.size + 1 };
}

export function* rowsOf<T extends Row>(fifo: Fifo<T>): Generator<T> {
  yield* fifo.returned;
  for (const [index, chunk] of fifo.chunks.entries()) {
    for (let at = index === 0 ? fifo.headAt : 0; at < chunk.length; at += 1) yield chunk[at] as T;
  }
}
