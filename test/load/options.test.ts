/** What a load takes: schedules, sizes, faults and thresholds, right and wrong; and how its outcome is judged and shown. */
import {
  type LatencySummary,
  type LoadOptions,
  type LoadProgress,
  type LoadSample,
  loadMetrics,
  parseLoadFault,
  parsePriorities,
  parseSeconds,
  parseSize,
  parseStages,
  parseThreshold,
  planLoad,
} from '@mtalab/harness';
import {
  countsOf,
  judgeThreshold,
  LoadMessages,
  type Measured,
  startTimes,
  turnHolders,
  verdictOf,
} from '@mtalab/harness/internal';
import { chance } from '@mtalab/scenario';
import { LoadDisplay, queueBar } from 'mtalab/internal';
import { test } from 'tap';

const names = ['MTA-A', 'MTA-B'];

test('texts of options', (t) => {
  t.same(
    ['10s', '500ms', '2min', '1h', '0s'].map((text) => parseSeconds('duration', text)),
    [10, 0.5, 120, 3600, 0],
  );
  t.same(parseStages('0:1000:10s,1000:5000:500ms'), [
    { from: 0, to: 1000, seconds: 10 },
    { from: 1000, to: 5000, seconds: 0.5 },
  ]);
  t.same(parseSize('1024'), { least: 1024, most: 1024 });
  t.same(parseSize('512-16384'), { least: 512, most: 16384 });
  t.same(parsePriorities('urgent:1,normal:8,non-urgent:1'), { urgent: 1, normal: 8, 'non-urgent': 1 });
  t.same(parsePriorities('urgent'), { urgent: 1 });
  for (const [read, text, error] of [
    [(text: string) => parseSeconds('duration', text), '10', /^duration: expected a time/],
    [(text: string) => parseSeconds('duration', text), '25h', /^duration: expected a time of at most 24h/],
    [parseStages, '0:10', /^stage: expected rates .* not "0:10"/],
    [parseStages, '0:10:5s,x:1:1s', /not "x:1:1s"/],
    [parseSize, '20-10', /^size: expected/],
    [parsePriorities, 'urgent:1,urgent:2', /^priority: expected each/],
    [parsePriorities, 'high', /not "high"/],
    [parsePriorities, 'urgent:0', /every weight is 0/],
  ] as const)
    t.throws(() => read(text), { message: error }, text);
  t.end();
});

test('options that make no sense are errors that name them', (t) => {
  const wrong: readonly (readonly [LoadOptions, RegExp])[] = [
    [{}, /needs a rate, stages, or a number in flight/],
    [{ rate: 5 }, /would never end/],
    [{ inFlight: 5 }, /would never end/],
    [{ rate: 0, count: 1 }, /^rate: must be above 0/],
    [{ rate: -1, count: 1 }, /^rate: expected a number of at least 0, got -1/],
    [{ rate: 5, stages: [{ from: 1, to: 1, seconds: 1 }] }, /^rate: the stages say/],
    [{ stages: [], durationS: 5 }, /^durationS: the stages say/],
    [{ stages: [] }, /^stages: expected a list/],
    [{ rate: 5, count: 1.5 }, /^count: expected a whole number/],
    [{ rate: 1_000_000, durationS: 3600 }, /3600000000 starts; the limit is 10000000/],
    [{ rate: 5, count: 1, sizeBytes: 10 }, /^sizeBytes: a generated message needs \d+ octets/],
    [{ rate: 5, count: 1, sizeBytes: 1024, mail: 'x' }, /^sizeBytes: real mail has its own sizes/],
    [{ rate: 5, count: 1, from: 'MTA-C' }, /^from: unknown MTA 'MTA-C'/],
    [{ rate: 5, count: 1, from: 'MTA-B', to: 'MTA-B' }, /^to: MTA-B is the sender/],
    [{ rate: 5, count: 1, priorities: { normal: 0 } }, /^priorities: every weight is 0/],
    [{ rate: 5, count: 1, faults: ['at 5 cut'] }, /^fault "at 5 cut": expected a time/],
    [{ rate: 5, count: 1, thresholds: ['p99'] }, /^threshold "p99": expected a metric/],
    [{ rate: 5, count: 1, tresholds: [] } as LoadOptions, /^unknown option 'tresholds'; did you mean thresholds/],
    [{ rate: 5, count: 1, bothWays: 1 } as unknown as LoadOptions, /^bothWays: expected true or false/],
  ];
  for (const [options, message] of wrong) t.throws(() => planLoad(options, names, 1), { message }, message.source);
  t.throws(() => planLoad({ rate: 5, count: 1 }, ['MTA-A'], 1), /a load needs two MTAs/);
  t.same(planLoad({ rate: 5, count: 3, bothWays: true }, names, 7), {
    ...planLoad({ rate: 5, count: 3 }, names, 7),
    ways: [names, [...names].reverse()],
    warmUp: true,
  });
  t.equal(planLoad({ rate: 5, count: 3 }, names, 7).seed, 7);
  t.end();
});

