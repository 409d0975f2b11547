/** Runs the articles and their companions, and says which are reproduced. */
import { quirks } from '@mtalab/mta-core';
import { casesOf, modes, type Scenario, ScenarioEnded, type ScenarioResult } from '@mtalab/scenario';
import { messageOf } from '../errors.js';
import { keepEvidence } from './evidence.js';
import { knownScenarios, loadScenario, scenarioFileOf } from './load.js';
import { type Place, runScenario } from './run.js';

/** One line of `repro all`. */
export type Reproduction = {
  /** The article, or the name of the companion. */
  readonly name: string;
  readonly companionTo: string | null;
  /** An article: legacy fails as documented, and fixed passes. A companion: every observation is as its scenario says. */
  readonly reproduced: boolean;
  /** Why it could not run. Null if it ran. */
  readonly error: string | null;
  readonly result: ScenarioResult | null;
  /** Real time, ms. */
  readonly tookMs: number;
};

/** A scenario to run, or why it cannot run. */
export type Candidate = {
  readonly name: string;
  readonly companionTo: string | null;
  readonly scenario: Scenario | null;
  readonly error: string | null;
};

function candidateOf(file: string): Candidate {
  try {
    const scenario = loadScenario(scenarioFileOf(file));
    return { name: scenario.name, companionTo: scenario.companionTo ?? null, scenario, error: null };
  } catch (error) {
    return { name: file.toUpperCase(), companionTo: null, scenario: null, error: messageOf(error) };
  }
}

/** The scenario of an article. It needs both cases: one shows the bug, the other shows that it is gone. */
function articleCandidate(article: string, all: readonly Candidate[]): Candidate {
  const found = all.find(({ name, companionTo }) => name === article && companionTo === null);
  if (found === undefined) return { name: article, companionTo: null, scenario: null, error: 'the article has no scenario' };
  const { scenario } = found;
  if (scenario === null || casesOf(scenario).length === modes.length) return found;
  return { ...found, scenario: null, error: 'its scenario lacks the legacy or the fixed case' };
}

/** Every article with a quirk, each followed by its companions. Leaves out all other scenarios. */
export function candidates(): readonly Candidate[] {
  const all = knownScenarios().map(candidateOf);
  const chosen = quirks.flatMap(({ article }) => [
    articleCandidate(article, all),
    ...all.filter(({ companionTo }) => companionTo === article),
  ]);
  // A file that cannot be read may be a companion, so it counts.
  return [...chosen, ...all.filter((each) => each.error !== null && !chosen.includes(each))];
}

export type ReproduceOptions = {
  readonly on: Place;
  readonly tell: (text: string) => void;
  readonly dir?: string | undefined;
  /** Keep evidence in this folder. `claimEmptyFolders` has made its subfolders. */
  readonly evidence?: string | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** Runs one scenario. @throws as `runScenario` does, and CliError if the evidence cannot be written. */
export async function reproduceOne(scenario: Scenario, options: ReproduceOptions): Promise<ScenarioResult> {
  const { on, tell, dir, evidence, signal } = options;
  return runScenario(scenario, {
    on,
    modes,
    tell,
    dir,
    signal,
    keep: evidence === undefined ? undefined : (record) => keepEvidence(evidence, scenario.name, record),
  });
}

/** Runs one candidate. Never rejects: a candidate that cannot run is not reproduced. */
export async function reproduce(candidate: Candidate, options: ReproduceOptions): Promise<Reproduction> {
  const { name, companionTo, scenario } = candidate;
  const beganMs = performance.now();
  const outcome = (part: Pick<Reproduction, 'reproduced' | 'error' | 'result'>): Reproduction => {
    return { name, companionTo, ...part, tookMs: Math.round(performance.now() - beganMs) };
  };
  if (scenario === null) return outcome({ reproduced: false, error: candidate.error, result: null });
  try {
    const result = await reproduceOne(scenario, options);
    return outcome({ reproduced: result.asDocumented, error: null, result });
  } catch (error) {
    const why = error instanceof ScenarioEnded ? 'it was interrupted' : messageOf(error);
    return outcome({ reproduced: false, error: why, result: null });
  }
}
