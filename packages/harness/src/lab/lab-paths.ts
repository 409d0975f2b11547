/** Paths of the files of a lab and of its MTAs. */
import { join } from 'node:path';

/** Folder of one MTA of a lab: its configuration file, its data and its mailboxes. */
function mtaFolderOf(labDir: string, name: string): string {
  return join(labDir, name);
}

export function configFileOf(labDir: string, name: string): string {
  return join(mtaFolderOf(labDir, name), 'mta.yaml');
}

export function mailboxFolderOf(labDir: string, name: string): string {
  return join(mtaFolderOf(labDir, name), mailboxFolderName);
}

/** Data folder of one MTA of a lab: its store, journal, logs and control token. */
export function dataFolderOf(labDir: string, name: string): string {
  return join(mtaFolderOf(labDir, name), dataFolderName);
}

/** Names of folders in the configuration file of an MTA, relative to the file. */
export const dataFolderName = 'data';
export const mailboxFolderName = 'mailboxes';

/** Log folder of an MTA with this data folder: `events.jsonl`, `ev0.log`, their older files, and the APDU logs. */
export function logFolderOf(dataFolder: string): string {
  return join(dataFolder, 'logs');
}

/** Journal of an MTA with this data folder, if it keeps one. */
export function journalFileOf(dataFolder: string): string {
  return join(dataFolder, 'journal.jsonl');
}
