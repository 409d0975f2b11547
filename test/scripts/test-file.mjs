/**
 * Runs one test file and reads its results. It needs nothing of tap's own runner, which would hand its loaders down to every
 * process that a test starts: they made the start of each `mtalab` more than twice as long.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Parser } from 'tap-parser';

/** Time limit of one file, s. tap ends the file at this limit, and says what it waited for. */
const limitS = 600;
/** Then time for that report, ms, before the process is killed. */
const graceMs = 30_000;

/**
 * Runs a compiled test file. Counts assertions, and ignores lines that only sum up a subtest.
 * @returns what the assertions came to. `failed` is at least 1 if the file ended early or with an error.
 */
export async function runTestFile(file) {
  const results = { passed: 0, failed: 0, failures: [], leftOut: [], said: '', durationMs: 0 };
  const parser = new Parser();
  parser.on('pass', () => results.passed++);
  parser.on('fail', (failure) => results.failures.push(failure));
  for (const kind of ['skip', 'todo']) parser.on(kind, (result) => results.leftOut.push(`${result.fullname} (${result[kind]})`));
  parser.on('bailout', (reason) => {
    results.said += `The test gave up: ${reason}\n`;
  });

  const startMs = performance.now();
  const child = spawn(process.execPath, ['--enable-source-maps', file], {
    env: { ...process.env, TAP_TIMEOUT: String(limitS) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitS * 1000 + graceMs,
    killSignal: 'SIGKILL',
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    results.said += text;
  });
  const ended = once(child, 'close');
  const read = once(parser, 'complete');
  child.stdout.pipe(parser);
  const [code, signal] = await ended;
  const [{ ok }] = await read;
  results.durationMs = performance.now() - startMs;
  results.failed = results.failures.length;
  if (results.failed === 0 && (code !== 0 || !ok)) {
    results.failed = 1;
    results.said += signal === null ? `The file ended early, with exit code ${code}.\n` : `${signal} ended the file.\n`;
  }
  return results;
}
