/** A copy of the built product in which a test can alter a decision, to show that the product's checks notice it. */
import { spawn } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export type Outcome = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** The parts of a package that Node needs to run it. */
const parts = /^(dist|bin|proto|scenarios|schema|package\.json)$/;

export class AlteredCopy {
  readonly #root: string;

  /** @param root a folder that does not exist yet. */
  constructor(root: string) {
    this.#root = root;
    for (const name of readdirSync('packages')) {
      for (const part of readdirSync(join('packages', name)).filter((each) => parts.test(each))) {
        const from = join('packages', name, part);
        cpSync(from, join(root, from), { recursive: true, filter: (file) => !/\.(map|d\.ts|tsbuildinfo)$/.test(file) });
      }
    }
    mkdirSync(join(root, 'node_modules', '@mtalab'), { recursive: true });
    for (const name of readdirSync('node_modules').filter((each) => !/^(\.|@mtalab$|mtalab$)/.test(each)))
      symlinkSync(resolve('node_modules', name), join(root, 'node_modules', name));
    for (const name of readdirSync('packages').filter((each) => each !== 'cli'))
      symlinkSync(join(root, 'packages', name), join(root, 'node_modules', '@mtalab', name));
    symlinkSync(join(root, 'packages', 'cli'), join(root, 'node_modules', 'mtalab'));
  }

  path(file: string): string {
    return join(this.#root, file);
  }

  /** Appends text to a file of the copy for the duration of `run`. */
  async with<Result>(file: string, added: string, run: () => Promise<Result>): Promise<Result> {
    const path = this.path(file);
    const before = readFileSync(path);
    appendFileSync(path, added);
    try {
      return await run();
    } finally {
      writeFileSync(path, before);
    }
  }

  mtalab(...argv: readonly string[]): Promise<Outcome> {
    return outcomeOf(this.path('packages/cli/bin/mtalab.js'), argv);
  }
}

/** Runs the command in this file. */
export function outcomeOf(file: string, argv: readonly string[]): Promise<Outcome> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [file, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        said[stream] += text;
      });
    }
    child.once('error', fail);
    child.once('close', (code) => done({ code, ...said }));
  });
}
