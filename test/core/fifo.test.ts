import { emptyFifo, giveBack, peek, push, rowsOf, shift } from '@mtalab/mta-core';
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
