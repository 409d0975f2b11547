/** The live trace: the ladder of the page is the ladder of the text, and every kept instant is as it was. */
import { VirtualLab } from '@mtalab/engine';
import type { Mta } from '@mtalab/mta-core';
import { type FeedItem, folded, type LadderLine, LiveTrace, mergeTrails, Replayer, Trails } from '@mtalab/trace';
import { test } from 'tap';

const names = ['MTA-A', 'MTA-B'] as const;

/** Mail both ways, with a Turn-Give that is lost. */
async function lab(faults: readonly string[] = ['cut before turn-give 1']): Promise<VirtualLab> {
  const mtas = names.map((name) => ({ name, domain: `${name.at(-1)?.toLowerCase()}.example` }));
  const made = new VirtualLab({ mtas, settings: {}, legacy: { 'MTA-A': ['Q166594'], 'MTA-B': ['Q166594'] } });
  for (const fault of faults) made.fault(fault);
  for (const [at, name] of [...names, ...names].entries()) {
    const other = at % 2 === 0 ? 'b' : 'a';
    await made.submit(name, {
      originator: `s@${at % 2 === 0 ? 'a' : 'b'}.example`,
      recipients: [`u@${other}.example`],
      priority: 'normal',
      content: `mail ${at}`,
    });
    await made.settle();
  }
  await made.advanceBy(60_000);
  return made;
}

const stepsOf = ({ journal }: VirtualLab): FeedItem[] => journal.map((entry) => ({ k: 'step', entry }));

function traceOf(items: readonly FeedItem[], limits?: { readonly steps: number; readonly pdus: number }): LiveTrace {
  const trace = new LiveTrace(limits);
  for (const item of items) trace.take(item);
  return trace;
}

const shown = (lines: readonly LadderLine[]) =>
  lines.map(({ from, to, text, fate, believes }) => ({ from, to, text, fate, believes }));

test('the ladder is that of the text ladder', async (t) => {
  const made = await lab();
  const trails = new Trails().read(
    'lab',
    made.journal.map((entry, at) => ({ line: at + 1, entry })),
  );
  const trace = traceOf(stepsOf(made));
  t.same(shown(trace.ladder(undefined, 1e6)), shown(folded(mergeTrails(trails.nodes.values()))));
  t.ok(trace.ladder(undefined, 1e6, true).length >= trace.ladder(undefined, 1e6).length, 'unfolded it is not shorter');
  t.same(trace.troubles.size, 0);
});

test('at every item both sides are as a replay has them', async (t) => {
  const made = await lab();
  const trace = traceOf(stepsOf(made));
  const replayer = new Replayer('lab');
  const states = new Map<string, Mta>();
  let wrong = 0;
  for (const [at, entry] of made.journal.entries()) {
    states.set(entry.node, replayer.take({ line: at + 1, entry }).mta);
    for (const { node, mta } of trace.nodesAt(at + 1))
      if (JSON.stringify(mta) !== JSON.stringify(states.get(node) ?? null)) wrong += 1;
  }
  t.equal(wrong, 0);
  const half = Math.floor(made.journal.length / 2);
  const before = trace.ladder(half, 1e6, true);
  t.ok(before.length > 0 && before.length < trace.ladder(undefined, 1e6, true).length, 'the past has fewer lines');
});

test('a PDU on which a fault acted says so', async (t) => {
  const made = await lab();
  const pdus = made.pdus.map((pdu): FeedItem => ({ k: 'pdu', t: 0, pdu }));
  const trace = traceOf([...stepsOf(made), ...pdus]);
  const lost = trace.ladder(undefined, 1e6, true).filter(({ fault }) => fault !== null);
  t.match(lost, [{ text: /turn-give/, fate: 'cut', fault: /^cut before turn-give/ }]);
});

