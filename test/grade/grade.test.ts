import { type GradeRule, grade, gradeRules, PeerUnfit, scheduleOf } from '@mtalab/harness';
import { ladderLineFrom } from '@mtalab/trace';
import { test } from 'tap';
import { command } from '../support/command.js';

const faulty = (fault: string): string[] => ['python3', '--', 'test/grade/peers/faulty.py', fault];

test('a seed gives its schedule, within the limits', (t) => {
  t.same(scheduleOf(7), scheduleOf(7));
  t.notSame(scheduleOf(7), scheduleOf(8));
  for (let seed = 0; seed < 500; seed += 1) {
    const { messages, faults } = scheduleOf(seed);
    t.ok(messages.length >= 1 && messages.length <= 8 && faults.length <= 3);
    for (const [at, { afterDelivered, sizeBytes }] of messages.entries())
      t.ok(afterDelivered <= at && sizeBytes >= 8 && sizeBytes <= 4000);
  }
  t.end();
});

test('the sample peer keeps every rule', { timeout: 120_000 }, async (t) => {
  const { code, stdout, stderr } = await command('grade', 'examples/peer/peer.py', '--schedules', '150');
  t.match(stdout, /pass: 150 schedules \(seeds 1 to 150\) keep every rule/, stderr);
  t.equal(code, 0, stdout);
});

const ownMta = ['node', '--', 'test/dist/grade/peers/own-mta.js'];

test('our own MTA keeps every rule as a peer, and without the fix of Q166594 it does not', { timeout: 120_000 }, async (t) => {
  const { code, stdout, stderr } = await command('grade', '--schedules', '150', ...ownMta);
  t.match(stdout, /pass: 150 schedules/, stderr);
  t.equal(code, 0, stdout);
  const legacy = await command('grade', '--json', '--schedules', '300', ...ownMta, 'Q166594');
  t.equal(legacy.code, 1, legacy.stderr);
  t.match(JSON.parse(legacy.stdout).failure, { rule: 'recovery-turn' });
});

/** The faults of `faulty.py`, with the rules that may catch them first. */
const caught: Readonly<Record<string, readonly GradeRule[]>> = {
  'sends-without-turn': ['turn-holder'],
  'never-gives': ['gives-turn'],
  'gives-twice': ['give-holder'],
  'confirms-early': ['confirm-whole'],
  'delivers-twice': ['no-duplicate'],
  'ignores-priority': ['please-priority'],
  'wrong-call': ['call-id'],
  'swallows-mail': ['nothing-lost'],
  // If the cut comes before the link has seen a segment of the lost message, the peer looks as if it did not ask.
  'loses-mail': ['nothing-lost', 'recovery-turn', 'asks-turn'],
  'wrong-turn': ['recovery-turn'],
  'keeps-turn': ['recovery-turn'],
  'no-padding': ['wire-format'],
  'never-recovers': ['recovers'],
  'no-asking': ['asks-turn'],
  'skips-octets': ['segments'],
  'wrong-name': ['opens'],
  'reuses-names': ['opens'],
  'gives-unasked': ['give-asked'],
  'gives-within-transfer': ['give-boundary'],
  'asks-as-holder': ['please-holder'],
  'asks-twice': ['please-once'],
  'two-at-once': ['one-activity'],
  'refuses-openings': ['accepts'],
  'ignores-openings': ['accepts'],
  'accepts-before-binding-back': ['bind-back'],
  'same-recovery-number': ['recovery-number'],
  'recovers-as-responder': ['recovery-initiator'],
  aborts: ['abort'],
};

test('for every rule there is a peer that only this rule may catch', (t) => {
  const alone = Object.values(caught).flatMap((rules) => (rules.length === 1 ? rules : []));
  t.same([...new Set(alone)].sort(), Object.keys(gradeRules).sort());
  t.end();
});

