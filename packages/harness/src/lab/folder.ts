/** Makes the folder of a lab: a folder with a given name, or a temporary one. */
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { exists } from '@mtalab/transport';

/**
 * Makes a folder and its missing parents, one by one. Node's own `recursive` never returns where the system says ENOENT
 * although the parent exists, as in /proc.
 * @throws the error of the system.
 */
export async function makeFolder(path: string): Promise<void> {
  const missing: string[] = [];
  for (let at = path; !(await exists(at)); at = dirname(at)) missing.unshift(at);
  for (const folder of missing) {
    await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
      // Another process may have made it meanwhile.
      if (error.code !== 'EEXIST') throw error;
    });
  }
  if (!(await stat(path)).isDirectory()) throw new Error('a file has this name');
}

const open = new Set<TemporaryFolder>();

/** Removes all temporary folders when this process exits with open labs. */
function removeAll(): void {
  for (const folder of open) {
    try {
      folder.endWriters();
      // A write under way may create a file during the removal, so the removal tries again.
      rmSync(folder.path, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
    } catch {
      // The process exits, so it cannot report an error.
    }
  }
}

/** A temporary folder. It is removed with its lab, or when the process exits. */
export class TemporaryFolder {
  readonly path: string;
  /** Kills the processes that write into the folder. Called when this process exits. */
  endWriters: () => void = () => undefined;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<TemporaryFolder> {
    const folder = new TemporaryFolder(await mkdtemp(join(tmpdir(), 'mtalab-')));
    if (open.size === 0) process.on('exit', removeAll);
    open.add(folder);
    return folder;
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
    open.delete(this);
    if (open.size === 0) process.off('exit', removeAll);
  }
}
