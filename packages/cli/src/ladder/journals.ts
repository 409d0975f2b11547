/** Finds the journals of a running lab, and says how to get one that is missing. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { dataFolderOf, journalFileOf, type RunEntry, type RunMta, shellWord } from '@mtalab/harness';
import type { CommandIo } from '../command-io.js';
import { loadConfig } from '../config/load.js';
import { CliError } from '../errors.js';
import { isSupervised } from '../running-mtas.js';

/** Does this MTA keep a journal, as its configuration says? A file of an earlier run does not count. */
function keepsJournal({ config }: RunMta, file: string): boolean {
  if (config === undefined) return existsSync(file);
  try {
    return loadConfig(config).journal;
  } catch {
    // Somebody may have changed the configuration since the start.
    return existsSync(file);
  }
}

function remedy(run: RunEntry, { mta, config }: RunMta): string {
  if (isSupervised(run)) return `start the pair with \`mtalab pair --journal --dir ${shellWord(run.dir)}\``;
  const where = config === undefined ? 'in its configuration file' : `in ${config}`;
  return `set \`journal: true\` ${where}, and start ${mta} again`;
}

/**
 * The journal files of the MTAs of a run that keep one. Says on stderr which keep none.
 * @throws CliError if none keeps one. It says how to switch journals on.
 */
export function journalsOf(io: CommandIo, run: RunEntry): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const without: RunMta[] = [];
  for (const one of run.mtas) {
    const data = one.process === null ? dataFolderOf(run.dir, one.mta) : dirname(one.process.tokenFile);
    const file = journalFileOf(data);
    if (keepsJournal(one, file)) found.set(one.mta, file);
    else without.push(one);
  }
  const [first] = without;
  if (first !== undefined) {
    const names = without.map(({ mta }) => mta).join(' and ');
    const keep = without.length === 1 ? 'keeps no journal' : 'keep no journal';
    if (found.size === 0) throw new CliError(`${names} ${keep}, so there is nothing to follow; ${remedy(run, first)}`);
    io.err(`mtalab: ${names} ${keep}, so nobody can say what arrives there; ${remedy(run, first)}`);
  }
  return found;
}
