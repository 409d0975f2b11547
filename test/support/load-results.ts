/** Results of load runs for tests of reports, reckoned from stories. Nothing in them is random, so each is always the same. */
import type { LatencySummary, LoadMark, LoadMta, LoadResult, LoadSample, TurnHolders } from '@mtalab/harness';
import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';

/** One message: when it should have started, started, was accepted and arrived, s. */
export type StoryMessage = { readonly dueS: number; readonly startS: number; readonly acceptS: number; readonly arriveS: number };

export type LoadStory = {
  readonly label: string;
  readonly options: readonly string[];
  readonly legacy: readonly string[];
  readonly messages: readonly StoryMessage[];
  readonly lengthS: number;
  readonly intervalS: number;
  readonly associationsAt: (atS: number) => number;
  readonly turnAt: (atS: number) => TurnHolders;
  readonly marks: readonly LoadMark[];
  readonly thresholds: LoadResult['thresholds'];
  readonly verdict: LoadResult['verdict'];
  readonly warnings: readonly string[];
};

const exitCodes = { passed: 0, 'check-failed': 1, unknown: 3, 'threshold-missed': 99 } as const;

function histogramOf(seconds: readonly number[]): Histogram {
  const histogram = build({ bitBucketSize: 32, autoResize: true, numberOfSignificantValueDigits: 3 });
  for (const each of seconds) histogram.recordValue(Math.max(1, Math.round(each * 1e6)));
  return histogram;
}

function summaryOf(histogram: Histogram): LatencySummary {
  const count = histogram.totalCount;
  const ms = (value: number): number => (count === 0 ? 0 : value / 1000);
  const at = (percentile: number): number => ms(histogram.getValueAtPercentile(percentile));
  return {
    count,
    minMs: ms(histogram.minNonZeroValue),
    meanMs: ms(histogram.mean),
    p50Ms: at(50),
    p90Ms: at(90),
    p99Ms: at(99),
    p999Ms: at(99.9),
    maxMs: ms(histogram.maxValue),
  };
}

const corrected = ({ dueS, arriveS }: StoryMessage): number => arriveS - dueS;
const raw = ({ startS, arriveS }: StoryMessage): number => arriveS - startS;
const accept = ({ startS, acceptS }: StoryMessage): number => acceptS - startS;

function sampleOf(story: LoadStory, atS: number): LoadSample {
  const { messages, intervalS, associationsAt, turnAt } = story;
  const within = (s: number): boolean => s > atS - intervalS && s <= atS;
  const arrived = messages.filter(({ arriveS }) => within(arriveS));
  const waiting = messages.filter(({ acceptS, arriveS }) => acceptS <= atS && arriveS > atS);
  const associations = associationsAt(atS);
  const mta = (name: string, queued: number) => ({
    mta: name,
    answers: true,
    queued,
    queuedPerAssociation: Math.ceil(queued / Math.max(1, associations)),
    oldestS: queued === 0 ? 0 : atS - Math.min(...waiting.map(({ acceptS }) => acceptS)),
    associations,
    turnsGiven: Math.floor(Math.max(0, atS) * 2),
    rssBytes: 90 * 2 ** 20,
    cpuS: Math.max(0, atS) / 4,
  });
  return {
    atS,
    lengthS: intervalS,
    intended: messages.filter(({ dueS }) => within(dueS)).length,
    started: messages.filter(({ startS }) => within(startS)).length,
    late: messages.filter(({ dueS, startS }) => within(startS) && startS > dueS + 0.01).length,
    accepted: messages.filter(({ acceptS }) => within(acceptS)).length,
    delivered: arrived.length,
    corrected: summaryOf(histogramOf(arrived.map(corrected))),
    raw: summaryOf(histogramOf(arrived.map(raw))),
    mtas: [mta('MTA-A', waiting.length), mta('MTA-B', 0)],
    turn: turnAt(atS),
  };
}

function mtaOf(name: string, legacy: readonly string[]): LoadMta {
  return { mta: name, version: '5.5', build: '2654.54', nt: '4.0 SP6a', legacy, threshold: 50, associationsPerMta: 10 };
}

