/** Puts the result of a load together: counts, rates, checks, thresholds, warnings and the verdict. */
import { readFileSync } from 'node:fs';
import { counted } from '@mtalab/scenario';
import type { LoadPlan } from './options.js';
import type { Reckoning } from './reckon.js';
import type { Recorder, RunCounts } from './recorder.js';
import {
  type LoadCheck,
  type LoadCounts,
  type LoadMark,
  type LoadMta,
  type LoadResult,
  type LoadSample,
  loadFormat,
} from './result.js';
import type { Sampler } from './sampler.js';
import type { LoadTarget } from './target.js';
import { judgeThreshold, type Measured } from './thresholds.js';

/** How the load and its end went, in milliseconds of the monotonic clock. */
export type Ended = {
  /** The beginning of the load. */
  readonly t0Ms: number;
  readonly lastIntendedMs: number;
  readonly lastStartMs: number;
  /** Null: the queues did not become empty. */
  readonly drainedMs: number | null;
  /** Processor time of the generator during the load, s. */
  readonly cpuS: number;
};

export type Conclusion = Ended & {
  readonly plan: LoadPlan;
  readonly described: readonly string[];
  readonly target: LoadTarget;
  readonly startedAt: string;
  readonly recorder: Recorder;
  readonly sampler: Sampler;
  readonly samples: readonly LoadSample[];
  readonly marks: readonly LoadMark[];
  /** Null: the disks could not be read, for the reason in `problem`. */
  readonly reckoning: Reckoning | null;
  readonly problem: string | null;
  /** How many sequences in order the deliveries may consist of. Infinite: their order says nothing. */
  readonly sequences: number;
  /** Faults that never acted. */
  readonly unreached: readonly string[];
  readonly maxInFlight: number;
  readonly firstRefusal: string | null;
  readonly warnings: readonly string[];
  readonly interrupted: boolean;
};

/** The generator was the limit if it alone made more than this share of the starts late, by more than the MTAs then took. */
const ownLateShare = 0.01;
/** Or if it used more than this share of a processor. */
const busyShare = 0.9;