test('faults at times and states', (t) => {
  const start = { when: 'start' } as const;
  const right = {
    'cut before turn-give 1': [start, { do: 'arm', fault: 'cut before turn-give 1' }],
    'at 10s cut': [{ when: 'time', seconds: 10 }, { do: 'cut' }],
    'at 1s cut after rttr 2': [
      { when: 'time', seconds: 1 },
      { do: 'arm', fault: 'cut after rttr 2' },
    ],
    'at 500ms network silent': [
      { when: 'time', seconds: 0.5 },
      { do: 'network', state: 'silent' },
    ],
    'at 10s suspend MTA-B for 5s': [
      { when: 'time', seconds: 10 },
      { do: 'suspend', mta: 'MTA-B', seconds: 5 },
    ],
    'at 10s suspend MTA-B': [
      { when: 'time', seconds: 10 },
      { do: 'suspend', mta: 'MTA-B', seconds: null },
    ],
    'at 0s kill MTA-A': [
      { when: 'time', seconds: 0 },
      { do: 'kill', mta: 'MTA-A' },
    ],
    'when turn-give 3 cut': [start, { do: 'arm', fault: 'cut before turn-give 3' }],
    'when turn-give cut after from MTA-A': [start, { do: 'arm', fault: 'cut after turn-give from MTA-A' }],
    'when rttr 2 hold': [start, { do: 'arm', fault: 'hold rttr 2' }],
    'when confirm 2 delay 500': [start, { do: 'arm', fault: 'delay confirm 2 500' }],
    'when queued 100 network down': [
      { when: 'state', state: 'queued', least: 100 },
      { do: 'network', state: 'down' },
    ],
    'when delivered 5 restart MTA-B': [
      { when: 'state', state: 'delivered', least: 5 },
      { do: 'restart', mta: 'MTA-B' },
    ],
  };
  for (const [text, [trigger, action]] of Object.entries(right))
    t.same(parseLoadFault(text, names), { text, trigger, action }, text);
  for (const [text, message] of [
    ['at soon cut', /expected a time/],
    ['at 1s', /expected a fault/],
    ['at 1s blurb', /expected a fault/],
    ['at 1s suspend MTA-C', /expected the name of an MTA \(MTA-A, MTA-B\), found "MTA-C"/],
    ['at 1s suspend MTA-B until 5s', /expected suspend MTA for TIME/],
    ['at 1s network sideways', /expected network up, silent, down/],
    ['when', /expected a fault such as/],
    ['when turn-giv 3 cut', /turn-give/],
    ['when queued many cut', /expected a number after queued/],
    ['when turn-give 3', /expected a fault/],
  ] as const)
    t.throws(() => parseLoadFault(text, names), { message }, text);
  t.end();
});

const none: LatencySummary = { count: 0, minMs: 0, meanMs: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, p999Ms: 0, maxMs: 0 };
const some: LatencySummary = { count: 4, minMs: 1, meanMs: 50, p50Ms: 20, p90Ms: 90, p99Ms: 150, p999Ms: 160, maxMs: 170 };

function sampleOf(queued: number, associations: number, nobody = 0, answers = true): LoadSample {
  const mta = {
    answers,
    queued,
    queuedPerAssociation: queued,
    oldestS: 2,
    associations,
    turnsGiven: 3,
    rssBytes: 2 ** 20,
    cpuS: 0.5,
  };
  return {
    atS: 1,
    lengthS: 1,
    intended: 4,
    started: 4,
    late: 0,
    accepted: 4,
    delivered: 4,
    corrected: some,
    raw: none,
    mtas: names.map((name) => ({ mta: name, ...mta })),
    turn: { held: {}, passing: 0, nobody },
  };
}

function runOf(change: Partial<Measured> = {}): Measured {
  const latencies = { corrected: some, raw: none, accept: some };
  return {
    latencies,
    byPriority: { urgent: latencies, normal: latencies, 'non-urgent': { corrected: none, raw: none, accept: none } },
    counts: countsOf(
      {
        intended: 4,
        started: 4,
        late: 1,
        ownLate: 0,
        ownLateMs: 0,
        dropped: 0,
        accepted: 4,
        refused: 0,
        unanswered: 0,
        delivered: 4,
      },
      null,
    ),
    rates: { intended: 10, accepted: 10, delivered: 1200, deliveredOctets: 5000, turnsGiven: 2 },
    seconds: { load: 1, delivering: 2, drain: null },
    samples: [sampleOf(5, 1), sampleOf(40, 3, 1)],
    checks: [{ name: 'ledgers', passed: true, text: '' }],
    ...change,
  } as Measured;
}

