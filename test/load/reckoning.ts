/**
 * A simple independent reckoning of what the load generator counts: lists of whole runs, sorted and filtered. It shares no code and
 * no data structure with the generator.
 */
import { chance } from '@mtalab/scenario';
import type { Arithmetic } from './generator-with-fault.js';

type Priority = 'urgent' | 'normal' | 'non-urgent';
const priorities: readonly Priority[] = ['urgent', 'normal', 'non-urgent'];
const toleranceMs = 10;

/** All that happens to one message. Instants in ms. */
type Life = {
  readonly id: string;
  readonly priority: Priority;
  readonly intendedMs: number;
  readonly startMs: number | null;
  readonly answerMs: number;
  readonly answer: 'accepted' | 'refused' | 'unanswered';
  readonly deliveredMs: number | null;
};

/** Lives of messages by chance: some late, dropped, refused, delivered before the answer, delivered twice, or never. */
function livesOf(seed: number, count: number): readonly Life[] {
  const draw = chance(seed);
  return Array.from({ length: count }, (_, at): Life => {
    const intendedMs = at * 5;
    const isDropped = draw.below(20) === 0;
    const startMs = intendedMs + (draw.below(4) === 0 ? draw.below(400) : draw.below(8));
    const answerMs = startMs + 1 + draw.below(100);
    const fate = draw.below(25);
    const isDelivered = fate > 3;
    return {
      id: `c=lab;mta=MTA-A;1-${at}`,
      priority: priorities[draw.below(3)] ?? 'normal',
      intendedMs,
      startMs: isDropped ? null : startMs,
      answerMs,
      answer: fate === 0 ? 'refused' : fate === 1 ? 'unanswered' : 'accepted',
      deliveredMs: isDelivered ? startMs + 1 + draw.below(draw.below(10) === 0 ? 9000 : 200) : null,
    };
  });
}

type Event = { readonly atMs: number; readonly life: Life; readonly what: 'intended' | 'start' | 'drop' | 'answer' | 'notice' };

function eventsOf(lives: readonly Life[]): readonly Event[] {
  const events = lives.flatMap((life): Event[] => [
    { atMs: life.intendedMs, life, what: 'intended' },
    ...(life.startMs === null
      ? [{ atMs: life.intendedMs, life, what: 'drop' } as const]
      : [
          { atMs: life.startMs, life, what: 'start' } as const,
          { atMs: life.answerMs, life, what: 'answer' } as const,
          // A notice may come twice.
          ...(life.deliveredMs === null || life.answer !== 'accepted'
            ? []
            : [0, 1].map((late) => ({ atMs: (life.deliveredMs ?? 0) + late, life, what: 'notice' }) as const)),
        ]),
  ]);
  return events.sort((one, other) => one.atMs - other.atMs);
}

/** The value below which this share of the sorted values lies, as HdrHistogram defines it. */
function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

type Problems = string[];

function compare(problems: Problems, what: string, found: number, expected: number, tolerance = 0): void {
  if (Math.abs(found - expected) <= tolerance * Math.max(1, Math.abs(expected))) return;
  problems.push(`${what}: ${found}, and not ${expected}`);
}

type Summary = {
  count: number;
  minMs: number;
  meanMs: number;
  p50Ms: number;
  p90Ms: number;
  p99Ms: number;
  p999Ms: number;
  maxMs: number;
};

function compareLatency(problems: Problems, what: string, found: Summary, values: readonly number[]): void {
  const sorted = [...values].sort((one, other) => one - other);
  compare(problems, `${what}: count`, found.count, sorted.length);
  compare(problems, `${what}: min`, found.minMs, sorted[0] ?? 0);
  compare(problems, `${what}: max`, found.maxMs, sorted.at(-1) ?? 0);
  compare(
    problems,
    `${what}: mean`,
    found.meanMs,
    sorted.length === 0 ? 0 : sorted.reduce((sum, each) => sum + each, 0) / sorted.length,
    1e-9,
  );
  // Three digits.
  for (const [name, share] of [
    ['p50Ms', 0.5],
    ['p90Ms', 0.9],
    ['p99Ms', 0.99],
    ['p999Ms', 0.999],
  ] as const)
    compare(problems, `${what}: ${name}`, found[name], percentile(sorted, share), 0.001);
}

