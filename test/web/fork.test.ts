/** A fork of a recording: it goes on as the recording did, and otherwise where something is done otherwise. */
import { Fork, ForkError, VirtualLab } from '@mtalab/engine';
import { describeFrame, type LinkName, type Mta, viewAssociations } from '@mtalab/mta-core';
import { InstantError, LiveTrace } from '@mtalab/trace';
import { test } from 'tap';

const names = ['MTA-A', 'MTA-B'] as const;

type Wish = { readonly legacy?: readonly string[]; readonly faults?: readonly string[]; readonly link?: LinkName };

function lab({ legacy = [], faults = [], link = 'lan' }: Wish = {}): VirtualLab {
  const mtas = names.map((name) => ({ name, domain: `${name.at(-1)?.toLowerCase()}.example` }));
  const made = new VirtualLab({ mtas, link, settings: {}, legacy: Object.fromEntries(names.map((name) => [name, legacy])) });
  for (const fault of faults) made.fault(fault);
  return made;
}

async function send(made: VirtualLab, from: string, count = 1): Promise<void> {
  const [near, far] = from === 'MTA-A' ? ['a', 'b'] : ['b', 'a'];
  for (let each = 0; each < count; each += 1)
    await made.submit(from, {
      originator: `s@${near}.example`,
      recipients: [`u@${far}.example`],
      priority: 'normal',
      content: `mail ${each}`,
    });
}

/** The recording of a lab: its journal, and what its faults did. */
function traceOf({ journal, pdus }: VirtualLab): LiveTrace {
  const trace = new LiveTrace();
  for (const entry of journal) trace.take({ k: 'step', entry });
  for (const pdu of pdus) trace.take({ k: 'pdu', t: 0, pdu });
  return trace;
}

const stateOf = (trace: LiveTrace, name: string): Mta => trace.nodesAt().find(({ node }) => node === name)?.mta as Mta;
const queued = (trace: LiveTrace, name: string): number => stateOf(trace, name).queuedCopies;
const turns = (trace: LiveTrace): readonly string[] =>
  names.flatMap((name) => viewAssociations(stateOf(trace, name)).map(({ name: of, believes }) => `${of} ${name} ${believes}`));

const stepWith = (trace: LiveTrace, kind: RegExp): number =>
  trace.steps.find(({ entry }) => entry.effects.some((effect) => effect.type === 'frame' && kind.test(describeFrame(effect))))
    ?.at as number;

for (const link of ['lan', 'x400'] as const)
  test(`from each instant a fork goes on as the recording did, ${link}`, { timeout: 100_000 }, async (t) => {
    const made = lab({ link });
    await send(made, 'MTA-A', 3);
    await send(made, 'MTA-B', 2);
    await made.advanceBy(3_600_000);
    const trace = traceOf(made);
    const last = trace.steps.findLast(({ entry }) => entry.input.type === 'submit')?.at as number;
    const wrong: string[] = [];
    for (let at = last; at <= trace.steps.length; at += 1) {
      const fork = new Fork(trace, at);
      fork.advance(made.nowMs - fork.nowMs);
      for (const name of names)
        if (JSON.stringify(stateOf(fork.trace, name)) !== JSON.stringify(stateOf(trace, name))) wrong.push(`${name} from ${at}`);
    }
    t.same(wrong, []);
    t.ok(trace.steps.length - last > 30, `${trace.steps.length - last} instants`);
  });

test('mail of the fork takes the way that the same mail takes in the lab', async (t) => {
  const made = lab();
  await send(made, 'MTA-A', 1);
  await made.settle();
  const fork = new Fork(traceOf(made));
  await send(made, 'MTA-B', 3);
  await made.settle();
  fork.send({ from: 'MTA-B', to: 'MTA-A', count: 3, priority: 'normal' });
  t.equal(fork.isQuiet, false);
  fork.run();
  t.equal(fork.isQuiet, true);
  const texts = (trace: LiveTrace) => trace.ladder(undefined, 1e6).map(({ from, text, fate }) => `${from} ${text} ${fate}`);
  const pieces = /length=\d+/g;
  t.same(
    texts(fork.trace).map((text) => text.replace(pieces, '')),
    texts(traceOf(made)).map((text) => text.replace(pieces, '')),
  );
});

