/**
 * A folder of somebody who uses the packages: outside the workspace, with the packed packages installed by npm, offline. The
 * packages of third parties are those that `npm ci` has put here, so neither a registry nor a filled cache is needed.
 */
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export type Manifest = {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly bin?: string | Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly [more: string]: unknown;
};

export type Packed = { readonly name: string; readonly filename: string; readonly files: readonly { readonly path: string }[] };
export type Outcome = { readonly code: number | string | null; readonly stdout: string; readonly stderr: string };

export function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** Runs a program of Node. The variables of an outer npm would point npm at this workspace. */
export function node(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const own = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^npm_|^TAP|^NODE_OPTIONS$/i.test(key)));
  return new Promise((done) => {
    execFile(
      process.execPath,
      args,
      { cwd: folder, env: { ...own, NO_COLOR: '1', ...env }, maxBuffer: 1e8 },
      (error, stdout, stderr) => {
        done({ code: error === null ? 0 : (error.code ?? null), stdout, stderr });
      },
    );
  });
}

/** The command-line program of the npm that runs these tests, or of the one beside Node. */
function npmProgram(): string | undefined {
  const beside = [
    join(process.execPath, '../../lib/node_modules/npm/bin/npm-cli.js'),
    join(process.execPath, '../node_modules/npm/bin/npm-cli.js'),
  ];
  return [process.env['npm_execpath'], ...beside].find((path) => path?.endsWith('npm-cli.js') === true && existsSync(path));
}

/** Links a folder file by file: much faster than a copy, and no symbolic link that leads back into the workspace. */
function linkFolder(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linkFolder(source, target);
    else if (entry.isFile()) linkFile(source, target);
  }
}

function linkFile(source: string, target: string): void {
  try {
    linkSync(source, target);
  } catch {
    // The temporary folder is on another disk.
    copyFileSync(source, target);
  }
}

export class Consumer {
  readonly folder: string;
  readonly #npm: string;
  readonly #placed = new Set<string>();

  /** @param folder an empty one. @throws Error if there is no npm. */
  constructor(folder: string) {
    const npm = npmProgram();
    if (npm === undefined) throw new Error('no npm is found; run the tests with `npm test`');
    this.#npm = npm;
    this.folder = folder;
  }

  npm(folder: string, ...args: readonly string[]): Promise<Outcome> {
    // A cache of its own: nothing that an earlier run has left there can help.
    const cache = join(this.folder, '.npm-cache');
    return node(folder, [this.#npm, ...args], { npm_config_cache: cache, npm_config_update_notifier: 'false' });
  }

  /** Installs packed packages, with the third parties of their own declarations and nothing else of the workspace. */
  async install(packed: readonly Packed[], packs: string): Promise<Outcome> {
    const fileOf = ({ filename }: Packed): string => `file:${join(packs, filename)}`;
    const names = packed.map(({ name }) => name);
    const manifest = {
      name: 'consumer',
      private: true,
      type: 'module',
      dependencies: Object.fromEntries(packed.map((each) => [each.name, fileOf(each)])),
      // The packages depend on each other by version, which npm would look up in a registry.
      overrides: Object.fromEntries(names.filter((name) => name !== 'mtalab').map((name) => [name, `$${name}`])),
    };
    writeFileSync(join(this.folder, 'package.json'), JSON.stringify(manifest, null, 2));
    for (const folder of readdirSync('packages')) {
      for (const name of Object.keys(manifestOf(join('packages', folder)).dependencies ?? {}))
        if (!names.includes(name)) this.#place(name);
    }
    return this.npm(this.folder, 'install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts');
  }

  /** Puts a third party and what it needs where npm would put it. */
  #place(name: string): void {
    const from = resolve('node_modules', name);
    if (this.#placed.has(name) || !existsSync(from)) return;
    this.#placed.add(name);
    const modules = join(this.folder, 'node_modules');
    linkFolder(from, join(modules, name));
    const manifest = manifestOf(from);
    const bin = typeof manifest.bin === 'string' ? { [name.replace(/^.*\//, '')]: manifest.bin } : (manifest.bin ?? {});
    mkdirSync(join(modules, '.bin'), { recursive: true });
    for (const [command, file] of Object.entries(bin)) symlinkSync(join('..', name, file), join(modules, '.bin', command));
    for (const needed of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }))
      if (!existsSync(join(from, 'node_modules', needed))) this.#place(needed);
  }
}