/** Lets the generator's arithmetic count a run, and says where it differs from the simple reckoning. */
export function countedWrongly(
  { Recorder, Correlation }: Pick<Arithmetic, 'Recorder' | 'Correlation'>,
  seed: number,
): readonly string[] {
  const lives = livesOf(seed, 1500);
  const recorder = new Recorder(toleranceMs);
  const correlation = new Correlation<{ intendedMs: number; startMs: number; priority: Priority }>((message, atMs) =>
    recorder.delivered(message, atMs),
  );
  const samples: ReturnType<InstanceType<Arithmetic['Recorder']>['endInterval']>[] = [];
  let intervalMs = 1000;
  let mostOutstanding = 0;
  for (const { atMs, life, what } of eventsOf(lives)) {
    for (; atMs > intervalMs; intervalMs += 1000) samples.push(recorder.endInterval(intervalMs / 1000));
    const message = { intendedMs: life.intendedMs, startMs: life.startMs ?? 0, priority: life.priority };
    if (what === 'intended') recorder.intended();
    if (what === 'drop') recorder.dropped();
    if (what === 'start') {
      recorder.started(message, true);
      correlation.submitted();
    }
    if (what === 'notice') correlation.delivery(life.id, atMs);
    if (what === 'answer') {
      if (life.answer === 'accepted') {
        recorder.accepted(message, atMs);
        correlation.accepted(life.id, message);
      } else {
        recorder[life.answer]();
        correlation.notAccepted();
      }
    }
    mostOutstanding = Math.max(mostOutstanding, correlation.inFlight);
  }
  samples.push(recorder.endInterval(intervalMs / 1000));

  const problems: Problems = [];
  const started = lives.filter(({ startMs }) => startMs !== null);
  const accepted = started.filter(({ answer }) => answer === 'accepted');
  const delivered = accepted.filter(({ deliveredMs }) => deliveredMs !== null);
  const { counts } = recorder;
  compare(problems, 'intended', counts.intended, lives.length);
  compare(problems, 'started', counts.started, started.length);
  compare(problems, 'dropped', counts.dropped, lives.length - started.length);
  compare(
    problems,
    'late',
    counts.late,
    started.filter(({ startMs, intendedMs }) => (startMs ?? 0) > intendedMs + toleranceMs).length,
  );
  compare(problems, 'accepted', counts.accepted, accepted.length);
  compare(problems, 'refused', counts.refused, started.filter(({ answer }) => answer === 'refused').length);
  compare(problems, 'unanswered', counts.unanswered, started.filter(({ answer }) => answer === 'unanswered').length);
  compare(problems, 'delivered', counts.delivered, delivered.length);
  compare(problems, 'in flight at the end', correlation.inFlight, accepted.length - delivered.length);
  for (const priority of [null, ...priorities]) {
    const of = (list: readonly Life[]): readonly Life[] =>
      priority === null ? list : list.filter((life) => life.priority === priority);
    const found = priority === null ? recorder.latencies() : recorder.byPriority()[priority];
    const what = priority ?? 'all';
    compareLatency(
      problems,
      `${what}, corrected`,
      found.corrected,
      of(delivered).map((life) => (life.deliveredMs ?? 0) - life.intendedMs),
    );
    compareLatency(
      problems,
      `${what}, raw`,
      found.raw,
      of(delivered).map((life) => (life.deliveredMs ?? 0) - (life.startMs ?? 0)),
    );
    compareLatency(
      problems,
      `${what}, accept`,
      found.accept,
      of(accepted).map((life) => life.answerMs - (life.startMs ?? 0)),
    );
  }
  const sum = (of: (sample: (typeof samples)[number]) => number): number => samples.reduce((all, sample) => all + of(sample), 0);
  compare(
    problems,
    'intervals: intended',
    sum((sample) => sample.intended),
    lives.length,
  );
  compare(
    problems,
    'intervals: started',
    sum((sample) => sample.started),
    started.length,
  );
  compare(
    problems,
    'intervals: late',
    sum((sample) => sample.late),
    counts.late,
  );
  compare(
    problems,
    'intervals: accepted',
    sum((sample) => sample.accepted),
    accepted.length,
  );
  compare(
    problems,
    'intervals: delivered',
    sum((sample) => sample.delivered),
    delivered.length,
  );
  compare(
    problems,
    'intervals: latencies',
    sum((sample) => sample.corrected.count),
    delivered.length,
  );
  compare(
    problems,
    'intervals: raw latencies',
    sum((sample) => sample.raw.count),
    delivered.length,
  );
  compare(
    problems,
    'intervals: length',
    sum((sample) => sample.lengthS),
    intervalMs / 1000,
    1e-9,
  );
  if (mostOutstanding > 4000) problems.push('what is outstanding grows without limit');
  return problems;
}
