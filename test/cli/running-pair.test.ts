/** Every command against one running pair, in this order. The commands run in the process of the test; those that read standard input are processes. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabAssociation, MtaStatus } from '@mtalab/harness';
import { type Test, test } from 'tap';
import { digestOf, lettersIn, messagesBelow, sorted } from '../e2e/mailboxes.js';
import { command } from '../support/command.js';
import { namingBreaches } from '../support/names.js';
import { eventually, home, mtalab, startPair } from './pair-process.js';

const dir = join(home, 'kept');
const examples = lettersIn('examples');
const letter = Buffer.from('no header at all\r.\n\0\xff', 'latin1');
const mailboxOf = (name: string): string => join(dir, 'MTA-B', 'mailboxes', 'b.example', name, 'new');

const pair = startPair(['--dir', dir, '--mail', 'examples', '--proxy']);

/** Runs a command that must succeed, and returns what it says. */
async function ask<T>(t: Test, ...argv: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await command(...argv, '--dir', dir, '--timeout', '60', '--json');
  t.equal(code, 0, `${argv.join(' ')}: ${stderr}`);
  t.same(namingBreaches(JSON.parse(stdout)), [], argv.join(' '));
  return JSON.parse(stdout) as T;
}

/** Waits until an MTA has delivered so many messages. */
async function untilDelivered(t: Test, mta: string, count: number): Promise<void> {
  await eventually(
    () => ask<MtaStatus[]>(t, 'status', '--mta', mta),
    ([one]) => one?.counters.delivered === count,
  );
}

test('the sample mail arrives, and every view shows it', async (t) => {
  t.match(await pair.next(), { type: 'ready', dir, kept: true });
  await untilDelivered(t, 'MTA-B', examples.length);
  t.match(await ask<MtaStatus[]>(t, 'status'), [
    { mta: 'MTA-A', phase: 'running' },
    { mta: 'MTA-B', phase: 'running' },
  ]);
  t.same(
    messagesBelow(join(dir, 'MTA-B', 'mailboxes')),
    sorted(examples.map(({ content }) => digestOf(content))),
    'the sample mail arrived octet for octet, each once',
  );

  const runs = await command('runs', '--json');
  t.same([runs.code, ...namingBreaches(JSON.parse(runs.stdout))], [0]);
  t.match(await ask(t, 'status', '--mta', 'mta-b'), [{ mta: 'MTA-B' }]);
  t.match(await ask(t, 'ltab'), [
    { mta: 'MTA-A', ltab: [{ peer: 'MTA-B', ltabIndex: 1 }] },
    { mta: 'MTA-B', ltab: [{ peer: 'MTA-A' }] },
  ]);
  const [association] = await ask<LabAssociation[]>(t, 'associations');
  t.match(association, { turn: 'one', between: ['MTA-A', 'MTA-B'], sides: [{ holder: 'MTA-A' }, { holder: 'MTA-A' }] });
  t.equal(association?.sides[0]?.moved, examples.length);
  t.match(await ask(t, 'queues', '--mta', 'MTA-A'), [
    {
      mta: 'MTA-A',
      queues: [
        { queue: 'MTA-B', queued: 0 },
        { queue: 'mailboxes', queued: 0 },
      ],
    },
  ]);
  t.match(await ask(t, 'messages'), [
    { mta: 'MTA-A', messages: [] },
    { mta: 'MTA-B', messages: [] },
  ]);
});

test('every view as text', async (t) => {
  for (const view of ['status', 'ltab', 'associations', 'queues', 'messages', 'events', 'diagnostics', 'runs']) {
    const said = await command(view, ...(view === 'runs' ? [] : ['--dir', dir]));
    t.match(said, { code: 0, stderr: '', stdout: /MTA-A|no / }, view);
  }
  t.match(await command('ladder', '--follow', '--dir', dir), {
    code: 1,
    stderr:
      /MTA-A and MTA-B keep no journal, so there is nothing to follow; start the pair with `mtalab pair --journal --dir .*kept`/,
  });
});

test('events are selected', async (t) => {
  const events = await ask<{ id: number; mta: string }[]>(t, 'events');
  t.equal(events.filter((event) => event.id === 9298).length, 2, 'both have logged that they are up');
  const [ids, kind] = [
    ['--id', '9298,9299'],
    ['--category', 'x.400 service', '--type', 'information'],
  ];
  const up = await ask(t, 'events', ...ids, ...kind, '--since', '10min', '--limit', '1', '--explain');
  t.match(up, [{ id: 9298, mta: events.at(-1)?.mta, explanation: /mail can move/ }], 'the last selected event, explained');
  t.same(await ask(t, 'events', '--until', '10min'), [], 'nothing was logged before the start');
  t.same(await ask(t, 'events', '--severity', '16'), []);
});

test('diagnostics logging and articles are switched', async (t) => {
  const levels = await ask(t, 'diagnostics');
  t.match(levels, [{ mta: 'MTA-A', levels: { 'X.400 Service': 'none', APDU: 'none' } }, { mta: 'MTA-B' }]);
  t.same(await ask(t, 'diagnostics', 'x.400 service', 'MEDIUM', '--mta', 'mta-b'), [
    { mta: 'MTA-B', levels: { 'X.400 Service': 'medium' } },
  ]);
  t.same(await ask(t, 'diagnostics', 'interface'), [
    { mta: 'MTA-A', levels: { Interface: 'none' } },
    { mta: 'MTA-B', levels: { Interface: 'none' } },
  ]);
  t.match(await ask(t, 'diagnostics', 'all', '0'), [
    { levels: { 'X.400 Service': 'none' } },
    { levels: { 'X.400 Service': 'none' } },
  ]);
  t.match(
    readFileSync(join(dir, 'MTA-B', 'mta.yaml'), 'utf8'),
    /^ {4}X\.400 Service: none$/m,
    'the pair keeps the new settings for a restart',
  );
  t.match(await ask(t, 'set', 'legacy', 'Q166594', '--mta', 'MTA-B'), [{ mta: 'MTA-B', article: 'Q166594', mode: 'legacy' }]);
  t.match(await ask(t, 'status'), [{ legacy: [] }, { legacy: ['Q166594'] }]);
  t.match(await ask(t, 'retry', 'MTA-B'), [{ mta: 'MTA-A' }]);
});

