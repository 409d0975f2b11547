/** The exhaustive checker on MTAs joined by X.400 connectors: the whole space, the articles, and its short cuts. */
import { spawnSync } from 'node:child_process';
import { type LtabEntry, ltabOf, type Mta, shownState } from '@mtalab/mta-core';
import { type CheckOptions, type CheckResult, check, type RuleId, reachable } from '@mtalab/proof';
import { verifyJournal } from '@mtalab/trace';
import { test } from 'tap';

const link = 'x400';

/** All options that widen the search. */
const full: CheckOptions = { stores: 'in-time', binds: 'in-time', cuts: 'any', timers: 'any', symmetry: false, eager: false };

const holding: readonly (readonly [string, CheckOptions])[] = [
  ['one message each way, a loss', { messages: [1, 1], losses: 1 }],
  ['one message, a loss, nothing taken for granted', { messages: [1, 0], ...full }],
  ['one message, a crash, nothing taken for granted', { messages: [1, 0], losses: 0, crashes: 1, ...full }],
  ['one message, a loss and a crash', { messages: [1, 0], crashes: 1 }],
  ['one message, two losses', { messages: [1, 0], losses: 2 }],
  ['one message of two segments, two losses', { messages: [1, 0], losses: 2, segments: 2, stores: 'in-time' }],
  ['one message of three segments, a window of one', { messages: [1, 0], segments: 3, settings: { windowSize: 1 } }],
  ['one message each way, no fault, timers at any moment', { losses: 0, timers: 'any' }],
  ['two messages, the later more urgent, no fault', { messages: [2, 0], losses: 0, priorities: ['normal', 'urgent'] }],
  ['the responder has the Turn first, a loss', { messages: [1, 0], settings: { localInitialTurn: false } }],
  ['three in a chain, a loss', { messages: [1, 0], chain: true }],
  ['two listeners, a loss', { environment: 'two-listeners', messages: [1, 0] }],
  ['the first binding is of another family, a loss', { environment: 'other-family-first', messages: [1, 0] }],
  ['Q232602 is switched off at any moment, two losses', { legacy: ['Q232602'], cure: true, messages: [1, 0], losses: 2 }],
  ['Q232602, but the network comes back before an attempt', { legacy: ['Q232602'], messages: [1, 0] }],
];

const results = new Map<string, CheckResult>();

/** The corrected MTA within bounds, searched once. */
function corrected(bounds: CheckOptions): CheckResult {
  const key = JSON.stringify(bounds);
  const result = results.get(key) ?? check({ link, ...bounds });
  results.set(key, result);
  return result;
}

function broken({ properties }: CheckResult): readonly string[] {
  return properties.filter(({ verdict }) => verdict !== 'holds').map(({ rule, detail }) => `${rule}: ${detail}`);
}

test('corrected: every rule holds in the whole bounded space', (t) => {
  for (const [name, options] of holding) {
    const result = corrected(options);
    t.ok(result.exhausted, `${name}: exhausted`);
    t.same(broken(result), [], `${name}: ${result.states} states`);
    t.ok(result.drained > 0, `${name}: mail can drain`);
  }
  t.end();
});

type Pair = {
  readonly article: string;
  readonly bounds: CheckOptions;
  readonly rule: RuleId;
  readonly story: readonly RegExp[];
};

/** With Q232602 the network is down for a while: a loss, and a dial that is refused. */
const pairs: readonly Pair[] = [
  {
    article: 'Q232602',
    bounds: { messages: [1, 0], losses: 2 },
    rule: 'queues-drain',
    story: [
      /^A accepts a message for B$/,
      /^A opens association A/,
      /^the network loses one connection/,
      /^DATA\+ACTIVITY END/,
      /^the network refuses a dial/,
      /^A: Disconnect has passed/,
      /^A logs event 1209: .* control block 1, which is gone$/,
      /^A logs event 4284: .* 8511$/,
    ],
  },
  {
    article: 'Q229643',
    bounds: { messages: [1, 1], losses: 1 },
    rule: 'control-blocks',
    story: [/A accepts/, /A opens/, /B accepts/, /loses one connection/, /DATA/, /PLEASE TOKENS/],
  },
  {
    article: 'Q166594',
    bounds: { messages: [1, 1], losses: 1 },
    rule: 'queues-drain',
    story: [/A accepts/, /A opens/, /DATA/, /END ACK/, /B accepts/, /PLEASE/, /loses/, /GIVE TOKENS CONFIRM/, /A recovers/],
  },
];

