/**
 * The registry of runs, where commands find the processes of a lab. It is a folder that only its user can read, with a JSON
 * file for each running lab. The folder of the lab has the same file, for commands that name this folder.
 */
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { HarnessError, messageOf } from '../process/errors.js';

/** How to reach a control channel. */
export type ControlAddress = { readonly control: string; readonly tokenFile: string };

export type RunEntry = {
  /** The supervising process. The run is over when it has ended. */
  readonly pid: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly dir: string;
  readonly processes: readonly ({ readonly name: string; readonly pid: number } & ControlAddress)[];
  /** Names of MTAs that are down while others run. */
  readonly down?: readonly string[];
  /** The control channel of the supervisor itself (faults, summary), if it has one. */
  readonly lab?: ControlAddress;
  /** Start time of `pid` in clock ticks since boot, if known. It shows whether another process has the pid now. */
  readonly pidStart?: string;
};

/** A run that is in the registry. */
export type Registration = {
  /** Replaces the entry, for instance after a restart has changed a pid. */
  update(entry: RunEntry): Promise<void>;
  /** Removes the entry. */
  remove(): Promise<void>;
};

/** Limit of runs that are read. */
const maxRuns = 1000;
const maxEntryBytes = 262_144;

/**
 * Makes and returns the folder of the registry, with mode 0700: `mtalab` in `$XDG_RUNTIME_DIR`, else `mtalab-<uid>` in the
 * folder for temporary files.
 * @throws HarnessError if the folder belongs to another user.
 */
export async function registryFolder(): Promise<string> {
  const uid = process.getuid?.() ?? 0;
  const runtime = process.env.XDG_RUNTIME_DIR;
  const usable = runtime !== undefined && runtime !== '' && (await isFolderOf(runtime, uid));
  const folder = usable ? join(runtime, 'mtalab') : join(tmpdir(), `mtalab-${uid}`);
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') {
      throw new HarnessError(`cannot make the registry of runs ${folder}: ${error.message}`, { cause: error });
    }
  });
  if (!(await isFolderOf(folder, uid))) {
    throw new HarnessError(
      `the registry of runs ${folder} does not belong to this user; set XDG_RUNTIME_DIR to a folder that does`,
    );
  }
  await chmod(folder, 0o700);
  return folder;
}

async function isFolderOf(path: string, uid: number): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isDirectory() === true && (process.getuid === undefined || found.uid === uid);
}

/** Writes a run into the registry, and into its own folder as `run.json`. */
export async function registerRun(entry: RunEntry): Promise<Registration> {
  const name = `run-${entry.pid}-${Date.parse(entry.startedAt).toString(36)}.json`;
  const files = [join(await registryFolder(), name), join(entry.dir, 'run.json')];
  const update = async (next: RunEntry): Promise<void> => {
    const pidStart = (await factsOf(next.pid))?.start;
    const text = `${JSON.stringify({ ...next, ...(pidStart === undefined ? {} : { pidStart }) }, null, 2)}\n`;
    for (const file of files) await replaceFile(file, text);
  };
  const remove = async (): Promise<void> => {
    for (const file of files) await rm(file, { force: true });
  };
  try {
    await update(entry);
  } catch (error) {
    await remove().catch(() => undefined);
    throw new HarnessError(`cannot register the run: ${messageOf(error)}`, { cause: error });
  }
  return { update, remove };
}

/** All runs whose supervising process is alive, the latest first. Removes the files of other runs. */
export async function listRuns(): Promise<readonly RunEntry[]> {
  const folder = await registryFolder();
  const runs: RunEntry[] = [];
  const names = (await readdir(folder)).filter((name) => /^run-\d+-\w+\.json$/.test(name));
  for (const name of names.slice(0, maxRuns)) {
    const file = join(folder, name);
    const entry = await readEntry(file).catch(() => undefined);
    if (entry !== undefined && (await isAlive(entry))) runs.push(entry);
    else await rm(file, { force: true });
  }
  return runs.sort((one, other) => Date.parse(other.startedAt) - Date.parse(one.startedAt));
}

