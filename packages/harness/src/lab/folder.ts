/** The folder of a lab: one that somebody named, or a temporary one. */
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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

const temporary = new Set<string>();

/** This process ends at once, with labs open. Their MTAs end with it; one may be writing still. */
function removeAll(): void {
  for (const dir of temporary) {
    try {
      rmSync(dir, { recursive: true, force: true, maxRetries: 2, retryDelay: 20 });
    } catch {
      // Nobody is there to be told.
    }
  }
}

/** Makes a folder that is removed by `removeTemporaryFolder`, or when the process exits before that. */
export async function makeTemporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'mtalab-'));
  if (temporary.size === 0) process.on('exit', removeAll);
  temporary.add(dir);
  return dir;
}

export async function removeTemporaryFolder(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true });
  temporary.delete(dir);
  if (temporary.size === 0) process.off('exit', removeAll);
}
