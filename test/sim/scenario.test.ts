/** Scenarios as data: one file runs on virtual time and on real processes, with the same verdict. */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOnSim } from '@mtalab/engine';
import { readTrails, runOnProcesses } from '@mtalab/harness';
import type { Scenario, ScenarioResult } from '@mtalab/scenario';
import { isNote, type LadderLine, mergeTrails, verifyJournal } from '@mtalab/trace';
import { renderConfig } from 'mtalab';
import { loadScenario, scenarioFileOf } from 'mtalab/internal';
import { test } from 'tap';

const command = [process.execPath, 'packages/cli/bin/mtalab.js', 'mta'];

function mtalab(...args: readonly string[]) {
  return spawnSync(process.execPath, ['packages/cli/bin/mtalab.js', ...args], { encoding: 'utf8' });
}

/** The results that both stages must share: every sentence, whether the run showed it, and the numbers. */
function verdicts(result: Pick<ScenarioResult, 'cases'>) {
  return result.cases.map(({ mode, asDocumented, verdict, observations }) => ({ mode, asDocumented, verdict, observations }));
}

test('Q166594: legacy fails as documented and fixed passes, on virtual time and on two processes alike', async (t) => {
  const scenario = loadScenario(scenarioFileOf('q166594'));
  const onSim = await runOnSim(scenario, { record: ({ journal }) => t.same(verifyJournal(journal).differences, []) });
  t.match(onSim, { scenario: 'Q166594', on: 'sim', asDocumented: true, between: ['MTA-A', 'MTA-B'] });
  t.same(
    onSim.cases.map(({ mode, observations }) => [mode, observations.length, observations.every(({ ok }) => ok)]),
    [
      ['legacy', 8, true],
      ['fixed', 6, true],
    ],
  );

  const dir = t.testdir();
  const { status, stdout } = mtalab('repro', 'Q166594', '--dir', join(dir, 'kept'), '--json');
  t.equal(status, 0);
  const result = JSON.parse(stdout) as ScenarioResult;
  t.match(result, { scenario: 'Q166594', on: 'processes', asDocumented: true, between: ['MTA-A', 'MTA-B'] });
  t.same(verdicts(result), verdicts(onSim));

  // The ladder from the journals alone equals the ladder of the proxy.
  const folder = join(dir, 'kept', 'legacy');
  const journals = scenario.mtas.map(({ name }) => join(folder, name, 'data', 'journal.jsonl'));
  const replay = mtalab('replay', '--verify', ...journals);
  t.match(replay, { status: 0, stdout: /every effect is the same\n.*every effect is the same\n$/s });
  const seen = JSON.parse(
    mtalab('ladder', '--all', '--format', 'json', join(folder, 'link.jsonl'), ...journals).stdout,
  ) as LadderLine[];
  // Of real connections one may overtake another behind the link. Then the receiver's belief waits for a later line.
  const gist = ({ from, to, text, fate, believes }: LadderLine) =>
    JSON.stringify([from, to, text, fate === 'passed', believes[from] ?? null]);
  const passed = (lines: readonly LadderLine[]) =>
    lines.filter((line) => !isNote(line) && line.fate === 'passed' && line.steps?.received !== null);
  const merged = mergeTrails((await readTrails(journals)).nodes.values());
  t.same(passed(merged).map(gist).sort(), passed(seen).map(gist).sort());
  t.match(mtalab('repro', 'Q166594', '--dir', join(dir, 'kept')), {
    status: 2,
    stderr: /--dir: .*legacy holds an earlier run; give an empty folder/,
  });
});

test('every kind of step does the same on virtual time and on processes', async (t) => {
  const scenario = loadScenario('test/sim/data/steps.yaml');
  const onSim = await runOnSim(scenario, { record: ({ journal }) => t.same(verifyJournal(journal).differences, []) });
  for (const { says, ok, seen } of onSim.cases.flatMap((each) => each.observations)) t.ok(ok, `${says} (${seen})`);
  const onProcesses = await runOnProcesses(scenario, { command, renderConfig, modes: ['fixed'] });
  for (const { says, ok, seen } of onProcesses.cases.flatMap((each) => each.observations)) t.ok(ok, `${says} (${seen})`);
  t.match(onProcesses, { on: 'processes', asDocumented: true });
});