test('from the lost Turn: with the bug only the 50th message helps, without it the recovery does', async (t) => {
  const made = lab({ legacy: ['Q166594'], faults: ['cut before turn-give 1'] });
  await send(made, 'MTA-A', 1);
  await made.settle();
  await send(made, 'MTA-B', 1);
  await made.settle();
  const trace = traceOf(made);
  t.same(turns(trace), ['MTA-A/1/3 MTA-A theirs', 'MTA-A/1/3 MTA-B theirs'], 'nobody may send');

  const legacy = new Fork(trace);
  legacy.send({ from: 'MTA-B', to: 'MTA-A', count: 48, priority: 'normal' });
  legacy.run();
  t.equal(queued(legacy.trace, 'MTA-B'), 49);
  legacy.send({ from: 'MTA-B', to: 'MTA-A', count: 1, priority: 'normal' });
  legacy.run();
  t.equal(queued(legacy.trace, 'MTA-B'), 0, 'the second association carries them');
  t.equal(turns(legacy.trace).length, 4);

  // Before the recovery: the Turn-Give is on its way.
  const giving = new Fork(trace, stepWith(trace, /turn-give/));
  const give = giving.underWay.find(({ text }) => text.includes('turn-give'));
  t.match(give, { from: 'MTA-A', to: 'MTA-B', association: 'MTA-A/1/3' });
  for (const name of names) giving.set('Q166594', 'fixed', name);
  giving.lose(give?.id ?? 0);
  giving.run();
  t.equal(queued(giving.trace, 'MTA-B'), 0, 'the recovery gives the Turn to the one that had it');
  t.ok(giving.trace.ladder(undefined, 1e6).some(({ fault, text }) => fault === 'lost in the fork' && text.includes('turn-give')));

  const arrived = new Fork(trace, stepWith(trace, /turn-give/));
  arrived.let(arrived.underWay.find(({ text }) => text.includes('turn-give'))?.id ?? 0);
  arrived.run();
  t.equal(queued(arrived.trace, 'MTA-B'), 0, 'had it arrived, nothing would have been wrong');
  t.equal(queued(trace, 'MTA-B'), 1, 'the recording is as it was');
});

test('one step at a time, a cut, and time', async (t) => {
  const made = lab();
  await send(made, 'MTA-A', 1);
  await made.settle();
  const fork = new Fork(traceOf(made));
  fork.send({ from: 'MTA-A', to: 'MTA-B', count: 1, priority: 'urgent' });
  t.match(fork.step(), /^passed: request \d+ MtaSend rttr/);
  t.equal(fork.cut(), 3, 'the first connections of both, and the data connection of MTA-A');
  fork.run();
  t.equal(queued(fork.trace, 'MTA-A'), 0, 'the recovery sends what was lost');
  t.match(fork.step(), /^nothing was on its way: \d+ s passed until the next timer$/);
  const before = fork.nowMs;
  fork.advance(3_600_000);
  t.equal(fork.nowMs, before + 3_600_000);
  t.same(turns(fork.trace), [], 'the Lifetime has passed');
});

test('connections that are older than the steps that are kept', async (t) => {
  const made = lab();
  await send(made, 'MTA-B', 1);
  await made.settle();
  await send(made, 'MTA-A', 30);
  await made.settle();
  const trace = new LiveTrace({ steps: 40, pdus: 40 });
  for (const entry of made.journal) trace.take({ k: 'step', entry });
  t.ok(trace.steps.every(({ entry }) => entry.input.type !== 'accepted'));
  const fork = new Fork(trace);
  fork.send({ from: 'MTA-A', to: 'MTA-B', count: 2, priority: 'normal' });
  fork.run();
  t.equal(queued(fork.trace, 'MTA-A'), 0);
  t.equal(turns(fork.trace).length, 2, 'over the association that was there');
  t.notOk(fork.trace.ladder(undefined, 1e6).some(({ text }) => /loss|MtaBind/.test(text)));
});

test('what a fork cannot do is said', async (t) => {
  const made = lab();
  const trace = traceOf(made);
  t.throws(() => new Fork(trace, 1), new InstantError('MTA-A is starting at this instant; go to one at which it runs'));
  const fork = new Fork(trace);
  t.throws(() => fork.let(7), new ForkError('this PDU is not on its way any more'));
  t.throws(() => fork.send({ from: 'MTA-A', to: 'MTA-B', count: 5000, priority: 'normal' }), /from 1 to 1000/);
  t.throws(() => fork.send({ from: 'MTA-C', to: 'MTA-B', count: 1, priority: 'normal' }), /MTA-C does not run in this fork/);
  t.equal(fork.failure, null, 'it can go on');
  trace.take({ k: 'process', t: 0, node: 'MTA-B', state: 'down', pid: null, says: 'was killed by SIGKILL' });
  const alone = new Fork(trace);
  t.throws(() => alone.send({ from: 'MTA-A', to: 'MTA-B', count: 1, priority: 'normal' }), /MTA-B does not run in this fork/);
});
