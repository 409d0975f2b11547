/**
 * When the messages of an open load start, as pure functions of the stages and a seed. The schedule knows nothing of what the MTAs
 * do: a start that comes late is still due at its instant, which is what makes a latency honest (coordinated omission).
 */
import type { Chance } from '@mtalab/scenario';

/** A span of time in which the rate goes in a straight line from one value to another, in messages per second. */
export type LoadStage = {
  /** Rate at the beginning of the stage. */
  readonly from: number;
  /** Rate at its end. */
  readonly to: number;
  /** Length of real time. Infinite: until the messages run out. */
  readonly seconds: number;
};

/** `constant`: equal gaps. `poisson`: independent starts, so gaps differ by chance and starts bunch, as mail of many people does. */
export type ArrivalKind = 'constant' | 'poisson';
export const arrivalKinds = ['constant', 'poisson'] as const satisfies readonly ArrivalKind[];

/** Starts in an area are counted up to this much below it: what sums of floating-point numbers may be off. */
const rounding = 1e-6;

/** The mean number of starts in a stage: the area below its rate. */
function startsIn({ from, to, seconds }: LoadStage): number {
  return seconds === Number.POSITIVE_INFINITY ? (from > 0 ? seconds : 0) : ((from + to) / 2) * seconds;
}

/** How long after the beginning of the stage the area below its rate is `starts`. The stage has a larger area than that. */
function secondsUntil({ from, to, seconds }: LoadStage, starts: number): number {
  const slope = (to - from) / seconds;
  // The root of from * t + slope / 2 * t^2 = starts, in the form that also holds for a slope of 0.
  const root = Math.sqrt(Math.max(0, from * from + 2 * slope * starts));
  return starts === 0 ? 0 : Math.min(seconds, (2 * starts) / (from + root));
}

/** A gap of mean 1, as between independent events. */
function exponential(chance: Chance): number {
  const limit = 2 ** 32;
  return -Math.log((chance.below(limit) + 1) / (limit + 1));
}

/**
 * The intended starts, in seconds after the beginning, in order. The same stages, kind and chance always give the same starts.
 * @param count the most starts.
 */
export function* startTimes(
  stages: readonly LoadStage[],
  kind: ArrivalKind,
  chance: Chance,
  count = Number.POSITIVE_INFINITY,
): Generator<number, void> {
  const gap = (): number => (kind === 'constant' ? 1 : exponential(chance));
  // The next start is where the area below all rates reaches this.
  let due = kind === 'constant' ? 0 : gap();
  let areaBefore = 0;
  let secondsBefore = 0;
  let started = 0;
  for (const stage of stages) {
    const area = startsIn(stage);
    for (; due < areaBefore + area - rounding && started < count; due += gap(), started += 1)
      yield secondsBefore + secondsUntil(stage, due - areaBefore);
    areaBefore += area;
    secondsBefore += stage.seconds;
  }
}

/** The length of all stages, s. */
export function lengthOf(stages: readonly LoadStage[]): number {
  return stages.reduce((sum, { seconds }) => sum + seconds, 0);
}

/** The mean number of starts of all stages, rounded up as a constant schedule does. May be infinite. */
export function plannedStarts(stages: readonly LoadStage[]): number {
  return Math.ceil(stages.reduce((sum, stage) => sum + startsIn(stage), 0) - rounding);
}