test('the result names each sentence that the run does not show, and the verdict fails', async (t) => {
  const scenario = loadScenario(scenarioFileOf('Q166594'));
  // Without the fault the bug does not show.
  const harmless: Scenario = { ...scenario, steps: scenario.steps.filter((step) => !('fault' in step)) };
  const { asDocumented, cases } = await runOnSim(harmless);
  t.equal(asDocumented, false);
  t.match(cases[0], {
    mode: 'legacy',
    asDocumented: false,
    verdict: /^Not as documented: The fault acted: .* Each side believes that the other has the Turn\./,
  });
  t.match(cases[0]?.observations.filter((each) => !each.ok)[0], { seen: 'the fault the give was not armed' });
  t.match(
    cases[1]?.observations.filter((each) => !each.ok),
    [{ says: /reached/ }, { says: /recovered/, seen: /; 0 recoveries$/ }],
  );
});

test('mtalab scenario: one mode, files kept, exit codes', async (t) => {
  const dir = t.testdir();
  const one = mtalab('scenario', 'Q166594', '--mode', 'fixed', '--dir', dir);
  t.match(one, { status: 0, stdout: /== fixed ==.*Q166594, fixed: every observation is as the scenario says\.\n$/s });
  t.notMatch(one.stdout, /== legacy ==/);
  t.ok(existsSync(join(dir, 'fixed', 'journal.jsonl')) && existsSync(join(dir, 'fixed', 'link.jsonl')));
  t.match(mtalab('replay', '--verify', join(dir, 'fixed', 'journal.jsonl')), {
    status: 0,
    stdout: /2 starts: every effect is the same/,
  });
  t.match(mtalab('ladder', join(dir, 'fixed', 'link.jsonl'), join(dir, 'fixed', 'journal.jsonl')), {
    status: 0,
    stdout: /turn-give.*x/,
  });
  t.match(mtalab('scenario', 'Q16594'), { status: 2, stderr: /unknown scenario Q16594; did you mean Q166594\?/ });
  t.match(mtalab('scenario', './nothing.yaml'), { status: 1, stderr: /nothing\.yaml: there is no such file/ });
});

const head = `name: x
title: x
mtas: [{ name: MTA-A, domain: a.example, bindings: [{ address: 127.0.0.1 }, { address: '::1' }] }, { name: MTA-B, domain: b.example }]
legacy: { articles: [Q166594], at: [MTA-A] }
fault: none
verdict: { legacy: x, fixed: x }
steps:
`;
const see = '  - { see: something, check: { delivered: 1 } }\n';