/** Reckons the result of a story. */
export function loadResultOf(story: LoadStory): LoadResult {
  const { messages, lengthS, intervalS, marks, thresholds, verdict, warnings } = story;
  const all = [corrected, raw, accept].map((of) => histogramOf(messages.map(of)));
  const [first, second, third] = all.map(summaryOf) as [LatencySummary, LatencySummary, LatencySummary];
  const latencies = { corrected: first, raw: second, accept: third };
  const none = summaryOf(histogramOf([]));
  const nothing = { corrected: none, raw: none, accept: none };
  const load = Math.max(...messages.map(({ dueS }) => dueS));
  const delivering = Math.max(...messages.map(({ arriveS }) => arriveS));
  const lastStart = Math.max(...messages.map(({ startS }) => startS));
  const count = messages.length;
  const late = messages.filter(({ dueS, startS }) => startS > dueS + 0.01).length;
  return {
    format: 'mtalab-load/1',
    label: story.label,
    version: '0.1.0',
    startedAt: '2026-03-01T09:30:00.000Z',
    options: story.options,
    seed: 7,
    timeScale: 1,
    mtas: ['MTA-A', 'MTA-B'].map((name) => mtaOf(name, story.legacy)),
    seconds: { load, delivering, drain: delivering - lastStart },
    counts: {
      intended: count,
      started: count,
      late,
      dropped: 0,
      accepted: count,
      refused: 0,
      unanswered: 0,
      delivered: count,
      reported: 0,
      queued: 0,
      lost: 0,
      duplicated: 0,
      damaged: 0,
      outOfOrder: 0,
    },
    byPriority: { urgent: nothing, normal: latencies, 'non-urgent': nothing },
    latencies,
    rates: {
      intended: count / Math.max(1, load),
      accepted: count / Math.max(1, load),
      delivered: count / delivering,
      deliveredOctets: (count * 1024) / delivering,
      turnsGiven: 0.4,
    },
    histograms: {
      corrected: encodeIntoCompressedBase64(all[0] as Histogram),
      raw: encodeIntoCompressedBase64(all[1] as Histogram),
      accept: encodeIntoCompressedBase64(all[2] as Histogram),
    },
    samples: Array.from({ length: Math.round(lengthS / intervalS) }, (_, at) => sampleOf(story, (at + 1) * intervalS)),
    marks,
    generator: { cpuS: 0.8, maxInFlight: 50, wasTheLimit: false },
    checks: [
      { name: 'nothing lost', passed: true, text: `${count} submitted = ${count} delivered + 0 reported + 0 queued` },
      { name: 'nothing duplicated', passed: true, text: 'no message arrived twice' },
      { name: 'order', passed: true, text: 'no message overtook one of its priority' },
    ],
    thresholds,
    warnings,
    verdict,
    exitCode: exitCodes[verdict],
  };
}

/**
 * Q166594: 49 messages wait while the link is held. The Turn is lost with the association. Legacy, nothing moves until the 50th message
 * opens a second association; fixed, the recovery brings the Turn back.
 */
