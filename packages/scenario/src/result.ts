/** The result of a scenario, in the same form wherever it ran. */
import type { LadderLine } from '@mtalab/trace';
import type { CaseCounts } from './case-counts.js';
import { type Mode, modes, type Scenario } from './model.js';

/** One sentence of a scenario, and whether it was seen. */
export type Observation = {
  /** What must be seen, in plain words. */
  readonly says: string;
  readonly ok: boolean;
  /** What was seen, in numbers. */
  readonly seen: string;
  /** A list of many cases shows it. */
  readonly headline?: true;
};

export type CaseResult = {
  readonly mode: Mode;
  /** Legacy: it failed as documented. Fixed: it passed. */
  readonly asDocumented: boolean;
  readonly verdict: string;
  readonly observations: readonly Observation[];
  readonly ladder: readonly LadderLine[];
  readonly counts: CaseCounts;
};

/** The outcome of a case's steps. */
export type Played = { readonly observations: readonly Observation[]; readonly counts: CaseCounts };

export type ScenarioResult = {
  readonly scenario: string;
  readonly title: string;
  /** `sim`: virtual time, no sockets. `processes`: operating-system processes on real sockets. */
  readonly on: 'sim' | 'processes';
  readonly fault: string;
  readonly between: readonly string[];
  /** Every case came out as the scenario says. */
  readonly asDocumented: boolean;
  readonly cases: readonly CaseResult[];
};

/** The cases to run: those requested, if the scenario has them. */
export function casesOf(scenario: Scenario, asked: readonly Mode[] = modes): readonly Mode[] {
  const has = scenario.modes ?? modes;
  return asked.filter((mode) => has.includes(mode));
}

export function caseResult(
  scenario: Scenario,
  mode: Mode,
  { observations, counts }: Played,
  ladder: readonly LadderLine[],
): CaseResult {
  const missed = observations.filter((each) => !each.ok).map((each) => each.says);
  const asDocumented = missed.length === 0;
  const verdict = asDocumented ? (scenario.verdict[mode] ?? '') : `Not as documented: ${missed.join(' ')}`;
  return { mode, asDocumented, verdict, observations, ladder, counts };
}

export function scenarioResult(scenario: Scenario, on: ScenarioResult['on'], cases: readonly CaseResult[]): ScenarioResult {
  return {
    scenario: scenario.name,
    title: scenario.title,
    on,
    fault: scenario.fault,
    between: scenario.mtas.map((mta) => mta.name),
    asDocumented: cases.every((each) => each.asDocumented),
    cases,
  };
}
