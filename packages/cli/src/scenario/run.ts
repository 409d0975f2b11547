/** One scenario, wherever it is to run. */

import { runOnSim, type VirtualRecord } from '@mtalab/engine';
import { type ProcessRecord, runOnProcesses } from '@mtalab/harness';
import { casesOf, type Mode, type Scenario, type ScenarioResult } from '@mtalab/scenario';
import { renderConfig } from '../config/index.js';
import { UsageError } from '../errors.js';
import { mtaCommand } from '../mta-command.js';

export type Place = ScenarioResult['on'];

/** What is left of a case that has run. The files of processes are there until `keep` is done. */
export type CaseRecord = ({ readonly on: 'sim' } & VirtualRecord) | ({ readonly on: 'processes' } & ProcessRecord);

export type ScenarioRunOptions = {
  readonly on: Place;
  readonly modes: readonly Mode[];
  readonly tell: (text: string) => void;
  /** Processes: keep the folder of each case under this one. */
  readonly dir?: string | undefined;
  /** Aborted: stop what runs in order. */
  readonly signal?: AbortSignal | undefined;
  readonly keep?: ((record: CaseRecord) => Promise<void>) | undefined;
};

/**
 * Run the cases of a scenario that are asked for.
 * @throws UsageError when it has none of them; ScenarioEnded; HarnessError, VirtualLabError when a step cannot be done.
 */
export async function runScenario(scenario: Scenario, options: ScenarioRunOptions): Promise<ScenarioResult> {
  const { on, modes, tell, dir, signal, keep } = options;
  if (casesOf(scenario, modes).length === 0) {
    throw new UsageError(`${scenario.name} has no ${modes.join(', no ')} case; it has ${casesOf(scenario).join(' and ')} alone`);
  }
  const ended = (): boolean => signal?.aborted === true;
  if (on === 'processes') {
    return runOnProcesses(scenario, {
      modes,
      tell,
      signal,
      command: mtaCommand,
      renderConfig,
      ...(dir === undefined ? {} : { dir }),
      record: async (record) => keep?.({ ...record, on }),
    });
  }
  // Virtual time leaves no room for a signal to be noticed: a turn of the loop does.
  await new Promise((resolve) => setImmediate(resolve));
  const records: VirtualRecord[] = [];
  const result = await runOnSim(scenario, { modes, tell, ended, record: (record) => void records.push(record) });
  for (const record of records) await keep?.({ ...record, on });
  return result;
}
