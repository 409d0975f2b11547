/** The arithmetic of the load generator against a simple independent reckoning, and faults planted in it, which must be found. */
import * as real from '@mtalab/harness/internal';
import { chance } from '@mtalab/scenario';
import { test } from 'tap';
import { type Arithmetic, FaultyGenerators, type PlantedFault } from './generator-with-fault.js';
import { countedWrongly } from './reckoning.js';
import { fewestSequences, judgedWrongly, sha256 } from './verdicts.js';

type Stages = Parameters<typeof real.startTimes>[0];

/** The area below the rate until an instant, by small steps: how many starts there should have been. */
function areaUntil(stages: Stages, untilS: number): number {
  const stepS = 0.002;
  let area = 0;
  for (let atS = stepS / 2; atS < untilS; atS += stepS) {
    let beginS = 0;
    for (const { from, to, seconds } of stages) {
      if (atS >= beginS && atS < beginS + seconds) area += stepS * (from + ((to - from) * (atS - beginS)) / seconds);
      beginS += seconds;
    }
  }
  return area;
}

/** Where the starts differ from what the stages say. */
function scheduledWrongly({ startTimes }: Pick<Arithmetic, 'startTimes'>): readonly string[] {
  const problems: string[] = [];
  const plans: readonly Stages[] = [
    [{ from: 100, to: 100, seconds: 3 }],
    [
      { from: 0, to: 200, seconds: 2 },
      { from: 200, to: 50, seconds: 2 },
    ],
    [
      { from: 0, to: 0, seconds: 2 },
      { from: 10, to: 10, seconds: 1 },
    ],
  ];
  for (const stages of plans) {
    const lengthS = stages.reduce((sum, { seconds }) => sum + seconds, 0);
    const times = [...startTimes(stages, 'constant', chance(1))];
    for (let atS = 0.25; atS <= lengthS; atS += 0.25) {
      const starts = times.filter((time) => time < atS).length;
      if (Math.abs(starts - areaUntil(stages, atS)) > 1.01) problems.push(`${starts} starts until ${atS} s`);
    }
    const random = [...startTimes(stages, 'poisson', chance(7))];
    const expected = areaUntil(stages, lengthS);
    if (Math.abs(random.length - expected) > 5 * Math.sqrt(expected) + 1)
      problems.push(`${random.length} starts by chance, not about ${expected}`);
    for (const list of [times, random])
      if (list.some((time, at) => time < (list[at - 1] ?? 0) || time > lengthS))
        problems.push('starts are not in order, or after the end');
  }
  return problems;
}

/** What the reckoning finds wrong, one by one. */
function* problemsOf(arithmetic: Arithmetic): Iterable<string> {
  for (const seed of [1, 2, 3]) {
    yield* countedWrongly(arithmetic, seed);
    for (const knowsPlaces of [true, false]) yield* judgedWrongly(arithmetic, seed, knowsPlaces);
  }
  yield* orderWrongly(arithmetic);
  yield* scheduledWrongly(arithmetic);
}

/** Shuffled lists, of which the check must say whether so many sequences are enough. */
function orderWrongly({ OrderCheck }: Pick<Arithmetic, 'OrderCheck'>): readonly string[] {
  const draw = chance(5);
  return Array.from({ length: 60 }).flatMap(() => {
    const list = Array.from({ length: 12 }, (_, at) => at);
    for (let swaps = draw.below(12); swaps > 0; swaps -= 1) {
      const [one, other] = [draw.below(12), draw.below(12)];
      [list[one], list[other]] = [list[other] as number, list[one] as number];
    }
    const needed = fewestSequences(list);
    return [1, 2, 3, 4].flatMap((sequences) => {
      const check = new OrderCheck(sequences);
      for (const place of list) check.arrived(place);
      return (check.outOfOrder === 0) === needed <= sequences ? [] : [`${list.join(' ')} in ${sequences}: ${check.outOfOrder}`];
    });
  });
}

test('the generator counts what a simple reckoning counts', (t) => {
  t.same([...problemsOf(real)], []);
  t.end();
});

