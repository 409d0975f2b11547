/**
 * Checks that the lockfile serves every machine: it has no download addresses, and an entry for each platform's variant of a
 * package. npm omits variants that the current registry lacks, and `npm ci` then refuses the lockfile everywhere.
 *
 *     node test/scripts/lockfile.mjs           reports problems
 *     node test/scripts/lockfile.mjs --write   adds the missing variants; run it after `npm install`
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const file = resolve(fileURLToPath(import.meta.url), '../../../package-lock.json');

const variant = /-(android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|aix|win32)-([a-z0-9]+)(?:-([a-z]+))?$/;
const libraries = { gnu: 'glibc', gnueabihf: 'glibc', musl: 'musl', musleabihf: 'musl' };

/** Platform of a variant, from its name; packagers keep to this form. */
function platformOf(name) {
  if (/-wasm32(-|$)/.test(name)) return { cpu: ['wasm32'] };
  const [, os, cpu, abi] = variant.exec(name) ?? [];
  if (os === undefined) return undefined;
  const libc = os === 'linux' ? libraries[abi] : undefined;
  return { os: [os], cpu: [cpu], ...(libc === undefined ? {} : { libc: [libc] }) };
}

/** Places where Node looks for `name` when the package at `from` imports it, nearest first. */
function places(from, name) {
  const folders = from
    .split('/node_modules/')
    .map((_, index, parts) => parts.slice(0, parts.length - index).join('/node_modules/'));
  return [...new Set([...folders.map((folder) => `${folder}/node_modules/${name}`), `node_modules/${name}`])];
}

function missingVariants(packages) {
  const missing = new Map();
  for (const [from, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (places(from, name).some((place) => packages[place] !== undefined)) continue;
      missing.set(`node_modules/${name}`, { name, version, dev: dev === true });
    }
  }
  return missing;
}

/** Problems of the lockfile, one line each. */
export function lockfileProblems() {
  const { packages } = JSON.parse(readFileSync(file, 'utf8'));
  const addressed = Object.entries(packages).filter(([, { resolved }]) => /^[a-z+]+:/.test(resolved ?? ''));
  return [
    ...addressed.map(([place]) => `package-lock.json: ${place} has a download address; see .npmrc`),
    ...[...missingVariants(packages).values()].map(
      ({ name }) => `package-lock.json: ${name} is missing, so npm ci fails; node test/scripts/lockfile.mjs --write adds it`,
    ),
  ];
}

function complete() {
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  for (const [place, { name, version, dev }] of missingVariants(lock.packages)) {
    const platform = platformOf(name);
    if (platform === undefined || !/^\d+\.\d+\.\d+/.test(version)) {
      throw new Error(`${name}@${version}: no variant for a platform with an exact version; add it with npm install`);
    }
    lock.packages[place] = { version, ...(dev ? { dev: true } : {}), optional: true, ...platform };
  }
  const sorted = Object.entries(lock.packages).sort(([one], [other]) => one.localeCompare(other, 'en'));
  writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--write')) complete();
  const problems = lockfileProblems();
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
