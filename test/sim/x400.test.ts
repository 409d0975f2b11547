/** Scenarios and ladders of MTAs that an X.400 connector links. */
import { runOnSim, VirtualLab } from '@mtalab/engine';
import { runOnProcesses } from '@mtalab/harness';
import type { BareFrame } from '@mtalab/mta-core';
import { FaultPlan, parseFault, type ScenarioResult } from '@mtalab/scenario';
import {
  folded,
  isNote,
  type JournalEntry,
  type LadderLine,
  ladderMermaid,
  ladderOf,
  ladderShiViz,
  ladderText,
  legendText,
  mergeTrails,
  Trails,
  verifyJournal,
  withShortOpenings,
} from '@mtalab/trace';
import { renderConfig } from 'mtalab';
import { loadScenario } from 'mtalab/internal';
import { test } from 'tap';

const mtas = ['MTA-A', 'MTA-B'].map((name) => ({ name, domain: `${name.slice(-1).toLowerCase()}.example` }));

async function submit(lab: VirtualLab, from: string, sizeBytes = 100): Promise<void> {
  const [own, other] = from === 'MTA-A' ? ['a', 'b'] : ['b', 'a'];
  const recipients = [`user@${other}.example`];
  const content = 'x'.repeat(sizeBytes);
  await lab.submit(from, { originator: `user@${own}.example`, recipients, priority: 'normal', content });
}

function connected(faults: readonly string[] = []): VirtualLab {
  const lab = new VirtualLab({ mtas, link: 'x400', settings: {}, legacy: {} });
  for (const fault of faults) lab.fault(fault);
  return lab;
}

/** One journal for each MTA, as real processes write them. */
function trailsOf({ journal }: VirtualLab): Trails {
  const located = (entries: readonly JournalEntry[]) => entries.map((entry, at) => ({ line: at + 1, entry }));
  const trails = new Trails();
  for (const { name } of mtas) trails.read(name, located(journal.filter(({ node }) => node === name)));
  return trails;
}

const ladderIn = (lab: VirtualLab): readonly LadderLine[] => ladderOf(lab.pdus, trailsOf(lab).nodes);

const command = [process.execPath, 'packages/cli/bin/mtalab.js', 'mta'];

function verdicts({ cases }: ScenarioResult) {
  return cases.map(({ mode, asDocumented, observations }) => ({ mode, asDocumented, observations }));
}

test('two sites with a connector between them: faults of both links do what they say', async (t) => {
  const scenario = loadScenario('test/sim/data/x400.yaml');
  const result = await runOnSim(scenario, { record: ({ journal }) => t.same(verifyJournal(journal).differences, []) });
  for (const { says, ok, seen } of result.cases.flatMap((each) => each.observations)) t.ok(ok, `${says} (${seen})`);
  t.equal(result.cases.length, 2);
  const onProcesses = await runOnProcesses(scenario, { command, renderConfig });
  t.same(verdicts(onProcesses), verdicts(result), 'the same on four processes');
  const frames = result.cases.flatMap(({ ladder }) => ladder.map(({ text }) => text.split(' ')[0]));
  t.ok(frames.includes('CONNECT') && frames.includes('bind'), 'the ladder has the PDUs of both links');
});

test('a fault may name only kinds that a link of the lab has', (t) => {
  const lab = connected();
  t.throws(() => lab.fault('cut before bind_nak'), {
    message: /character 12: expected a kind of the X\.400 connector, found "bind_nak", which only the LAN has$/,
  });
  const lan = new VirtualLab({ mtas, settings: {}, legacy: {} });
  t.throws(() => lan.fault('hold ACTIVITY-START'), {
    message: /character 6: expected a kind of the LAN, found "activity-start", which only the X\.400 connector has$/,
  });
  const both = new VirtualLab({
    mtas: [...mtas, { name: 'MTA-C', domain: 'c.example' }],
    neighbours: [{ between: ['MTA-A', 'MTA-B'] }, { between: ['MTA-B', 'MTA-C'], link: 'x400' }],
    settings: {},
    legacy: {},
  });
  for (const kind of ['bind_nak', 'activity-start', 'turn-give']) t.equal(both.fault(`hold ${kind}`).hits, 0);
  t.end();
});

