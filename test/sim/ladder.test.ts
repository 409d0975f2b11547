/** Ladders: from journals alone, from the PDUs on a link, or from a list of lines; as text and as diagrams. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VirtualLab } from '@mtalab/engine';
import {
  annotated,
  folded,
  isNote,
  type JournalEntry,
  type LadderLine,
  ladderAsText,
  ladderLine,
  ladderMermaid,
  ladderOf,
  ladderPlantUml,
  ladderShiViz,
  ladderText,
  legendText,
  mergeTrails,
  noteLine,
  shivizExpression,
  Trails,
  withIdleEnds,
  withShortOpenings,
} from '@mtalab/trace';
import { type Test, test } from 'tap';

const domains: Readonly<Record<string, string>> = { 'MTA-A': 'a.example', 'MTA-B': 'b.example', 'MTA-C': 'c.example' };

/** Mail between all MTAs, with faults; the test kills MTA-A once in the middle. */
async function busyLab(names: readonly string[], faults: readonly string[], rounds = 4): Promise<VirtualLab> {
  const mtas = names.map((name) => ({ name, domain: domains[name] as string }));
  const lab = new VirtualLab({ mtas, settings: {}, legacy: {} });
  for (const fault of faults) lab.fault(fault);
  for (let round = 0; round < rounds; round += 1) {
    for (const { name: from, domain } of mtas) {
      for (const to of names.filter((each) => each !== from)) {
        const recipients = [`user@${domains[to]}`];
        if (round === 2 && from === 'MTA-A') continue;
        await lab.submit(from, {
          originator: `sender@${domain}`,
          recipients,
          priority: 'normal',
          content: 'x'.repeat(100 + round),
        });
      }
    }
    if (round === 1) await lab.kill('MTA-A');
    await lab.settle();
    await lab.advanceBy(60_000);
    if (round === 2) await lab.start('MTA-A');
  }
  await lab.advanceBy(3_600_000);
  return lab;
}

/** The Turn-Give is lost with its association; then the association is recovered. */
async function lostGive(): Promise<VirtualLab> {
  const mtas = ['MTA-A', 'MTA-B'].map((name) => ({ name, domain: domains[name] as string }));
  const lab = new VirtualLab({ mtas, settings: {}, legacy: {} });
  await lab.submit('MTA-A', { originator: 'a@a.example', recipients: ['b@b.example'], priority: 'normal', content: 'one' });
  await lab.settle();
  lab.fault('cut before turn-give 1');
  await lab.submit('MTA-B', { originator: 'b@b.example', recipients: ['a@a.example'], priority: 'normal', content: 'two' });
  await lab.settle();
  for (let count = 0; count < 5; count += 1) {
    await lab.submit('MTA-A', { originator: 'a@a.example', recipients: ['b@b.example'], priority: 'normal', content: 'more' });
  }
  await lab.settle();
  return lab;
}

const located = (entries: readonly JournalEntry[]) => entries.map((entry, at) => ({ line: at + 1, entry }));

/** One journal for each MTA, as real processes write them. */
function trailsOf(lab: VirtualLab): Trails {
  const trails = new Trails();
  for (const name of new Set(lab.journal.map((entry) => entry.node))) {
    trails.read(name, located(lab.journal.filter((entry) => entry.node === name)));
  }
  return trails;
}

/** The text of a line without its place. An unanswered bind does not show its sender. */
function gist({ from, to, text, association, believes, fate }: LadderLine): string {
  if (text === 'bind group=0') return text;
  return JSON.stringify([from, to, text, association, Object.entries(believes).sort(), fate === 'passed']);
}

