/** What is in the Maildirs of an MTA, by copy: the truth about deliveries when a process died before it could tell. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The copy id in the name of a delivered file, `<seconds>.C<copy>M<mailbox digest>.<store>`; nothing for another's file. */
function copyOfFileName(name: string): number | undefined {
  const copy = Number(/^\d+\.C(\d{1,16})M[0-9a-f]+\./.exec(name)?.[1]);
  return Number.isSafeInteger(copy) ? copy : undefined;
}

/** Copy ids of all that was delivered below this folder, `<domain>/<local part>/new` and `cur`. Dead letters lie elsewhere. */
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

/** Nothing for a folder that is not there, or is none. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