for (const { article, bounds, rule, story } of pairs) {
  test(`without a script the checker finds ${article}, and the correction holds in the same space`, (t) => {
    const found = check({ link, ...bounds, legacy: [article] }).properties.find((each) => each.rule === rule);
    t.equal(found?.verdict, 'fails');
    const { lines = [], journal = null } = found?.counterexample ?? {};
    t.match(
      lines.slice(0, story.length).map(({ text }) => text),
      story,
      lines.map(({ text }) => text).join('\n'),
    );
    t.same(verifyJournal(journal ?? []).differences, [], 'the journal replays');
    t.ok((journal ?? []).length > 10);
    const whole = corrected(bounds);
    t.ok(whole.exhausted, `${whole.states} states`);
    t.same(broken(whole), []);
    t.end();
  });
}

test('an article that needs a connector gets one', (t) => {
  t.equal(check({ legacy: ['Q232602'], maxStates: 10 }).bounds.link, 'x400');
  t.equal(check({ legacy: ['Q166594'], maxStates: 10 }).bounds.link, 'lan');
  t.end();
});

/** One adjacent MTA, without ids. */
function entryText(mta: Mta, entry: LtabEntry): string {
  const sides = entry.associations.map((association) => {
    const { role, recovery, turn, transfers } = association;
    return `${role} ${shownState(mta, entry, association)} ${Math.min(recovery, 2)} ${turn} ${'transfer'.repeat(transfers.size)}`;
  });
  return `${entry.queued}: ${sides.join('; ')}`;
}

/** Two MTAs with nothing under way, in either order. */
function atRest(mtas: readonly Mta[], quiet: boolean): string | null {
  if (!quiet) return null;
  const texts = mtas.map((mta) => ltabOf(mta).map((entry) => entryText(mta, entry)));
  return texts
    .map((each) => each.join(' / '))
    .sort()
    .join(' || ');
}

const small: CheckOptions = { link, messages: [1, 0], losses: 1 };
const shortCuts: readonly (readonly [string, CheckOptions, CheckOptions, RegExp?])[] = [
  ['symmetry', { link, losses: 0 }, { symmetry: false }],
  ['closing first', { link, losses: 0 }, { eager: false }],
  ['closing first, with a loss', small, { eager: false }],
  // A hanging dial is a separate state only if binds take their time.
  ['binds at once', small, { binds: 'in-time' }, /dialling|calling/],
  ['stores at once', small, { stores: 'in-time' }],
];

test('a short cut reaches the same states of rest as the full search', (t) => {
  for (const [name, short, wider, apart] of shortCuts) {
    const [one, other] = [reachable(short, atRest), reachable({ ...short, ...wider }, atRest)];
    t.ok(one.size > 3, `${name}: ${one.size} states of rest`);
    const extra = [...one].filter((text) => !other.has(text));
    const missing = [...other].filter((text) => !one.has(text) && apart?.test(text) !== true);
    t.same(extra, [], `${name}: no extra state`);
    t.same(missing, [], `${name}: no missing state`);
  }
  t.end();
});

test('mtalab check --link', (t) => {
  const command = ['packages/cli/bin/mtalab.js', 'check', '--link', 'x400', '--messages', '1,0'];
  const { status, stdout } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  t.equal(status, 0);
  t.match(stdout, /each MTA has one address, joined by X\.400 connectors\n/);
  t.end();
});
