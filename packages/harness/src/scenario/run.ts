/** Runs a scenario on real processes. Each case has its own lab, with a fault proxy and a journal of every step. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CaseResult,
  caseResult,
  casesOf,
  type Mode,
  type Observation,
  runSteps,
  type Scenario,
  ScenarioEnded,
  type ScenarioResult,
  type Stage,
  type Step,
  scenarioResult,
} from '@mtalab/scenario';
import { folded, type LadderLine, type LinkPdu, ladderOf } from '@mtalab/trace';
import { articleArgument } from '../lab/arguments.js';
import type { Lab } from '../lab/lab.js';
import { dataFolderOf, journalFileOf, logFolderOf } from '../lab/lab-paths.js';
import type { LabOptions } from '../lab/options.js';
import { startLab } from '../lab/start.js';
import { HarnessError, messageOf } from '../process/errors.js';
import { describeExit } from '../process/mta-process.js';
import { jsonLines, readTrails } from './journal-file.js';
import { ProcessStage } from './stage.js';

/** The record of a case. Its files exist until the promise of `record` resolves. */
export type ProcessRecord = {
  readonly mode: Mode;
  readonly result: CaseResult;
  readonly pdus: readonly LinkPdu[];
  /** Journal and log folder of each MTA that was ever started. */
  readonly mtas: readonly { readonly name: string; readonly journal: string; readonly logs: string }[];
};

/** A moment of a running case, in which nothing moves. */
export type CaseMoment = {
  readonly stage: Stage;
  /** Every PDU so far, with the beliefs that the journals have. */
  readonly ladder: () => Promise<readonly LadderLine[]>;
  /** The lab's clock, in ms. */
  readonly nowMs: () => number;
};

export type ProcessOptions = Pick<LabOptions, 'command' | 'renderConfig'> & {
  /** The cases to run, if the scenario has them. Default: all. */
  readonly modes?: readonly Mode[];
  /** Keep the folder of each case (configuration, stores, logs, journals, PDUs and capture of the link) in this folder. */
  readonly dir?: string;
  readonly tell?: (text: string) => void;
  readonly record?: (record: ProcessRecord) => Promise<void>;
  /** Called after each step of a case, with its observation. The next step waits for it. */
  readonly after?: (step: Step, observation: Observation | null, moment: CaseMoment) => Promise<void>;
  /** Stops all processes in order when it aborts. */
  readonly signal?: AbortSignal | undefined;
};

/** Runs all cases one by one. @throws HarnessError or FaultSyntaxError if a step fails. ScenarioEnded. */
export async function runOnProcesses(scenario: Scenario, options: ProcessOptions): Promise<ScenarioResult> {
  const cases: CaseResult[] = [];
  for (const mode of casesOf(scenario, options.modes)) cases.push(await runCase(scenario, mode, options));
  return scenarioResult(scenario, 'processes', cases);
}

async function runCase(scenario: Scenario, mode: Mode, options: ProcessOptions): Promise<CaseResult> {
  const { signal, tell = () => undefined } = options;
  const dir = options.dir === undefined ? undefined : join(options.dir, mode);
  // Mail and journals of an earlier run would look like those of this run.
  if (dir !== undefined && scenario.mtas.some(({ name }) => existsSync(join(dir, name)))) {
    throw new HarnessError(`${dir} holds an earlier run; give an empty folder`);
  }
  const ended = (): boolean => signal?.aborted === true;
  if (ended()) throw new ScenarioEnded();
  tell(`${scenario.name}, ${mode}: starting ${scenario.mtas.length === 2 ? 'two' : scenario.mtas.length} MTAs`);
  const { command, renderConfig } = options;
  const capture = dir === undefined ? undefined : join(dir, 'link.pcapng');
  const lab = await startLab({ ...labOf(scenario, mode), command, renderConfig, dir, capture });
  // The commands under way in the lab then fail, which ends the case.
  const end = (): void => void lab.close().catch(() => undefined);
  signal?.addEventListener('abort', end, { once: true });
  try {
    const stage = new ProcessStage(lab);
    const moment: CaseMoment = {
      stage,
      nowMs: () => lab.clock.nowMs(),
      ladder: async () => ladderOf(stage.pdus, (await readTrails(recordsOf(scenario, lab).map(({ journal }) => journal))).nodes),
    };
    const played = await runSteps(scenario, mode, stage, {
      tell,
      ended,
      after: async (step, observation) => options.after?.(step, observation, moment),
    });
    await lab.settle();
    // The stop is part of the story, and after it the journals are complete.
    for (const process of lab.processes.values()) await process.stop();
    const { pdus } = stage;
    const mtas = recordsOf(scenario, lab);
    const trails = await readTrails(mtas.map(({ journal }) => journal));
    if (dir !== undefined) await writeFile(join(dir, 'link.jsonl'), jsonLines(pdus));
    const result = caseResult(scenario, mode, played, folded(ladderOf(pdus, trails.nodes)));
    await options.record?.({ mode, result, pdus, mtas });
    return result;
  } catch (error) {
    if (ended()) throw new ScenarioEnded();
    await lab.close().catch(() => undefined);
    throw withEndings(error, lab);
  } finally {
    signal?.removeEventListener('abort', end);
    await lab.close();
  }
}

/** Journal and log folder of each MTA that was ever started. */
function recordsOf(scenario: Scenario, lab: Lab): ProcessRecord['mtas'] {
  return scenario.mtas
    .map(({ name }) => ({ name, journal: journalOf(lab, name), logs: logFolderOf(dataFolderOf(lab.dir, name)) }))
    .filter(({ journal }) => existsSync(journal));
}

/** Adds to an error how processes of the lab ended, if any ended wrongly. */
function withEndings(error: unknown, lab: Lab): unknown {
  const broken = [...lab.processes.values()].flatMap(({ name, exit }) => {
    return exit === undefined || exit.code === 0 ? [] : [`${name} ${describeExit(exit)}`];
  });
  return broken.length === 0 ? error : new HarnessError(`${messageOf(error)} (${broken.join(', ')})`, { cause: error });
}

/** The options of the lab of a case, without the command that runs an MTA. */
function labOf(scenario: Scenario, mode: Mode): Omit<LabOptions, 'command' | 'renderConfig'> {
  const { mtas, settings } = scenario;
  const articles = mode === 'legacy' ? scenario.legacy.articles.map((article) => articleArgument('legacy', article)) : [];
  return {
    names: mtas.map((mta) => mta.name),
    domains: mtas.map((mta) => mta.domain),
    ...(scenario.link === undefined ? {} : { link: scenario.link }),
    ...(scenario.neighbours === undefined ? {} : { neighbours: scenario.neighbours }),
    settings,
    settingsOf: Object.fromEntries(mtas.flatMap(({ name, settings: own }) => (own === undefined ? [] : [[name, own]]))),
    legacy: Object.fromEntries(scenario.legacy.at.map((name) => [name, articles])),
    bindings: Object.fromEntries(mtas.flatMap(({ name, bindings }) => (bindings === undefined ? [] : [[name, bindings]]))),
    cluster: mtas.filter((mta) => mta.cluster === true).map((mta) => mta.name),
    down: mtas.filter((mta) => mta.down === true).map((mta) => mta.name),
    proxy: true,
    journal: true,
  };
}

/** The journal of an MTA of a lab that keeps journals. */
export function journalOf(lab: Lab, name: string): string {
  return journalFileOf(dataFolderOf(lab.dir, name));
}
