/** Runs a scenario on virtual time or on real processes. */

import { runOnSim, type VirtualRecord } from '@mtalab/engine';
import { type ProcessRecord, runOnProcesses } from '@mtalab/harness';
import { casesOf, type Mode, type Scenario, type ScenarioResult } from '@mtalab/scenario';
import { renderConfig } from '../config/index.js';
import { UsageError } from '../errors.js';
import { mtaCommand } from '../mta-command.js';

export type Place = ScenarioResult['on'];

/** The record of a case. The files of processes exist until `keep` is done. */
export type CaseRecord = ({ readonly on: 'sim' } & VirtualRecord) | ({ readonly on: 'processes' } & ProcessRecord);

export type ScenarioRunOptions = {
  readonly on: Place;
  readonly modes: readonly Mode[];
  readonly tell: (text: string) => void;
  /** Keep the processes' folder of each case in this folder. */
  readonly dir?: string | undefined;
  /** Stops the run in order when it aborts. */
  readonly signal?: AbortSignal | undefined;
  readonly keep?: ((record: CaseRecord) => Promise<void>) | undefined;
};

/**
 * Runs the chosen cases of a scenario.
 * @throws UsageError if it has none of them. ScenarioEnded. HarnessError or VirtualLabError if a step fails.
 */
export async function runScenario(scenario: Scenario, options: ScenarioRunOptions): Promise<ScenarioResult> {
  const { on, modes, tell, dir, signal, keep } = options;
  if (casesOf(scenario, modes).length === 0) {
    throw new UsageError(`${scenario.name} has no ${modes.join(', no ')} case; it has only ${casesOf(scenario).join(' and ')}`);
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
  // Virtual time never returns to the event loop. This turn of the loop lets a signal arrive first.
  await new Promise((resolve) => setImmediate(resolve));
  const records: VirtualRecord[] = [];
  const result = await runOnSim(scenario, { modes, tell, ended, record: (record) => void records.push(record) });
  for (const record of records) await keep?.({ ...record, on });
  return result;
}
