/** Making the folder that somebody named. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { exists } from '@mtalab/transport';

/**
 * Makes a folder and those above it that are missing. Step by step: Node's own `recursive` never returns where the system
 * says ENOENT although the parent is there, as it does in /proc.
 * @throws the error of the system.
 */
export async function makeFolder(path: string): Promise<void> {
  const missing: string[] = [];
  for (let at = path; !(await exists(at)); at = dirname(at)) missing.unshift(at);
  for (const folder of missing) {
    await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
      // Somebody else was quicker.
      if (error.code !== 'EEXIST') throw error;
    });
  }
  if (!(await stat(path)).isDirectory()) throw new Error('there is a file of this name');
}
