/** The X.400 connector confirms checkpoints in order, whatever the order in which the disk takes them. */
import { rowsIn } from '@mtalab/mta-core';
import { test } from 'tap';
import { PureLab, withLink } from '../support/purelab.js';

test('a checkpoint on disk waits for the earlier ones, and one confirmation covers them all', (t) => {
  const lab = new PureLab(['A', 'B'], { checkpointSizeK: 1, windowSize: 3 }, {}, withLink('x400'));
  const confirmed: number[] = [];
  lab.hooks = {
    onFrame: ({ frame }) => {
      if (frame.link === 'x400' && frame.frame.type === 'minor-sync-ack') confirmed.push(frame.frame.checkpoint);
      return true;
    },
  };
  lab.heldStores.add('B');
  lab.submit('A', 'm1', ['x@b.example'], { sizeBytes: 4000 });
  lab.settle();
  const [first, second, third] = rowsIn(lab.mta('B').stores).map(({ id }) => id);
  const onDisk = (token: number | undefined): void => {
    lab.input('B', { type: 'stored', token: token as number });
    lab.settle();
  };
  t.same(confirmed, [], 'three segments have come, and none is on disk');
  onDisk(second);
  t.same(confirmed, [], 'the second one must not confirm the first');
  onDisk(first);
  t.same(confirmed, [2]);
  onDisk(third);
  t.same(confirmed, [2, 3]);
  lab.heldStores.delete('B');
  lab.storeDone('B');
  lab.settle();
  t.equal(lab.deliveries.length, 1);
  t.end();
});
