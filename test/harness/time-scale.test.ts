/** The time scale of a lab changes while it runs: on its processes, its fault proxy, and its next processes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LabOptions, spawnPair } from '@mtalab/harness';
import { labTimers } from '@mtalab/harness/internal';
import { LabClock } from '@mtalab/transport';
import { test } from 'tap';
import { statusesOf } from '../support/statuses.js';

const fake = fileURLToPath(new URL('./fake-mta.js', import.meta.url));
const options: LabOptions = { command: [process.execPath, fake], renderConfig: (config) => JSON.stringify(config) };

test('all MTAs follow, also one that was down or stood still meanwhile', { timeout: 100_000 }, async (t) => {
  const lab = await spawnPair({ ...options, timeScale: 0.001 });
  const before = lab.clock.nowMs();
  await lab.setTimeScale(50);
  t.ok(lab.clock.nowMs() >= before, 'lab time does not go back');
  const scales = async () => (await statusesOf(lab)).map(({ timeScale }) => timeScale);
  t.same(await scales(), [50, 50]);
  // The same line: the clocks of the processes show the same instant at the same time.
  const configOf = (name: string) => JSON.parse(readFileSync(join(lab.dir, name, 'mta.yaml'), 'utf8')).clock;
  t.same(configOf('MTA-A'), configOf('MTA-B'), 'a restart reads it');
  t.equal(configOf('MTA-A').timeScale, 50);

  lab.process('MTA-B').kill('SIGKILL');
  await lab.process('MTA-B').exited;
  t.same(await lab.changes.setTimeScale(2), [
    { mta: 'MTA-A', ok: true, value: { effective: 'now' } },
    { mta: 'MTA-B', ok: true, value: { effective: 'next start' } },
  ]);
  await lab.restart('MTA-B');
  t.same(await scales(), [2, 2]);

  lab.process('MTA-A').kill('SIGSTOP');
  await t.rejects(lab.setTimeScale(7), {
    message:
      /^MTA-A: does not answer: its process \d+ is suspended; .*; it may go on with the old scale, so set it again when it answers$/,
  });
  lab.process('MTA-A').kill('SIGCONT');
  await lab.setTimeScale(7);
  t.same(await scales(), [7, 7]);
  for (const scale of [0, -1, 2e6, Number.NaN, '5' as never])
    await t.rejects(lab.setTimeScale(scale), /timeScale: expected a number above 0 and at most 1,000,000/);
  await lab.close();
});

test('a delay of the fault proxy ends at its instant of lab time', { timeout: 100_000 }, async (t) => {
  const clock = new LabClock({ timeScale: 1 });
  const timers = labTimers(clock);
  const passed: string[] = [];
  const cancel = timers.after(3_600_000, () => passed.push('cancelled'));
  const startMs = clock.nowMs();
  const done = new Promise<void>((resolve) => {
    timers.after(7_200_000, () => {
      passed.push('two hours');
      resolve();
    });
    timers.after(3_600_000, () => passed.push('an hour'));
  });
  cancel();
  clock.setLine(clock.lineWith(1e6));
  await done;
  t.same(passed, ['an hour', 'two hours']);
  t.ok(clock.nowMs() - startMs >= 7_200_000, 'not early');
});
