/** Digests of sent mail and of mailboxes: equal lists mean that each message arrived exactly once, octet for octet. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Lab } from '@mtalab/harness';

export type Letter = { readonly name: string; readonly content: Buffer };

export function digestOf(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex');
}

/** The files of a folder, sorted by name, without those of its subfolders. */
export function lettersIn(folder: string): Letter[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort()
    .map((name) => ({ name, content: readFileSync(join(folder, name)) }));
}

/** An optional collection of real mail beside the repository. */
export const corpusFolder = resolve(process.cwd(), '../shared/corpus/mail');

export const hasCorpus = existsSync(corpusFolder);

export function sorted(digests: Iterable<string>): string[] {
  return [...digests].sort();
}

/** Digests of all files below a folder, including drafts. */
export function messagesBelow(folder: string): string[] {
  for (;;) {
    if (!existsSync(folder)) return [];
    try {
      return sorted(
        readdirSync(folder, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => digestOf(readFileSync(join(entry.parentPath, entry.name)))),
      );
    } catch (error) {
      // After the listing a draft became a message under another name, so list again.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** Every message in every mailbox of an MTA. */
export function delivered(lab: Lab, mta: string): string[] {
  return messagesBelow(join(lab.dir, mta, 'mailboxes'));
}