test('a message from standard input is held by a fault, asked for twice, and delivered once', async (t) => {
  const fault = await ask<{ id: number }>(t, 'fault', 'hold', 'rttr', '1');
  t.match(fault, { text: /hold rttr/, state: 'armed', hits: 0 });
  const submit = ['submit', '-', '--dir', dir, '--json', '--id', 'asked-twice', '--to', 'ben@b.example'];
  const submitted = await mtalab(submit, letter);
  t.match(
    JSON.parse(submitted.stdout),
    [{ file: '-', mta: 'MTA-A', submissionId: 'asked-twice', known: false }],
    submitted.stderr,
  );
  await eventually(
    () => ask<{ hits: number }[]>(t, 'fault', 'list'),
    ([one]) => one?.hits === 1,
  );
  t.match(await ask(t, 'messages', '--mta', 'MTA-A'), [
    { messages: [{ state: 'in-transfer', recipients: ['ben@b.example'], sizeBytes: letter.length }] },
  ]);
  const again = await mtalab(submit, letter);
  t.match(JSON.parse(again.stdout), [{ known: true }], 'a submission with the same id makes no second message');
  await ask(t, 'fault', 'release');
  await untilDelivered(t, 'MTA-B', examples.length + 1);
  t.ok(
    readdirSync(mailboxOf('ben')).some((name) => readFileSync(join(mailboxOf('ben'), name)).equals(letter)),
    'octet for octet',
  );
  t.match(await ask(t, 'fault', 'remove', String(fault.id)), {});
  t.match(await command('fault', 'remove', '99', '--dir', dir), { code: 1, stderr: /unknown fault 99/ });
});

test('messages from files, a pipe and /dev/stdin', async (t) => {
  const far = join(home, 'far.eml');
  writeFileSync(far, 'Subject: back\r\n\r\n');
  t.match(
    await ask(t, 'submit', far, '--from', 'cleo@b.example'),
    [{ mta: 'MTA-B' }],
    'the domain of --from selects the MTA that takes the message',
  );
  await untilDelivered(t, 'MTA-A', 1);
  t.match(await command('submit', join(home, 'none.eml'), '--dir', dir), { code: 1, stderr: /no such file/ });

  const pipe = join(home, 'letter.pipe');
  execFileSync('mkfifo', [pipe]);
  const several = 'ben@b.example,"ben smith"@b.example,"smith, ben"@b.example';
  const [piped] = await Promise.all([ask(t, 'submit', pipe, '--to', several), writeFile(pipe, letter)]);
  t.match(piped, [{ file: 'letter.pipe', mta: 'MTA-A' }], 'a pipe is a message');
  const fromPath = await mtalab(['submit', '/dev/stdin', '--dir', dir, '--json', '--to', 'eve@b.example'], letter);
  t.match(JSON.parse(fromPath.stdout), [{ mta: 'MTA-A' }], 'standard input by its path');
  await untilDelivered(t, 'MTA-B', examples.length + 5);
  for (const box of ['ben%20smith', 'smith%2C%20ben', 'eve'].map(mailboxOf))
    t.same(
      readdirSync(box).map((name) => readFileSync(join(box, name))),
      [letter],
      box,
    );
  const tooMany = Array.from({ length: 1001 }, (_, at) => `u${at}@b.example`).join(',');
  t.match(await command('submit', far, '--dir', dir, '--to', tooMany), {
    code: 2,
    stderr: 'mtalab: --to: 1001 recipients; a message has at most 1000\n',
  });
});

test('the pair stops on the stop command, and its logs are still readable', async (t) => {
  const second = await command('pair', '--dir', dir, '--once', '--count', '1');
  t.match(second, { code: 1, stderr: /another run uses .*kept/ });
  t.match(await ask(t, 'stop'), {
    dir,
    mtas: [
      { mta: 'MTA-A', killed: null },
      { mta: 'MTA-B', killed: null },
    ],
  });
  t.match(await pair.next(), { type: 'summary', ending: 'interrupted', delivered: examples.length + 6 });
  t.same(await pair.exited, [0, null]);
  t.match(await command('status', '--dir', dir), { code: 1 });
  const log = readFileSync(join(dir, 'MTA-A', 'data', 'logs', 'events.jsonl'), 'utf8');
  t.match(log, /"id":9299/, 'it stopped in order');
  t.match(await ask(t, 'events', '--id', '9299', '--mta', 'mta-b'), [{ id: 9299, mta: 'MTA-B' }]);
  t.match(await command('events', '--dir', join(dir, 'MTA-A', 'data'), '--id', '9299', '--follow'), { code: 0, stdout: /9299/ });
  const wrong = await command('events', '--dir', dir, '--mta', 'MTA-C');
  t.match(wrong, { code: 2, stderr: /unknown MTA MTA-C \(known: MTA-., MTA-.\)/ });
  t.match(await command('events', '--dir', dir, '--since', '1h'), { code: 2, stderr: /the run is over/ });
});
