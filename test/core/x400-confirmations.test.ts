/** The X.400 connector confirms checkpoints in order, and each for its own activity, however late the disk takes them. */
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

const timeoutS = 4;

/** A gives an activity up because B's disk is slow, and begins it again. The writes of both attempts are under way. */
function begunAgain(): { readonly lab: PureLab; readonly answers: string[]; readonly first: number; readonly second: number } {
  const settings = { checkpointSizeK: 1, windowSize: 1, transferTimeoutNormalSPerK: 1, transferRetryIntervalS: 1 };
  const lab = new PureLab(['A', 'B'], settings, {}, withLink('x400'));
  const answers: string[] = [];
  lab.hooks = {
    onFrame: ({ frame }) => {
      if (frame.link !== 'x400') return true;
      if (frame.frame.type === 'minor-sync-ack') answers.push(`checkpoint ${frame.frame.checkpoint}`);
      if (frame.frame.type === 'activity-end-ack') answers.push(`end ${frame.frame.checkpoint}`);
      if (frame.frame.type === 'exception') answers.push('exception');
      return true;
    },
  };
  lab.heldStores.add('B');
  lab.submit('A', 'm1', ['x@b.example'], { sizeBytes: timeoutS * 1024 });
  lab.settle();
  lab.pass(timeoutS * 1000 + 1000);
  const [first = 0, second = 0] = rowsIn(lab.mta('B').stores).map(({ id }) => id);
  return { lab, answers, first, second };
}

function goOn(lab: PureLab): void {
  lab.heldStores.delete('B');
  lab.storeDone('B');
  lab.settle();
}

test('a checkpoint of an activity that was given up confirms nothing of the next attempt', (t) => {
  const { lab, answers, first, second } = begunAgain();
  t.ok(second > first, 'both attempts are being written');
  lab.input('B', { type: 'stored', token: first });
  lab.settle();
  t.same(answers, []);
  lab.input('B', { type: 'stored', token: second });
  lab.settle();
  t.same(answers, ['checkpoint 1']);
  goOn(lab);
  t.equal(lab.deliveries.length, 1);
  t.end();
});

test('nor does a write that fails refuse the next attempt', (t) => {
  const { lab, answers, first } = begunAgain();
  lab.input('B', { type: 'store-failed', token: first, failure: 'io', detail: 'EIO' });
  lab.settle();
  t.same(answers, []);
  goOn(lab);
  t.same(answers, ['checkpoint 1', 'checkpoint 2', 'checkpoint 3', 'checkpoint 4', 'end 5']);
  t.equal(lab.deliveries.length, 1);
  t.end();
});
