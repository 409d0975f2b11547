/** `mtalab events --follow --until` ends when the lab clock passes the time, and not before. */
import { spawnPair } from 'mtalab';
import { test } from 'tap';
import { start } from '../e2e/shell.js';
import { command } from '../support/command.js';
import { statusesOf } from '../support/statuses.js';

test('following with --until ends when the time has passed', { timeout: 250_000 }, async (t) => {
  await using lab = await spawnPair();
  await lab.register();
  const follow = ['events', '--follow', '--dir', lab.dir, '--json'];
  t.match(await command(...follow, '--until', '2000-01-01'), { code: 0, stdout: '', stderr: '' });
  const past = await command(...follow, '--until', '0s', '--mta', 'MTA-B');
  t.equal(past.code, 0, past.stderr);
  t.match(past.stdout, /"id":9298/);
  t.notMatch(past.stdout, /"mta":"MTA-A"/);

  const hourMs = 3_600_000;
  const nowMs = (await statusesOf(lab))[0]?.nowMs ?? 0;
  const following = start(...follow, '--until', new Date(nowMs + hourMs).toISOString());
  let over = false;
  void following.ended.then(() => {
    over = true;
  });
  t.type(await following.next(), 'object', 'the command prints the first event');
  await lab.advanceBy(hourMs / 2);
  // A second follower, which reads the clock from its start on, has ended, so the first has had time to read the clock too.
  await command(...follow, '--until', '20min');
  t.notOk(over, 'the time has not passed yet');
  await lab.advanceBy(hourMs);
  t.same(await following.ended, [0, null]);
});
