/** Where the files of an MTA are, seen from its data folder. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadConfig } from './config/index.js';

/** `events.jsonl` and `ev0.log` are here. */
export function logFolderOf(dataFolder: string): string {
  return join(dataFolder, 'logs');
}

/** The first mail domain of an MTA of a lab, from the configuration beside its data folder; nothing where there is none. */
export function domainOfMta(process: { readonly tokenFile: string }): string | undefined {
  const file = join(dirname(dirname(process.tokenFile)), 'mta.yaml');
  return existsSync(file) ? loadConfig(file).mta.localDomains[0] : undefined;
}
