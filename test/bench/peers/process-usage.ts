/** Reads processor time and memory of process trees from /proc (Linux). */
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ of Linux: ticks in which /proc counts processor time. */
const ticksPerS = 100;

export type ProcessStat = {
  readonly pid: number;
  readonly parent: number;
  /** One letter; `Z` has ended, and its parent has not looked yet. */
  readonly state: string;
  /** User and system time of the process and of those of its children that have ended, in seconds. */
  readonly cpuS: number;
};

/** Reads the text of /proc/PID/stat. The name of the program may hold spaces and parentheses. */
export function parseStat(text: string): ProcessStat {
  const [state, parent, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // utime, stime, cutime and cstime are fields 14 to 17 of proc(5); `rest` begins with field 5.
  const ticks = rest.slice(9, 13).map(Number);
  if (state === undefined || ticks.length !== 4 || ticks.some(Number.isNaN))
    throw new Error(`not a line of /proc/PID/stat: ${text}`);
  const cpuS = ticks.reduce((sum, one) => sum + one, 0) / ticksPerS;
  return { pid: Number.parseInt(text, 10), parent: Number(parent), state, cpuS };
}

/** The text of a file; undefined if its process has ended meanwhile. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}

function allProcesses(): ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const text = read(`/proc/${name}/stat`);
      return text === undefined ? [] : [parseStat(text)];
    });
}

/** Those of `all` that are among `roots` or descend from them. */
export function treesOf(all: readonly ProcessStat[], roots: readonly number[]): ProcessStat[] {
  const children = new Map<number, ProcessStat[]>();
  for (const each of all) children.set(each.parent, [...(children.get(each.parent) ?? []), each]);
  const found = all.filter(({ pid }) => roots.includes(pid));
  for (const { pid } of found) found.push(...(children.get(pid) ?? []));
  return found;
}

/** Process ids of the children of a process that still run. */
export function childrenOf(pid: number): number[] {
  return allProcesses()
    .filter(({ parent, state }) => parent === pid && state !== 'Z')
    .map((child) => child.pid);
}

/** Adds up the processor time of process trees. A tree that has ended keeps the time that was last seen. */
export class CpuMeter {
  readonly #seen = new Map<number, number>();

  /** Processor time of these processes and their descendants so far, in seconds. */
  read(roots: readonly number[]): number {
    const all = allProcesses();
    let sum = 0;
    for (const root of roots) {
      const now = treesOf(all, [root]).reduce((total, { cpuS }) => total + cpuS, 0);
      const cpuS = Math.max(now, this.#seen.get(root) ?? 0);
      this.#seen.set(root, cpuS);
      sum += cpuS;
    }
    return sum;
  }
}

/** Octets in the line `Pss:` of /proc/PID/smaps_rollup, which shares a page among those who have it. */
export function parsePss(text: string): number {
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
}

/** Memory of these processes and their descendants in octets; a page that several of them share counts once. */
export function memoryOf(roots: readonly number[]): number {
  return treesOf(allProcesses(), roots).reduce((sum, { pid }) => sum + parsePss(read(`/proc/${pid}/smaps_rollup`) ?? ''), 0);
}
