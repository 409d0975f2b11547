/** `mtalab scenario FILE`: runs a scenario file on virtual time or on real processes. The verdict is the same. */

import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { jsonLines, makeFolder } from '@mtalab/harness';
import { type Mode, modes, ScenarioEnded, type ScenarioResult } from '@mtalab/scenario';
import { outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { CliError, exitCodes } from '../errors.js';
import { onInterrupt } from '../interrupt.js';
import { paint } from '../render/colours.js';
import { renderScenario } from '../render/scenario.js';
import { loadScenario, scenarioFileOf } from '../scenario/load.js';
import { type CaseRecord, runScenario } from '../scenario/run.js';

type Options = {
  readonly on: 'sim' | 'processes';
  readonly mode: Mode | 'both';
  readonly dir?: string;
  readonly json?: boolean;
};

export const run: CommandRun = async ({ io, args, options }) => {
  const { on, mode, dir, json } = options as Options;
  const fileOrName = String(args[0]);
  const scenario = loadScenario(existsSync(fileOrName) || /[./\\]/.test(fileOrName) ? fileOrName : scenarioFileOf(fileOrName));
  const interrupt = onInterrupt(io.readerGone);
  try {
    const result = await runScenario(scenario, {
      on,
      dir,
      modes: mode === 'both' ? modes : [mode],
      tell: (text) => io.err(text),
      signal: interrupt.signal,
      keep: dir === undefined ? undefined : (record) => keep(dir, record),
    });
    if (json === true) outJson(io, result);
    else io.out(renderScenario(result, conclusionOf(result), paint(io.outColour, io.outColumns())));
    return result.asDocumented ? exitCodes.ok : exitCodes.failed;
  } catch (error) {
    if (error instanceof ScenarioEnded) return exitCodes.interrupted;
    throw error;
  } finally {
    interrupt.dispose();
  }
};

function conclusionOf({ scenario, asDocumented, cases }: ScenarioResult): string {
  const ran = cases.map((each) => each.mode).join(' and ');
  return asDocumented
    ? `${scenario}, ${ran}: every observation is as the scenario says.`
    : `${scenario}, ${ran}: NOT as the scenario says.`;
}

/** Keeps the journal and the PDUs of the link of a case on virtual time. Processes write their own into their folder. */
async function keep(dir: string, record: CaseRecord): Promise<void> {
  if (record.on === 'processes') return;
  const folder = join(dir, record.mode);
  try {
    await makeFolder(resolve(folder));
    await writeFile(join(folder, 'journal.jsonl'), jsonLines(record.journal), { mode: 0o600 });
    await writeFile(join(folder, 'link.jsonl'), jsonLines(record.pdus), { mode: 0o600 });
  } catch (error) {
    throw new CliError(`cannot write ${folder}: ${(error as Error).message}`);
  }
}