export function turnLost(mode: 'legacy' | 'fixed'): LoadResult {
  const isLegacy = mode === 'legacy';
  const movesS = isLegacy ? 30.4 : 2.4;
  const prefilled = Array.from({ length: 49 }, (_, at) => ({
    dueS: 0.001 * at,
    startS: 0.001 * at,
    acceptS: 0.001 * at + 0.002,
    arriveS: movesS + 0.06 * at + (at % 7) * 0.01,
  }));
  const last = { dueS: 30, startS: 30.001, acceptS: 30.003, arriveS: isLegacy ? movesS + 3.1 : 30.03 };
  const of = (a: number, passing: number, nobody: number): TurnHolders => ({ held: { 'MTA-A': a, 'MTA-B': 0 }, passing, nobody });
  const p99 = isLegacy ? 33_300 : 5_400;
  return loadResultOf({
    label: `Q166594 ${mode}`,
    options: [
      '--prefill 49',
      '--count 1',
      '--fault "when turn-give 1 cut"',
      ...(isLegacy ? ['--legacy Q166594'] : []),
      '--threshold "p99<10s"',
    ],
    legacy: isLegacy ? ['Q166594'] : [],
    messages: [...prefilled, last],
    lengthS: 36,
    intervalS: 0.5,
    associationsAt: (atS) => (atS >= 1 && atS < 2 ? 0 : isLegacy && atS >= 30 ? 2 : 1),
    turnAt: (atS) => {
      if (atS < 1) return of(0, 1, 0);
      if (atS < 2) return of(0, 0, 0);
      if (!isLegacy) return of(1, 0, 0);
      return of(atS >= 30.5 ? 1 : 0, 0, 1);
    },
    marks: [
      { atS: 0, kind: 'release', text: '49 messages are queued; the link is let go', mta: 'MTA-A' },
      { atS: 0.9, kind: 'fault', text: 'cut before turn-give 1' },
      { atS: 2, kind: 'association', text: 'MTA-A: association to MTA-B recovers', mta: 'MTA-A' },
      { atS: 30, kind: 'end-of-load', text: 'the last message was submitted' },
      ...(isLegacy
        ? [{ atS: 30.2, kind: 'association', text: 'MTA-A: second association to MTA-B opens', mta: 'MTA-A' } as const]
        : []),
      { atS: last.arriveS, kind: 'drained', text: 'all queues are empty' },
    ],
    thresholds: [
      { threshold: 'p99<10s', passed: !isLegacy, value: p99 / 1000, text: `p99 of the corrected latency was ${p99} ms` },
    ],
    verdict: isLegacy ? 'threshold-missed' : 'passed',
    warnings: [],
  });
}

/** 200 messages a second for 20 s; the receiver stands still from the 8th to the 13th second, and the sender with it. */
export function stall(): LoadResult {
  const messages = Array.from({ length: 4000 }, (_, at): StoryMessage => {
    const dueS = at / 200;
    const service = 0.004 + ((at * 37) % 23) * 0.0004;
    // Of those due in the stall only the first 32 start; the others start when it is over.
    const inStall = dueS >= 8 && dueS < 13;
    const place = Math.round((dueS - 8) * 200);
    const startS = inStall && place >= 32 ? 13 + (place - 32) * 0.0012 : dueS;
    const arriveS = inStall && place < 32 ? 13 + place * 0.001 : startS + service;
    return { dueS, startS, acceptS: startS + 0.002, arriveS };
  });
  return loadResultOf({
    label: 'stall of 5 s',
    options: ['--rate 200', '--duration 20s', '--fault "at 8s stop MTA-B 5s"'],
    legacy: [],
    messages,
    lengthS: 22,
    intervalS: 0.5,
    associationsAt: () => 3,
    turnAt: (atS) => ({
      held: { 'MTA-A': Math.floor(atS) % 2 === 0 ? 2 : 1, 'MTA-B': 1 },
      passing: Math.floor(atS) % 2 === 0 ? 0 : 1,
      nobody: 0,
    }),
    marks: [
      { atS: 8, kind: 'process', text: 'MTA-B stands still', mta: 'MTA-B' },
      { atS: 13, kind: 'process', text: 'MTA-B goes on', mta: 'MTA-B' },
      { atS: 20, kind: 'end-of-load', text: 'the last message was submitted' },
    ],
    thresholds: [],
    verdict: 'passed',
    warnings: ['768 messages started late'],
  });
}

/** A run of this many intervals with one high peak, for thinning. */
export function longRun(intervals: number): LoadResult {
  const base = stall();
  const [first] = base.samples as readonly [LoadSample, ...LoadSample[]];
  const peak = Math.floor(intervals / 3) + 1;
  const samples = Array.from(
    { length: intervals },
    (_, at): LoadSample => ({
      ...first,
      atS: at + 1,
      lengthS: 1,
      intended: 200,
      accepted: 200,
      delivered: at === peak ? 98_765 : 150 + ((at * 7919) % 101),
      mtas: first.mtas.map((mta) => ({ ...mta, queued: (at * 31) % 97 })),
    }),
  );
  return { ...base, label: 'long', samples, marks: [] };
}
