/**
 * Shrinks a failing run to the fewest faults and messages that still break the same rule, by delta debugging (Zeller's ddmin)
 * over the plan, which is data. A smaller run that breaks another rule is another failure and does not count.
 */
import type { SimFault } from './faults/fault-kinds.js';
import type { SimOptionsGiven } from './options.js';
import type { PlannedSubmission, SimPlan } from './run-plan.js';
import { type SimResult, simulate, simulatePlan } from './simulate.js';
import type { SimHooks } from './simulation.js';

/** Size of a trivial content, octets. */
const plainBytes = 100;
/** Number of early opportunities to try for a fault. */
const maxEarlier = 4;

export type Shrunk = {
  /** The smallest failing run, and its result. */
  readonly result: SimResult;
  readonly plan: SimPlan;
  /** Number of runs. */
  readonly runs: number;
  readonly before: { readonly faults: number; readonly submissions: number };
};

export type ShrinkOptions = {
  /** Most runs. Default 2000. */
  readonly maxRuns?: number;
  readonly core?: SimHooks['core'];
  /** Receives the progress. */
  readonly progress?: (runs: number, faults: number, submissions: number) => void;
};

/** Shrinks the run of a seed. @returns null if that run breaks no rule. */
export function shrink(given: SimOptionsGiven, seed: number, options: ShrinkOptions = {}): Shrunk | null {
  const first = simulate(given, seed, { core: options.core });
  return first.ok ? null : shrinkPlan(first.plan, options);
}

/** Shrinks a plan. @returns null if it breaks no rule. */
export function shrinkPlan(start: SimPlan, options: ShrinkOptions = {}): Shrunk | null {
  const maxRuns = options.maxRuns ?? 2000;
  const first = simulatePlan(start, { core: options.core });
  const rule = first.verdict?.rule;
  if (rule === undefined) return null;
  let best = first;
  let plan = start;
  let runs = 1;
  const attempt = (candidate: SimPlan): boolean => {
    if (runs >= maxRuns) return false;
    runs += 1;
    const result = simulatePlan(candidate, { core: options.core });
    if (result.verdict?.rule !== rule) return false;
    plan = candidate;
    best = result;
    options.progress?.(runs, candidate.faults.length, candidate.submissions.length);
    return true;
  };
  // Without a message a fault may be superfluous, and the reverse. So repeat until neither step helps.
  for (let last: SimPlan | null = null; last !== plan; ) {
    last = plan;
    fewest(plan.faults, (faults) => attempt({ ...plan, faults }));
    fewest(plan.submissions, (submissions) => attempt({ ...plan, submissions }));
    simplest(attempt, () => plan);
    earliest(attempt, () => plan);
  }
  return { result: best, plan, runs, before: { faults: start.faults.length, submissions: start.submissions.length } };
}

/** ddmin: omits smaller and smaller parts while the rest still fails. */
function fewest<T>(all: readonly T[], attempt: (some: readonly T[]) => boolean): void {
  let items = all;
  if (items.length > 0 && attempt([])) return;
  for (let parts = 2; items.length > 1 && parts <= items.length; ) {
    const length = Math.ceil(items.length / parts);
    let less: readonly T[] | null = null;
    for (let from = 0; from < items.length && less === null; from += length) {
      const rest = [...items.slice(0, from), ...items.slice(from + length)];
      if (attempt(rest)) less = rest;
    }
    if (less !== null) {
      items = less;
      parts = Math.max(2, parts - 1);
    } else {
      if (length === 1) return;
      parts = Math.min(items.length, parts * 2);
    }
  }
}

/** Simplifies submissions: one request, one recipient, little content. */
function simplest(attempt: (candidate: SimPlan) => boolean, now: () => SimPlan): void {
  for (let index = 0; index < now().submissions.length; index += 1) {
    const changed = (change: Partial<PlannedSubmission>): boolean =>
      attempt({ ...now(), submissions: now().submissions.map((each, at) => (at === index ? { ...each, ...change } : each)) });
    const { againAfterMs, recipients, sizeBytes } = now().submissions[index] as PlannedSubmission;
    if (againAfterMs !== null) changed({ againAfterMs: null });
    if (recipients.length > 1) recipients.some((recipient) => changed({ recipients: [recipient] }));
    if (sizeBytes !== plainBytes) changed({ sizeBytes: plainBytes });
  }
}

/** Moves faults as early as possible, so that the run needs fewer events before them. */
function earliest(attempt: (candidate: SimPlan) => boolean, now: () => SimPlan): void {
  for (let index = 0; index < now().faults.length; index += 1) {
    const { at: latest } = now().faults[index] as SimFault;
    for (let at = 0; at < Math.min(latest, maxEarlier); at += 1) {
      if (attempt({ ...now(), faults: now().faults.map((each, place) => (place === index ? { ...each, at } : each)) })) break;
    }
  }
}
