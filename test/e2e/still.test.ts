/** The command on runs with a process that stands still, and on several runs at once. */
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { registerRun } from '@mtalab/harness';
import { test } from 'tap';
import { command as mtalab } from '../support/command.js';
import { gone, home, start, until } from './shell.js';

const procless = process.platform !== 'linux' && 'only /proc says that a process is suspended';

type Ready = { readonly dir: string; readonly mtas: readonly [{ readonly pid: number }, { readonly pid: number }] };

function isSuspended(pid: number): boolean {
  return / T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

async function suspend(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await until(() => isSuspended(pid));
}

test('one MTA of a pair is suspended', { timeout: 280_000, skip: procless }, async (t) => {
  const dir = join(home, 'one');
  const pair = start('pair', '--json', '--dir', dir);
  const [, { pid }] = ((await pair.next()) as unknown as Ready).mtas;
  await suspend(pid);
  // With an hour for an answer, a command that ends does not wait for the suspended process.
  const ask = (...argv: readonly string[]) => mtalab(...argv, '--dir', dir, '--timeout', '3600', '--json');
  const silent = {
    mta: 'MTA-B',
    error: { code: 'silent', message: /^does not answer: its process \d+ is suspended; `kill -CONT/ },
  };
  const stderr = /^mtalab: MTA-B does not answer: its process \d+ is suspended/m;

  const views = ['status', 'ltab', 'queues', 'messages', 'bindings', 'diagnostics'];
  const changes = [['set', 'legacy', 'Q280449'], ['diagnostics', 'interface', 'minimum'], ['retry']];
  for (const argv of [...views.map((view) => [view]), ...changes]) {
    const answer = await ask(...argv);
    t.match(answer, { code: 1, stderr }, argv.join(' '));
    t.match(JSON.parse(answer.stdout), [{ mta: 'MTA-A', error: undefined }, silent], argv.join(' '));
  }
  const table = await mtalab('status', '--dir', dir, '--timeout', '3600');
  t.match(table.stdout, /^MTA-B +NO ANSWER +-/m);

  const file = 'examples/01-plain.eml';
  t.match(await ask('submit', file, '--mta', 'MTA-B'), { code: 1, stdout: '', stderr: /suspended.*; nothing is submitted$/m });
  t.match(await ask('submit', file, '--from', 'cleo@b.example'), { code: 1, stderr }, 'no other MTA takes its mail');
  const mail = await mtalab('submit', file, '--dir', dir, '--timeout', '3600');
  t.match(mail, { code: 0, stderr: /from sender@a\.example to user@b\.example$/m }, 'the recipient is at the suspended MTA');
  // At once: the opening ends when its bind has had no answer for the dial timeout.
  const seen = await ask('associations');
  t.match(JSON.parse(seen.stdout), [{ turn: 'unknown', unanswered: ['MTA-B'], sides: [{ mta: 'MTA-A' }] }]);
  const queued = await ask('messages', '--mta', 'MTA-A');
  t.match(JSON.parse(queued.stdout), [{ messages: [{ recipients: ['user@b.example'], destination: 'MTA-B' }] }]);
  t.match(await ask('events', '--id', '9298', '--mta', 'MTA-B'), { code: 0, stdout: /9298/ }, 'its log is still readable');
  t.ok(isSuspended(pid), 'all this came while it was suspended');

  t.match(await ask('restart', '--mta', 'MTA-B'), { code: 0, stderr: 'mtalab: MTA-B was suspended and was killed\n' });
  t.ok(gone(pid));
  const delivered = async (): Promise<boolean> => {
    const { stdout } = await ask('status', '--mta', 'MTA-B');
    return JSON.parse(stdout)[0].counters.delivered === 1;
  };
  await mtalab('retry', '--dir', dir, '--timeout', '60');
  await until(delivered);

  const [status] = JSON.parse((await ask('status', '--mta', 'MTA-B')).stdout) as {
    readonly pid: number;
    readonly legacy: string[];
  }[];
  t.same(status?.legacy, ['Q280449'], 'the change was kept for its start');
  const again = status?.pid ?? 0;
  await suspend(again);
  const stopped = await ask('stop');
  t.match(stopped, { code: 1, stderr: 'mtalab: MTA-B was suspended and was killed\n' });
  t.match(JSON.parse(stopped.stdout), {
    dir,
    mtas: [
      { mta: 'MTA-A', killed: null },
      { mta: 'MTA-B', killed: 'MTA-B was suspended and was killed' },
    ],
  });
  t.ok(gone(again) && gone(pair.child.pid as number), 'nothing is left');
  t.same(await pair.ended, [1, null]);
});

test('the supervisor and one MTA are suspended', { timeout: 200_000, skip: procless }, async (t) => {
  const dir = join(home, 'both');
  const pair = start('pair', '--json', '--dir', dir);
  const [a, b] = ((await pair.next()) as unknown as Ready).mtas;
  const supervisor = pair.child.pid as number;
  for (const pid of [supervisor, b.pid]) await suspend(pid);
  const where = ['--dir', dir, '--timeout', '3600'];
  for (const argv of [['set', 'legacy', 'Q280449'], ['restart'], ['fault', 'list'], ['diagnostics', 'all', 'none']]) {
    const outcome = await mtalab(...argv, ...where);
    t.match(outcome, { code: 1, stderr: /^mtalab: the run in .*both \(pid \d+\) does not answer: its process \d+ is suspended/ });
  }
  t.match(await mtalab('status', ...where), { code: 1, stdout: /^MTA-A +running/m }, 'an MTA answers without its supervisor');
  t.match(await mtalab('stop', ...where), {
    code: 1,
    stderr: /MTA-B was killed with its supervisor \(pid \d+\), which did not answer/,
  });
  t.same(await pair.ended, [null, 'SIGKILL']);
  t.ok([supervisor, a.pid, b.pid].every(gone), 'nothing is left');
});

test('a second Ctrl-C ends a pair at once, also with a suspended MTA and a folder to keep', { skip: procless }, async (t) => {
  const pair = start('pair', '--json', '--dir', join(home, 'twice'), '--count', '2000');
  const [, { pid }] = ((await pair.next()) as unknown as Ready).mtas;
  await suspend(pid);
  process.kill(pair.child.pid as number, 'SIGINT');
  process.kill(pair.child.pid as number, 'SIGTERM');
  t.not((await pair.ended)[0], 0);
  await until(() => gone(pid));
});

test('--once gives up a suspended MTA after its patience, and says which it is', { skip: procless }, async (t) => {
  const pair = start('pair', '--json', '--once', '--count', '2000', '--patience', '0.5');
  const [, { pid }] = ((await pair.next()) as unknown as Ready).mtas;
  await suspend(pid);
  const problem =
    /^ {2}MTA-B does not answer: its process \d+ is suspended; `kill -CONT \d+` resumes it, for longer than --patience 0\.5$/;
  t.match(await pair.next(), { ending: 'stuck', problems: ['some mail was not delivered:', problem], exitCode: 1 });
  t.same(await pair.ended, [1, null]);
  t.ok(gone(pid));
});

test('a process that listens and never answers, and several runs at once', async (t) => {
  const mute = createServer((socket) => socket.resume().on('error', () => undefined)).listen(0, '127.0.0.1');
  await until(() => mute.listening);
  t.teardown(() => mute.close());
  const control = `ws://127.0.0.1:${(mute.address() as AddressInfo).port}`;
  const folders = t.testdir({ early: { token: 'x' }, late: { token: 'x' } });
  const register = (name: string, startedAt: string) => {
    const dir = join(folders, name);
    const one = { pid: process.pid, control, tokenFile: join(dir, 'token') };
    return registerRun({ pid: process.pid, startedAt, dir, mtas: [{ mta: 'MTA-S', domains: ['s.example'], process: one }] });
  };
  const early = await register('early', '2026-01-02T03:04:05.000Z');
  const late = await register('late', '2026-01-02T03:04:06.000Z');

  const looked = await mtalab('status', '--timeout', '0.1');
  t.match(looked, { code: 1, stdout: '', stderr: /^mtalab: MTA-S does not answer within 100 ms$/m });
  t.match(
    looked.stderr,
    /^this is the run in .*late \(pid \d+, since 2026-01-02T03:04:06\.000Z\), the latest of 2; `mtalab runs`/,
  );
  t.notMatch((await mtalab('status', '--timeout', '0.1', '--dir', join(folders, 'early'))).stderr, /latest/);
  const acts = [
    ['submit', 'examples/01-plain.eml'],
    ['retry'],
    ['set', 'fixed', 'Q166594'],
    ['diagnostics', 'all', 'none'],
    ['stop'],
  ];
  for (const argv of acts)
    t.match(
      await mtalab(...argv, '--timeout', '0.1'),
      { code: 1, stdout: '', stderr: /^mtalab: there are 2 runs; choose one:\n {2}--dir / },
      argv.join(' '),
    );
  await late.remove();
  t.match(await mtalab('retry', '--timeout', '0.1'), { code: 1, stderr: 'mtalab: MTA-S does not answer within 100 ms\n' });
  await early.remove();
});
