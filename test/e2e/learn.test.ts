/** `mtalab learn` on real processes: what the lessons claim is true, and a false claim is found. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { outcomeOf } from './altered.js';

const bin = 'packages/cli/bin/mtalab.js';
const mtalab = (...argv: readonly string[]) => outcomeOf(bin, argv);

test('every claim of every lesson is true', { timeout: 300_000 }, async (t) => {
  const { code, stdout, stderr } = await mtalab('learn', '--check', '--jobs', '3', '--json');
  t.equal(code, 0, stdout + stderr);
  const checks = JSON.parse(stdout) as readonly {
    readonly id: string;
    readonly corrected: boolean;
    readonly falseClaims: readonly string[];
  }[];
  t.equal(new Set(checks.map(({ id }) => id)).size, 13);
  t.equal(checks.filter(({ corrected }) => corrected).length, 7, 'seven lessons also say what happens without the bug');
  t.same(
    checks.flatMap(({ falseClaims }) => falseClaims),
    [],
  );
});

const file = 'packages/lesson/lessons/02-turn.md';

test('a lesson with a false claim fails the check', { timeout: 120_000 }, async (t) => {
  const lesson = readFileSync(file, 'utf8').replace('number: 2', 'number: 1');
  const [before = '', asks = '', after = ''] = lesson.split(/(?<=- id: asks\n)|(?=\n {2}- id: under-way)/);
  // Sending at once is called right, and asking for the Turn wrong.
  const swapped = asks
    .replace('        right: true\n', '')
    .replace('says: It sends its message at once. The association is up.\n', '$&        right: true\n');
  const folder = t.testdir({ 'turn.md': before + swapped + after });
  const { code, stdout } = await mtalab('learn', '--check', '--lessons', folder);
  t.equal(code, 1);
  t.match(stdout, /^FALSE {2}1 turn$/m);
  t.match(stdout, /asks: "It sends its message at once\..*" is called right, but what was seen is: 0 rttr/);
  t.match(stdout, /asks: "It asks MTA-A for the Turn\." is called wrong, but it was seen: 1 turn-please/);
  t.match(stdout, /^1 of 1 stories are FALSE\.$/m);
});

/** Processes whose command line has this text. */
function processesOf(text: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
    } catch {
      return false;
    }
  });
}

/** Starts a lesson with a home of its own. */
function lessonIn(home: string, ...argv: readonly string[]) {
  mkdirSync(home);
  const child = spawn(process.execPath, [bin, 'learn', ...argv], {
    env: { ...process.env, TMPDIR: home, XDG_STATE_HOME: home },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  return { child, said, closed: once(child, 'close') as Promise<[number | null]> };
}

test('a lesson with answers from a pipe', { timeout: 120_000 }, async (t) => {
  const home = join(t.testdir(), 'home');
  const { child, said, closed } = lessonIn(home, 'Q166594');
  child.stdin.end('c\nd\na\n');
  const [code] = await closed;
  t.equal(code, 0, said.stderr);
  t.match(said.stdout, /Who held the Turn\? On the first association nobody did/);
  t.match(said.stdout, /2 of 3 predictions were right\.\nNext: mtalab learn 6\n$/);
  t.match(JSON.parse(readFileSync(join(home, 'mtalab', 'learn.json'), 'utf8')), { lessons: { q166594: { right: 2, of: 3 } } });
  t.same(
    readdirSync(home).filter((name) => name.startsWith('mtalab-')),
    [],
  );
});

test('Ctrl-C stops the MTAs in order', { timeout: 120_000, skip: process.platform !== 'linux' }, async (t) => {
  const home = join(t.testdir(), 'home');
  const { child, said, closed } = lessonIn(home, 'turn');
  // The first question stands when the MTAs have run; an answer never comes.
  let asked = false;
  child.stdout.on('data', () => {
    if (asked || !said.stdout.includes('Words of this lesson')) return;
    asked = true;
    child.kill('SIGINT');
  });
  const [code] = await closed;
  t.equal(code, 130, said.stderr);
  t.same(
    readdirSync(home).filter((name) => name.startsWith('mtalab')),
    [],
    'no folder of a lab and no progress is left',
  );
  t.same(processesOf(home), []);
});
