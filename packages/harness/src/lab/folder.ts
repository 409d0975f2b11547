/** Makes the folder of a lab: a folder with a given name, or a temporary one. */
import { rmSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { exists } from '@mtalab/transport';
import { identified, isRunning } from '../process/process-facts.js';

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

const prefix = 'mtalab-';
/** In a temporary folder: the process that will remove it. */
const ownerFile = '.owner.json';
const maxOwnerBytes = 4096;
/** Limit of folders that one start looks at. */
const maxLooks = 1000;

/** Process ids mean something in one process namespace only. A container may share the folder for temporary files. */
function pidNamespace(): Promise<string> {
  return readlink('/proc/self/ns/pid').catch(() => '');
}

/** Is this a temporary folder of this user, whose process is gone without having removed it, for instance by `kill -9`? */
async function isAbandoned(folder: string, namespace: string): Promise<boolean> {
  const file = join(folder, ownerFile);
  const [place, found] = [await lstat(folder), await lstat(file)];
  const isOwn = process.getuid === undefined || (place.uid === process.getuid() && found.uid === place.uid);
  if (!isOwn || !place.isDirectory() || !found.isFile() || found.size > maxOwnerBytes) return false;
  const owner = JSON.parse(await readFile(file, 'utf8')) as Readonly<Record<string, unknown>> | null;
  const pid = owner?.['pid'];
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0 || owner?.['namespace'] !== namespace) return false;
  const pidStart = owner['pidStart'];
  return !(await isRunning(typeof pidStart === 'string' ? { pid, pidStart } : { pid }));
}

/** Removes the temporary folders that killed processes have left. */
async function removeAbandoned(namespace: string): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(prefix)).slice(0, maxLooks)) {
    const folder = join(tmpdir(), name);
    // Most folders of this name are none of this kind, or another start removes them at the same time.
    if (!(await isAbandoned(folder, namespace).catch(() => false))) continue;
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 }).catch(() => undefined);
  }
}

/**
 * A temporary folder. It is removed with its lab, or when the process exits. If the process is killed, the next start of a lab
 * with a temporary folder removes it.
 */
export class TemporaryFolder {
  readonly path: string;
  /** Kills the processes that write into the folder. Called when this process exits. */
  endWriters: () => void = () => undefined;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<TemporaryFolder> {
    const namespace = await pidNamespace();
    await removeAbandoned(namespace);
    const folder = new TemporaryFolder(await mkdtemp(join(tmpdir(), prefix)));
    if (open.size === 0) process.on('exit', removeAll);
    open.add(folder);
    await writeFile(join(folder.path, ownerFile), JSON.stringify({ ...(await identified({ pid: process.pid })), namespace }), {
      mode: 0o600,
    });
    return folder;
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
    open.delete(this);
    if (open.size === 0) process.off('exit', removeAll);
  }
}
