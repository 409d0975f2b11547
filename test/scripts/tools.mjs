/**
 * Provides the external programs of the tests. A protocol analyser and an RPC client examine the link. A model checker, with the
 * C compiler that it needs, searches a second model of the Turn. A browser opens reports. Mail tools submit and receive mail. On
 * Debian, root installs missing programs; elsewhere the tests that need them are skipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

// Debian's packages serve this Python, and the first python3 on the path may be another.
const python = '/usr/bin/python3';

const tools = [
  { name: 'tshark', debianPackage: 'tshark', works: () => runs('tshark', '--version') },
  {
    name: 'impacket for Python',
    debianPackage: 'python3-impacket',
    works: () => runs(python, '-c', 'import impacket.dcerpc.v5.transport'),
  },
  { name: 'rpcclient of Samba', debianPackage: 'smbclient', works: () => runs('rpcclient', '--version') },
  {
    name: 'the tests of Samba for Python',
    debianPackage: 'python3-samba',
    works: () => runs(python, '-c', 'import samba.tests'),
  },
  { name: 'ip, for network namespaces', debianPackage: 'iproute2', works: () => runs('ip', '-V') },
  { name: 'spin', debianPackage: 'spin', works: () => runs('spin', '-V') },
  { name: 'chromium', debianPackage: 'chromium', works: () => runs('/usr/bin/chromium', '--version') },
  { name: 'swaks', debianPackage: 'swaks', works: () => runs('swaks', '--version') },
  {
    name: 'smtp-source and smtp-sink of Postfix',
    debianPackage: 'postfix',
    works: () => existsSync('/usr/sbin/smtp-source') && existsSync('/usr/sbin/smtp-sink'),
    // Without a configuration Postfix does not start: only its test programs are wanted.
    answers: ['postfix postfix/main_mailer_type select No configuration'],
  },
  // gcc needs the headers of the C library to compile anything.
  { name: 'gcc', debianPackage: 'gcc libc6-dev', works: () => runs('gcc', '--version') },
];

const installLimitMs = 8 * 60_000;

function runs(command, ...args) {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 60_000 }).status === 0;
}

/** Runs apt-get without questions. @returns the error message, or undefined. */
function aptGet(...args) {
  const run = spawnSync('apt-get', ['-q', '-y', '-o', 'Dpkg::Use-Pty=0', '-o', 'DPkg::Lock::Timeout=120', ...args], {
    encoding: 'utf8',
    timeout: installLimitMs,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Questions, such as whether other users may capture packets, get their default answer: no.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (run.status === 0) return undefined;
  const lastLines = `${run.stderr ?? ''}`.trim().split('\n').slice(-4).join('\n  ');
  return `apt-get ${args[0]} failed (${run.error?.message ?? run.signal ?? `exit code ${run.status}`})\n  ${lastLines}`;
}

/** Installs one tool. It removes no other package, such as a mail system of this machine, and configures none. */
function install({ debianPackage, answers = [] }) {
  if (answers.length > 0) {
    const told = spawnSync('debconf-set-selections', { input: `${answers.join('\n')}\n`, timeout: 60_000 });
    if (told.status !== 0) return `debconf-set-selections failed, so ${debianPackage} is not installed`;
  }
  return aptGet('install', '--no-install-recommends', '--no-remove', ...debianPackage.split(' '));
}

function installAll(missing) {
  const stale = aptGet('update');
  return stale === undefined ? missing.map(install).filter((problem) => problem !== undefined) : [stale];
}

/** Installs missing tools where it can. It never fails a test run: it names each missing tool, and that tool's tests skip themselves. */
export function provideTools(say) {
  let missing = tools.filter((tool) => !tool.works());
  const wanted = missing.map((tool) => tool.debianPackage);
  if (
    missing.length > 0 &&
    process.env['MTALAB_NO_INSTALL'] === undefined &&
    process.getuid?.() === 0 &&
    runs('apt-get', '--version')
  ) {
    say(`installing ${wanted.join(' and ')} for the tests (MTALAB_NO_INSTALL=1 to do without) ...`);
    for (const problem of installAll(missing)) say(problem);
    missing = tools.filter((tool) => !tool.works());
  }
  for (const tool of missing) say(`left out: the tests that need ${tool.name} (Debian package ${tool.debianPackage})`);
}