test('a ladder from journals alone equals the ladder from the link', async (t) => {
  for (const [names, faults] of [
    [['MTA-A', 'MTA-B'], []],
    [['MTA-A', 'MTA-B'], ['cut randomly 1/10 seed 1 limit 60']],
    [['MTA-A', 'MTA-B', 'MTA-C'], ['cut randomly 1/12 seed 5 limit 60']],
    [
      ['MTA-A', 'MTA-B', 'MTA-C'],
      [
        'cut randomly 1/20 of any seed 9 limit 10',
        'black-hole confirm 3',
        'delay rttr 5 40000',
        'drop-connection after bind_ack 3',
      ],
    ],
  ] as const) {
    const lab = await busyLab(names, faults);
    const trails = trailsOf(lab);
    const seen = ladderOf(lab.pdus, trails.nodes);
    const merged = mergeTrails(trails.nodes.values());
    const pdus = merged.filter((line) => !isNote(line));
    t.ok(pdus.length > 60, `${pdus.length} PDUs`);
    // A PDU that the link forwards to a process killed meanwhile reaches no MTA. Only the link knows of the attempt.
    const arrived = seen.filter((line) => line.fate !== 'passed' || line.steps?.received !== null);
    t.same(
      pdus
        .filter((line) => line.fate === 'passed')
        .map(gist)
        .sort(),
      arrived
        .filter((line) => line.fate === 'passed')
        .map(gist)
        .sort(),
    );
    t.equal(pdus.filter((line) => line.fate === 'lost').length, lostBetween(lab, seen));
    inOrder(t, merged);
  }
});

test('a side lets go with its Turn-Give, and not before', async (t) => {
  const lab = await busyLab(['MTA-A', 'MTA-B'], []);
  const lines = folded(ladderOf(lab.pdus, trailsOf(lab).nodes));
  const gives = lines.filter(({ text }) => / turn-give\b(?!-)/.test(text));
  t.ok(gives.length >= 3, `${gives.length} gives`);
  for (const give of gives) t.match(give.believes, { [give.from]: 'theirs', [give.to]: 'mine' });
  const noted = lines.filter(({ text, fate }) => /please-noted$/.test(text) && fate === 'passed');
  t.ok(noted.length >= 3, `${noted.length} notes`);
  for (const { from, believes } of noted) t.equal(believes[from], 'mine', 'it notes the wish before it gives');
  for (const { text, from, believes } of lines)
    if (/MtaSend rttr|transfers, each/.test(text)) t.equal(believes[from], 'mine', 'only the holder transfers');
});

/** The journal entries of an MTA, with each Turn-Give taken before the please-noted that the link passed on just before it. */
function overtaken(entries: readonly JournalEntry[]): { readonly entries: readonly JournalEntry[]; readonly count: number } {
  const result = [...entries];
  const isInput = (entry: JournalEntry | undefined, kind: string): boolean =>
    entry?.input.type === 'frame' && JSON.stringify(entry.input).includes(`"${kind}"`);
  let count = 0;
  for (let at = 1; at < result.length; at += 1) {
    const [noted, give] = [result[at - 1], result[at]];
    if (noted === undefined || give === undefined || !isInput(noted, 'please-noted') || !isInput(give, 'turn-give')) continue;
    result.splice(
      at - 1,
      2,
      { ...noted, input: give.input, effects: give.effects },
      { ...give, input: noted.input, effects: noted.effects },
    );
    count += 1;
  }
  return { entries: result, count };
}

test('PDUs that overtake each other behind the link make no disagreement', async (t) => {
  const lab = await busyLab(['MTA-A', 'MTA-B'], []);
  const trails = new Trails();
  let count = 0;
  for (const name of ['MTA-A', 'MTA-B']) {
    const changed = overtaken(lab.journal.filter(({ node }) => node === name));
    count += changed.count;
    trails.read(name, located(changed.entries));
  }
  t.ok(count >= 2, `${count} gives came first`);
  const lines = ladderOf(lab.pdus, trails.nodes);
  t.same(
    annotated(lines).filter(({ mark }) => mark === 'turn'),
    [],
  );
  for (const { text, to, believes } of lines) if (/ turn-give\b(?!-)/.test(text)) t.equal(believes[to], 'mine');
});

