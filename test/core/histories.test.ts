/** Random histories, see `histories.ts`. `SEEDS=from-to` runs others than the usual ones. */
import { test } from 'tap';
import { failureOf, type HistoryOptions } from './histories.js';

const kinds: readonly (readonly [what: string, options: HistoryOptions, seeds: number])[] = [
  ['losses, crashes and slow disks', { crashes: true }, 500],
  ['losses that one side notices late', { crashes: true, lateNotice: true }, 500],
  ['stops in order and starts', { stops: true, lateNotice: true }, 300],
  ['with Q166594 mail may stick, but none is lost or doubled', { legacy: true, crashes: true }, 200],
];

/** Seeds that once found a fault: a second association for urgent mail alone, a close that overtook segments, a delivery begun too late. */
const remembered: readonly (readonly [seed: number, options: HistoryOptions])[] = [
  [658, { crashes: true, lateNotice: true }],
  [1346, { crashes: true, lateNotice: true }],
  [2406, { crashes: true, lateNotice: true }],
  [19, { stops: true, lateNotice: true }],
  [4333, { stops: true, lateNotice: true }],
];

const range = /^(\d+)-(\d+)$/.exec(process.env.SEEDS ?? '');

for (const [what, options, seeds] of kinds) {
  test(what, (t) => {
    const [from, to] = range === null ? [1, seeds] : [Number(range[1]), Number(range[2])];
    const failures: string[] = [];
    for (let seed = from; seed <= to && failures.length < 3; seed += 1) {
      const failure = failureOf(seed, options);
      if (failure !== null) failures.push(failure);
    }
    t.same(failures, []);
    t.end();
  });
}

test('seeds that once found a fault', (t) => {
  for (const [seed, options] of remembered) t.equal(failureOf(seed, options), null);
  t.end();
});
