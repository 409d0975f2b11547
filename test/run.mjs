/**
 * Builds the changed code and runs the tests: `npm test`, or `npm test -- test/core` for some of them. Arguments that start
 * with a dash go to tap. The last line counts the passed and failed assertions.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Parser } from 'tap-parser';
import { compiled, sourceOf, testSources } from './scripts/files.mjs';
import { provideTools } from './scripts/tools.mjs';

const require = createRequire(import.meta.url);
const say = (text) => console.error(text);

function program(packageName, command) {
  const description = require.resolve(`${packageName}/package.json`);
  return resolve(dirname(description), require(description).bin[command]);
}

function build() {
  const run = spawnSync(process.execPath, [program('typescript', 'tsc'), '-b'], { stdio: ['ignore', 2, 2] });
  if (run.status !== 0) throw new Error('The build failed, so no test ran.');
}

/** Counts assertions, and ignores lines that only sum up a subtest or a file. */
class Tally {
  passed = 0;
  failed = 0;
  leftOut = [];
  parser = new Parser();

  constructor() {
    this.parser.on('pass', () => this.passed++);
    this.parser.on('fail', () => this.failed++);
    this.parser.on('skip', (result) => this.leftOut.push(`${result.name} (${result.skip})`));
    this.parser.on('todo', (result) => this.leftOut.push(`${result.name} (${result.todo})`));
  }

  async read(stream) {
    stream.pipe(this.parser);
    await once(this.parser, 'complete');
  }
}

/** The diagnostics of a failure as text: strings unchanged, the rest as JSON. */
function explained({ at, stack, ...details }) {
  const place = at === undefined ? [] : [`at ${at.fileName}:${at.lineNumber}`];
  const traced = at === undefined && stack !== undefined ? [stack] : [];
  const said = Object.entries(details).map(([key, value]) =>
    typeof value === 'string' ? value : `${key}: ${JSON.stringify(value)}`,
  );
  return `${[...place, ...said, ...traced].map((text) => text.trim()).join('\n')}\n`.replaceAll(/^(?=.)/gm, '  ');
}

/** Prints one line for each test file, and the details of each failure. */
function printPlainly(parser) {
  parser.on('assert', ({ name, ok, time, skip }) => {
    const duration = typeof time === 'number' ? ` (${(time / 1000).toFixed(1)} s)` : '';
    console.log(`${ok ? 'ok    ' : 'FAILED'} ${sourceOf(name)}${skip ? ` left out: ${skip}` : ''}${duration}`);
  });
  parser.on('fail', (result) => console.log(`\nnot ok: ${result.fullname}\n${explained(result.diag ?? {})}`));
  parser.on('bailout', (reason) => console.log(`The tests gave up: ${reason}`));
}

async function runTap(args, tally) {
  const live = process.stdout.isTTY === true;
  const folder = mkdtempSync(join(tmpdir(), 'mtalab-test-'));
  try {
    const record = join(folder, 'results.tap');
    const shown = live ? [`--output-file=${record}`] : ['--reporter=tap'];
    const tap = spawn(process.execPath, [program('tap', 'tap'), ...shown, ...args], {
      stdio: ['ignore', live ? 'inherit' : 'pipe', 'inherit'],
    });
    const ended = once(tap, 'close');
    if (!live) printPlainly(tally.parser);
    const reading = live ? undefined : tally.read(tap.stdout);
    const [code, signal] = await ended;
    await (reading ?? tally.read(createReadStream(record)));
    return { code, signal };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main() {
  process.chdir(resolve(dirname(fileURLToPath(import.meta.url)), '..'));
  const args = process.argv.slice(2);
  const sources = testSources(args.filter((argument) => !argument.startsWith('-')));
  provideTools(say);
  build();
  const tally = new Tally();
  const { code, signal } = await runTap(
    [...args.filter((argument) => argument.startsWith('-')), ...sources.map(compiled)],
    tally,
  );
  for (const what of tally.leftOut) console.log(`left out: ${what}`);
  // A file that ends early without a failed assertion still counts as a failure.
  const failed = code === 0 ? tally.failed : Math.max(1, tally.failed);
  if (signal !== null) console.log(`Signal ${signal} ended tap.`);
  console.log(`${tally.passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
}
