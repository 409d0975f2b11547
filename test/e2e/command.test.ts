/** The installed command in a shell: runs that end in order, runs that are killed, and starts that fail. */
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'tap';
import { digestOf, messagesBelow, sorted } from './mailboxes.js';
import { eventsOf, gone, home, interrupt, keepPorts, mtalab, run, start, until } from './shell.js';

type Mtas = readonly { readonly mta: string; readonly pid: number }[];

/** Event ids from the last start on. It begins with the check of the store (2219), if there was one, else with 9298. */
function lastLife(dataFolder: string): number[] {
  const ids = eventsOf(dataFolder).map((event) => event.id);
  const start = ids.lastIndexOf(9298);
  const check = ids.lastIndexOf(2219);
  return ids.slice(check > ids.lastIndexOf(9298, start - 1) ? check : start);
}

/** Number of starts in the event log. The log can lag slightly behind the start itself. */
function starts(dataFolder: string): number {
  return eventsOf(dataFolder).filter((event) => event.id === 9298).length;
}

test('npx mtalab: twenty messages, and the figures', async (t) => {
  const { code, stdout, stderr } = await run('npx', ['--no-install', 'mtalab', 'pair', '--once', '--count', '20', '--json']);
  t.equal(code, 0, stderr);
  const [, summary] = stdout.trim().split('\n');
  t.match(JSON.parse(summary ?? ''), {
    type: 'summary',
    ending: 'delivered',
    submitted: 20,
    accepted: 20,
    delivered: 20,
    associationsOpened: 1,
    turnsGiven: 0,
    reports: 0,
    problems: [],
    exitCode: 0,
  });
});

test('a pair is filled, killed, started again, ended by Ctrl-C, and started once more', { timeout: 280_000 }, async (t) => {
  const dir = join(home, 'lives');
  const letter = readFileSync('examples/05-binary.eml');
  const file = join(home, 'letter.eml');
  writeFileSync(file, letter);
  const data = (name: string): string => join(dir, name, 'data');

  const first = start('pair', '--json', '--dir', dir, '--fault', 'hold rttr 1', '--set', 'maxQueuedCopies=3');
  const mtas = (await first.next())?.['mtas'] as Mtas;
  t.match(mtas, [{ mta: 'MTA-A' }, { mta: 'MTA-B' }]);
  // No message leaves, so the queue fills up to its limit.
  const accepted = await mtalab('submit', file, file, file, '--dir', dir, '--json');
  t.equal(accepted.code, 0, accepted.stderr);
  t.equal((JSON.parse(accepted.stdout) as unknown[]).length, 3);
  t.match(await mtalab('submit', file, '--dir', dir, '--json'), {
    code: 1,
    stdout: /^$/,
    stderr:
      /^mtalab: MTA-A did not accept letter\.eml: the queues are full \(3 of 3 copies\); try again when some have been delivered$/m,
  });
  first.child.kill('SIGKILL');
  await until(() => mtas.every(({ pid }) => gone(pid)));
  await first.ended;
  t.match(await mtalab('status', '--dir', dir), { code: 1, stderr: /the run in .*lives is over/ });
  t.same(JSON.parse((await mtalab('runs', '--json')).stdout), []);

  // The next run delivers the remaining mail before it reports its own as delivered.
  const again = await mtalab('pair', '--json', '--dir', dir, '--once', '--count', '1');
  t.equal(again.code, 0, again.stderr);
  t.match(JSON.parse(again.stdout.trim().split('\n')[1] ?? ''), { ending: 'delivered', accepted: 1, delivered: 4 });
  const box = messagesBelow(join(dir, 'MTA-B', 'mailboxes'));
  t.equal(box.filter((digest) => digest === digestOf(letter)).length, 3, 'the three letters are there, each once');
  t.equal(box.length, 4);
  // The queue of the mailboxes, and the other MTA's queue if mail for it remained.
  for (const [name, queues] of [
    ['MTA-A', [2206, 2206]],
    ['MTA-B', [2206]],
  ] as const) {
    const ids = lastLife(data(name));
    t.same(ids.slice(0, 3 + queues.length), [2219, ...queues, 2207, 9298], `${name} checked its store`);
    t.equal(ids.at(-1), 9299, `${name} ended in order`);
  }

  const third = start('pair', '--json', '--dir', dir, '--mail', file);
  const pids = ((await third.next()) as { readonly mtas: Mtas }).mtas.map(({ pid }) => pid);
  const follower = start('events', '--follow', '--json', '--limit', '1', '--dir', dir);
  t.match(await follower.next(), { id: Number }, 'it follows');
  await until(() => messagesBelow(join(dir, 'MTA-B', 'mailboxes')).length === 5);
  interrupt(third);
  t.match(await third.next(), { type: 'summary', ending: 'interrupted', accepted: 1 });
  t.same(await third.ended, [0, null]);
  t.ok(pids.every(gone));
  for (const name of ['MTA-A', 'MTA-B']) {
    const ids = lastLife(data(name));
    t.equal(ids[0], 9298, `${name} had nothing to check`);
    t.equal(ids.at(-1), 9299, `${name} ended in order`);
    t.notOk(ids.includes(2219));
  }
  const followed: unknown[] = [];
  for (let line = await follower.next(); line !== undefined; line = await follower.next()) followed.push(line['id']);
  t.same(await follower.ended, [0, null], 'the follower of the events ends with the run');
  t.equal(followed.filter((id) => id === 9299).length, 2);
});

