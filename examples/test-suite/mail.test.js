/**
 * A test suite that uses MTA Lab as a dependency, with the test runner of Node: `node --test`.
 *
 * `t.signal` ends a pair whose test runs into its time limit. `t.after` closes the pair of any other test. A test that
 * throws before it gets there does no harm: a pair does not keep the process alive, and it goes with it.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { spawnPair } from 'mtalab';

/** Starts a pair that ends with its test. */
async function pairFor(t, options = {}) {
  const pair = await spawnPair({ ...options, signal: t.signal });
  t.after(() => pair.close());
  return pair;
}

const envelope = { originator: 'ada@a.example', recipients: ['ben@b.example'] };

test('mail arrives octet for octet, with its envelope', { timeout: 120_000 }, async (t) => {
  const pair = await pairFor(t);
  const letter = await readFile(new URL('letter.eml', import.meta.url));
  const contents = [letter, 'Subject: a text\r\n\r\nGrüße\r\n', Readable.from(['Subject: a stream\r\n', '\r\nHello.\r\n'])];
  for (const content of contents) await pair.submit('MTA-A', { ...envelope, priority: 'urgent', content });

  const mails = await pair.mailbox('ben@b.example').waitFor(3);
  assert.deepEqual(mails[0].content, letter);
  assert.equal(mails[1].content.toString('utf8'), 'Subject: a text\r\n\r\nGrüße\r\n');
  assert.equal(mails[2].content.toString('latin1'), 'Subject: a stream\r\n\r\nHello.\r\n');
  assert.deepEqual(
    mails.map(({ envelope: { originator, recipient, priority } }) => [originator, recipient, priority]),
    Array(3).fill(['ada@a.example', 'ben@b.example', 'urgent']),
  );
});

test('Q181721: no data on the association, event 9316 at the sender, until the bug is switched off', { timeout: 120_000 }, async (t) => {
  const bindings = { 'MTA-B': [{ address: '127.0.0.1' }, { address: '127.0.0.2' }] };
  const pair = await pairFor(t, { bindings, legacy: { 'MTA-B': ['Q181721'] } });
  await pair.submit('MTA-A', { ...envelope, content: 'Subject: one\r\n\r\n' });
  const event = await pair.waitForEvent(9316, { mta: 'MTA-A' });
  assert.equal(event.parameters.ntError, 1727);

  // Four hours pass in no time, and nothing moves.
  await pair.advanceBy(4 * 3_600_000);
  assert.deepEqual(await pair.mailbox('ben@b.example').messages(), []);
  const { queues } = (await pair.queues()).find(({ mta }) => mta === 'MTA-A');
  assert.equal(queues.find(({ queue }) => queue === 'MTA-B').queued, 1);
  assert.ok(pair.events({ id: 9316 }).length > 100);

  await pair.set('Q181721', 'fixed');
  await pair.advanceBy(10 * 60_000);
  assert.equal((await pair.mailbox('ben@b.example').waitFor(1)).length, 1);
});

test('a cut connection neither loses nor doubles a message', { timeout: 120_000 }, async (t) => {
  const pair = await pairFor(t, { proxy: true });
  const fault = pair.fault('cut before rttr 1');
  await pair.submit('MTA-A', { ...envelope, content: 'Subject: one\r\n\r\n' });
  await pair.mailbox('ben@b.example').waitFor(1);
  await pair.settle();
  assert.equal(fault.hits, 1);
  assert.equal(pair.delivered, 1);
  const [association] = await pair.associations();
  assert.equal(association.turn, 'one');
});
