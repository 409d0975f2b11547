/** Measures the proofs: the simulator's virtual hours per second and the checker's states per second. */
import { check, type SimOptionsGiven, simulate } from '@mtalab/proof';
import { median } from './figures.js';

export type SimFigures = {
  readonly mtas: number;
  readonly seeds: number;
  readonly virtualHoursPerS: number;
  readonly seedsPerS: number;
  readonly stepsPerS: number;
};

const passes = 3;

/** @param seeds run in each pass; the first pass only warms up. */
export function runSimulator(mtas: number, seeds: number): SimFigures {
  const options: SimOptionsGiven = mtas === 2 ? {} : { mtas, topology: 'mesh' };
  const figures = Array.from({ length: passes + 1 }, () => onePass(options, seeds)).slice(1);
  return {
    mtas,
    seeds,
    virtualHoursPerS: median(figures.map((each) => each.virtualHoursPerS)),
    seedsPerS: median(figures.map((each) => each.seedsPerS)),
    stepsPerS: median(figures.map((each) => each.stepsPerS)),
  };
}

function onePass(options: SimOptionsGiven, seeds: number): Omit<SimFigures, 'mtas' | 'seeds'> {
  let [virtualMs, states] = [0, 0];
  const beganMs = performance.now();
  for (let seed = 1; seed <= seeds; seed += 1) {
    const result = simulate(options, seed);
    if (!result.ok) throw new Error(`seed ${seed} breaks a rule: a run that fails measures nothing`);
    virtualMs += result.virtualMs;
    states += result.states;
  }
  const tookS = (performance.now() - beganMs) / 1000;
  return { virtualHoursPerS: virtualMs / 3_600_000 / tookS, seedsPerS: seeds / tookS, stepsPerS: states / tookS };
}

export type CheckerFigures = { readonly states: number; readonly transitions: number; readonly statesPerS: number };

/** Runs the checker through a whole space: one message each way, one loss. The first pass only warms up. */
export function runChecker(): CheckerFigures {
  const runs = Array.from({ length: passes + 1 }, () => {
    const beganMs = performance.now();
    const { states, transitions } = check({ messages: [1, 1], losses: 1 });
    return { states, transitions, statesPerS: (states * 1000) / (performance.now() - beganMs) };
  }).slice(1);
  const [first] = runs;
  return {
    states: first?.states ?? 0,
    transitions: first?.transitions ?? 0,
    statesPerS: median(runs.map((run) => run.statesPerS)),
  };
}
