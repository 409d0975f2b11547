/** A scenario on real processes: each case with its own lab, a fault proxy between the MTAs, and a journal of every step. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CaseResult,
  caseResult,
  folded,
  ladderOf,
  type Mode,
  modes,
  runSteps,
  type Scenario,
  type ScenarioResult,
  scenarioResult,
} from '@mtalab/sim';
import type { Lab } from '../lab/lab.js';
import type { LabOptions } from '../lab/options.js';
import { startLab } from '../lab/start.js';
import { HarnessError } from '../process/errors.js';
import { readTrails } from './journal-file.js';
import { ProcessStage } from './stage.js';

export type ProcessOptions = Pick<LabOptions, 'command' | 'renderConfig'> & {
  /** The cases to be run; default both. */
  readonly modes?: readonly Mode[];
  /** Keep each case's folder (configuration, stores, logs, journals, what the link saw) under this one. */
  readonly dir?: string;
  readonly tell?: (text: string) => void;
};

/** All cases, one after the other. @throws HarnessError, FaultSyntaxError when a step cannot be done. */
export async function runOnProcesses(scenario: Scenario, options: ProcessOptions): Promise<ScenarioResult> {
  const cases: CaseResult[] = [];
  for (const mode of options.modes ?? modes) cases.push(await runCase(scenario, mode, options));
  return scenarioResult(scenario, 'processes', cases);
}

async function runCase(scenario: Scenario, mode: Mode, options: ProcessOptions): Promise<CaseResult> {
  const tell = options.tell ?? (() => undefined);
  const dir = options.dir === undefined ? undefined : join(options.dir, mode);
  // Mail and journals of an earlier run would be taken for those of this one.
  if (dir !== undefined && scenario.mtas.some(({ name }) => existsSync(join(dir, name)))) {
    throw new HarnessError(`${dir} holds an earlier run; give a folder that is empty`);
  }
  tell(`${scenario.name}, ${mode}: starting ${scenario.mtas.length === 2 ? 'two' : scenario.mtas.length} MTAs`);
  const articles = mode === 'legacy' ? scenario.legacy.articles : [];
  const lab = await startLab({
    command: options.command,
    renderConfig: options.renderConfig,
    dir,
    names: scenario.mtas.map((mta) => mta.name),
    domains: scenario.mtas.map((mta) => mta.domain),
    settings: scenario.settings,
    legacy: Object.fromEntries(scenario.legacy.at.map((name) => [name, articles])),
    proxy: true,
    journal: true,
  });
  try {
    const stage = new ProcessStage(lab);
    const observations = await runSteps(scenario, mode, stage, tell);
    await lab.settle();
    // The stop is part of the story, and then the journals are whole.
    for (const process of lab.processes.values()) await process.stop();
    const { pdus } = stage;
    const trails = await readTrails(scenario.mtas.map(({ name }) => journalOf(lab, name)));
    if (dir !== undefined) await writeFile(join(dir, 'link.jsonl'), pdus.map((pdu) => `${JSON.stringify(pdu)}\n`).join(''));
    return caseResult(scenario, mode, observations, folded(ladderOf(pdus, trails.nodes)));
  } finally {
    await lab.close();
  }
}

/** The journal of an MTA of a lab that keeps journals. */
export function journalOf(lab: Lab, name: string): string {
  return join(lab.dir, name, 'data', 'journal.jsonl');
}
