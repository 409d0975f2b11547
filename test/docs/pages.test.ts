/** The generated parts of the documentation match the code. `npm run docs` rewrites them. */
import { spawnSync } from 'node:child_process';
import { test } from 'tap';

test('diagrams, tables and the event list are up to date', (t) => {
  const { status, stderr } = spawnSync(process.execPath, ['test/docs.mjs', '--check'], { encoding: 'utf8' });
  t.equal(status, 0, stderr);
  t.end();
});