test('a state lets the steps after it follow, and says which it has already', async (t) => {
  const made = await lab([]);
  const own = made.journal.filter(({ node }) => node === 'MTA-A').map((entry, at) => ({ ...entry, n: at + 1 }));
  const whole = traceOf(own.map((entry): FeedItem => ({ k: 'step', entry })));
  const half = Math.floor(own.length / 2);
  const stateOf = (trace: LiveTrace): Mta => trace.nodesAt()[0]?.mta as Mta;
  const first = traceOf(own.slice(0, half).map((entry): FeedItem => ({ k: 'step', entry })));
  const state: FeedItem = { k: 'state', node: 'MTA-A', n: half, t: 0, mta: stateOf(first) };
  const late = traceOf([state, ...own.slice(half - 3).map((entry): FeedItem => ({ k: 'step', entry }))]);
  t.same(stateOf(late), stateOf(whole));
  t.same(late.troubles.size, 0);

  const torn = traceOf([state, ...own.slice(half + 1).map((entry): FeedItem => ({ k: 'step', entry }))]);
  t.equal(torn.nodesAt()[0]?.mta, stateOf(first), 'nothing after a hole is guessed');
  t.match([...torn.troubles.values()], [new RegExp(`^steps ${half + 1} to ${half + 1} of MTA-A are missing$`)]);
  torn.take({ k: 'state', node: 'MTA-A', n: own.length, t: 0, mta: stateOf(whole) });
  t.same(torn.troubles.size, 0, 'a state mends it');
  t.same(stateOf(torn), stateOf(whole));
});

test('a process that is killed and comes back: its connections are not those of its life before', async (t) => {
  const made = await lab([]);
  await made.kill('MTA-B');
  await made.start('MTA-B');
  await made.submit('MTA-A', { originator: 's@a.example', recipients: ['u@b.example'], priority: 'normal', content: 'again' });
  await made.advanceBy(3_600_000);
  const whole = traceOf(stepsOf(made));
  t.ok(whole.ladder(undefined, 1e6, true).some(({ text }) => text === 'starts again, incarnation 2'));

  // A live feed sees the state after the start, and not the start.
  const starts = whole.steps.filter(({ entry }) => entry.node === 'MTA-B' && entry.input.type === 'start');
  t.equal(starts.length, 2);
  const again = starts[1]?.entry;
  const fed = made.journal.map((entry): FeedItem => {
    const { n, t: tMs } = entry;
    return entry === again ? { k: 'state', node: 'MTA-B', n, t: tMs, mta: starts[1]?.mta as Mta } : { k: 'step', entry };
  });
  const opening = ({ from, to, text }: LadderLine) => `${from} ${to} ${text}`;
  const lines = (trace: LiveTrace) =>
    trace
      .ladder(undefined, 1e6, true)
      .filter(({ fate }) => fate === 'passed')
      .map(opening);
  t.same(lines(traceOf(fed)), lines(whole));
});

test('a process that ends, and steps that are left out', async (t) => {
  const made = await lab([]);
  const trace = traceOf(stepsOf(made));
  trace.take({ k: 'process', t: 1, node: 'MTA-A', state: 'down', pid: null, says: 'was killed by SIGKILL' });
  t.match(trace.nodesAt(), [{ node: 'MTA-A', mta: null, process: { says: 'was killed by SIGKILL' } }, { node: 'MTA-B' }]);
  trace.take({ k: 'gap', t: 2, node: 'MTA-B', says: 'busy' });
  trace.take({ k: 'figures', t: 3, node: 'MTA-B', queued: { 'MTA-A': 7 }, delivered: 3 });
  t.match(trace.nodesAt()[1], { mta: null, figures: { queued: { 'MTA-A': 7 } } });
});

test('a long run keeps its latest steps only', async (t) => {
  const made = await lab([]);
  const items = stepsOf(made);
  const trace = traceOf(items, { steps: 40, pdus: 10 });
  t.ok(trace.steps.length <= 40 && trace.steps.length >= 20, `${trace.steps.length} kept`);
  t.equal(trace.latest, items.length);
  t.equal(trace.oldest, trace.steps[0]?.at);
  t.same(
    trace.nodesAt().map(({ mta }) => mta),
    traceOf(items)
      .nodesAt()
      .map(({ mta }) => mta),
    'the states are those of a trace that keeps all',
  );
});