test('if a process of a pair is killed, the pair reports it and ends', async (t) => {
  const pair = start('pair', '--json');
  const [one, other] = ((await pair.next()) as { readonly mtas: [Mtas[number], Mtas[number]] }).mtas;
  process.kill(one.pid, 'SIGKILL');
  t.match(await pair.next(), { type: 'summary', ending: 'ended', problems: [/^MTA-A ended by itself \(SIGKILL\)/] });
  t.same(await pair.ended, [1, null]);
  t.match(pair.stderr(), /mtalab: MTA-A ended by itself \(SIGKILL\)/);
  t.ok(gone(other.pid), 'the pair has stopped the other MTA');
});

/** Writes the configuration of an MTA into a separate folder. */
function configOf(folder: string, more: string): string {
  mkdirSync(join(home, folder), { recursive: true });
  const file = join(home, folder, 'own.yaml');
  writeFileSync(file, `name: MTA-S\ndata: data\nlocal: {domains: [a.example]}\nlog: {console: false}\n${more}`);
  return file;
}

test('an MTA or a pair that cannot register itself does not continue, because no command could find it', async (t) => {
  const config = configOf('unfound', '');
  const data = join(home, 'unfound', 'data');
  mkdirSync(join(data, 'run.json'), { recursive: true });
  t.match(await mtalab('mta', '--config', config), {
    code: 1,
    stderr: /mtalab: cannot register the run: EISDIR.*run\.json/,
  });
  const ids = eventsOf(data).map(({ id }) => id);
  t.same(ids, [9298, 9299], 'it ended in order');
  t.match(await mtalab('pair', '--dir', data), { code: 1, stderr: /mtalab: cannot register the run: EISDIR.*run\.json/ });
  t.same(JSON.parse((await mtalab('runs', '--json')).stdout), []);
});

