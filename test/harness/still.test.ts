/** Processes that stand still: suspended, or silent. The others are asked, changed and stopped as if they were alone. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HarnessError, HarnessTimeout, type Lab, type LabOptions, listRuns, spawnPair } from '@mtalab/harness';
import { test } from 'tap';

const fake = fileURLToPath(new URL('./fake-mta.js', import.meta.url));
const parent = fileURLToPath(new URL('./parent.js', import.meta.url));
const procless = process.platform !== 'linux' && 'only /proc says that a process is suspended';

/** With an hour for each answer, an answer that comes at all does not wait for a limit. */
function optionsOf(env: Record<string, string> = {}, more: Partial<LabOptions> = {}): LabOptions {
  const command = [process.execPath, fake];
  return { command, renderConfig: (config) => JSON.stringify(config), env, answerTimeoutMs: 3_600_000, ...more };
}

function stateOf(pid: number): string {
  try {
    return / ([A-Z]) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '';
  } catch {
    return 'gone';
  }
}

/** Waits until other processes make the condition true; tap's own limit ends a vain wait. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

async function suspend(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await until(() => stateOf(pid) === 'T');
}

const letter = { originator: 'ada@a.example', recipients: ['ada@a.example'], content: Buffer.from('hello') };

test('a suspended MTA is named, and delays nobody', { skip: procless }, async (t) => {
  const lab: Lab = await spawnPair(optionsOf());
  const { pid } = lab.process('MTA-B');
  await suspend(pid);
  const message = `does not answer: its process ${pid} is suspended; \`kill -CONT ${pid}\` resumes it`;
  const silent = { mta: 'MTA-B', error: { code: 'silent', message } };
  t.match(await lab.status(), [{ mta: 'MTA-A', phase: 'running' }, silent]);
  t.same(await lab.associations(), []);
  t.match(await lab.summary(), { submitted: 0 });
  t.equal(await lab.quiescent(), false, 'nobody can say that the lab is at rest');
  await t.rejects(lab.settle({ timeoutMs: 50 }), { message: /: MTA-B does not answer$/ });
  await lab.submit('MTA-A', letter);
  await t.rejects(lab.waitForDelivered(2, { timeoutMs: 50 }), {
    message: `1 of 2 copies were delivered within 50 ms; MTA-A has queued 0 and delivered 1 copies; MTA-B ${message}`,
  });
  const later = `MTA-B: ${message}; the change is kept for its next start`;
  await t.rejects(lab.set('Q166594', 'legacy'), new HarnessError(later));
  t.match(await lab.status(), [{ legacy: [] }, silent], 'the stand-in does not change, but is asked');
  for (const name of ['MTA-A', 'MTA-B'])
    t.same(JSON.parse(readFileSync(join(lab.dir, name, 'mta.yaml'), 'utf8')).legacy, ['Q166594'], `${name}: at the next start`);
  await t.rejects(lab.diagnostics('Interface', 'medium', ['MTA-B']), new HarnessError(later));
  t.match(JSON.parse(readFileSync(join(lab.dir, 'MTA-B', 'mta.yaml'), 'utf8')), { log: { levels: { Interface: 'medium' } } });
  await t.rejects(lab.bindings('MTA-B'), new HarnessError(`MTA-B: ${message}`));

  await lab.restart('MTA-A');
  t.match(await lab.status(), [{ mta: 'MTA-A', phase: 'running', told: [] }, silent], 'the other restarts alone');
  t.equal(stateOf(pid), 'T', 'it was suspended all the time');

  t.same(await lab.restart('MTA-B'), { mta: 'MTA-B', killed: 'MTA-B was suspended and was killed' });
  t.match(await lab.status(), [{ mta: 'MTA-A' }, { mta: 'MTA-B', phase: 'running', legacy: ['Q166594'] }]);
  const again = lab.process('MTA-B').pid;
  await suspend(again);
  await t.rejects(lab.close(), new HarnessError('MTA-B was suspended and was killed'));
  t.equal(stateOf(again), 'gone');
});

test('an MTA that is down or ends is no silent one', async (t) => {
  const lab = await spawnPair(optionsOf({}, { down: ['MTA-B'] }));
  t.match(await lab.status(), [{ mta: 'MTA-A' }, { mta: 'MTA-B', error: { code: 'down', message: 'is down' } }]);
  t.equal(await lab.quiescent(), true);
  const dying = lab.process('MTA-A');
  const asked = lab.status();
  dying.kill('SIGKILL');
  await dying.exited;
  t.match(await asked, [{ mta: 'MTA-A' }, { mta: 'MTA-B' }], 'a question under way ends too');
  t.match(await lab.status(), [{ mta: 'MTA-A', error: { code: 'down' } }, { mta: 'MTA-B' }]);
  await lab.close();
});

test('an MTA that never answers is named after the limit, and is killed if it does not stop', async (t) => {
  const mute = { FAKE_MUTE: '1', FAKE_STAYS: '1' };
  const lab = await spawnPair(
    optionsOf(mute, { answerTimeoutMs: 50, stopTimeoutMs: 200, names: ['MTA-A', 'MTA-B'], down: ['MTA-B'] }),
  );
  const within = 'does not answer within 50 ms';
  t.match(await lab.status(), [{ mta: 'MTA-A', error: { code: 'silent', message: within } }, { mta: 'MTA-B' }]);
  await t.rejects(lab.advanceBy(1000, { timeoutMs: 100 }), { message: /MTA-A does not answer/ });
  await t.rejects(lab.process('MTA-A').stop(), new HarnessTimeout('MTA-A did not answer the stop command and was killed'));
  await lab.close();
});

test('what a killed supervisor leaves suspended is ended by the next look at the runs', { skip: procless }, async (t) => {
  const dir = t.testdir({});
  const child: ChildProcess = spawn(process.execPath, [parent, fake, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  const [, pid] = JSON.parse(line.toString('utf8')) as [number, number];
  await suspend(pid);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  t.equal(stateOf(pid), 'T', 'a suspended process cannot see the end of its parent');
  t.notOk((await listRuns()).some((run) => run.dir === dir));
  await until(() => ['gone', 'Z'].includes(stateOf(pid)));
});
