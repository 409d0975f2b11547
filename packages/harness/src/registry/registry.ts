/**
 * The registry of runs, where commands find the processes of a lab. It is a folder that only its user can read, with a JSON
 * file for each running lab. The folder of the lab has the same file, for commands that name this folder.
 */
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { HarnessError, messageOf } from '../process/errors.js';
import { identified, isRunning, killProcess, type ProcessIdentity } from '../process/process-facts.js';
import { shellWord } from '../shell-word.js';

/** How to reach a control channel. */
export type ControlAddress = { readonly control: string; readonly tokenFile: string };

/** An MTA of a run. */
export type RunMta = {
  readonly mta: string;
  /** Domains whose mailboxes it has. */
  readonly domains: readonly string[];
  /** Its configuration file, if known. */
  readonly config?: string;
  /** Its process; null while it is down. */
  readonly process: (ProcessIdentity & ControlAddress) | null;
};

/** The process is the one that supervises the run. The run is over when it has ended. */
export type RunEntry = ProcessIdentity & {
  /** ISO 8601. */
  readonly startedAt: string;
  readonly dir: string;
  /** The MTAs of the run in its order, whether they are up or not. */
  readonly mtas: readonly RunMta[];
  /** The control channel of the supervisor itself (faults, summary), if it has one. */
  readonly lab?: ControlAddress;
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

/**
 * Writes a run into the registry, and into its own folder as `run.json`.
 * @param isListed false: only commands that name its folder find it.
 */
export async function registerRun(entry: RunEntry, isListed = true): Promise<Registration> {
  const name = `run-${entry.pid}-${Date.parse(entry.startedAt).toString(36)}.json`;
  const listed = isListed ? [join(await registryFolder(), name)] : [];
  const files = [...listed, join(entry.dir, 'run.json')];
  const update = async (next: RunEntry): Promise<void> => {
    const mtas = await Promise.all(
      next.mtas.map(async (one) => ({ ...one, process: one.process && (await identified(one.process)) })),
    );
    const text = `${JSON.stringify(await identified({ ...next, mtas }), null, 2)}\n`;
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

/**
 * All runs of this user whose supervising process is alive, the latest first. Of other runs it removes the files, and what is
 * left of their processes.
 */
export async function listRuns(): Promise<readonly RunEntry[]> {
  const folder = await registryFolder();
  const runs: RunEntry[] = [];
  const names = (await readdir(folder)).filter((name) => /^run-\d+-\w+\.json$/.test(name));
  for (const name of names.slice(0, maxRuns)) {
    const file = join(folder, name);
    const found = await readEntry(file).catch(() => undefined);
    // The folder is this user's, but another user with more rights may have written into it.
    if (found !== undefined && found.uid !== (process.getuid?.() ?? found.uid)) continue;
    if (found !== undefined && (await isRunning(found.entry, found.uid))) runs.push(found.entry);
    else {
      if (found !== undefined) await endLeftovers(found.entry);
      await rm(file, { force: true });
    }
  }
  return runs.sort((one, other) => Date.parse(other.startedAt) - Date.parse(one.startedAt));
}

export type RunWish = {
  /** The folder of the run. */
  readonly dir?: string | undefined;
  /** Without a folder and with several runs: refuse, or take the latest. Default `refuse`. */
  readonly several?: 'refuse' | 'latest';
};

/**
 * Finds the run in a folder, or the only run of this user.
 * @returns also the other runs, if it took the latest of several.
 * @throws HarnessError if there is no run, if the run is over, or if there are several and the wish is to refuse.
 */
export async function findRun(wish: RunWish = {}): Promise<{ readonly run: RunEntry; readonly others: readonly RunEntry[] }> {
  if (wish.dir !== undefined) return { run: await findInFolder(resolve(wish.dir)), others: [] };
  const [run, ...others] = await listRuns();
  if (run === undefined) throw new HarnessError('no MTAs are running; start a pair with `mtalab pair`');
  if (others.length > 0 && wish.several !== 'latest')
    throw new HarnessError(`there are ${others.length + 1} runs; choose one:\n${[run, ...others].map(lineOf).join('\n')}`);
  return { run, others };
}

function lineOf(run: RunEntry): string {
  return `  --dir ${shellWord(run.dir)} (pid ${run.pid}, since ${run.startedAt})`;
}

async function findInFolder(dir: string): Promise<RunEntry> {
  const file = join(dir, 'run.json');
  let found: FoundEntry;
  try {
    found = await readEntry(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new HarnessError(
        `nothing runs in ${dir}: it has no run.json; start a pair there with \`mtalab pair --dir ${shellWord(dir)}\``,
      );
    }
    throw new HarnessError(`cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
  const { entry, uid } = found;
  if (!(await isRunning(entry, uid))) {
    const left = uid === process.getuid?.() ? await endLeftovers(entry) : [];
    const killed = left.length === 0 ? '' : `, and ${left.join(', ')}, which it left behind, is killed`;
    throw new HarnessError(
      `the run in ${dir} is over (its process ${entry.pid} is gone${killed}); start it again with \`mtalab pair --dir ${shellWord(dir)}\``,
    );
  }
  return entry;
}

/**
 * Kills the MTAs of a run whose supervisor has ended. An MTA ends with its supervisor, unless it is suspended.
 * @returns the names of the killed MTAs.
 */
export async function endLeftovers(entry: RunEntry): Promise<readonly string[]> {
  const killed: string[] = [];
  for (const { mta, process: one } of entry.mtas) {
    // Without its start time, nobody can say whether the process with this pid is the MTA.
    if (one?.pidStart !== undefined && (await killProcess(one))) killed.push(mta);
  }
  return killed;
}

type FoundEntry = {
  readonly entry: RunEntry;
  /** The owner of the file, who is the user of the run. */
  readonly uid: number;
};

async function readEntry(file: string): Promise<FoundEntry> {
  const found = await lstat(file);
  if (!found.isFile() || found.size > maxEntryBytes) throw new HarnessError('it is not the file of a run');
  const entry = JSON.parse(await readFile(file, 'utf8')) as Partial<RunEntry> | null;
  const isComplete =
    hasPid(entry) &&
    typeof entry?.dir === 'string' &&
    typeof entry.startedAt === 'string' &&
    Array.isArray(entry.mtas) &&
    entry.mtas.every(isRunMta);
  if (!isComplete) throw new HarnessError('it is not the file of a run of this version');
  return { entry: entry as RunEntry, uid: found.uid };
}

function hasPid(value: Partial<ProcessIdentity> | null | undefined): boolean {
  return typeof value?.pid === 'number' && Number.isSafeInteger(value.pid) && value.pid > 0;
}

function isRunMta(row: Partial<RunMta> | null): boolean {
  const { mta, domains, process: one } = row ?? {};
  const isProcess = one === null || (hasPid(one) && typeof one?.control === 'string' && typeof one.tokenFile === 'string');
  return typeof mta === 'string' && Array.isArray(domains) && domains.every((name) => typeof name === 'string') && isProcess;
}

/** Replaces a file at once: a reader sees the old file or the new one, never a part. */
async function replaceFile(file: string, text: string): Promise<void> {
  const fresh = `${file}.${process.pid}.new`;
  await writeFile(fresh, text, { mode: 0o600 });
  await rename(fresh, file);
}