test('one MTA: a kill, a check of its store, and every way to stop it', { timeout: 280_000 }, async (t) => {
  const config = configOf('single', '');
  const data = join(home, 'single', 'data');
  const mailboxes = join(data, 'mailboxes');
  const first = start('mta', '--config', config, '--json');
  const ready = await first.next();
  t.match(ready, { type: 'ready', mta: 'MTA-S', pid: first.child.pid });
  t.match(await mtalab('mta', '--config', config), {
    code: 1,
    stderr: new RegExp(`mtalab: The store in .*single/data/mtadata is in use by process ${first.child.pid}\\. Stop that MTA`),
  });
  const mail = ['examples/05-binary.eml', 'examples/17-no-octets.eml'];
  t.match(
    await mtalab('submit', ...mail, '--dir', data),
    { code: 0, stderr: /from sender@a\.example to user@a\.example/ },
    'submit gets the domain from the MTA itself',
  );
  const wanted = sorted(mail.map((file) => digestOf(readFileSync(file))));
  const arrived = (): boolean => messagesBelow(mailboxes).join() === wanted.join();
  await until(arrived);
  const { ports, control } = ready as { readonly ports: readonly number[]; readonly control: string };
  await keepPorts([...ports, Number(new URL(control).port)].map((port) => ({ host: '127.0.0.1', port })));
  first.child.kill('SIGKILL');
  t.same(await first.ended, [null, 'SIGKILL']);

  const second = start('mta', '--config', config, '--json');
  t.match(await second.next(), { ports, control }, 'it has the same ports');
  await until(() => starts(data) === 2);
  const checks = eventsOf(data).slice(-4);
  t.match(checks, [
    { id: 2219 },
    { id: 2206, text: /Queue: mailboxes, File: .*mta\.db/ },
    { id: 2207, text: /Details in: .*check-\d+\.txt/ },
    { id: 9298 },
  ]);
  t.match(readFileSync(/Details in: (.*\.txt)/.exec(checks[2]?.text ?? '')?.[1] ?? '', 'utf8'), /\S/, 'the file has the details');
  const text = readFileSync(join(data, 'logs', 'ev0.log'), 'utf8');
  t.match(text, /message NMI2219: Field Engineering Event, severity 14/);
  // The MTA writes a letter again if it was a draft at the kill.
  await until(arrived);
  t.match(await mtalab('stop', '--dir', data), { code: 0 });
  t.same(await second.ended, [0, null]);
  t.same(messagesBelow(mailboxes), wanted, 'each letter once');

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const life = start('mta', '--config', config, '--json');
    await life.next();
    life.child.kill(signal);
    t.same(await life.ended, [0, null], signal);
    t.same(lastLife(data), [9298, 9299], `${signal} ends it in order, and its start had nothing to check`);
  }
});

test('a failed start says why, and exits with 1', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const inUse = `127\\.0\\.0\\.1\\[${port}\\] is in use by another program; choose another port, or 0 for a free one`;
  const cases: [string, string, RegExp][] = [
    [
      'listen',
      `bindings: [{address: 127.0.0.1, port: ${port}}]`,
      new RegExp(`^mtalab: there is no address to listen on: ${inUse}`, 'm'),
    ],
    ['control', `control: {port: ${port}}`, new RegExp(`^mtalab: the control channel's ${inUse}`, 'm')],
    [
      'settings',
      'settings:\n  openRetryIntervalSS: 5',
      /own\.yaml:6:3: unknown key "openRetryIntervalSS" in settings; did you mean openRetryIntervalS\?/,
    ],
  ];
  for (const [folder, more, message] of cases) {
    const outcome = await mtalab('mta', '--config', configOf(folder, more));
    t.match(outcome, { code: folder === 'settings' ? Number : 1, stderr: message, stdout: '' }, folder);
    t.not(outcome.code, 0);
  }
  const halves = configOf('half', `bindings: [{address: 127.0.0.1, port: ${port}}, {address: 127.0.0.1, port: 0}]`);
  const life = start('mta', '--config', halves, '--json');
  t.match(await life.next(), { endpoints: { length: 1 } }, 'with one address left it starts');
  life.child.kill('SIGTERM');
  t.same(await life.ended, [0, null]);
  t.match(eventsOf(join(home, 'half', 'data')), [
    { id: 9321, text: new RegExp(`Address: 127\\.0\\.0\\.1\\[${port}\\]`) },
    { id: 9298 },
    { id: 9299 },
  ]);
});

test('stop waits for the end of a pair as long as its MTAs may take, not only as long as for an answer', async (t) => {
  const dir = join(home, 'slow-end');
  const pair = start('pair', '--json', '--no-page', '--fault', 'hold rttr 1', '--count', '1', '--dir', dir);
  await pair.next();
  const holds = async (): Promise<boolean> => {
    const faults = JSON.parse((await mtalab('fault', 'list', '--dir', dir, '--json')).stdout) as readonly { hits: number }[];
    return faults[0]?.hits === 1;
  };
  await until(holds);
  // The transfer cannot end, so MTA-A waits for the whole stop timeout: 3 s, more than the 1.2 s of an answer.
  t.match(await mtalab('stop', '--dir', dir), { code: 0, stderr: /MTA-A has ended\nMTA-B has ended\n$/ });
  t.same(await pair.ended, [0, null], 'no signal has ended it');
  const data = join(dir, 'MTA-A', 'data');
  t.match(eventsOf(data).at(-2), { id: 1294, text: /Reason: this MTA is stopping/ });
  t.same(lastLife(data).at(-1), 9299, 'it has stopped in order');
});
