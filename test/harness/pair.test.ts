/** Pairs of real MTA processes, started through the library's public entry. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateMail, octetsOf } from '@mtalab/harness';
import { type Lab, spawnPair } from 'mtalab';
import { test } from 'tap';
import { namingBreaches } from '../support/names.js';
import { statusesOf } from '../support/statuses.js';

const envelope = { originator: 'ada@a.example', recipients: ['ben@b.example'] };

/** Contents of Ben's mailbox at MTA-B, sorted. */
function mailOfBen(lab: Lab): string[] {
  const box = join(lab.dir, 'MTA-B', 'mailboxes', 'b.example', 'ben', 'new');
  if (!existsSync(box)) return [];
  return readdirSync(box)
    .map((name) => readFileSync(join(box, name), 'latin1'))
    .sort();
}

/** Advances lab time whenever the lab is idle, until this many copies are delivered. */
async function moveOnUntil(lab: Lab, delivered: number): Promise<void> {
  for (let timers = 0; timers < 50 && lab.delivered < delivered; timers += 1) await lab.advance();
  await lab.waitForDelivered(delivered);
}

test('a pair delivers its mail, continues after kill -9, and stops in order', async (t) => {
  const items = [...generateMail(15, 2000, 3)];
  const texts = await Promise.all(items.map(async (item) => Buffer.from(await octetsOf(item.content)).toString('latin1')));
  let dir: string;
  {
    await using lab = await spawnPair();
    dir = lab.dir;
    t.match(await lab.submitAll('MTA-A', items.slice(0, 5), envelope), { accepted: 5, refusedCount: 0 });
    await lab.waitForDelivered(5);
    await lab.settle();
    t.match(await lab.summary(), { submitted: 5, delivered: 5, associationsOpened: 1, turnsGiven: 0, reports: 0 });
    const results = [await lab.status(), await lab.associations(), await lab.summary(), await lab.bindings('MTA-A')];
    t.same(namingBreaches(results), []);
    t.match(await lab.status(), [{ now: /^\d{4}-.*Z$/, nextDeadlineAt: /Z$/ }, {}]);
    t.same(namingBreaches(await lab.diagnostics('Interface', 'none')), []);
    const [association, ...others] = await lab.associations();
    t.same(others, []);
    t.match(association, {
      between: ['MTA-A', 'MTA-B'],
      sides: [
        { mta: 'MTA-A', holder: 'MTA-A' },
        { mta: 'MTA-B', holder: 'MTA-A' },
      ],
      turn: 'one',
    });
    t.same(mailOfBen(lab), texts.slice(0, 5).sort());

    // The receiver dies. The sender keeps its mail until the receiver is back at the same ports.
    const receiver = lab.process('MTA-B');
    const { endpoints } = receiver.ready;
    receiver.kill('SIGKILL');
    await receiver.exited;
    await lab.submitAll('MTA-A', items.slice(5, 10), envelope);
    t.equal(lab.delivered, 5);
    await receiver.restart();
    t.same(receiver.ready.endpoints, endpoints);
    await moveOnUntil(lab, 10);

    // The sender dies with mail in its store.
    const sender = lab.process('MTA-A');
    const late = lab.submitAll('MTA-A', items.slice(10), envelope);
    sender.kill('SIGKILL');
    await sender.exited;
    await sender.restart();
    t.match(await late, { accepted: 5 });
    await moveOnUntil(lab, 15);
    t.same(mailOfBen(lab), [...texts].sort());
    t.match(await lab.summary(), { submitted: 15, delivered: 15, reports: 0 });
    t.equal(await sender.stop(), 0);
    t.equal(await receiver.stop(), 0);
  }
  t.notOk(existsSync(dir));
});

test('through the proxy, with a fault on the way', async (t) => {
  await using lab = await spawnPair({ faults: ['cut after rttr 2'] });
  await lab.submitAll('MTA-A', generateMail(6, 2000, 4), envelope);
  await moveOnUntil(lab, 6);
  t.equal(mailOfBen(lab).length, 6);
  t.same(lab.proxy?.unreached(), []);
  await lab.settle();
  t.match(await lab.status(), [
    { mta: 'MTA-A', queuedCopies: 0 },
    { mta: 'MTA-B', queuedCopies: 0 },
  ]);
});

test('a new order of the bindings lasts for the next start, also for two at one address', async (t) => {
  const bindings = { 'MTA-A': [{ port: 0 }, { port: 4097 }, { address: '127.0.0.2', label: 'lan2' }] };
  await using lab = await spawnPair({ bindings, down: ['MTA-A', 'MTA-B'] });
  await lab.setBindings('MTA-A', { order: ['lan2', '127.0.0.1[4097]'], disable: ['lan2'] });
  t.match(await lab.bindings('MTA-A'), [
    { address: '127.0.0.2', port: 0, label: 'lan2', enabled: false },
    { address: '127.0.0.1', port: 4097, enabled: true },
    { address: '127.0.0.1', port: 0, enabled: true },
  ]);
});

test('simultaneous changes all take effect, and last over a restart', async (t) => {
  const bindings = {
    'MTA-B': [{ label: 'one' }, { label: 'two', address: '127.0.0.2' }, { label: 'three', address: '127.0.0.3' }],
  };
  await using lab = await spawnPair({ bindings });
  const articles = ['Q166594', 'Q181721', 'Q232602', 'Q280449', 'Q285350'] as const;
  await Promise.all([
    ...articles.flatMap((article) => [
      lab.set(article, 'legacy'),
      lab.diagnostics('Interface', 'medium'),
      lab.set(article, 'legacy'),
    ]),
    lab.setBindings('MTA-B', { disable: ['one'] }),
    lab.setBindings('MTA-B', { disable: ['two'] }),
    lab.setBindings('MTA-B', { order: ['three'] }),
  ]);
  await lab.restart('MTA-B');
  for (const { mta, legacy } of await statusesOf(lab)) t.same([...legacy].sort(), articles, mta);
  const rows = (await lab.bindings('MTA-B')).map(({ label, enabled }) => [label, enabled]);
  t.same(rows, [
    ['three', true],
    ['one', false],
    ['two', false],
  ]);
});

test('MTAs with IPv6 only reach each other through the proxy too', async (t) => {
  const bindings = { 'MTA-A': [{ address: '::1' }], 'MTA-B': [{ address: '::1' }] };
  await using lab = await spawnPair({ bindings, faults: ['cut after rttr 1'] });
  await lab.submitAll('MTA-A', generateMail(2, 2000, 4), envelope);
  await moveOnUntil(lab, 2);
  t.same(lab.proxy?.unreached(), []);
});