const planted: readonly PlantedFault[] = [
  {
    name: 'a sample is dropped',
    file: 'latencies.ts',
    find: 'this.#histogram.recordValue(',
    replace: 'if (this.#count % 50 !== 7) this.#histogram.recordValue(',
  },
  {
    name: 'a late start is not counted',
    file: 'recorder.ts',
    find: 'if (startMs - intendedMs <= this.#toleranceMs) return;',
    replace: 'if (startMs - intendedMs <= this.#toleranceMs * 2) return;',
  },
  {
    name: 'corrected is counted from the real start',
    file: 'recorder.ts',
    find: 'set.corrected.record(atMs - intendedMs);',
    replace: 'set.corrected.record(atMs - startMs);',
  },
  {
    name: 'raw is counted from the intended start',
    file: 'recorder.ts',
    find: 'set.raw.record(atMs - startMs);',
    replace: 'set.raw.record(atMs - intendedMs);',
  },
  {
    name: 'a dropped start counts as started',
    file: 'recorder.ts',
    find: 'this.counts.dropped += count;',
    replace: 'this.counts.started += count;',
  },
  { name: 'an interval keeps its latencies', file: 'recorder.ts', find: 'this.#interval.corrected.reset();', replace: '' },
  {
    name: 'a delivery before the answer is forgotten',
    file: 'correlation.ts',
    find: 'else this.#delivered(message, atMs);',
    replace: '',
  },
  { name: 'a second notice counts again', file: 'correlation.ts', find: 'this.#outstanding.delete(mtsId);', replace: '' },
  {
    name: 'a ramp is a step',
    file: 'schedule.ts',
    find: 'const slope = (to - from) / seconds;',
    replace: 'const slope = 0 * (to - from);',
  },
  { name: 'the second stage begins with the first', file: 'schedule.ts', find: 'secondsBefore += stage.seconds;', replace: '' },
  { name: 'a duplicate is not counted', file: 'reckon.ts', find: 'duplicated += 1;', replace: '' },
  {
    name: 'the content is not compared',
    file: 'reckon.ts',
    find: 'if (!index.hasDigest(at, sha256)) damaged += 1;',
    replace: '',
  },
  {
    name: 'what is delivered counts as queued too',
    file: 'reckon.ts',
    find: 'times[at] === 0 && evidence.queued',
    replace: 'evidence.queued',
  },
  {
    name: 'a lost message is forgotten',
    file: 'reckon.ts',
    find: 'lost: Math.max(0, missing - evidence.reports)',
    replace: 'lost: 0',
  },
  {
    name: 'an unknown submission is forgotten',
    file: 'reckon.ts',
    find: 'message.place ?? submissions.get(message.number)',
    replace: 'message.place ?? undefined',
  },
  { name: 'any order is right', file: 'order.ts', find: 'else this.#outOfOrder += 1;', replace: '' },
  { name: 'a sequence takes what comes', file: 'order.ts', find: 'tail < place', replace: 'tail !== place' },
];

test('planted faults in the arithmetic are found', async (t) => {
  using generators = new FaultyGenerators();
  for (const fault of planted) {
    const [problem] = problemsOf(await generators.with(fault));
    t.ok(problem !== undefined, `${fault.name}: ${problem ?? 'nobody sees it'}`);
  }
  const gone = { name: 'gone', file: 'order.ts', find: 'no such text', replace: '' };
  await t.rejects(generators.with(gone), /'gone' does not fit: .* packages\/harness\/src\/load\/order\.ts/);
});

test('what was submitted is read back from its file', (t) => {
  const path = `${t.testdir()}/sent`;
  const log = new real.SentLog(path);
  const messages = Array.from(
    { length: 2500 },
    (_, at): real.SentMessage => ({
      number: at + 1,
      way: at % 2,
      priority: at % 3 === 0 ? 'urgent' : 'non-urgent',
      place: at % 100 === 0 ? null : 2 ** 40 + at,
      sha256: sha256(String(at)),
    }),
  );
  for (const message of messages) log.add(message);
  t.same(
    Array.from(log.read(), (each) => ({ ...each, sha256: Buffer.from(each.sha256).toString('hex') })),
    messages.map((each) => ({ ...each, sha256: Buffer.from(each.sha256).toString('hex') })),
  );
  log.close();
  t.throws(() => new real.SentLog(path), /EEXIST/, 'no file of another run is taken over');
  t.same(real.placeOf('c=lab;mta=MTA-A;3-17'), { mta: 'MTA-A', place: 3 * 2 ** 32 + 17 });
  t.equal(real.placeOf('something else'), null);
  t.end();
});

test('the order has as many sequences as there were associations and recoveries', (t) => {
  const counts = (open: number, opened: number, recoveries: number) => ({ open, opened, recoveries });
  const before = new Map([
    ['MTA-A', counts(1, 1, 0)],
    ['MTA-B', counts(1, 1, 0)],
  ]);
  t.equal(real.sequencesBetween(before, before), 1);
  t.equal(
    real.sequencesBetween(
      before,
      new Map([
        ['MTA-A', counts(3, 3, 2)],
        ['MTA-B', counts(3, 3, 1)],
      ]),
    ),
    6,
  );
  t.equal(real.sequencesBetween(before, new Map([['MTA-A', counts(1, 1, 0)]])), Number.POSITIVE_INFINITY, 'one end does not say');
  t.equal(
    real.sequencesBetween(
      before,
      new Map([
        ['MTA-A', counts(1, 0, 0)],
        ['MTA-B', counts(1, 1, 0)],
      ]),
    ),
    Number.POSITIVE_INFINITY,
    'a new process',
  );
  t.equal(real.sequencesBetween(new Map(), new Map()), Number.POSITIVE_INFINITY);
  t.end();
});
