/**
 * Error messages and exit codes of `mtalab` for wrong command lines. The cases are in data/arguments.txt; UPDATE=1 rewrites
 * their outcomes.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';

const dataFile = 'test/cli/data/arguments.txt';
const bin = 'packages/cli/bin/mtalab.js';
/** Processes at one time: there are two cores. */
const atOnce = 3;

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
function withoutPlaces(text: string, runtime: string): string {
  return text
    .replaceAll(runtime, 'TMP')
    .replaceAll(process.cwd(), 'REPO')
    .replace(/TMP\/mtalab-\w{6}/g, 'TMP/mtalab-XXXXXX');
}

function outcomeOf(argv: readonly string[], runtime: string): Promise<string> {
  return new Promise((resolve) => {
    const env = { ...process.env, XDG_RUNTIME_DIR: runtime, TMPDIR: runtime, NO_COLOR: '1' };
    execFile(process.execPath, [bin, ...argv], { env, timeout: 60_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      resolve(withoutPlaces([`exit ${String(code)}`, ...prefixed(stdout, '|'), ...prefixed(stderr, '!')].join('\n'), runtime));
    });
  });
}

test('each wrong command line gets its exit code and a message that says what to do', async (t) => {
  const runtime = mkdtempSync(join(tmpdir(), 'mtalab-arguments-'));
  t.teardown(() => rmSync(runtime, { recursive: true, force: true }));
  const cases = readCases(readFileSync(dataFile, 'utf8'));
  t.ok(cases.length > 20, 'the data file has cases');
  const outcomes: string[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < cases.length; at = next++)
      outcomes[at] = await outcomeOf(words(cases[at]?.command ?? ''), runtime);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (process.env['UPDATE'] === '1') {
    const blocks = cases.map((one, at) => [...one.comments, `$ mtalab ${one.command}`.trim(), outcomes[at]].join('\n'));
    writeFileSync(dataFile, `${blocks.join('\n\n')}\n`);
  } else for (const [at, one] of cases.entries()) t.equal(outcomes[at], one.outcome, `mtalab ${one.command}`);
});
