/** What the pages draw from the code is what the code says. `npm run docs` rewrites it. */
import { spawnSync } from 'node:child_process';
import { test } from 'tap';

test('diagrams, tables and the event list are up to date', (t) => {
  const { status, stderr } = spawnSync(process.execPath, ['test/docs.mjs', '--check'], { encoding: 'utf8' });
  t.equal(status, 0, stderr);
  t.end();
});
