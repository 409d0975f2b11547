/**
 * Builds the changed code and runs the tests: `npm test`, or `npm test -- test/core` for some of them. The last line counts the
 * passed and failed assertions.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compiled, testSources } from './scripts/files.mjs';
import { runTestFile } from './scripts/test-file.mjs';
import { provideTools } from './scripts/tools.mjs';

const require = createRequire(import.meta.url);
const say = (text) => console.error(text);

/** Files at one time, each with processes of its own, on a machine that may be busy. */
const filesAtOnce = 2;
const slowestShown = 5;
/** The folders of the longest files, which start first: so no core waits for one file at the end. */
const longestFirst = ['e2e', 'cli', 'library', 'sim', 'harness', 'releases', 'promela', 'mutants'];

/** Runs the command of a package of the workspace. */
function runTool(name, args, cwd = '.') {
  const description = require.resolve(`${name}/package.json`);
  const { bin } = require(description);
  const program = resolve(dirname(description), typeof bin === 'string' ? bin : bin[name === 'typescript' ? 'tsc' : name]);
  const run = spawnSync(process.execPath, [program, ...args], { cwd, stdio: ['ignore', 2, 2] });
  if (run.status !== 0) throw new Error('The build failed, so no test ran.');
}

/** As `npm run build`. */
function build() {
  runTool('typescript', ['-b']);
  runTool('vite', ['build', '--logLevel', 'warn'], 'packages/web');
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

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** Prints one line for a test file, and the details of each failure. */
function print({ source, passed, failed, failures, said, durationMs, leftOut }) {
  const skipped = passed + failed === 0 && leftOut.length > 0 ? ' left out' : '';
  console.log(`${failed === 0 ? 'ok    ' : 'FAILED'} ${source}${skipped} (${seconds(durationMs)})`);
  for (const failure of failures) console.log(`\nnot ok: ${failure.fullname}\n${explained(failure.diag ?? {})}`);
  if (said !== '') console.log(said.trimEnd().replaceAll(/^/gm, '  '));
}

/** The order of the files. */
function longestFilesFirst(sources) {
  const rank = (source) => {
    const at = longestFirst.indexOf(source.split(sep)[1]);
    return at < 0 ? longestFirst.length : at;
  };
  return sources.toSorted((one, other) => rank(one) - rank(other));
}

/** Runs the files, some at a time, in the given order. */
async function runAll(sources) {
  const results = [];
  const waiting = [...sources];
  const worker = async () => {
    for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) {
      const result = { source, ...(await runTestFile(compiled(source))) };
      results.push(result);
      print(result);
    }
  };
  await Promise.all(Array.from({ length: filesAtOnce }, worker));
  return results;
}

function printSum(results, startMs) {
  for (const { source, leftOut } of results) for (const what of leftOut) console.log(`left out: ${source}: ${what}`);
  const slowest = results.toSorted((one, other) => other.durationMs - one.durationMs).slice(0, slowestShown);
  const named = slowest.map(({ source, durationMs }) => `${source} ${seconds(durationMs)}`);
  if (results.length > 1) console.log(`slowest: ${named.join(', ')}`);
  console.log(`${results.length} files in ${seconds(performance.now() - startMs)}`);
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  const failed = sum('failed');
  console.log(`${sum('passed')} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

try {
  process.chdir(resolve(dirname(fileURLToPath(import.meta.url)), '..'));
  const args = process.argv.slice(2);
  const option = args.find((argument) => argument.startsWith('-'));
  if (option !== undefined)
    throw new Error(`npm test has no option ${option}. Name test files, or folders of them, such as test/core.`);
  const sources = testSources(args);
  provideTools(say);
  build();
  const startMs = performance.now();
  printSum(await runAll(longestFilesFirst(sources)), startMs);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
}