/**
 * Finds the run in a folder, or the only run.
 * @throws HarnessError if there is no run, if the run is over, or if there are several runs and no folder is given.
 */
export async function findRun(options: { readonly dir?: string | undefined } = {}): Promise<RunEntry> {
  if (options.dir !== undefined) return findInFolder(resolve(options.dir));
  const runs = await listRuns();
  const [only, ...others] = runs;
  if (only === undefined) throw new HarnessError('no MTAs are running; start a pair with `mtalab pair`');
  if (others.length > 0) {
    const folders = runs.map((run) => `  ${run.dir} (pid ${run.pid}, since ${run.startedAt})`).join('\n');
    throw new HarnessError(`there are ${runs.length} runs; choose one with --dir:\n${folders}`);
  }
  return only;
}

async function findInFolder(dir: string): Promise<RunEntry> {
  const file = join(dir, 'run.json');
  let entry: RunEntry;
  try {
    entry = await readEntry(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new HarnessError(`nothing runs in ${dir}: it has no run.json; start a pair there with \`mtalab pair --dir ${dir}\``);
    }
    throw new HarnessError(`cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
  if (!(await isAlive(entry))) {
    throw new HarnessError(
      `the run in ${dir} is over (its process ${entry.pid} is gone); start it again with \`mtalab pair --dir ${dir}\``,
    );
  }
  return entry;
}

async function readEntry(file: string): Promise<RunEntry> {
  const found = await lstat(file);
  if (!found.isFile() || found.size > maxEntryBytes) throw new HarnessError('it is not the file of a run');
  const entry = JSON.parse(await readFile(file, 'utf8')) as Partial<RunEntry> | null;
  const isComplete =
    typeof entry?.pid === 'number' &&
    Number.isSafeInteger(entry.pid) &&
    entry.pid > 0 &&
    typeof entry.dir === 'string' &&
    typeof entry.startedAt === 'string' &&
    Array.isArray(entry.processes) &&
    entry.processes.every(
      (row) => typeof row?.name === 'string' && typeof row.control === 'string' && typeof row.tokenFile === 'string',
    ) &&
    (entry.down === undefined || (Array.isArray(entry.down) && entry.down.every((name) => typeof name === 'string')));
  if (!isComplete) throw new HarnessError('it is not the file of a run');
  return entry as RunEntry;
}

/** Does the process run that had this pid and this start time? */
export async function isAlive(entry: Pick<RunEntry, 'pid' | 'pidStart'>): Promise<boolean> {
  try {
    process.kill(entry.pid, 0);
  } catch {
    // The process has ended, or it belongs to another user and so is no run of this user.
    return false;
  }
  const facts = await factsOf(entry.pid);
  // A zombie (Z) has ended too.
  return facts === undefined || (facts.state !== 'Z' && (entry.pidStart === undefined || entry.pidStart === facts.start));
}

/** The mark of this process by which `isAlive` knows it later. */
export async function ownMark(): Promise<Pick<RunEntry, 'pid' | 'pidStart'>> {
  const start = (await factsOf(process.pid))?.start;
  return { pid: process.pid, ...(start === undefined ? {} : { pidStart: start }) };
}

/** State and start time of a process from /proc/PID/stat. Undefined on systems without it. */
async function factsOf(
  pid: number,
): Promise<{ readonly state: string | undefined; readonly start: string | undefined } | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The name of the program is in parentheses and may have spaces, so the fields count from its end. State is field 3, start
  // time is field 22.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields && { state: fields[0], start: fields[19] };
}

/** Replaces a file at once: a reader sees the old file or the new one, never a part. */
async function replaceFile(file: string, text: string): Promise<void> {
  const fresh = `${file}.${process.pid}.new`;
  await writeFile(fresh, text, { mode: 0o600 });
  await rename(fresh, file);
}