/** The steps, and the error: line, column, message. */
const wrong: readonly (readonly [string, string])[] = [
  ['', '7:7: steps: expected a list of 1 to 1000 entries; found nothing'],
  ['  - mark: true\n', '8:3: steps: the scenario has no observation; add a step with see and check'],
  [`${see}  - submitt: { at: MTA-A, to: MTA-B }\n`, '9:5: unknown key "submitt" in steps[1]; did you mean submit?'],
  [
    `${see}  - say: hello\n`,
    '9:5: steps[1]: this step does nothing; add one of submit, fault, release, heal, cut, network, advance, kill, stop, start, attempt, restart, bindings, retry, set, mark, see',
  ],
  [
    `${see}  - { mark: true, cut: true }\n`,
    '9:5: steps[1]: this step does cut and mark, but a step does one thing; make 2 steps of it',
  ],
  [`${see}  - submit: { at: MTA-A, to: MTA-C }\n`, '9:30: steps[1].submit.to: unknown MTA MTA-C; did you mean MTA-A?'],
  [
    `${see}  - submit: { at: MTA-A, to: MTA-A }\n`,
    '9:13: steps[1].submit: mail from MTA-A to itself crosses no link; name two MTAs',
  ],
  [`${see}  - kill: Bob\n`, '9:11: steps[1].kill: unknown MTA Bob; the MTAs are MTA-A, MTA-B'],
  [
    `${see}  - advance: 12 hours\n`,
    '9:14: steps[1].advance: expected a span of time such as 90 s, 10 min or 12 h, at most ten years; found "12 hours"',
  ],
  [
    `${see}  - fault: { name: f, does: cut befor rttr }\n`,
    '9:29: steps[1].fault.does: fault "cut befor rttr", character 5: expected when to cut (before, after, randomly or every), found "befor"; did you mean "before"?',
  ],
  [
    '  - { see: a, check: { fault: { name: give, hits: 1 } } }\n',
    '8:39: steps[0].check.fault.name: no earlier step arms a fault give',
  ],
  ['  - see: a\n', '8:10: steps[0].see: nothing says how to measure this; add a check'],
  ['  - { see: a, check: { deliverd: 1 } }\n', '8:24: unknown key "deliverd" in steps[0].check; did you mean delivered?'],
  [
    '  - { see: a, check: { delivered: many } }\n',
    '8:35: steps[0].check.delivered: expected a whole number from 0 to 1000000000, or a mapping with least and most; found "many"',
  ],
  [
    `${see}  - set: { article: Q157630, mode: legacy }\n`,
    '9:21: steps[1].set.article: expected one of Q166594, Q181721, Q185934, Q187929, Q229643, Q232602, Q280449, Q285350; found "Q157630"',
  ],
  [`${see}  - attempt: MTA-X\n`, '9:14: steps[1].attempt: unknown MTA MTA-X; did you mean MTA-A?'],
  [
    `${see}  - bindings: { at: MTA-A, order: [LAN, '::1'] }\n`,
    '9:36: steps[1].bindings.order[0]: there is no binding LAN; there are 127.0.0.1, ::1',
  ],
  [
    `${see}  - bindings: { at: MTA-B, order: [127.0.0.1, 127.0.0.1] }\n`,
    '9:35: steps[1].bindings.order: the binding 127.0.0.1 is named twice',
  ],
  [`${see}  - bindings: { at: MTA-A }\n`, '9:15: steps[1].bindings: this step changes nothing; add order, enable or disable'],
  [
    '  - { see: a, check: { events: { at: MTA-X, id: 9316, count: 1 } } }\n',
    '8:38: steps[0].check.events.at: unknown MTA MTA-X; did you mean MTA-A?',
  ],
  [
    '  - { see: a, check: { events: { at: MTA-A, id: 9317, count: 1 } } }\n',
    '8:49: steps[0].check.events.id: unknown event 9317; docs/events.md lists the events',
  ],
  [
    '  - { see: a, check: { events: { at: MTA-A, id: 0, count: 1 } } }\n',
    '8:49: steps[0].check.events.id: expected a whole number from 1 to 65535; found 0',
  ],
  [
    '  - { see: a, check: { events: { at: MTA-A, id: 9316, count: 1, params: { error: 1727 } } } }\n',
    '8:82: steps[0].check.events.params.error: event 9316 has no parameter error; did you mean ntError?',
  ],
  [
    '  - { see: a, check: { eventsInOrder: { at: MTA-A, ids: [9321, 9321] } } }\n',
    '8:64: steps[0].check.eventsInOrder.ids[1]: 9321 comes twice in a row; once means any number of entries',
  ],
  ['  - { see: a, check: { up: { MTA-X: true } } }\n', '8:37: steps[0].check.up.MTA-X: unknown MTA MTA-X; did you mean MTA-A?'],
  [
    '  - { see: a, check: { passed: { kind: bindnak, count: 1 } } }\n',
    '8:40: steps[0].check.passed.kind: unknown kind of PDU, APDU or operation bindnak; did you mean bind_nak?',
  ],
  [`${see}  - { mark: true, headline: true }\n`, '9:29: steps[1].headline: a headline needs an observation; add see'],
  [
    '  - { see: a, check: { queued: { MTA-X: 1 } } }\n',
    '8:41: steps[0].check.queued.MTA-X: unknown MTA MTA-X; did you mean MTA-A?',
  ],
];

