/**
 * Installs the peers from Debian's packages, as root on Debian only. A policy file keeps their services from starting, because the
 * bench runs its own instances; a policy that was there before comes back afterwards.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';

const policyFile = '/usr/sbin/policy-rc.d';
const noServices = '#!/bin/sh\n# Written by npm run bench:peers for the time of an installation.\nexit 101\n';
const installLimitMs = 15 * 60_000;

/** The version of a Debian package; undefined if it is not installed. */
export function versionOf(name: string): string | undefined {
  const { status, stdout } = spawnSync('dpkg-query', ['-s', name], { encoding: 'utf8' });
  if (status !== 0 || !/^Status: .* installed$/m.test(stdout)) return undefined;
  return /^Version: (.+)$/m.exec(stdout)?.[1];
}

export const missingOf = (names: readonly string[]): string[] => names.filter((name) => versionOf(name) === undefined);

function aptGet(...args: readonly string[]): string | undefined {
  const run = spawnSync('apt-get', ['-q', '-y', '-o', 'Dpkg::Use-Pty=0', '-o', 'DPkg::Lock::Timeout=300', ...args], {
    encoding: 'utf8',
    timeout: installLimitMs,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (run.status === 0) return undefined;
  const lastLines = `${run.stderr ?? ''}`.trim().split('\n').slice(-4).join('\n  ');
  return `apt-get ${args[0]} failed (${run.error?.message ?? run.signal ?? `exit code ${run.status}`})\n  ${lastLines}`;
}

/** Does the work while no package can start a service. */
function withoutServices<T>(work: () => T): T {
  const before = existsSync(policyFile) ? { text: readFileSync(policyFile), mode: statSync(policyFile).mode } : undefined;
  writeFileSync(policyFile, noServices);
  chmodSync(policyFile, 0o755);
  try {
    return work();
  } finally {
    if (before === undefined) rmSync(policyFile);
    else {
      writeFileSync(policyFile, before.text);
      chmodSync(policyFile, before.mode);
    }
  }
}

/** Installs packages. @returns why that is not possible, or undefined. */
export function install(names: readonly string[]): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can install packages';
  if (spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0) return 'there is no apt-get';
  return withoutServices(() => aptGet('update') ?? aptGet('install', '--no-install-recommends', ...names));
}
