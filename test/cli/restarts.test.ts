/** An MTA of a running pair that is restarted, killed, and does not start. The commands run in the process of the test. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MtaStatus } from '@mtalab/harness';
import { test } from 'tap';
import { type CommandOutcome, command } from '../support/command.js';
import { eventually, home, jsonLines, startPair } from './pair-process.js';

test('an MTA of a pair is restarted, killed, does not start, and starts again', { timeout: 280_000 }, async (t) => {
  const dir = join(home, 'restarts');
  const pair = startPair(['--dir', dir, '--bindings', 'MTA-B=127.0.0.1,192.0.2.1']);
  const ready = (await pair.next()) as {
    readonly mtas: readonly { readonly pid: number; readonly endpoints: readonly string[] }[];
  };
  const tell = (...argv: readonly string[]): Promise<CommandOutcome> => command(...argv, '--dir', dir, '--timeout', '60');
  const pids = async (): Promise<readonly number[]> => {
    const { stdout } = await tell('status', '--json');
    return (JSON.parse(stdout) as MtaStatus[]).map(({ pid }) => pid);
  };
  const ids = (name: string): readonly number[] =>
    jsonLines(readFileSync(join(dir, name, 'data', 'logs', 'events.jsonl'), 'utf8')).map((line) => (line as { id: number }).id);

  t.match(await tell('restart', '--json'), { code: 0, stdout: /"mta": "MTA-A",\s*"killed": null\s*\},\s*\{\s*"mta": "MTA-B"/ });
  const [a, b] = await pids();
  t.notOk(
    ready.mtas.some(({ pid }) => pid === a || pid === b),
    'these are new processes',
  );
  t.match(await tell('restart', '--kill', '--mta', 'mta-a'), { code: 0, stdout: 'MTA-A runs again\n' });
  t.equal(ids('MTA-A').filter((id) => id === 2219).length, 1, 'its store was checked');

  t.match(await tell('set', 'legacy', 'Q285350', '--mta', 'MTA-B'), { code: 0, stdout: /shows at the next start$/m });
  t.match(await tell('restart', '--mta', 'MTA-B'), { code: 1, stderr: /MTA-B ended before it was ready.*exit code 1/s });
  t.same(ids('MTA-B').slice(-2), [9321, 9266]);
  t.match(await tell('events', '--mta', 'MTA-B', '--limit', '1'), { code: 0, stdout: /9266/ }, 'its log is still readable');
  t.match(await tell('status'), { code: 1, stdout: /MTA-A/, stderr: /MTA-B is down; `mtalab restart --mta MTA-B` starts it/ });
  t.match(await tell('submit', 'examples/01-plain.eml', '--mta', 'MTA-B'), { code: 1, stderr: /MTA-B is down/ });
  t.match(await tell('submit', 'examples/01-plain.eml', '--to', 'ben@b.example'), { code: 0 }, 'the other MTA continues');
  t.match(await tell('bindings', 'disable', '192.0.2.1', '--mta', 'MTA-B'), {
    code: 0,
    stdout: /^MTA-B.*\n.*192\.0\.2\.1\[0\] +- +no/m,
  });
  t.match(await tell('restart', '--mta', 'MTA-B'), { code: 0 }, 'the workaround of the article');
  t.match(await tell('retry', 'MTA-B'), { code: 0 }, 'without a wait for the Open Interval');
  // The pair gets the notice of a delivery after the commit. Then the MTA has no work left.
  await eventually(
    async () => JSON.parse((await tell('status', '--json', '--mta', 'MTA-B')).stdout) as MtaStatus[],
    ([one]) => one?.counters.delivered === 1 && one.pendingWork === 0,
  );
  pair.child.kill('SIGINT');
  t.match(await pair.next(), { type: 'summary', ending: 'interrupted', delivered: 1 });
  t.same(await pair.exited, [0, null]);
});
