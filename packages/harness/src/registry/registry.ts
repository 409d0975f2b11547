/**
 * The registry of runs: one JSON file per running lab in a folder only its user can read, so that commands find the
 * processes of a lab started elsewhere. The file lies in the lab's own folder as well, for those who name that.
 */
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { HarnessError, messageOf } from '../process/errors.js';

/** How to reach a control channel. */
export type ControlAddress = { readonly control: string; readonly tokenFile: string };

export type RunEntry = {
  /** The supervising process; the run is over when it is gone. */
  readonly pid: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly dir: string;
  readonly processes: readonly ({ readonly name: string; readonly pid: number } & ControlAddress)[];
  /** Names of those that are down, while others run. */
  readonly down?: readonly string[];
  /** The control channel of the supervisor itself (faults, summary), where it has one. */
  readonly lab?: ControlAddress;
  /** When the kernel started `pid`, in clock ticks since boot, where that can be known: a reused pid is told from ours. */
  readonly pidStart?: string;
};

/** A run that is in the registry. */
export type Registration = {
  /** Replace the entry, for instance after a restart has changed a pid. */
  update(entry: RunEntry): Promise<void>;
  /** Take it out. */
  remove(): Promise<void>;
};

/** The most runs looked at; more would be litter. */
const maxRuns = 1000;
const maxEntryBytes = 262_144;

/**
 * The registry's folder, made if need be: `mtalab` in `$XDG_RUNTIME_DIR`, else `mtalab-<uid>` in the folder for temporary
 * files, with mode 0700.
 * @throws HarnessError when it belongs to somebody else.
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
    throw new HarnessError(`the registry of runs ${folder} is not a folder of yours; set XDG_RUNTIME_DIR to a folder that is`);
  }
  await chmod(folder, 0o700);
  return folder;
}

async function isFolderOf(path: string, uid: number): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isDirectory() === true && (process.getuid === undefined || found.uid === uid);
}

/** Put a run into the registry, and into its folder as `run.json`. */
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
    throw new HarnessError(`the run cannot be registered: ${messageOf(error)}`, { cause: error });
  }
  return { update, remove };
}

/** All runs whose supervising process is alive, the latest first. Files of others are removed. */
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
 * The run in this folder, or the only one there is.
 * @throws HarnessError when there is none, when it is over, or when several run and no folder is given.
 */
export async function findRun(options: { readonly dir?: string | undefined } = {}): Promise<RunEntry> {
  if (options.dir !== undefined) return findInFolder(resolve(options.dir));
  const runs = await listRuns();
  const [only, ...others] = runs;
  if (only === undefined) throw new HarnessError('no MTAs are running; start a pair with `mtalab pair`');
  if (others.length > 0) {
    const folders = runs.map((run) => `  ${run.dir} (pid ${run.pid}, since ${run.startedAt})`).join('\n');
    throw new HarnessError(`${runs.length} runs are going on; choose one with --dir:\n${folders}`);
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
      throw new HarnessError(`nothing runs in ${dir}: there is no ${file}; start a pair there with \`mtalab pair --dir ${dir}\``);
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
  const whole =
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
  if (!whole) throw new HarnessError('it is not the file of a run');
  return entry as RunEntry;
}

async function isAlive(entry: RunEntry): Promise<boolean> {
  try {
    process.kill(entry.pid, 0);
  } catch {
    // Gone, or of another user, which a run of ours never is.
    return false;
  }
  const facts = await factsOf(entry.pid);
  // A zombie has ended; only its parent has not taken note.
  return facts === undefined || (facts.state !== 'Z' && (entry.pidStart === undefined || entry.pidStart === facts.start));
}

/** State and start time of a process from /proc/PID/stat; nothing where there is no such file. */
async function factsOf(
  pid: number,
): Promise<{ readonly state: string | undefined; readonly start: string | undefined } | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The program's name, in parentheses, may hold spaces: count fields after it. State is field 3, start time field 22.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields && { state: fields[0], start: fields[19] };
}

/** Readers see the old file or the new one, never half of it. */
async function replaceFile(file: string, text: string): Promise<void> {
  const fresh = `${file}.${process.pid}.new`;
  await writeFile(fresh, text, { mode: 0o600 });
  await rename(fresh, file);
}