test('a part of a ladder says how long nothing passed before and after it', (t) => {
  const lines = [ladderLine({ from: 'MTA-A', to: 'MTA-B', text: 'one', tMs: 100_000, endMs: 101_000 })];
  const said = (...args: Parameters<typeof withIdleEnds>) => withIdleEnds(...args).map(({ text, mark }) => [text, mark ?? null]);
  t.same(said(lines, null, 101_100), [['one', null]]);
  t.same(said(lines, 40_000, 43_301_000), [
    ['nothing passes for 60 s', 'idle'],
    ['one', null],
    ['nothing passes for 12 h', 'idle'],
  ]);
  t.same(said([], 40_000, 100_000), [['nothing passes for 60 s', 'idle']]);
  t.same(said([], 40_000, 41_000), []);
  t.same(
    annotated(withIdleEnds(lines, 40_000, 43_301_000)).filter(({ mark }) => mark === 'idle').length,
    2,
    'no time is told twice',
  );
  t.end();
});

/** PDUs that were sent and did not arrive: the link lost them, or was cut before it got them. */
function lostBetween(lab: VirtualLab, seen: readonly LadderLine[]): number {
  const sent = lab.journal.flatMap((entry) => entry.effects).filter((effect) => effect.type === 'frame').length;
  return sent - seen.filter((line) => line.fate === 'passed' && line.steps?.received !== null).length;
}

/** Each MTA's own order stays, and no PDU arrives before it is sent. */
function inOrder(t: Test, lines: readonly LadderLine[]): void {
  const last = new Map<string, number>();
  let wrong = 0;
  for (const { from, steps } of lines) {
    const sent = steps?.sent ?? null;
    if (sent === null) continue;
    if (sent <= (last.get(from) ?? -1)) wrong += 1;
    last.set(from, sent);
  }
  t.equal(wrong, 0, 'each MTA sends in its own order');
}

test('one journal of two, or one of a whole lab, is enough', async (t) => {
  const lab = await busyLab(['MTA-A', 'MTA-B'], ['cut randomly 1/10 seed 3 limit 20']);
  const whole = mergeTrails(new Trails().read('lab', located(lab.journal)).nodes.values());
  t.same(whole, mergeTrails(trailsOf(lab).nodes.values()));
  t.same(mergeTrails([...trailsOf(lab).nodes.values()].reverse()), whole, 'in whatever order the journals come');
  const alone = mergeTrails(new Trails().read('B', located(lab.journal.filter(({ node }) => node === 'MTA-B'))).nodes.values());
  t.ok(
    alone.every((line) => isNote(line) || line.fate === 'passed'),
    'the journal does not show what the other MTA received',
  );
  t.same(
    [...new Set(alone.flatMap(({ from, to }) => [from, to]))].sort().filter((name) => name !== '?'),
    ['MTA-A', 'MTA-B'],
  );
  const sent = lab.journal
    .filter(({ node }) => node === 'MTA-B')
    .flatMap(({ effects }) => effects.filter(({ type }) => type === 'frame'));
  t.equal(alone.filter((line) => line.from === 'MTA-B' && !isNote(line)).length, sent.length);
});

test('transfers are folded and openings are one line', async (t) => {
  const lab = await lostGive();
  const all = ladderOf(lab.pdus, trailsOf(lab).nodes);
  const short = folded(withShortOpenings(all));
  t.equal(short.filter((line) => line.text === '5 transfers, each an rttr and its confirm' && line.count === 10).length, 1);
  t.notOk(short.some((line) => /^bind|MtaBind/.test(line.text)));
  t.match(
    short.filter((line) => /^(opening|recovery)/.test(line.text)).map(({ text, from, to, fate }) => [text, from, to, fate]),
    [
      [/^opening of MTA-A\/1\/\d+, Turn with the initiator: accepted$/, 'MTA-A', 'MTA-B', 'passed'],
      [/^recovery 1 of MTA-A\/1\/\d+, Turn with the responder: accepted$/, 'MTA-A', 'MTA-B', 'passed'],
    ],
  );
  const sum = (lines: readonly LadderLine[]): number => lines.reduce((count, line) => count + line.count, 0);
  t.equal(sum(short), sum(all), 'every PDU is in one of the lines');
  // A failed opening shows where it failed; an opening that is cut and repeated is two lines.
  const cut = await busyLab(['MTA-A', 'MTA-B'], ['cut before MtaBindBack 1'], 1);
  const lines = withShortOpenings(ladderOf(cut.pdus, trailsOf(cut).nodes)).filter((line) => /^opening/.test(line.text));
  t.match(lines[0], { text: /: cut at request 2 MtaBindBack$/, fate: 'cut', fault: 'cut before MtaBindBack 1' });
  t.match(lines[1], { text: /: accepted$/, fate: 'passed' });
});

