import { deepStrictEqual as deepEqual, strictEqual as equal, ok } from 'node:assert';
import {
  arrived,
  type CopyQueue,
  emptyCopyQueue,
  emptyFifo,
  frontOf,
  giveBack,
  giveBackCopy,
  parkedCopies,
  peek,
  push,
  pushCopy,
  recalled,
  rowsOf,
  shift,
  shiftCopy,
  toRecall,
} from '@mtalab/mta-core';
import fc from 'fast-check';
import { test } from 'tap';

test('rows leave in order, and returned rows leave first, in their old order', (t) => {
  let fifo = emptyFifo<{ id: number }>();
  for (let id = 1; id <= 100; id += 1) fifo = push(fifo, { id });
  const taken = [];
  for (let count = 0; count < 70; count += 1) {
    taken.push(peek(fifo)?.id);
    fifo = shift(fifo);
  }
  t.same(
    taken,
    Array.from({ length: 70 }, (_, index) => index + 1),
  );
  fifo = giveBack(giveBack(fifo, { id: 70 }), { id: 33 });
  t.equal(fifo.size, 32);
  t.same(
    [...rowsOf(fifo)].map((row) => row.id),
    [33, 70, ...Array.from({ length: 30 }, (_, index) => index + 71)],
  );
  while (fifo.size > 0) fifo = shift(fifo);
  t.equal(peek(fifo), undefined);
  t.same(fifo, emptyFifo());
  t.end();
});

type Copy = { readonly id: number; readonly content: number; readonly envelope: { readonly sizeBytes: number } };
const copyOf = (id: number): Copy => ({ id, content: id + 1000, envelope: { sizeBytes: id % 7 } });

/** What a test does to a queue and to an array that models it. */
type Act = 'push' | 'take' | 'return' | 'ask' | 'answer';

test('a queue with few envelopes in memory is the queue that an array would be', (t) => {
  const acts = fc.array(fc.constantFrom<Act>('push', 'push', 'push', 'take', 'take', 'return', 'ask', 'answer'), {
    maxLength: 400,
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), acts, (inMemory, list) => {
      let queue: CopyQueue<Copy> = emptyCopyQueue();
      let model: number[] = [];
      const taken: Copy[] = [];
      let asked: readonly number[] = [];
      let next = 1;
      for (const act of list) {
        const front = frontOf(queue);
        if (act === 'push') {
          queue = pushCopy(queue, copyOf(next), inMemory);
          model.push(next);
          next += 1;
        } else if (act === 'take' && front !== undefined) {
          equal(front.id, model.shift(), 'in order');
          taken.push(front);
          queue = shiftCopy(queue);
        } else if (act === 'return' && taken.length > 0) {
          const [back] = taken.splice(taken.length - 1, 1) as [Copy];
          queue = giveBackCopy(queue, back);
          model = [...model, back.id].sort((one, other) => one - other);
        } else if (act === 'ask' && asked.length === 0) {
          const parked = toRecall(queue, inMemory);
          asked = parked.map(({ id }) => id);
          ok(
            parked.every(({ id, content, sizeBytes }) => content === id + 1000 && sizeBytes === id % 7),
            'three numbers of each',
          );
          queue = recalled(queue, asked.length);
        } else if (act === 'answer' && asked.length > 0) {
          // The store has lost every fifth message.
          const isHere = (id: number): boolean => id % 5 !== 0;
          queue = arrived(queue, asked.filter(isHere).map(copyOf));
          model = model.filter((id) => isHere(id) || !asked.includes(id));
          asked = [];
        }
        equal(queue.size, model.length);
        const seen = [...rowsOf(queue.front), ...parkedCopies(queue, Number.POSITIVE_INFINITY)].map(({ id }) => id);
        deepEqual(seen, model);
      }
    }),
    { numRuns: 200 },
  );
  t.pass('200 lists of acts');
  t.end();
});
