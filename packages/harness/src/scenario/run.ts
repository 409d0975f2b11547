/** A scenario on real processes: each case with its own lab, a fault proxy between the MTAs, and a journal of every step. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CaseResult,
  caseResult,
  casesOf,
  type Mode,
  runSteps,
  type Scenario,
  ScenarioEnded,
  type ScenarioResult,
  scenarioResult,
} from '@mtalab/scenario';
import { folded, type LinkPdu, ladderOf } from '@mtalab/trace';
import type { Lab } from '../lab/lab.js';
import { dataFolderOf, journalFileOf, logFolderOf } from '../lab/lab-paths.js';
import type { LabOptions } from '../lab/options.js';
import { startLab } from '../lab/start.js';
import { HarnessError, messageOf } from '../process/errors.js';
import { describeExit } from '../process/mta-process.js';
import { jsonLines, readTrails } from './journal-file.js';
import { ProcessStage } from './stage.js';

/** What else came of a case. The files are there until the promise that `record` gives is resolved. */
export type ProcessRecord = {
  readonly mode: Mode;
  readonly result: CaseResult;
  readonly pdus: readonly LinkPdu[];
  /** Journal and folder of the event log of each MTA that was ever started. */
  readonly mtas: readonly { readonly name: string; readonly journal: string; readonly logs: string }[];
};

export type ProcessOptions = Pick<LabOptions, 'command' | 'renderConfig'> & {
  /** The cases to be run, as far as the scenario has them; default all. */
  readonly modes?: readonly Mode[];
  /** Keep each case's folder (configuration, stores, logs, journals, what the link saw) under this one. */
  readonly dir?: string;
  readonly tell?: (text: string) => void;
  readonly record?: (record: ProcessRecord) => Promise<void>;
  /** Aborted: stop all processes in order. */
  readonly signal?: AbortSignal | undefined;
};

/** All cases, one after the other. @throws HarnessError, FaultSyntaxError when a step cannot be done; ScenarioEnded. */
export async function runOnProcesses(scenario: Scenario, options: ProcessOptions): Promise<ScenarioResult> {
  const cases: CaseResult[] = [];
  for (const mode of casesOf(scenario, options.modes)) cases.push(await runCase(scenario, mode, options));
  return scenarioResult(scenario, 'processes', cases);
}

async function runCase(scenario: Scenario, mode: Mode, options: ProcessOptions): Promise<CaseResult> {
  const { signal, tell = () => undefined } = options;
  const dir = options.dir === undefined ? undefined : join(options.dir, mode);
  // Mail and journals of an earlier run would be taken for those of this one.
  if (dir !== undefined && scenario.mtas.some(({ name }) => existsSync(join(dir, name)))) {
    throw new HarnessError(`${dir} holds an earlier run; give a folder that is empty`);
  }
  const ended = (): boolean => signal?.aborted === true;
  if (ended()) throw new ScenarioEnded();
  tell(`${scenario.name}, ${mode}: starting ${scenario.mtas.length === 2 ? 'two' : scenario.mtas.length} MTAs`);
  const lab = await startLab({ ...labOf(scenario, mode), command: options.command, renderConfig: options.renderConfig, dir });
  // What is under way in the lab then fails, and so ends the case.
  const end = (): void => void lab.close().catch(() => undefined);
  signal?.addEventListener('abort', end, { once: true });
  try {
    const stage = new ProcessStage(lab);
    const played = await runSteps(scenario, mode, stage, { tell, ended });
    await lab.settle();
    // The stop is part of the story, and then the journals are whole.
    for (const process of lab.processes.values()) await process.stop();
    const { pdus } = stage;
    const mtas = scenario.mtas
      .map(({ name }) => ({ name, journal: journalOf(lab, name), logs: logFolderOf(dataFolderOf(lab.dir, name)) }))
      .filter(({ journal }) => existsSync(journal));
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

/** An error that came of a process which is not there any more says how that one ended. */
function withEndings(error: unknown, lab: Lab): unknown {
  const broken = [...lab.processes.values()].flatMap(({ name, exit }) => {
    return exit === undefined || exit.code === 0 ? [] : [`${name} ${describeExit(exit)}`];
  });
  return broken.length === 0 ? error : new HarnessError(`${messageOf(error)} (${broken.join(', ')})`, { cause: error });
}

/** The lab of a case, but for how an MTA is run. */
function labOf(scenario: Scenario, mode: Mode): Omit<LabOptions, 'command' | 'renderConfig'> {
  const { mtas, settings } = scenario;
  const articles = mode === 'legacy' ? scenario.legacy.articles : [];
  return {
    names: mtas.map((mta) => mta.name),
    domains: mtas.map((mta) => mta.domain),
    settings,
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
