/** The event log of an MTA of a lab, as its files have it. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoggedEvent } from '@mtalab/scenario';

/** Where an MTA of a lab keeps its event log: `events.jsonl`, `ev0.log`, and what was set aside of them. */
export function eventLogFolder(labDir: string, name: string): string {
  return join(labDir, name, 'data', 'logs');
}

/** `events.jsonl` is the latest, `events.1.jsonl` the one before it. */
function ageOf(file: string): number | null {
  const match = /^events(?:\.(\d+))?\.jsonl$/.exec(file);
  return match === null ? null : Number(match[1] ?? 0);
}

/** The files of an event log that are there, oldest first; the last one is that which is written. */
export async function eventLogFiles(folder: string): Promise<readonly string[]> {
  const files = await readdir(folder).catch((): string[] => []);
  const byAge = files.filter((file) => ageOf(file) !== null).sort((one, other) => (ageOf(other) ?? 0) - (ageOf(one) ?? 0));
  return byAge.map((file) => join(folder, file));
}

/** Every entry that is still there, oldest first. Empty when the MTA was never started. */
export async function readEventLog(labDir: string, name: string): Promise<readonly LoggedEvent[]> {
  const entries: LoggedEvent[] = [];
  for (const file of await eventLogFiles(eventLogFolder(labDir, name))) {
    for (const line of (await readFile(file, 'utf8')).split('\n')) {
      const entry = entryOf(line);
      if (entry !== null) entries.push(entry);
    }
  }
  return entries;
}

/** Null for a line that a process which was killed has left half done. */
function entryOf(line: string): LoggedEvent | null {
  try {
    const { id, parameters } = JSON.parse(line) as { readonly id: number; readonly parameters: LoggedEvent['params'] };
    return { id, params: parameters };
  } catch {
    return null;
  }
}
