/** `npm run check`: runs every static check and prints one line for each; a failed check also prints its output. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lockfileProblems } from './scripts/lockfile.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);

/** The file of a tool's command, taken from the tool's own description: no shell, no search path. */
function program(packageName, command) {
  // Not all tools export their package.json, so this finds the file itself.
  const folder = require.resolve.paths(packageName).map((path) => resolve(path, packageName));
  const description = folder
    .map((path) => resolve(path, 'package.json'))
    .find((path) => relative(root, path).startsWith('node_modules'));
  return resolve(dirname(description), require(description).bin[command]);
}

function run(packageName, command, ...args) {
  const result = spawnSync(process.execPath, [program(packageName, command), ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { ok: result.status === 0, output: `${result.stdout}${result.stderr}${result.error?.message ?? ''}` };
}

/** Pure packages and the other files that each may see, besides the language: no Node, no DOM, no types of a dependency. */
const purePackages = {
  'mta-core': [],
  trace: ['packages/mta-core/dist'],
  scenario: ['packages/mta-core/dist', 'packages/trace/dist', 'node_modules/pure-rand', 'node_modules/fastest-levenshtein'],
  lesson: ['node_modules/yaml'],
  engine: ['packages/mta-core/dist', 'packages/trace/dist', 'packages/scenario/dist', 'node_modules/tinyqueue'],
  proof: [
    'packages/mta-core/dist',
    'packages/trace/dist',
    'packages/scenario/dist',
    'packages/engine/dist',
    'node_modules/pure-rand',
  ],
};

function foreignFiles(name, visible) {
  const { ok, output } = run('typescript', 'tsc', '-p', `packages/${name}`, '--listFilesOnly');
  if (!ok) return [output];
  const files = output.split('\n').filter((line) => line !== '');
  const own = [`packages/${name}/src`, ...visible].map((folder) => `${resolve(root, folder)}${sep}`);
  const isOwn = (file) => own.some((folder) => resolve(file).startsWith(folder));
  const isLanguage = (file) => /\/typescript\/lib\/lib\.(es\d+|decorators)(\.[a-z0-9.]+)?\.d\.ts$/.test(file);
  const isLater = (file) => Number(/\/lib\.es(20\d\d)/.exec(file)?.[1] ?? 0) > 2023;
  if (!files.some(isOwn)) return [`no files of ${name} in:\n${output}`];
  return files.filter((file) => !isOwn(file) && (!isLanguage(file) || isLater(file))).map((file) => relative(root, file));
}

function purity() {
  const present = Object.entries(purePackages).filter(([name]) => existsSync(resolve(root, 'packages', name, 'src')));
  const lines = present.flatMap(([name, visible]) => foreignFiles(name, visible).map((file) => `${name} must not see ${file}`));
  return { ok: lines.length === 0, output: lines.join('\n') };
}

function lockfileServesAll() {
  const problems = lockfileProblems();
  return { ok: problems.length === 0, output: problems.join('\n') };
}

const sources = readdirSync(resolve(root, 'packages')).map((name) => `packages/${name}/src`);

const checks = [
  ['types (tsc)', () => run('typescript', 'tsc', '-b')],
  ['mta-core, trace, scenario, engine, proof and lesson need nothing but the language (es2023) and four small libraries', purity],
  [
    'format and lint (biome); npm run format mends most of it',
    () => run('@biomejs/biome', 'biome', 'check', '--error-on-warnings', '--max-diagnostics=20', '.'),
  ],
  [
    'import directions and cycles (dependency-cruiser)',
    () => run('dependency-cruiser', 'depcruise', '--config', '.dependency-cruiser.cjs', ...sources, 'test'),
  ],
  ['lockfile: every platform, no addresses', lockfileServesAll],
  ['dead files, exports and dependencies (knip)', () => run('knip', 'knip', '--no-progress', '--treat-config-hints-as-errors')],
];

let failed = 0;
for (const [name, check] of checks) {
  const { ok, output } = check();
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name}`);
  if (ok) continue;
  failed += 1;
  console.log(output.trimEnd().replaceAll(/^/gm, '  '));
}
process.exitCode = failed === 0 ? 0 : 1;
