/** Where the files of an MTA are, seen from its data folder. */
import { join } from 'node:path';

/** `events.jsonl` and `ev0.log` are here. */
export function logFolderOf(dataFolder: string): string {
  return join(dataFolder, 'logs');
}