test('thresholds', (t) => {
  const cases: readonly (readonly [string, boolean, number | null])[] = [
    ['p99<200ms', true, 150],
    ['p99 < 150', false, 150],
    ['p99<=150', true, 150],
    ['p99<0.15s', false, 150],
    ['max>=170ms', true, 170],
    ['mean!=50', false, 50],
    ['raw.p99<1s', false, null],
    ['accept.p50<1s', true, 20],
    ['urgent.p99<1s', true, 150],
    ['non-urgent.p99<1s', false, null],
    ['lost==0', true, 0],
    ['associations<=3', true, 3],
    ['associations<3', false, 3],
    ['queue<40', false, 40],
    ['oldest<=2s', true, 2000],
    ['rss<1MiB', false, 2 ** 20],
    ['cpu<1s', true, 500],
    ['rate>=1k', true, 1200],
    ['rate>1200/s', false, 1200],
    ['late<=1', true, 1],
    ['turn-lost==0', false, 1],
    ['drain<10s', false, null],
  ];
  for (const [text, passed, value] of cases) {
    const outcome = judgeThreshold(parseThreshold(text), runOf());
    t.match(outcome, { threshold: text, passed, value }, text);
    if (value === null) t.match(outcome.text, /has no sample/);
  }
  for (const [text, change] of [
    ['associations<=3', { samples: [] }],
    ['turn-lost==0', { samples: [] }],
    ['queue<100', { samples: [sampleOf(1, 1, 0, false)] }],
    ['lost==0', { checks: [{ name: 'ledgers', passed: false, text: '' }] }],
    ['lost==0', { counts: { ...runOf().counts, accepted: 0 } }],
    ['late==0', { counts: { ...runOf().counts, intended: 0, late: 0 } }],
    ['rate>=0', { seconds: { load: 0, delivering: 0, drain: 0 } }],
  ] as const)
    t.match(judgeThreshold(parseThreshold(text), runOf(change)), { passed: false, value: null }, `${text} without a sample`);
  for (const [text, message] of [
    ['p99=200', /expected a metric, one of <= >= == != < >, and a number, such as .* The metrics: min, mean, p50/],
    ['p98<200', /unknown metric p98; did you mean .* The metrics: .*lost/],
    ['lost<5ms', /lost has no unit ms/],
    ['p99<5KiB', /p99 has no unit KiB; it takes a number, or one with us, ms, s, min/],
    ['p99<', /expected a metric/],
    ['', /expected a metric/],
  ] as const)
    t.throws(() => parseThreshold(text), { message }, text);
  for (const [name, { meaning }] of loadMetrics) t.match(meaning, /\w/, `${name} has a meaning`);
  t.end();
});

test('the verdict: a failed check, then an unknown outcome, then a missed threshold', (t) => {
  const cases = [
    [{ checksFailed: true, unknown: true, missed: true }, 'check-failed', 1],
    [{ checksFailed: false, unknown: true, missed: true }, 'unknown', 3],
    [{ checksFailed: false, unknown: false, missed: true }, 'threshold-missed', 99],
    [{ checksFailed: false, unknown: false, missed: false }, 'passed', 0],
  ] as const;
  for (const [found, verdict, exitCode] of cases) t.same(verdictOf(found), { verdict, exitCode });
  t.end();
});

test('who holds the Turn', (t) => {
  const side = (mta: string, turn: string, moved = 1, state = 'open') => ({
    mta,
    turn,
    moved,
    recovery: 0,
    state,
    believes: turn === 'held' ? 'mine' : 'theirs',
  });
  const joined = (name: string, one: object, other: object, turn: string) =>
    ({ name, between: names, sides: [one, other], unanswered: [], turn }) as unknown as Parameters<typeof turnHolders>[0][number];
  const lost = joined('1', side('MTA-A', 'asking'), side('MTA-B', 'theirs'), 'nobody');
  const movedOn = joined('1', side('MTA-A', 'asking', 2), side('MTA-B', 'theirs', 2), 'nobody');
  const given = joined('2', side('MTA-A', 'given'), side('MTA-B', 'asking'), 'nobody');
  const held = joined('3', side('MTA-A', 'theirs'), side('MTA-B', 'held'), 'one');
  const both = joined('4', side('MTA-A', 'held'), side('MTA-B', 'held'), 'both');
  const closing = joined('5', side('MTA-A', 'held', 1, 'closing'), side('MTA-B', 'theirs'), 'one');
  t.same(turnHolders([held, given, both, closing]), { held: { 'MTA-B': 1 }, passing: 2, nobody: 0 });
  t.same(turnHolders([lost], [lost]), { held: {}, passing: 0, nobody: 1 });
  t.same(turnHolders([lost], [movedOn]), { held: {}, passing: 1, nobody: 0 }, 'it moved between two looks');
  t.same(turnHolders([lost], []), { held: {}, passing: 1, nobody: 0 }, 'only two looks can tell');
  t.end();
});