/** A plain list of lines, like a counterexample. */
const story: readonly LadderLine[] = [
  ladderLine({
    from: 'MTA-A',
    to: 'MTA-B',
    text: 'opening of MTA-A/1/3',
    association: 'x',
    believes: { 'MTA-A': 'mine', 'MTA-B': 'theirs' },
  }),
  ladderLine({ from: 'MTA-B', to: 'MTA-A', text: 'turn-please priority=2; #1', association: 'x' }),
  ladderLine({
    from: 'MTA-A',
    to: 'MTA-B',
    text: 'turn-give',
    association: 'x',
    believes: { 'MTA-A': 'theirs' },
    fate: 'cut',
    fault: 'cut before turn-give 1',
  }),
  noteLine('MTA-B', 'notices the loss of x', { association: 'x' }),
  noteLine('', 'the faults stop'),
];

// What a ladder looks like is in test/cli/data/render.txt.
test('a text that is too long for its width goes on in further rows', (t) => {
  const words = 'a word, and another '.repeat(20).trim();
  const long = [ladderLine({ from: 'A', to: 'B', text: words }), ladderLine({ from: 'B', to: 'A', text: words })];
  for (const width of [60, 80, 100]) {
    const rows = ladderText(long, 'A', 'B', { width }).split('\n');
    t.equal(rows.length, 2 + 2 * 3, 'a text goes on for three rows at most');
    t.ok(
      rows.every((row) => row.length <= width + 20),
      `${width} columns`,
    );
    t.equal(rows.filter((row) => row.includes('…')).length, 2);
  }
  t.end();
});

test('Mermaid and PlantUML get arrows, crosses and notes, and no text breaks them', (t) => {
  t.equal(
    ladderMermaid(story),
    [
      'sequenceDiagram',
      '  participant P1 as MTA-A',
      '  participant P2 as MTA-B',
      '  P1->>P2: opening of MTA-A/1/3',
      '  Note over P1: the Turn is mine',
      '  Note over P2: the Turn is theirs',
      '  P2->>P1: turn-please priority=2#59; #35;1',
      '  P1-xP2: turn-give (cut) [cut before turn-give 1]',
      '  Note over P1: the Turn is theirs',
      '  Note over P1,P2: from here MTA-A and MTA-B disagree about x: each believes that the other has the Turn',
      '  Note over P2: notices the loss of x',
      '  Note over P1,P2: the faults stop',
    ].join('\n'),
  );
  t.equal(
    ladderPlantUml(story),
    [
      '@startuml',
      'participant "MTA-A" as P1',
      'participant "MTA-B" as P2',
      'P1 -> P2 : opening of MTA-A/1/3',
      'note over P1: the Turn is mine',
      'note over P2: the Turn is theirs',
      'P2 -> P1 : turn-please priority=2; #1',
      'P1 ->x P2 : turn-give (cut) [cut before turn-give 1]',
      'note over P1: the Turn is theirs',
      'note across: from here MTA-A and MTA-B disagree about x: each believes that the other has the Turn',
      'note over P2: notices the loss of x',
      'note across: the faults stop',
      '@enduml',
    ].join('\n'),
  );
  t.end();
});

type Event = { readonly host: string; readonly clock: Readonly<Record<string, number>>; readonly event: string };

