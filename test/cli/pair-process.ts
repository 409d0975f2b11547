/** `mtalab pair` as a process, with a run registry and temporary folders of its own, and the environment that commands need to find it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { atEnd, endsWithTest } from '../support/at-end.js';

export const bin = 'packages/cli/bin/mtalab.js';
export const home = mkdtempSync(join(tmpdir(), 'mtalab-cli-'));
// For commands in this process and for its children.
Object.assign(process.env, { XDG_RUNTIME_DIR: home, TMPDIR: home, NO_COLOR: '1' });

atEnd(() => rmSync(home, { recursive: true, force: true }));

type Outcome = { readonly code: number | string | null; readonly stdout: string; readonly stderr: string };

/** Runs `mtalab` as a process. */
export function mtalab(argv: readonly string[], input?: Buffer): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [bin, ...argv], { timeout: 200_000, maxBuffer: 1e8 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? null), stdout, stderr });
    });
    endsWithTest(child);
    if (input !== undefined) child.stdin?.end(input);
  });
}

export function jsonLines(stdout: string): readonly unknown[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

/** A pair that runs until it is stopped, and prints JSON lines. */
type Running = {
  readonly child: ChildProcess;
  readonly next: () => Promise<unknown>;
  readonly exited: Promise<readonly unknown[]>;
};

/** Starts a pair. It ends with this process at the latest. */
export function startPair(argv: readonly string[]): Running {
  const child = endsWithTest(spawn(process.execPath, [bin, 'pair', '--json', ...argv], { stdio: ['ignore', 'pipe', 'pipe'] }));
  const exited = once(child, 'close');
  child.stderr.resume();
  const reader = createInterface(child.stdout)[Symbol.asyncIterator]();
  return { child, next: async () => JSON.parse((await reader.next()).value as string) as unknown, exited };
}

/** Repeats a query until the answer is as expected; the test's time limit ends it otherwise. */
export async function eventually<T>(ask: () => Promise<T>, wished: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (wished(answer)) return answer;
  }
}