test('a seed gives the same starts and messages', async (t) => {
  const stages = [{ from: 50, to: 200, seconds: 2 }];
  const starts = (seed: number) => [...startTimes(stages, 'poisson', chance(seed), 100)];
  t.same(starts(3), starts(3));
  t.notSame(starts(3), starts(4));
  t.equal(starts(3).length, 100, 'no more than the count');
  const made = async (seed: number) => {
    const messages = await LoadMessages.of(seed, { least: 300, most: 900 }, { urgent: 1, normal: 3 }, undefined);
    return Array.from({ length: 200 }, () => messages.next());
  };
  const [one, again, other] = [await made(1), await made(1), await made(2)];
  t.same(one, again);
  t.notSame(one[0]?.octets, other[0]?.octets);
  t.equal(new Set(one.map(({ sha256 }) => Buffer.from(sha256).toString('hex'))).size, 200, 'all contents differ');
  t.ok(one.every(({ octets }) => octets.length >= 300 && octets.length <= 900));
  t.ok(new Set(one.map(({ octets }) => octets.length)).size > 50);
  const urgent = one.filter(({ priority }) => priority === 'urgent').length;
  t.ok(urgent > 20 && urgent < 90 && one.every(({ priority }) => priority !== 'non-urgent'), `${urgent} are urgent`);
  const folder = t.testdir({ 'a.eml': 'first', 'b.eml': 'second' });
  const real = await LoadMessages.of(1, { least: 0, most: 0 }, {}, folder);
  t.same(
    Array.from({ length: 3 }, () => Buffer.from(real.next().octets).toString()),
    ['first', 'second', 'first'],
  );
  await t.rejects(LoadMessages.of(1, { least: 0, most: 0 }, {}, `${folder}/none`), /no such file or folder/);
});

test('the display has the queue, the threshold and the figures, and fits 80 columns', (t) => {
  t.equal(queueBar(0, 50), '............|......');
  t.equal(queueBar(25, 50), '######......|......');
  t.equal(queueBar(50, 50), '############|......');
  t.equal(queueBar(5000, 50), '############|######');
  const display = new LoadDisplay(new Map([['MTA-A', 50]]));
  const base = { planned: null, lengthS: 30, started: 123_456, accepted: 123_000, delivered: 120_000, late: 12, dropped: 3 };
  const progress = (change: Partial<LoadProgress>): LoadProgress => ({
    ...base,
    phase: 'load',
    atS: 12.3,
    latencies: { corrected: some, raw: some, accept: some },
    sample: sampleOf(1234, 3, 1),
    ...change,
  });
  const lines = display.lines(progress({}));
  t.same(lines, [
    'MTA-A  ############|######  1234 queued, 3 associations, oldest 2.0 s',
    'MTA-B  ############|######  1234 queued, 3 associations, oldest 2.0 s',
    'nobody has the Turn of 1 association',
    '12 of 30 s: 123456 started, 120000 delivered, 4.0/s, p50 20 ms, p99 150 ms, 6.0 Turns/s, 12 late, 3 dropped',
  ]);
  t.ok(
    lines.slice(0, -1).every((line) => line.length < 80),
    'the last line may wrap',
  );
  t.match(display.lines(progress({ sample: sampleOf(1, 1, 0, false) }))[0], /does not answer$/);
  t.same(display.lines(progress({ phase: 'warm-up', sample: null })), ['warming up']);
  t.match(display.lines(progress({ phase: 'prefill', sample: null, accepted: 49 })), [/behind the held link: 49 messages/]);
  t.match(display.lines(progress({ phase: 'drain' })).at(-1), /^draining, 12 s: /);
  t.match(
    display.lines(progress({ phase: 'load', lengthS: Number.POSITIVE_INFINITY, planned: 500 })).at(-1),
    /^12 s: 123456 of 500 started/,
  );
  t.end();
});