for (const [fault, rules] of Object.entries(caught)) {
  test(`${fault} is caught by ${rules.join(' or ')}, and made short`, { timeout: 120_000 }, async (t) => {
    const { code, stdout, stderr } = await command('grade', '--json', '--schedules', '300', ...faulty(fault));
    t.equal(code, 1, stderr);
    const { failure, repeat } = JSON.parse(stdout);
    const rule = failure.rule as GradeRule;
    t.ok(rules.includes(rule), `${rule}: ${failure.detail}`);
    t.match(failure, gradeRules[rule]);
    t.ok(failure.schedule.messages.length + failure.schedule.faults.length <= failure.partsBefore);
    t.match(repeat, `--seed ${failure.seed} --schedules 1 -- test/grade/peers/faulty.py ${fault}`);
    t.ok(failure.ladder.length > 3 && failure.ladder.every((line: unknown) => ladderLineFrom(line) !== null), 'a ladder');
    t.match(failure.ladder.at(-1).text, rule, 'it ends with the rule');
  });
}

test('the report in words', { timeout: 60_000 }, async (t) => {
  const { code, stdout } = await command('grade', '--stall', '500', ...faulty('no-padding'));
  t.equal(code, 1);
  t.match(
    stdout,
    /^FAILS: wire-format in schedule 1 \(seed 1\)\n {2}expected: .*\n {2}happened: .*\n {2}see: .*\n {2}repeat: +mtalab grade python3 --seed 1/,
  );
  t.match(stdout, /The shortest schedule that fails so \(1 part of \d+\):\n {2}\w+ sends m\d/);
  t.match(stdout, /\*\* wire-format: /);
});

test('a peer that cannot be judged', { timeout: 60_000 }, async (t) => {
  const missing = await command('grade', './no-such-peer');
  t.equal(missing.code, 3);
  t.match(missing.stderr, /the peer \.\/no-such-peer cannot be started: .*ENOENT[\s\S]*docs\/grade\.md/);

  const node = (script: string): Promise<{ code: number; stdout: string; stderr: string }> =>
    command('grade', process.execPath, '--', '-e', script);
  const ends = await node('console.error("no licence"); process.exit(4)');
  t.equal(ends.code, 3);
  t.match(ends.stderr, /ended with code 4\nThe end of its error output:\n {2}no licence/);
  const chatty = await node('console.log("hello"); setInterval(() => {}, 1000)');
  t.equal(chatty.code, 3);
  t.match(chatty.stderr, /no JSON object: hello/);
  const noPort = await node('console.log(JSON.stringify({ ready: 70000 })); setInterval(() => {}, 1000)');
  t.equal(noPort.code, 3);
  t.match(noPort.stderr, /\{"ready": 70000\}, which is no port/);
  const dies = await node('console.log(JSON.stringify({ ready: 9 })); process.stdin.once("data", () => process.exit(0))');
  t.equal(dies.code, 3);
  t.match(dies.stderr, /ended with code 0[\s\S]*It happened in the schedule of seed 1\./);

  const silent = 'setInterval(() => {}, 1000)';
  // What a wrapper script has started ends with it.
  const wrapped = grade({ command: 'sh', args: ['-c', 'sleep 1000; true'], schedules: 1, seed: 1, answerMs: 300 });
  await t.rejects(wrapped, { name: PeerUnfit.name, message: /has not printed/ });
  const deaf = `console.log(JSON.stringify({ ready: 9 })); ${silent}`;
  // A process that prints may need long to start on a busy machine.
  for (const [script, answerMs, what] of [
    [silent, 300, /has not printed \{"ready": \.\.\.\} within 300 ms since it was started/],
    [deaf, 5000, /has not printed \{"reset": \.\.\.\} within 5 s since it got \{"reset": 1\}/],
  ] as const) {
    const graded = grade({ command: process.execPath, args: ['-e', script], schedules: 1, seed: 1, answerMs });
    await t.rejects(graded, { name: PeerUnfit.name, message: what });
  }

  t.equal((await command('grade')).code, 2);
  t.equal((await command('grade', './peer', '--schedules', '0')).code, 2);
});
