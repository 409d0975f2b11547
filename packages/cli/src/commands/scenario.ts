/** `mtalab scenario FILE`: a scenario file on virtual time, or on real processes; the same verdict either way. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolder, runOnProcesses } from '@mtalab/harness';
import { type Mode, modes, runOnSim, type Scenario, type ScenarioResult, type VirtualRecord } from '@mtalab/sim';
import { mtaCommand } from '../command.js';
import { renderConfig } from '../config/index.js';
import { CliError } from '../errors.js';
import { outJson } from '../io.js';
import { renderScenario } from '../render/scenario.js';
import { paint } from '../render/text.js';
import { loadScenario, scenarioFileOf } from '../scenario/load.js';
import type { CommandRun } from '../tree/entry.js';

type Options = {
  readonly on: 'sim' | 'processes';
  readonly mode: Mode | 'both';
  readonly dir?: string;
  readonly json?: boolean;
};

type Run = { readonly modes: readonly Mode[]; readonly tell: (text: string) => void; readonly dir?: string };

export const run: CommandRun = async ({ io, args, options }) => {
  const { on, mode, dir, json } = options as Options;
  const given = String(args[0]);
  const scenario = loadScenario(existsSync(given) || /[./\\]/.test(given) ? given : scenarioFileOf(given));
  const how: Run = {
    modes: mode === 'both' ? modes : [mode],
    tell: (text) => io.err(text),
    ...(dir === undefined ? {} : { dir }),
  };
  const result =
    on === 'sim' ? await onSim(scenario, how) : await runOnProcesses(scenario, { ...how, command: mtaCommand, renderConfig });
  if (json === true) outJson(io, result);
  else io.out(renderScenario(result, lastWord(result), paint(io.outColour)));
  return result.asDocumented ? 0 : 1;
};

function lastWord({ scenario, asDocumented, cases }: ScenarioResult): string {
  const ran = cases.map((each) => each.mode).join(' and ');
  return asDocumented ? `${scenario}, ${ran}: everything was seen as it must be.` : `${scenario}, ${ran}: NOT as it must be.`;
}

/** With a folder, the journal and what the link saw are kept, as those of processes are. */
async function onSim(scenario: Scenario, { dir, ...how }: Run): Promise<ScenarioResult> {
  const records: VirtualRecord[] = [];
  const result = await runOnSim(scenario, { ...how, record: (record) => void records.push(record) });
  if (dir === undefined) return result;
  const lines = (values: readonly unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');
  for (const { mode, journal, pdus } of records) {
    const folder = join(dir, mode);
    try {
      await makeFolder(resolve(folder));
      await writeFile(join(folder, 'journal.jsonl'), lines(journal), { mode: 0o600 });
      await writeFile(join(folder, 'link.jsonl'), lines(pdus), { mode: 0o600 });
    } catch (error) {
      throw new CliError(`${folder} cannot be written: ${(error as Error).message}`);
    }
  }
  return result;
}