function generatorWasTheLimit({ recorder, cpuS, lastStartMs, t0Ms }: Conclusion): boolean {
  const { started, ownLate, ownLateMs } = recorder.counts;
  const { raw } = recorder.latencies();
  const wallS = (lastStartMs - t0Ms) / 1000;
  // A short load says nothing about the processor.
  if (wallS > 1 && cpuS > busyShare * wallS) return true;
  return ownLate > ownLateShare * started && ownLateMs > ownLate * raw.meanMs;
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

function mtasOf({ target, sampler, plan }: Conclusion): readonly LoadMta[] {
  const taking = target.names.filter((name) => plan.ways.some((way) => way.includes(name)));
  return taking.map((mta) => {
    const status = sampler.first.get(mta);
    const { threshold, associationsPerMta } = target.setup(mta);
    return {
      mta,
      version: status?.version ?? '',
      build: status?.build ?? '',
      nt: status?.nt ?? null,
      legacy: status?.legacy ?? [],
      threshold,
      associationsPerMta,
    };
  });
}

/** The counts: what the generator did, and what the disks show. Without disks, the generator's own counts stand for them. */
export function countsOf(own: RunCounts, found: Reckoning | null): LoadCounts {
  const { intended, started, late, dropped, refused } = own;
  const accepted = found?.accepted ?? own.accepted;
  return {
    intended,
    started,
    late,
    dropped,
    accepted,
    refused,
    // The disks may show what became of a submission without an answer.
    unanswered: Math.max(0, own.unanswered - Math.max(0, accepted - own.accepted)),
    delivered: found?.delivered ?? own.delivered,
    reported: found?.reported ?? 0,
    queued: found?.queued ?? 0,
    lost: found?.lost ?? 0,
    duplicated: found?.duplicated ?? 0,
    damaged: found?.damaged ?? 0,
    outOfOrder: found?.outOfOrder ?? 0,
  };
}

function zeroCheck(name: string, count: number, what: string): LoadCheck {
  return {
    name,
    passed: count === 0,
    text: count === 0 ? `no message was ${what}` : `${counted(count, 'message')} ${count === 1 ? 'was' : 'were'} ${what}`,
  };
}

function orderCheck({ sequences }: Conclusion, { outOfOrder }: LoadCounts): LoadCheck {
  const name = 'order';
  if (sequences === Number.POSITIVE_INFINITY)
    return {
      name,
      passed: true,
      text: 'the order was not judged: an MTA was restarted, mail waited for a retry, or the counters are not known',
    };
  const among = sequences === 1 ? 'one association' : `${sequences} associations and recoveries`;
  return outOfOrder === 0
    ? { name, passed: true, text: `the order is one that ${among} can give` }
    : { name, passed: false, text: `${counted(outOfOrder, 'message')} came in an order that ${among} cannot give` };
}

function checksOf(facts: Conclusion, counts: LoadCounts): readonly LoadCheck[] {
  const { reckoning, problem, unreached, target, recorder } = facts;
  if (reckoning === null) return [{ name: 'ledgers', passed: false, text: problem ?? 'the disks of the MTAs cannot be read' }];
  const { accepted, delivered, reported, queued } = counts;
  const ended = target.ended();
  const unfounded = recorder.counts.delivered - delivered;
  return [
    {
      name: 'ledgers',
      passed: true,
      text: `the disks show ${accepted} accepted: ${delivered} delivered, ${reported} reported on, ${queued} queued`,
    },
    zeroCheck('lost', counts.lost, 'lost'),
    zeroCheck('duplicated', counts.duplicated, 'delivered more than once'),
    zeroCheck('damaged', counts.damaged, 'damaged'),
    orderCheck(facts, counts),
    ...(unfounded > 0
      ? [{ name: 'notices', passed: false, text: `${counted(unfounded, 'notice')} of deliveries that the disks do not show` }]
      : []),
    ...(facts.plan.faults.length > 0
      ? [
          {
            name: 'faults',
            passed: unreached.length === 0,
            text: unreached.length === 0 ? 'every fault acted' : `never acted: ${unreached.join('; ')}`,
          },
        ]
      : []),
    { name: 'processes', passed: ended.length === 0, text: ended.length === 0 ? 'no MTA ended by itself' : ended.join('; ') },
  ];
}

function warningsOf(facts: Conclusion, counts: LoadCounts, wasTheLimit: boolean): readonly string[] {
  const { recorder, interrupted, firstRefusal, drainedMs, plan } = facts;
  const unnoticed = counts.delivered - recorder.counts.delivered;
  const share = (part: number): string => `${((100 * part) / Math.max(1, counts.intended)).toFixed(1)} %`;
  return [
    ...facts.warnings,
    ...(wasTheLimit
      ? ['the generator was the limit, not the MTAs: the rates and corrected latencies say little about the MTAs']
      : []),
    ...(interrupted ? ['the load was interrupted before its plan was over'] : []),
    ...(drainedMs === null ? [`the queues did not become empty: nothing moved for ${plan.patienceS} s`] : []),
    ...(counts.dropped > 0 ? [`${counted(counts.dropped, 'start')} (${share(counts.dropped)}) never happened`] : []),
    ...(counts.refused + counts.unanswered > 0 && firstRefusal !== null
      ? [`${counted(counts.refused, 'submission')} refused, ${counts.unanswered} without an answer; the first: ${firstRefusal}`]
      : []),
    ...(unnoticed > 0 && facts.reckoning !== null
      ? [`no notice came of ${counted(unnoticed, 'delivery', 'deliveries')}; the latencies lack them`]
      : []),
  ];
}

function measuredOf(facts: Conclusion, counts: LoadCounts, wasTheLimit: boolean): Measured {
  const { recorder, plan, t0Ms, sampler } = facts;
  const loadS = Math.max(0, facts.lastIntendedMs - t0Ms) / 1000;
  const deliveringS = Math.max(0, (recorder.lastDeliveryMs ?? t0Ms) - t0Ms) / 1000;
  const per = (count: number, seconds: number): number => (seconds > 0 ? count / seconds : 0);
  return {
    format: loadFormat,
    label: plan.label,
    version: version(),
    startedAt: facts.startedAt,
    options: facts.described,
    seed: plan.seed,
    timeScale: facts.target.timeScale,
    mtas: mtasOf(facts),
    seconds: {
      load: loadS,
      delivering: deliveringS,
      drain: facts.drainedMs === null ? null : Math.max(0, facts.drainedMs - facts.lastStartMs) / 1000,
    },
    counts,
    byPriority: recorder.byPriority(),
    latencies: recorder.latencies(),
    rates: {
      intended: per(counts.intended - plan.prefill * plan.ways.length, loadS),
      accepted: per(counts.accepted, loadS),
      delivered: per(counts.delivered, deliveringS),
      deliveredOctets: per(facts.reckoning?.deliveredOctets ?? 0, deliveringS),
      turnsGiven: per(
        sampler.last.reduce((sum, { turnsGiven }) => sum + turnsGiven, 0),
        deliveringS,
      ),
    },
    histograms: recorder.histograms(),
    samples: facts.samples,
    marks: facts.marks,
    generator: { cpuS: facts.cpuS, maxInFlight: facts.maxInFlight, wasTheLimit },
    checks: checksOf(facts, counts),
  };
}

/** Makes the result. */
export function conclude(facts: Conclusion): LoadResult {
  const { recorder, plan, reckoning, drainedMs } = facts;
  const counts = countsOf(recorder.counts, reckoning);
  const wasTheLimit = generatorWasTheLimit(facts);
  const measured = measuredOf(facts, counts, wasTheLimit);
  const thresholds = plan.thresholds.map((threshold) => judgeThreshold(threshold, measured));
  const { verdict, exitCode } = verdictOf({
    checksFailed: reckoning !== null && measured.checks.some(({ passed }) => !passed),
    unknown: reckoning === null || counts.delivered === 0 || drainedMs === null,
    missed: thresholds.some(({ passed }) => !passed),
  });
  return { ...measured, thresholds, warnings: warningsOf(facts, counts, wasTheLimit), verdict, exitCode };
}

/** The verdict: a failed check outweighs an unknown outcome, and that a missed threshold. */
export function verdictOf(found: {
  readonly checksFailed: boolean;
  readonly unknown: boolean;
  readonly missed: boolean;
}): Pick<LoadResult, 'verdict' | 'exitCode'> {
  if (found.checksFailed) return { verdict: 'check-failed', exitCode: 1 };
  if (found.unknown) return { verdict: 'unknown', exitCode: 3 };
  if (found.missed) return { verdict: 'threshold-missed', exitCode: 99 };
  return { verdict: 'passed', exitCode: 0 };
}
