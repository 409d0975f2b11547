/** Loads on real processes: a receiver that stands still, the lost Turn of Q166594, and the checks against what is on disk. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadResult } from '@mtalab/harness';
import { type PairOptions, spawnPair } from 'mtalab';
import { test } from 'tap';

const legacy: PairOptions = { legacy: { 'MTA-A': ['Q166594'], 'MTA-B': ['Q166594'] } };

function check(result: LoadResult, name: string): boolean | undefined {
  return result.checks.find((each) => each.name === name)?.passed;
}

/** Every accepted message is somewhere, once and whole. */
function isWhole({ counts, checks }: LoadResult): boolean {
  const { accepted, delivered, reported, queued, lost, duplicated, damaged, outOfOrder } = counts;
  return (
    accepted === delivered + reported + queued &&
    lost + duplicated + damaged + outOfOrder === 0 &&
    checks.some(({ name, passed }) => name === 'ledgers' && passed)
  );
}

test('the receiver stands still: corrected latency shows it, raw latency does not', async (t) => {
  const pair = await spawnPair({ delivery: 'ledger' });
  t.teardown(() => pair.close());
  // Four in flight: they alone wait through the stall after their start. All others wait before it, and that is the point.
  const result = await pair.load({
    rate: 400,
    count: 600,
    inFlight: 4,
    faults: ['at 300ms suspend MTA-B for 500ms'],
    thresholds: ['p99>350ms', 'lost==0'],
    seed: 1,
    intervalS: 0.25,
  });
  const { corrected, raw } = result.latencies;
  // 1 % of 600 messages are those of the first 15 ms of the stall, and four of them are in flight.
  t.ok(corrected.p99Ms > 350, `corrected p99 ${corrected.p99Ms} ms shows the stall of 500 ms`);
  t.ok(raw.p99Ms < corrected.p99Ms / 2, `raw p99 ${raw.p99Ms} ms does not`);
  t.ok(raw.maxMs > 350, 'the messages in flight have it in their raw latency');
  t.ok(isWhole(result), JSON.stringify(result.counts));
  t.match(result, { counts: { intended: 600, started: 600, dropped: 0, accepted: 600, delivered: 600 } });
  t.ok(result.counts.late > 50, 'starts that had to wait are late');
  t.equal(result.generator.wasTheLimit, false, 'the MTA was the limit, not the generator');
  t.ok(result.generator.maxInFlight <= 4);
  t.match(
    result.marks.filter(({ kind }) => kind === 'process').map(({ text }) => text),
    ['MTA-B is suspended', 'MTA-B goes on'],
  );
  t.match(result, { seed: 1, verdict: 'passed', exitCode: 0, thresholds: [{ passed: true }, { passed: true }] });

  // The same pair again: a closed load, with messages that a mailbox already has from the run before.
  const closed = await pair.load({
    inFlight: 20,
    count: 80,
    bothWays: true,
    priorities: { urgent: 1, normal: 1 },
    sizeBytes: { least: 300, most: 3000 },
  });
  t.ok(isWhole(closed), JSON.stringify(closed.counts));
  t.match(closed.counts, { intended: 80, accepted: 80, delivered: 80 });
  t.ok(closed.byPriority.urgent.corrected.count > 20 && closed.byPriority['non-urgent'].corrected.count === 0);
  t.ok(closed.generator.maxInFlight <= 20);
  t.ok(closed.rates.deliveredOctets > 0);

  // Ctrl-C in the middle of a plan: what was not due yet was never asked for, and the verdict stands.
  const end = new AbortController();
  const ended = await pair.load({
    rate: 200,
    durationS: 3600,
    signal: end.signal,
    intervalS: 0.1,
    onProgress: ({ started }) => started > 20 && end.abort(),
  });
  t.ok(isWhole(ended));
  t.ok(ended.counts.intended < 100_000 && ended.counts.intended === ended.counts.started + ended.counts.dropped);
  t.match(ended, { warnings: ['the load was interrupted before its plan was over'], exitCode: 0 });
});

/** Loses the Turn in the warm-up, fills the queue with 49 messages, and submits the 50th after a while. */
async function fiftieth(options: PairOptions): Promise<LoadResult> {
  const pair = await spawnPair({ ...options, proxy: true, delivery: 'ledger' });
  try {
    return await pair.load({
      warmUp: true,
      faults: ['cut before turn-give 1'],
      prefill: 49,
      stages: [
        { from: 0, to: 0, seconds: 1.5 },
        { from: 1, to: 1, seconds: 1 },
      ],
      intervalS: 0.2,
    });
  } finally {
    await pair.close();
  }
}

function opened(result: LoadResult): readonly string[] {
  return result.marks.filter(({ kind }) => kind === 'association').map(({ text }) => text);
}

