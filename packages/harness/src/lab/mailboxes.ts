/** Reads which copies are in the Maildirs of an MTA. They show deliveries that a killed process did not report any more. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The copy id in the name of a delivered file, `<seconds>.C<copy>M<mailbox digest>.<store>`. Undefined for other files. */
export function copyOfFileName(name: string): number | undefined {
  const copy = Number(/^\d+\.C(\d{1,16})M[0-9a-f]+\./.exec(name)?.[1]);
  return Number.isSafeInteger(copy) ? copy : undefined;
}

/** The copy ids of all mail below this folder, in `<domain>/<local part>/new` and `cur`. Dead letters are in another folder. */
export async function* copiesInMailboxes(folder: string): AsyncIterable<number> {
  for (const domain of await namesIn(folder)) {
    for (const mailbox of await namesIn(join(folder, domain))) {
      for (const part of ['new', 'cur']) {
        for (const name of await namesIn(join(folder, domain, mailbox, part))) {
          const copy = copyOfFileName(name);
          if (copy !== undefined) yield copy;
        }
      }
    }
  }
}

/** The names in a folder. None if the folder does not exist or is no folder. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