/** Reads a ShiViz file as ShiViz does: by the expression in its first row. */
function parsed(text: string): readonly Event[] {
  const [expression = '', executions = '?', ...rest] = text.split('\n');
  if (executions !== '') throw new Error('the second row must be empty');
  return [...rest.join('\n').matchAll(new RegExp(expression, 'g'))].map(({ groups }) => ({
    host: groups?.['host'] ?? '',
    clock: JSON.parse(groups?.['clock'] ?? '{}') as Record<string, number>,
    event: groups?.['event'] ?? '',
  }));
}

test('ShiViz gets one event for each send and receipt, with clocks that show their causal order', async (t) => {
  t.ok(
    ladderShiViz(story).startsWith(
      `${shivizExpression}\n\nMTA-A {"MTA-A":1}\nto MTA-B: opening of MTA-A/1/3 (the Turn is mine)\n`,
    ),
  );
  const lab = await busyLab(['MTA-A', 'MTA-B', 'MTA-C'], ['cut randomly 1/15 seed 2 limit 20']);
  const lines = mergeTrails(trailsOf(lab).nodes.values());
  const events = parsed(ladderShiViz(lines));
  const ends = lines.reduce((sum, line) => sum + (isNote(line) || line.fate !== 'passed' ? 1 : 2), 0);
  t.equal(events.length, ends);
  const own = new Map<string, number>();
  let [gaps, early] = [0, 0];
  const told = new Map<string, number>();
  for (const { host, clock } of events) {
    // Its own count rises by one, and its count of each other MTA is at most the events of that MTA so far.
    if (clock[host] !== (own.get(host) ?? 0) + 1) gaps += 1;
    own.set(host, clock[host] ?? 0);
    for (const [other, count] of Object.entries(clock)) if (count > (own.get(other) ?? 0)) early += 1;
    told.set(host, Math.max(told.get(host) ?? 0, Object.keys(clock).length));
  }
  t.equal(gaps, 0);
  t.equal(early, 0);
  t.same([...told.values()], [3, 3, 3], 'everybody has heard of everybody');
});

test('mtalab ladder draws the contents of files', async (t) => {
  const dir = t.testdir();
  const lab = await lostGive();
  const write = (name: string, values: readonly unknown[]): string => {
    writeFileSync(join(dir, name), values.map((value) => `${JSON.stringify(value)}\n`).join(''));
    return join(dir, name);
  };
  mkdirSync(join(dir, 'folder'));
  const journals = ['MTA-A', 'MTA-B'].map((name) =>
    write(
      `${name}.jsonl`,
      lab.journal.filter(({ node }) => node === name),
    ),
  );
  const link = write('link.jsonl', lab.pdus);
  const list = write('list.jsonl', story);
  writeFileSync(join(dir, 'found.json'), JSON.stringify({ ladder: story }, null, 2));
  writeFileSync(join(dir, 'wrong.json'), JSON.stringify({ lader: story }, null, 2));
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, ['packages/cli/bin/mtalab.js', 'ladder', ...args], { encoding: 'utf8' });
  const both = run(...journals, '--short-openings', '--association', 'MTA-A/1/3');
  t.match(both, { status: 0, stdout: /recovery 1 of MTA-A\/1\/3, Turn with the responder: accepted/ });
  t.match(run(link, ...journals), { status: 0, stdout: /turn-give.*x {2}theirs\n +\[cut before turn-give 1\]/ });
  t.equal(run(list).stdout, `${ladderAsText(story)}\n\n${legendText(story)}\n`);
  t.equal(run(list, '--no-legend').stdout, `${ladderAsText(story)}\n`);
  t.equal(run(join(dir, 'found.json'), '--format', 'mermaid').stdout, `${ladderMermaid(story)}\n`);
  for (const [args, message] of [
    [[...journals, '--association', 'MTA-A/1/9'], /unknown association MTA-A\/1\/9; the associations are MTA-A\/1\/3/],
    [[join(dir, 'wrong.json')], /wrong\.json holds no ladder/],
    [[join(dir, 'folder')], /cannot read .*folder: it is a folder/],
  ] as const) {
    t.match(run(...args), { status: 1, stdout: '', stderr: message });
  }
});