test('Q166594: without the Turn nothing moves, and the 50th message opens the second association', async (t) => {
  const result = await fiftieth(legacy);
  // A sample may see the queue before the 50th is in it, or after.
  const before = result.samples.filter(({ atS }) => atS < 1.4);
  t.ok(before.length > 0, `${before.length} samples before the 50th`);
  for (const { atS, delivered, mtas, turn } of before) {
    t.equal(delivered, 0, `nothing is delivered until ${atS} s`);
    t.match(mtas[0], { mta: 'MTA-A', queued: 49, queuedPerAssociation: 49, associations: 1 });
    t.match(turn, { nobody: 1, passing: 0 });
  }
  t.same(opened(result), ['MTA-A: second association to MTA-B opens']);
  const mark = result.marks.find(({ kind }) => kind === 'association');
  t.ok((mark?.atS ?? 0) >= 1.5, `at ${mark?.atS} s, after the 50th was submitted`);
  t.match(result.counts, { intended: 50, accepted: 50, delivered: 50, lost: 0 });
  t.ok(isWhole(result), JSON.stringify(result.counts));
  t.ok(
    result.latencies.corrected.minMs > 0 && result.latencies.corrected.maxMs > 1400,
    'the 49 count from the release of the link',
  );
  t.same(
    result.marks.filter(({ kind }) => kind !== 'association').map(({ kind, text }) => `${kind}: ${text}`),
    [
      'fault: cut before turn-give 1',
      'hold: the link is held',
      'release: the link is released; 49 messages wait at each sender',
      'stage: stage of 0/s',
      'stage: stage of 1/s',
      'end-of-load: the last message is started',
      'drained: all queues are empty',
    ],
  );
  t.match(result.mtas, [{ mta: 'MTA-A', legacy: ['Q166594'], threshold: 50, associationsPerMta: 9 }, { mta: 'MTA-B' }]);
  t.equal(result.exitCode, 0);
});

test('Q166594 fixed: the same load needs no second association', async (t) => {
  const result = await fiftieth({});
  t.same(opened(result), []);
  t.ok(result.samples.every(({ turn }) => turn.nobody === 0));
  t.match(result.counts, { accepted: 50, delivered: 50 });
  t.ok(isWhole(result), JSON.stringify(result.counts));
  t.equal(check(result, 'faults'), true);
});

test('the verdict comes from the disks: a mailbox that somebody has changed', async (t) => {
  const pair = await spawnPair({ settings: { maxQueuedCopies: 50 } });
  t.teardown(() => pair.close());
  const good = await pair.load({ inFlight: 5, count: 10, mail: 'examples' });
  t.ok(isWhole(good), `Maildirs: ${JSON.stringify(good.counts)}`);

  const before = readdirSync(join(pair.dir, 'MTA-B', 'mailboxes', 'b.example'));
  // Between the last delivery and the verdict, one message becomes another.
  const tampered = await pair.load({
    inFlight: 5,
    count: 10,
    onProgress: ({ phase }) => {
      if (phase !== 'verdict') return;
      const mailboxes = join(pair.dir, 'MTA-B', 'mailboxes', 'b.example');
      const box = readdirSync(mailboxes).find((name) => !before.includes(name));
      const folder = join(mailboxes, box ?? '', 'new');
      const [first = ''] = readdirSync(folder);
      writeFileSync(join(folder, first), 'something else');
    },
  });
  t.match(tampered, { counts: { accepted: 10, delivered: 9, lost: 1, damaged: 1 }, verdict: 'check-failed', exitCode: 1 });

  // Nothing gets through, so nothing is measured.
  pair.process('MTA-B').kill('SIGKILL');
  await pair.process('MTA-B').exited;
  // A closed load of MTAs that are stuck ends all the same. Its five messages stay in the queue.
  const stuck = await pair.load({ inFlight: 5, count: 10, patienceS: 0.3 });
  t.match(stuck.counts, { intended: 10, started: 5, dropped: 5, delivered: 0 });

  const nothing = await pair.load({ rate: 1000, count: 100, patienceS: 0.5, thresholds: ['p99<1s'] });
  t.match(nothing.counts, { started: 100, accepted: 45, refused: 55, delivered: 0, queued: 45, lost: 0 });
  t.match(nothing, { thresholds: [{ passed: false, value: null }], seconds: { drain: null } });
  t.match(nothing.checks, [{ name: 'ledgers', passed: true }]);
  t.equal(check(nothing, 'processes'), false);
  t.match(
    nothing.warnings.join('\n'),
    /nothing moved for 0.5 s\n55 submissions refused, 0 without an answer; the first: MTA-A: /,
  );

  await t.rejects(pair.load({ rate: 5, count: 1, prefill: 3 }), /^prefill: the queue can be filled only behind the fault proxy/);
  await t.rejects(pair.load({ rate: 5, count: 1, faults: ['at 1s cut'] }), /there is no fault proxy between the MTAs/);
});
