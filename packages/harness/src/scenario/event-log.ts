/** Reads the event log that an MTA keeps in files. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoggedEvent } from '@mtalab/scenario';

/** Number of an event log file: 0 for `events.jsonl`, 1 for the older `events.1.jsonl`. Null for any other file. */
function numberOf(file: string): number | null {
  const match = /^events(?:\.(\d+))?\.jsonl$/.exec(file);
  return match === null ? null : Number(match[1] ?? 0);
}

/** The event log files in a log folder, oldest first. The MTA writes the last one. */
export async function eventLogFiles(folder: string): Promise<readonly string[]> {
  const files = await readdir(folder).catch((): string[] => []);
  const oldestFirst = files
    .filter((file) => numberOf(file) !== null)
    .sort((one, other) => (numberOf(other) ?? 0) - (numberOf(one) ?? 0));
  return oldestFirst.map((file) => join(folder, file));
}

/** The entries in these lines. Skips a line that is not whole: a killed process may leave one. */
export function logEntries<Entry>(lines: readonly string[]): Entry[] {
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as Entry];
    } catch {
      return [];
    }
  });
}

/** Every entry in a log folder, oldest first. Empty if the MTA never started. */
export async function readEventLog(folder: string): Promise<readonly LoggedEvent[]> {
  const entries: LoggedEvent[] = [];
  for (const file of await eventLogFiles(folder)) {
    const lines = (await readFile(file, 'utf8')).split('\n');
    const logged = logEntries<{ readonly id: number; readonly parameters: LoggedEvent['params'] }>(lines);
    for (const { id, parameters } of logged) entries.push({ id, params: parameters });
  }
  return entries;
}
