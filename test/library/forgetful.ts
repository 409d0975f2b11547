/**
 * A program that starts a pair, writes the pair's folder and pids into the file REPORT, and never closes the pair. HOW says how
 * it goes on: a runner whose test throws before `close`, a program that fails, one that just ends, or one that waits to be killed.
 */
import { writeFileSync } from 'node:fs';
import { test as nodeTest } from 'node:test';
import { spawnPair } from 'mtalab';
import { test as tapTest } from 'tap';

const how = process.env['HOW'];

async function forget(): Promise<void> {
  // Everything that a pair can have: a proxy with a connection through it, and mail on its way.
  const pair = await spawnPair({ proxy: true });
  const envelope = { originator: 'ada@a.example', recipients: ['ben@b.example'] };
  await pair.submit('MTA-A', { ...envelope, content: 'Subject: one\r\n\r\n' });
  await pair.mailbox('ben@b.example').waitFor(1);
  const pids = [...pair.processes.values()].map(({ pid }) => pid);
  writeFileSync(process.env['REPORT'] ?? '', JSON.stringify({ dir: pair.dir, pids }));
}

const failure = new Error('the test fails before it closes its pair');
if (how === 'node:test') {
  void nodeTest('forgets', async () => {
    await forget();
    throw failure;
  });
} else if (how === 'tap') {
  await tapTest('forgets', async () => {
    await forget();
    throw failure;
  });
} else {
  await forget();
  if (how === 'throws') throw failure;
  if (how === 'waits') {
    process.stdout.write('waits\n');
    setInterval(() => {}, 60_000);
  }
}
