/** Keeps the evidence of a case: journals, ladder, event logs, figures. */
import { constants, existsSync, readdirSync } from 'node:fs';
import { access, copyFile, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { jsonLines, makeFolder } from '@mtalab/harness';
import { isShown, levelsOf } from '@mtalab/mta-core';
import { casesOf, type Mode, type Scenario } from '@mtalab/scenario';
import { ladderAsText, legendText } from '@mtalab/trace';
import { CliError, messageOf, UsageError } from '../errors.js';
import { createLogs } from '../logs/mta-logs.js';
import type { CaseRecord } from './run.js';

/** Folder of one case: the scenario's name, then the case. */
function folderOf(dir: string, scenario: string, mode: Mode): string {
  return resolve(dir, scenario, mode);
}

/** Names in a folder. None if the folder does not exist. */
async function contentOf(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * Makes the folders of all cases before anything runs. Files of an earlier run must not look like files of this run.
 * @throws UsageError naming the option, and a folder that is not empty or cannot be written.
 */
export async function claimEmptyFolders(option: string, folders: readonly string[]): Promise<void> {
  const reach = async <T>(folder: string, use: () => Promise<T>): Promise<T> => {
    try {
      return await use();
    } catch (error) {
      throw new UsageError(`${option}: cannot make and write ${folder}: ${messageOf(error)}`);
    }
  };
  for (const folder of folders) {
    const content = await reach(folder, () => contentOf(folder));
    if (content.length > 0) throw new UsageError(`${option}: ${folder} holds an earlier run; give an empty folder`);
  }
  for (const folder of folders) {
    await reach(folder, async () => {
      await makeFolder(folder);
      await access(folder, constants.W_OK);
    });
  }
}

/** The folders for the evidence of these scenarios, one for each case. */
export function evidenceFolders(dir: string, scenarios: readonly Scenario[]): readonly string[] {
  return scenarios.flatMap((scenario) => casesOf(scenario).map((mode) => folderOf(dir, scenario.name, mode)));
}

/** Keeps the journal, and the event logs that processes would have written. */
async function keepVirtual(folder: string, { journal, result }: CaseRecord & { readonly on: 'sim' }): Promise<void> {
  await writeFile(join(folder, 'journal.jsonl'), jsonLines(journal), { mode: 0o600 });
  const shown = levelsOf();
  for (const { mta: name } of result.counts.mtas) {
    const logs = createLogs({ folder: join(folder, name), console: false, node: name });
    for (const { node, t, effects } of journal) {
      if (node !== name) continue;
      for (const effect of effects)
        if (effect.type === 'report' && isShown(effect.event.id, shown)) logs.event(effect.event, t, node);
    }
    await logs.close();
  }
}

async function keepProcesses(folder: string, { mtas }: CaseRecord & { readonly on: 'processes' }): Promise<void> {
  for (const { name, journal, logs } of mtas) {
    const into = join(folder, name);
    await makeFolder(into);
    await copyFile(journal, join(into, 'journal.jsonl'));
    const files = existsSync(logs) ? readdirSync(logs) : [];
    for (const file of files.filter((each) => /^(events|ev0)\b/.test(each))) await copyFile(join(logs, file), join(into, file));
  }
}

/**
 * Keeps the evidence of a case: `journal.jsonl` (of each MTA, or of all on virtual time), `events.jsonl` and `ev0.log` of each
 * MTA, `link.jsonl` (the PDUs of the link), `ladder.txt` and `counts.json`.
 * @throws CliError if a file cannot be written.
 */
export async function keepEvidence(dir: string, scenario: string, record: CaseRecord): Promise<void> {
  const { mode, pdus, result, on } = record;
  const folder = folderOf(dir, scenario, mode);
  const { asDocumented, verdict, observations, counts } = result;
  try {
    await makeFolder(folder);
    if (record.on === 'sim') await keepVirtual(folder, record);
    else await keepProcesses(folder, record);
    await writeFile(join(folder, 'link.jsonl'), jsonLines(pdus), { mode: 0o600 });
    await writeFile(join(folder, 'ladder.txt'), `${ladderAsText(result.ladder)}\n\n${legendText(result.ladder)}\n`);
    const figures = { scenario, mode, on, asDocumented, verdict, observations, counts };
    await writeFile(join(folder, 'counts.json'), `${JSON.stringify(figures, null, 2)}\n`);
  } catch (error) {
    throw new CliError(`cannot write ${folder}: ${messageOf(error)}`);
  }
}
