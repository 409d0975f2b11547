/** Runs a scenario on virtual time. */

import type { Mode, Scenario } from '@mtalab/scenario';
import { type CaseResult, caseResult, casesOf, runSteps, type ScenarioResult, scenarioResult } from '@mtalab/scenario';
import type { JournalEntry, LinkPdu } from '@mtalab/trace';
import { folded, ladderOf, Trails } from '@mtalab/trace';
import { VirtualLab } from './virtual-lab.js';

/** The records of a case: the journal of all MTAs, and the PDUs that the link saw. */
export type VirtualRecord = {
  readonly mode: Mode;
  readonly journal: readonly JournalEntry[];
  readonly pdus: readonly LinkPdu[];
  readonly result: CaseResult;
};

export type VirtualOptions = {
  /** The cases to run, as far as the scenario has them; default all. */
  readonly modes?: readonly Mode[];
  readonly tell?: (text: string) => void;
  /** Does the caller want to skip the rest? */
  readonly ended?: () => boolean;
  readonly record?: (record: VirtualRecord) => void;
};

/** @throws FaultSyntaxError; VirtualLabError if a step is not possible; ScenarioEnded. */
export async function runOnSim(scenario: Scenario, options: VirtualOptions = {}): Promise<ScenarioResult> {
  const cases: CaseResult[] = [];
  for (const mode of casesOf(scenario, options.modes)) cases.push(await runCase(scenario, mode, options));
  return scenarioResult(scenario, 'sim', cases);
}

async function runCase(scenario: Scenario, mode: Mode, options: VirtualOptions): Promise<CaseResult> {
  const tell = options.tell ?? (() => undefined);
  tell(`${scenario.name}, ${mode}: ${scenario.mtas.length} MTAs on virtual time`);
  const articles = mode === 'legacy' ? scenario.legacy.articles : [];
  const legacy = Object.fromEntries(scenario.legacy.at.map((name) => [name, articles]));
  const lab = new VirtualLab({ ...scenario, legacy });
  const played = await runSteps(scenario, mode, lab, { tell, ended: options.ended });
  const entries = lab.journal.map((entry, at) => ({ line: at + 1, entry }));
  const trails = new Trails().read('journal', entries);
  const result = caseResult(scenario, mode, played, folded(ladderOf(lab.pdus, trails.nodes)));
  options.record?.({ mode, journal: lab.journal, pdus: lab.pdus, result });
  return result;
}
