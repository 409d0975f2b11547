/**
 * One queue of a locality table entry, first in first out. Only its front is in memory: of each copy behind it the queue holds
 * three numbers, and the envelope stays in the store until the copy comes near the front. So a long backlog costs little.
 */
import { emptyFifo, type Fifo, giveBack, peek, push, shift } from './fifo.js';
import { appended, none, type Row } from './table.js';

/** What a queue wants to know of its copies. */
type Queued = Row & { readonly content: number; readonly envelope: { readonly sizeBytes: number } };

/** What the queue knows of a copy whose envelope is not in memory. */
export type ParkedCopy = { readonly id: number; readonly content: number; readonly sizeBytes: number };

export type CopyQueue<T extends Queued> = {
  /** The front, with envelopes. */
  readonly front: Fifo<T>;
  /** The copies behind it: id, content key and size of each, one after another, in full chunks and a tail. */
  readonly chunks: readonly (readonly number[])[];
  readonly tail: readonly number[];
  /** Index of the first parked copy in the first chunk (or the tail), in numbers. */
  readonly headAt: number;
  /** Parked copies. */
  readonly parked: number;
  /** Copies from the head of the parked ones that the store has been asked for. */
  readonly recalling: number;
  /** All copies of the queue. */
  readonly size: number;
};

/** Copies that the store is asked for at once. */
const mostAtOnce = 64;
const numbersEach = 3;
const chunkNumbers = 64 * numbersEach;

export function emptyCopyQueue<T extends Queued>(): CopyQueue<T> {
  return { front: emptyFifo(), chunks: none, tail: none, headAt: 0, parked: 0, recalling: 0, size: 0 };
}

/** The next copy; nothing if the queue is empty, or its front is on its way from the store. */
export function frontOf<T extends Queued>({ front }: CopyQueue<T>): T | undefined {
  return peek(front);
}

/** The same queue with another front. Field by field: every message passes here twice. */
function withFront<T extends Queued>(queue: CopyQueue<T>, front: Fifo<T>, change: number): CopyQueue<T> {
  const { chunks, tail, headAt, parked, recalling, size } = queue;
  return { front, chunks, tail, headAt, parked, recalling, size: size + change };
}

/** Appends a copy. @param inMemory copies that the front may hold. */
export function pushCopy<T extends Queued>(queue: CopyQueue<T>, copy: T, inMemory: number): CopyQueue<T> {
  const { front, chunks, tail, headAt, parked, recalling, size } = queue;
  if (parked === 0 && front.size < inMemory) return withFront(queue, push(front, copy), 1);
  const numbers = [copy.id, copy.content, copy.envelope.sizeBytes];
  const isFull = tail.length >= chunkNumbers;
  return {
    front,
    chunks: isFull ? appended(chunks, tail) : chunks,
    tail: isFull ? numbers : [...tail, ...numbers],
    headAt,
    parked: parked + 1,
    recalling,
    size: size + 1,
  };
}

/** The queue without its first copy. */
export function shiftCopy<T extends Queued>(queue: CopyQueue<T>): CopyQueue<T> {
  return queue.front.size === 0 ? queue : withFront(queue, shift(queue.front), -1);
}

/** Returns a copy to the place it was taken from. */
export function giveBackCopy<T extends Queued>(queue: CopyQueue<T>, copy: T): CopyQueue<T> {
  return withFront(queue, giveBack(queue.front, copy), 1);
}

/** The parked copies, in order, at most this many. */
export function parkedCopies<T extends Queued>(
  { chunks, tail, headAt, parked }: CopyQueue<T>,
  most: number,
): readonly ParkedCopy[] {
  const copies: ParkedCopy[] = [];
  const wanted = Math.min(most, parked);
  let at = headAt;
  for (let index = 0; copies.length < wanted; index += 1) {
    const numbers = chunks[index] ?? tail;
    for (; at < numbers.length && copies.length < wanted; at += numbersEach) {
      copies.push({ id: numbers[at] as number, content: numbers[at + 1] as number, sizeBytes: numbers[at + 2] as number });
    }
    at = 0;
  }
  return copies;
}

/**
 * The copies to ask the store for: none while the front is long enough, or an answer is awaited. The store reads them at one go and
 * the MTA waits meanwhile, so they are few; and it may keep their contents until they are sent, so they come late.
 */
export function toRecall<T extends Queued>(queue: CopyQueue<T>, inMemory: number): readonly ParkedCopy[] {
  const enough = inMemory / 8;
  if (queue.parked === 0 || queue.recalling > 0 || queue.front.size > enough) return none;
  return parkedCopies(queue, Math.max(1, Math.min(mostAtOnce, Math.ceil(enough))));
}

/** Notes that the store has been asked for so many copies. */
export function recalled<T extends Queued>(queue: CopyQueue<T>, count: number): CopyQueue<T> {
  return { ...queue, recalling: count };
}

/** Moves the copies that the store was asked for from the parked ones to the front. Those it does not have are missing in `found`. */
export function arrived<T extends Queued>(queue: CopyQueue<T>, found: readonly T[]): CopyQueue<T> {
  let { front, headAt } = queue;
  for (const copy of found) front = push(front, copy);
  headAt += queue.recalling * numbersEach;
  let skipped = 0;
  while (skipped < queue.chunks.length && headAt >= (queue.chunks[skipped] as readonly number[]).length) {
    headAt -= (queue.chunks[skipped] as readonly number[]).length;
    skipped += 1;
  }
  const chunks = skipped === 0 ? queue.chunks : queue.chunks.slice(skipped);
  const isEmpty = chunks.length === 0 && headAt >= queue.tail.length;
  return {
    front,
    chunks,
    tail: isEmpty ? none : queue.tail,
    headAt: isEmpty ? 0 : headAt,
    parked: queue.parked - queue.recalling,
    recalling: 0,
    size: queue.size - queue.recalling + found.length,
  };
}
