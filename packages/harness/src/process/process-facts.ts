/** What the system says about a process. On systems without /proc, less is known. */
import { readFile, stat } from 'node:fs/promises';
import { pause } from './deadline.js';

/** A process. Another process may get its pid after its end; the start time tells the two apart. */
export type ProcessIdentity = {
  readonly pid: number;
  /** Start time in clock ticks since boot, if known. */
  readonly pidStart?: string;
};

type ProcessFacts = { readonly state: string | undefined; readonly start: string | undefined };

/** Real time between two looks at a process, ms. */
const pollMs = 50;

/** State and start time of a process from /proc/PID/stat. Undefined without it. */
async function processFacts(pid: number): Promise<ProcessFacts | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The name of the program is in parentheses and may have spaces, so the fields count from its end. State is field 3, start
  // time is field 22.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields && { state: fields[0], start: fields[19] };
}

/** With the start time of the process, if the system says it. */
export async function identified<T extends ProcessIdentity>(one: T): Promise<T> {
  const pidStart = (await processFacts(one.pid))?.start;
  return pidStart === undefined ? one : { ...one, pidStart };
}

/** Has a signal such as SIGSTOP suspended the process? Then it can do nothing until SIGCONT or SIGKILL. */
export async function isSuspended(pid: number): Promise<boolean> {
  return (await processFacts(pid))?.state === 'T';
}

/**
 * Does this process still run? A process of another user is never the one: the pid has a new owner.
 * @param uid the owner. Default: the user of this process.
 */
export async function isRunning({ pid, pidStart }: ProcessIdentity, uid = process.getuid?.()): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const facts = await processFacts(pid);
  if (facts === undefined) return true;
  const owner = await stat(`/proc/${pid}`).catch(() => undefined);
  if (owner !== undefined && uid !== undefined && owner.uid !== uid) return false;
  // A zombie (Z) has ended.
  return facts.state !== 'Z' && (pidStart === undefined || pidStart === facts.start);
}

/** Waits for the end of a process. `suspended`: it is suspended and cannot end. `late`: it runs after `limitMs` of real time. */
export async function endOf(identity: ProcessIdentity, limitMs: number): Promise<'ended' | 'suspended' | 'late'> {
  const endMs = performance.now() + limitMs;
  while (await isRunning(identity)) {
    if (await isSuspended(identity.pid)) return 'suspended';
    if (performance.now() >= endMs) return 'late';
    await pause(pollMs);
  }
  return 'ended';
}

/** Kills the process if it still runs, and waits for its end. @returns true if it ran. */
export async function killProcess(identity: ProcessIdentity): Promise<boolean> {
  // No run has the first process of the system, whatever a damaged file says.
  if (identity.pid <= 1 || !(await isRunning(identity))) return false;
  try {
    process.kill(identity.pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
  const endMs = performance.now() + killLimitMs;
  while ((await isRunning(identity)) && performance.now() < endMs) await pause(pollMs);
  return true;
}

/** Real time that the system may take to end a killed process, ms. */
const killLimitMs = 5000;

/**
 * Waits for something that a process must do.
 * @returns `suspended` as soon as the process is found suspended, `late` after `limitMs` of real time.
 */
export async function doneBy(pid: number, done: Promise<unknown>, limitMs: number): Promise<'done' | 'suspended' | 'late'> {
  const over = new AbortController();
  const settled = done.then(
    () => over.abort(),
    () => over.abort(),
  );
  const endMs = performance.now() + limitMs;
  for (;;) {
    if (await isSuspended(pid)) return over.signal.aborted ? 'done' : 'suspended';
    const leftMs = endMs - performance.now();
    if (over.signal.aborted) return 'done';
    if (leftMs <= 0) return 'late';
    await Promise.race([settled, pause(Math.min(pollMs, leftMs), over.signal)]);
  }
}
