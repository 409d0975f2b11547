/**
 * Error messages and exit codes of `mtalab` for wrong command lines. The cases are in data/arguments.txt; UPDATE=1 rewrites
 * their outcomes.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import { atEnd } from '../support/at-end.js';
import { type CommandOutcome, command } from '../support/command.js';

const dataFile = 'test/cli/data/arguments.txt';
const bin = 'packages/cli/bin/mtalab.js';
const runtime = mkdtempSync(join(tmpdir(), 'mtalab-arguments-'));
// The commands have their own registry and temporary folders.
Object.assign(process.env, { XDG_RUNTIME_DIR: runtime, TMPDIR: runtime, NO_COLOR: '1' });
atEnd(() => rmSync(runtime, { recursive: true, force: true }));

type Case = { readonly comments: readonly string[]; readonly command: string; readonly outcome: string };

/** Blocks of `# comment`, `$ command`, then `exit N`, `| stdout` and `! stderr`. */
function readCases(text: string): Case[] {
  return text
    .split(/\n{2,}/)
    .map((block) => block.split('\n').filter((line) => line !== ''))
    .filter((lines) => lines.length > 0)
    .map((lines) => ({
      comments: lines.filter((line) => line.startsWith('#')),
      command:
        lines
          .find((line) => line.startsWith('$ mtalab'))
          ?.slice('$ mtalab'.length)
          .trim() ?? '',
      outcome: lines.filter((line) => !/^[#$]/.test(line)).join('\n'),
    }));
}

/** Words of a command line, with double quotes. */
function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
}

function prefixed(text: string, mark: string): string[] {
  return text === ''
    ? []
    : text
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => `${mark} ${line}`.trimEnd());
}

/** Replaces folder names, which differ between machines and runs. */
function withoutPlaces(text: string): string {
  return text
    .replaceAll(runtime, 'TMP')
    .replaceAll(process.cwd(), 'REPO')
    .replace(/TMP\/mtalab-\w{6}/g, 'TMP/mtalab-XXXXXX');
}

function textOf({ code, stdout, stderr }: CommandOutcome): string {
  return withoutPlaces([`exit ${code}`, ...prefixed(stdout, '|'), ...prefixed(stderr, '!')].join('\n'));
}

test('each wrong command line gets its exit code and a message that says what to do', async (t) => {
  const cases = readCases(readFileSync(dataFile, 'utf8'));
  t.ok(cases.length > 20, 'the data file has cases');
  const outcomes: string[] = [];
  for (const one of cases) outcomes.push(textOf(await command(...words(one.command))));
  if (process.env['UPDATE'] === '1') {
    const blocks = cases.map((one, at) => [...one.comments, `$ mtalab ${one.command}`.trim(), outcomes[at]].join('\n'));
    writeFileSync(dataFile, `${blocks.join('\n\n')}\n`);
  } else for (const [at, one] of cases.entries()) t.equal(outcomes[at], one.outcome, `mtalab ${one.command}`);

  // The installed command says the same, and exits with that code: one case for each code.
  for (const code of [0, 1, 2]) {
    const at = outcomes.findIndex((outcome) => outcome.startsWith(`exit ${code}\n`));
    const run = spawnSync(process.execPath, [bin, ...words(cases[at]?.command ?? '')], { encoding: 'utf8', timeout: 60_000 });
    t.equal(textOf({ ...run, code: run.status ?? -1 }), outcomes[at], `as a process: mtalab ${cases[at]?.command}`);
  }
});
