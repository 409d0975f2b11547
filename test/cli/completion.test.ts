/**
 * Completions in real shells, and the manual page. data/completion.txt has command lines and what bash and fish offer for them;
 * UPDATE=1 rewrites it with bash.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandTree, completionScripts, renderManual } from 'mtalab/internal';
import { test } from 'tap';

const dataFile = 'test/cli/data/completion.txt';

function run(file: string, args: readonly string[], input?: string) {
  const env = { ...process.env, NO_COLOR: '1', LC_ALL: 'C.UTF-8' };
  return spawnSync(file, args, { encoding: 'utf8', env, ...(input === undefined ? {} : { input }) });
}

const tree = commandTree();
const mtalab = (...args: readonly string[]): string => run(process.execPath, ['packages/cli/bin/mtalab.js', ...args]).stdout;
const has = (program: string): boolean => run(program, ['--version']).error === undefined;

const [head = '', ...rows] = readFileSync(dataFile, 'utf8').trimEnd().split('\n');
const cases = rows.map((row) => {
  const [, line = '', offered = ''] = /^(.*?) =>(.*)$/.exec(row) ?? [];
  return { line, offered: offered.trim() };
});

const sorted = (words: readonly string[]): string =>
  words
    .filter((word) => word !== '')
    .sort()
    .join(' ');

/** Calls the completion function as readline does. `compopt` works only while readline completes. */
function inBash(script: string): readonly string[] {
  const calls = cases.map(({ line }) => {
    const words = line.split(' ').map((word) => `'${word}'`);
    return `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _mtalab; echo "\${COMPREPLY[*]}"`;
  });
  const { stdout, stderr, status } = run('bash', ['--norc'], [script, 'compopt() { :; }', ...calls].join('\n'));
  if (status !== 0 || stderr !== '') throw new Error(`bash: ${stderr}`);
  return stdout.split('\n').map((offered) => sorted(offered.split(' ')));
}

function inFish(file: string): readonly string[] {
  const calls = cases.map(({ line }) => `echo (complete -C '${line}' | cut -f1)`);
  const { stdout, stderr } = run('fish', ['--no-config', '-c', [`source ${file}`, ...calls].join('\n')]);
  if (stderr !== '') throw new Error(`fish: ${stderr}`);
  return stdout.split('\n').map((offered) => sorted(offered.split(' ')));
}

test('bash offers commands, options and values', { skip: !has('bash') }, (t) => {
  const offered = inBash(mtalab('completion', 'bash'));
  if (process.env['UPDATE'] === '1') {
    const written = cases.map(({ line }, at) => `${line} => ${offered[at] ?? ''}`.trimEnd());
    writeFileSync(dataFile, `${[head, ...written].join('\n')}\n`);
  } else for (const [at, one] of cases.entries()) t.equal(offered[at], one.offered, one.line);
  t.end();
});

test('fish offers the same', { skip: !has('fish') }, (t) => {
  const file = join(t.testdir({ 'mtalab.fish': completionScripts.fish(tree) }), 'mtalab.fish');
  const offered = inFish(file).map((words) => words.replace(/\/(?= |$)/g, ''));
  for (const [at, { line, offered: wanted }] of cases.entries()) t.equal(offered[at], wanted, line);
  t.end();
});

test('zsh takes the script', { skip: !has('zsh') }, (t) => {
  const { status, stderr } = run('zsh', ['-f', '-n'], completionScripts.zsh(tree));
  t.equal(status, 0, stderr);
  t.end();
});

test('the scripts and the manual page have every command and every option of the tree', (t) => {
  t.ok(tree.commands.length > 25);
  const [bash, zsh, fish] = [completionScripts.bash(tree), completionScripts.zsh(tree), completionScripts.fish(tree)];
  const kept = readFileSync('packages/cli/man/mtalab.1', 'utf8');
  t.equal(kept, renderManual(tree), 'the page in the package: `npm run docs` writes it');
  t.equal(mtalab('man'), kept, '`mtalab man` prints it into a pipe');
  const plain = kept.replaceAll('\\-', '-');
  const names = tree.commands.flatMap(({ name, options }) => options.map(({ long }) => [name, long] as const));
  /** The part of a text between two marks. */
  const between = (text: string, from: string, to: string): string => text.split(from)[1]?.split(to)[0] ?? '';
  const lacking = names.flatMap(([name, long]) => {
    // In a script a subcommand is one word with its command.
    const word = name.replace(' ', '-');
    const found = {
      bash: between(bash, `    ${word})\n`, '\n      ;;').includes(long),
      zsh: between(zsh, `        ${word})\n`, '\n          ;;').includes(long),
      fish: new RegExp(`__mtalab_in ${word}'(?: -s \\w)? -l ${long.slice(2)}(?:$| )`, 'm').test(fish),
      // The page says once that every command has --help.
      man: long === '--help' || between(plain, `mtalab ${name}\\fP`, '\n.S').includes(`\\fB${long}\\fP`),
    };
    return Object.entries(found).flatMap(([where, ok]) => (ok ? [] : [`${where}: ${name} ${long}`]));
  });
  t.same(lacking, []);
  t.end();
});

test('groff finds nothing wrong with the manual page', { skip: !has('groff') }, (t) => {
  const { status, stdout, stderr } = run('groff', ['-man', '-Tutf8', '-P-cbou', '-ww', 'packages/cli/man/mtalab.1']);
  t.equal(status, 0);
  t.equal(stderr, '');
  t.match(stdout, /^ +mtalab man \[options\]$/m);
  t.end();
});
