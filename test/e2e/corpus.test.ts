/** Mail of all kinds arrives octet for octet and exactly once, although the test kills processes and cuts connections. */

import { chance, generateMail, type Lab, type MtaProcess, octetsOf } from '@mtalab/harness';
import { contentIn } from '@mtalab/mta-core';
import { spawnPair } from 'mtalab';
import { test } from 'tap';
import { statusesOf } from '../support/statuses.js';
import { corpusFolder, delivered, digestOf, hasCorpus, type Letter, lettersIn, sorted } from './mailboxes.js';

const letters: readonly Letter[] = [...lettersIn('examples'), ...(hasCorpus ? lettersIn(corpusFolder) : [])];
const sent = sorted(letters.map(({ content }) => digestOf(content)));

/** Submits all letters at once from A to B. Resolves when A has all of them on disk. */
async function submitLetters(lab: Lab): Promise<void> {
  const envelope = { originator: 'ada@a.example', recipients: ['ben@b.example'] };
  const answers = await Promise.all(letters.map(({ content }) => lab.submit('MTA-A', { ...envelope, content })));
  const known = new Set(answers.map(({ mtsId }) => mtsId));
  if (known.size !== letters.length) throw new Error(`${letters.length} letters were given ${known.size} MTS identifiers`);
}

/** Advances lab time whenever the lab is idle, until this many copies are delivered. */
async function moveOnUntil(lab: Lab, count: number): Promise<void> {
  for (let timers = 0; timers < 500 && lab.delivered < count; timers += 1) await lab.advance();
  await lab.waitForDelivered(count);
}

/** Advances lab time until no queue has mail. A kill may leave a copy whose confirmation was lost: it waits for the next attempt. */
async function emptyQueues(lab: Lab): Promise<void> {
  for (let timers = 0; timers < 100; timers += 1) {
    await lab.settle();
    if ((await statusesOf(lab)).every((status) => status.queuedCopies === 0)) return;
    await lab.advance();
  }
}

test(`${letters.length} letters at once, octet for octet`, async (t) => {
  if (!hasCorpus) t.comment(`${corpusFolder} is not there: only the mail of examples/ is sent`);
  t.ok(letters.length >= (hasCorpus ? 80 : 10), 'there is mail');
  await using lab = await spawnPair();
  await submitLetters(lab);
  await lab.waitForDelivered(letters.length);
  await lab.settle();
  t.same(delivered(lab, 'MTA-B'), sent);
  t.same(delivered(lab, 'MTA-A'), [], 'nothing came back');
  t.match(await lab.status(), [{ queuedCopies: 0 }, { queuedCopies: 0 }]);
});

type Killing = { readonly done: Promise<unknown>; readonly over: () => boolean; readonly disarm: () => void };

/** Kills one MTA after `nth` further PDUs, or after `nth` further delivery notices. */
function killOn(lab: Lab, victim: MtaProcess, moment: 'pdu' | 'delivery', nth: number): Killing {
  let armed = true;
  let killed = false;
  const kill = (): void => {
    if (!armed) return;
    armed = false;
    killed = true;
    victim.kill('SIGKILL');
  };
  const disarm = (): void => {
    armed = false;
  };
  if (moment === 'delivery') {
    return { done: lab.waitForDelivered(lab.delivered + nth).then(kill, () => undefined), over: () => killed, disarm };
  }
  let seen = 0;
  const done = new Promise<void>((resolve) => {
    const end = lab.proxy?.subscribe(() => {
      seen += 1;
      if (seen < nth && armed) return;
      end?.();
      kill();
      resolve();
    });
  });
  return { done, over: () => killed, disarm };
}

/** Advances lab time until all mail is delivered or the victim is dead. An error that the kill causes is no failure. */
async function moveOnUnless(over: () => boolean, lab: Lab): Promise<void> {
  while (!over() && lab.delivered < letters.length) {
    try {
      await lab.advance();
    } catch (error) {
      if (!over()) throw error;
    }
  }
}

for (const [seed, faults] of [
  [1, []],
  [4, ['cut randomly 3% seed 3']],
] as const) {
  test(`the same while processes are killed at random moments (seed ${seed}) ${faults.join()}`.trim(), {
    timeout: 250_000,
  }, async (t) => {
    const random = chance(seed);
    await using lab = await spawnPair({ proxy: true, faults });
    const submitting = submitLetters(lab);
    const kills = { 'MTA-A': 0, 'MTA-B': 0 };
    for (let round = 0; round < 7 && lab.delivered < letters.length; round += 1) {
      const name = random.below(2) === 0 ? 'MTA-A' : 'MTA-B';
      const moment = random.below(3) === 0 ? 'delivery' : 'pdu';
      const victim = lab.process(name);
      const killing = killOn(lab, victim, moment, 1 + random.below(moment === 'pdu' ? 40 : 8));
      await Promise.race([killing.done, moveOnUnless(killing.over, lab)]);
      killing.disarm();
      if (!killing.over()) break;
      t.comment(`${name} is killed when ${lab.delivered} of ${letters.length} are delivered`);
      t.same(await victim.exited, { code: null, signal: 'SIGKILL' });
      await victim.restart();
      kills[name] += 1;
    }
    await submitting;
    await moveOnUntil(lab, letters.length);
    await emptyQueues(lab);
    const cuts = lab.proxy?.faults().reduce((sum, fault) => sum + fault.hits, 0);
    t.comment(`killed: ${JSON.stringify(kills)}, cut: ${cuts} times`);
    t.same(lab.proxy?.unreached(), []);
    t.ok(kills['MTA-A'] > 0 && kills['MTA-B'] > 0, 'the test killed both MTAs before the end');
    t.same(delivered(lab, 'MTA-B'), sent);
    t.same(delivered(lab, 'MTA-A'), [], 'no non-delivery report came back');
    t.match(await lab.status(), [{ queuedCopies: 0 }, { queuedCopies: 0 }]);
  });
}

test('20 MiB with ten cuts: the transfer resumes from checkpoints and delivers once', { timeout: 250_000 }, async (t) => {
  const [item] = generateMail(1, 20 * 1_048_576, 5);
  const content = await octetsOf(item?.content ?? Buffer.alloc(0));
  const cuts = Array.from({ length: 10 }, (_, at) => `cut ${at % 3 === 0 ? 'before' : 'after'} rttr ${60 * (at + 1)}`);
  await using lab = await spawnPair({ faults: cuts });
  let segments = 0;
  let segmentBytes = 0;
  let longest = 0;
  lab.proxy?.subscribe((pdu) => {
    const content = contentIn(pdu);
    if (content === undefined) return;
    const { length } = content;
    segments += 1;
    segmentBytes += length;
    longest = Math.max(longest, length);
  });
  await lab.submit('MTA-A', {
    originator: 'ada@a.example',
    recipients: ['ben@b.example'],
    content: async function* () {
      yield content;
    },
  });
  await moveOnUntil(lab, 1);
  await lab.settle();
  t.same(lab.proxy?.unreached(), [], 'all ten cuts happened');
  t.same(delivered(lab, 'MTA-B'), [digestOf(content)]);
  const again = segmentBytes - content.length;
  t.comment(`${segments} segments of at most ${longest} octets; ${again} octets were sent again`);
  t.ok(again > 0, 'the cuts lost something');
  // A cut can lose unconfirmed octets: one window of segments, and as many segments whose confirmations are lost.
  t.ok(again <= cuts.length * 5 * 30 * 1024, `${again} octets were sent again`);
  t.equal((await lab.summary()).associationsOpened, 1, 'one association, recovered each time');
});
