/** A test file that a signal ends, or tap's own limit, leaves no process and no folder behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Test, test } from 'tap';
import { endsWithTest } from '../support/at-end.js';
import { gone, until } from './shell.js';

const shell = new URL('./shell.js', import.meta.url).href;

/** A test file with a pair, which never ends by itself. It prints the pair's processes on stderr. */
const hanging = `
  import { test } from 'tap';
  import { home, start } from ${JSON.stringify(shell)};
  test('it hangs', async () => {
    const pair = start('pair', '--json');
    const { mtas } = await pair.next();
    console.error(JSON.stringify({ home, pids: [pair.child.pid, ...mtas.map(({ pid }) => pid)] }));
    // Not for the pair: it is killed before the signal comes to tap, and then the file would end by itself.
    await new Promise(() => setInterval(() => undefined, 1000));
  });
`;

async function left(t: Test, end: (child: ReturnType<typeof spawn>) => void, limitS: number): Promise<NodeJS.Signals | null> {
  const child = endsWithTest(
    spawn(process.execPath, ['--input-type=module', '-e', hanging], {
      env: { ...process.env, TAP_TIMEOUT: String(limitS) },
      stdio: ['ignore', 'ignore', 'pipe'],
    }),
  );
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const [line] = (await once(createInterface(child.stderr), 'line')) as [string];
  const { home, pids } = JSON.parse(line) as { readonly home: string; readonly pids: readonly number[] };
  t.equal(pids.length, 3, 'a pair and its two MTAs');
  end(child);
  const [, signal] = await exited;
  await until(() => pids.every(gone));
  t.notOk(existsSync(home), 'its folder is gone, too');
  return signal;
}

const limit = { timeout: 120_000, skip: process.platform === 'win32' };

for (const signal of ['SIGTERM', 'SIGINT', 'SIGALRM'] as const)
  test(`${signal} ends a test file and its processes`, limit, async (t) => {
    t.equal(await left(t, (child) => child.kill(signal), 600), signal);
  });

test("tap's limit ends a test file and its processes", limit, async (t) => {
  t.equal(await left(t, () => undefined, 20), 'SIGALRM');
});
