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

const open = new Set<TemporaryFolder>();

/** This process ends at once, with labs open. */
function removeAll(): void {
  for (const folder of open) {
    try {
      folder.endWriters();
      // A write that was under way may put a file where all had been removed.
      rmSync(folder.path, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
    } catch {
      // Nobody is there to be told.
    }
  }
}

/** It is removed with its lab, or when the process exits before that. */
export class TemporaryFolder {
  readonly path: string;
  /** Ends those who write into it, at once. Called when the process exits. */
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