test('`refuse` is the refusal of an activity on every link, `rtorj` that of an association', (t) => {
  const seen: BareFrame[] = [
    { link: 'x400', frame: { type: 'refuse', from: null, apdu: { kind: 'rtorj', reason: 'rtsBusy' } } },
    { link: 'x400', frame: { type: 'exception', reason: 'temporaryProblem' } },
    {
      link: 'rpc',
      frame: {
        type: 'response',
        call: 2,
        cancelCount: 0,
        context: 0,
        body: { op: 'MtaSend', apdu: { kind: 'refuse', activity: 1, reason: 'temporaryProblem' } },
      },
    },
  ];
  const hits = (fault: string): readonly boolean[] => {
    return seen.map((frame) => {
      const plan = new FaultPlan();
      plan.add(parseFault(fault));
      return plan.judge(frame, 'MTA-A', plan.lastId).hold !== undefined;
    });
  };
  t.same(hits('hold rtorj'), [true, false, false]);
  t.same(hits('hold refuse'), [false, true, true]);
  t.same(hits('hold exception'), [false, true, false]);
  t.end();
});

test('the ladder of a connector from journals alone equals that of the link', async (t) => {
  for (const faults of [
    [],
    ['cut randomly 1/12 seed 3 limit 40'],
    ['black-hole confirm 3', 'delay rttr 5 40000', 'cut after accept 2'],
  ]) {
    const lab = connected(faults);
    for (let round = 0; round < 6; round += 1) {
      await submit(lab, 'MTA-A', round === 3 ? 100_000 : 100);
      await submit(lab, 'MTA-B');
      if (round === 2) await lab.kill('MTA-B');
      await lab.settle();
      await lab.advanceBy(60_000);
      if (round === 2) await lab.start('MTA-B');
    }
    await lab.advanceBy(3_600_000);
    t.equal(await lab.delivered(), 12);
    const gist = ({ from, to, text, association, believes }: LadderLine) =>
      // A CR without an answer does not show its sender.
      text.startsWith('CR ') ? text : JSON.stringify([from, to, text, association, Object.entries(believes).sort()]);
    const passed = (lines: readonly LadderLine[]) =>
      lines.filter((line) => !isNote(line) && line.fate === 'passed' && line.steps?.received !== null).map(gist);
    const merged = mergeTrails(trailsOf(lab).nodes.values());
    t.ok(passed(merged).length > 60, `${passed(merged).length} PDUs`);
    t.same(passed(merged).sort(), passed(ladderIn(lab)).sort());
  }
});

test('openings, transfers and confirmed segments are folded, and the drawings have them', async (t) => {
  const lab = connected(['cut before connect', 'cut before turn-give']);
  await submit(lab, 'MTA-A');
  await lab.settle();
  await lab.advanceBy(660_000);
  await submit(lab, 'MTA-B');
  await lab.settle();
  for (let count = 0; count < 5; count += 1) await submit(lab, 'MTA-A');
  await submit(lab, 'MTA-A', 1_000_000);
  await lab.settle();
  const all = ladderIn(lab);
  const short = folded(withShortOpenings(all));
  const sum = (lines: readonly LadderLine[]): number => lines.reduce((count, line) => count + line.count, 0);
  t.equal(sum(short), sum(all), 'every PDU is in one of the lines');
  t.match(
    short.flatMap(({ text, count, fate }) => (count > 1 ? [[text, count, fate]] : [])),
    [
      [/^opening of MTA-A\/1\/\d+, Turn with the initiator: cut at CONNECT$/, 3, 'cut'],
      [/^opening of MTA-A\/1\/\d+, Turn with the initiator: accepted$/, 4, 'passed'],
      [/^recovery 1 of MTA-A\/1\/\d+, Turn with the responder: accepted$/, 4, 'passed'],
      ['5 transfers, each an ACTIVITY START, an rttr and its confirm', 15, 'passed'],
      [/^\d+ rttr with a checkpoint, and \d+ confirms$/, Number, 'passed'],
    ],
  );
  const text = ladderText(short, 'MTA-A', 'MTA-B');
  t.match(text, /theirs {2}-- GIVE TOKENS CONFIRM turn-give -+x {2}theirs .*\n +\[cut before turn-give 1\]/);
  t.match(text, /!! from here MTA-A and MTA-B disagree/);
  const legend = legendText(all);
  for (const word of ['CR', 'CONNECT', 'ACTIVITY START', 'MINOR SYNC', 'rttr', 'turn-give'])
    t.match(legend, new RegExp(`^${word}  `, 'm'));
  t.match(ladderMermaid(short), /P1-xP2: GIVE TOKENS CONFIRM turn-give \(cut\)/);
  t.match(ladderShiViz(all), /from MTA-A: ACTIVITY START activity=/);
});