/** Bindings of the first MTA, and the error. */
const bindings: readonly (readonly [readonly [string, string?], string])[] = [
  [
    ["{ address: '::1' }, { address: '0:0::1' }"],
    '3:73: mtas[0].bindings[1]: ::1 is also the binding mtas[0].bindings[0]; remove one of them',
  ],
  [
    ["{ address: '::1' }, { address: '::1' }"],
    '3:73: mtas[0].bindings[1]: ::1 is also the binding mtas[0].bindings[0]; remove one of them',
  ],
  [
    ['{ address: 127.0.0.1, label: a }, { address: 127.0.0.2, label: A }'],
    '3:87: mtas[0].bindings[1]: "A" is also the binding mtas[0].bindings[0]; remove one of them',
  ],
  [
    ['{ address: 127.0.0.1, port: 4097 }', ', { name: MTA-C, domain: c.example, bindings: [{ address: 0.0.0.0, port: 4097 }] }'],
    '3:7: mtas: MTA-A and MTA-C would both listen on 127.0.0.1[4097]; give one of them another port',
  ],
];

/** The link and the neighbours, and the error. */
const links: readonly (readonly [string, string])[] = [
  ['link: rpc', '4:7: link: expected one of lan, x400; found "rpc"'],
  ['neighbours: [{ between: [MTA-A] }]', '4:25: neighbours[0].between: expected two names of MTAs; found a list'],
  ['neighbours: [{ between: [MTA-A, MTA-A] }]', '4:25: neighbours[0].between: MTA-A is no neighbour of itself; name two MTAs'],
  [
    'neighbours: [{ between: [MTA-A, MTA-B] }, { between: [MTA-B, MTA-A], link: x400 }]',
    '4:54: neighbours[1].between: MTA-B and MTA-A are neighbours already; remove one of the two',
  ],
  ['neighbours: [{ between: [MTA-A, MTA-X] }]', '4:33: neighbours[0].between[1]: unknown MTA MTA-X; did you mean MTA-A?'],
];

test('each mistake in a scenario file gives an error with its place and the nearest word', (t) => {
  const dir = t.testdir();
  const file = join(dir, 'wrong.yaml');
  for (const [steps, message] of wrong) {
    writeFileSync(file, head + steps);
    t.throws(() => loadScenario(file), { name: 'ConfigError', message: `${file}:${message}` });
  }
  writeFileSync(file, `${head.replace('at: [MTA-A]', 'at: [MTA-Z]').replace('MTA-B, domain: b', 'MTA-B, domain: A')}${see}`);
  t.throws(() => loadScenario(file), {
    message: `${file}:3:123: mtas[1].domain: two MTAs have the domain A.example\n${file}:4:37: legacy.at[0]: unknown MTA MTA-Z; did you mean MTA-A?`,
  });
  const bound = (bindings: string, more = '') => head.replace(/bindings: \[.*?\] \}/, `bindings: [${bindings}] }${more}`) + see;
  for (const [text, message] of bindings) {
    writeFileSync(file, bound(...text));
    t.throws(() => loadScenario(file), { name: 'ConfigError', message: `${file}:${message}` }, text.join());
  }
  writeFileSync(file, bound("{ address: '::1', port: 4097 }, { address: '::1' }"));
  t.equal(loadScenario(file).mtas[0]?.bindings?.length, 2, 'two ports of one address');
  for (const [keys, message] of links) {
    writeFileSync(file, head.replace('legacy:', `${keys}\nlegacy:`) + see);
    t.throws(() => loadScenario(file), { name: 'ConfigError', message: `${file}:${message}` }, keys);
  }
  // A scenario with one case, and with fields of the other case.
  const fixedOnly = head.replace('title: x', 'title: x\nmodes: [fixed]');
  writeFileSync(file, fixedOnly + see);
  t.throws(() => loadScenario(file), {
    message: [
      `${file}:5:9: legacy: the scenario has no legacy case; remove this, or add legacy to modes`,
      `${file}:7:20: verdict.legacy: the scenario has no legacy case; remove this, or add legacy to modes`,
    ].join('\n'),
  });
  writeFileSync(file, fixedOnly.replace(/legacy: \{.*\n/, '').replace('legacy: x, ', '') + see);
  t.match(loadScenario(file), { modes: ['fixed'], legacy: { articles: [], at: [] } });
  writeFileSync(file, head.replace(/legacy: \{.*\n/, '').replace('legacy: x, ', '') + see);
  t.throws(() => loadScenario(file), {
    message: /name: legacy is missing; .*or write modes: \[fixed\]\n.*verdict: the verdict for legacy is missing/,
  });
  t.end();
});
