/** The exhaustive checker: its search space, its findings, and proof that its short cuts omit nothing. */
import { spawnSync } from 'node:child_process';
import {
  type Association,
  emptyTree,
  findRow,
  type LtabEntry,
  ltabOf,
  type Mta,
  shownState,
  start,
  step,
  withEntry,
} from '@mtalab/mta-core';
import { type CheckedCore, type CheckOptions, check, type EnvironmentName, type RuleId, reachable } from '@mtalab/proof';
import { verifyJournal } from '@mtalab/trace';
import { test } from 'tap';

const legacy = ['Q166594'];

/** All options that widen the search. */
const full: CheckOptions = { stores: 'in-time', binds: 'in-time', cuts: 'any', timers: 'any', symmetry: false, eager: false };

const holding: readonly (readonly [string, CheckOptions])[] = [
  ['one message, a loss', { messages: [1, 0] }],
  ['one message, a loss, nothing taken for granted', { messages: [1, 0], ...full }],
  ['one message, a crash, nothing taken for granted', { messages: [1, 0], losses: 0, crashes: 1, ...full }],
  ['one message, a loss and a crash', { messages: [1, 0], crashes: 1 }],
  ['one message, two losses', { messages: [1, 0], losses: 2 }],
  ['one message of two segments, a loss', { messages: [1, 0], segments: 2 }],
  ['one message each way, no fault', { losses: 0 }],
  ['one message each way, no fault, timers at any moment', { losses: 0, timers: 'any' }],
  ['two messages, the later more urgent, no fault', { messages: [2, 0], losses: 0, priorities: ['normal', 'urgent'] }],
  ['the responder has the Turn first, a loss', { messages: [1, 0], settings: { localInitialTurn: false } }],
  ['two activities in flight, a loss', { messages: [2, 0], threshold: 9, activities: 2 }],
  ['two activities in flight, mail the other way', { messages: [2, 1], losses: 0, threshold: 9, activities: 2 }],
  ['two activities in flight, writes in their own time', { messages: [2, 0], threshold: 9, activities: 2, stores: 'in-time' }],
  ['three in a chain, a loss', { messages: [1, 0], chain: true }],
  ['two listeners, a loss', { environment: 'two-listeners', messages: [1, 0] }],
  ['two listeners, a crash', { environment: 'two-listeners', messages: [1, 0], losses: 0, crashes: 1 }],
  ['two listeners, one message each way', { environment: 'two-listeners', losses: 0 }],
  ['two listeners, binds in their own time', { environment: 'two-listeners', messages: [1, 0], binds: 'in-time', cuts: 'any' }],
  ['two listeners in a chain', { environment: 'two-listeners', messages: [1, 0], losses: 0, chain: true }],
  ['the first binding is of another family, a loss', { environment: 'other-family-first', messages: [1, 0] }],
  ['the first binding is of another family, one message each way', { environment: 'other-family-first', losses: 0 }],
  ['the first binding is on another network, a loss', { environment: 'other-network-first', messages: [1, 0] }],
  ['the first binding is on another network, two losses', { environment: 'other-network-first', messages: [1, 0], losses: 2 }],
  ['an adapter may fail, a loss', { environment: 'failing-adapter', messages: [1, 0] }],
  ['an adapter may fail, a crash', { environment: 'failing-adapter', messages: [1, 0], losses: 0, crashes: 1 }],
  ['an adapter may fail, one message each way', { environment: 'failing-adapter', losses: 0 }],
  ['Q181721 is switched off at any moment, a loss', { legacy: ['Q181721'], cure: true, messages: [1, 0] }],
  ['Q280449 is switched off at any moment, a loss', { legacy: ['Q280449'], cure: true, messages: [1, 0] }],
  ['Q181721, but a second association is opened at once', { legacy: ['Q181721'], messages: [1, 0], losses: 0, threshold: 1 }],
  ['Q181721, but there is one address', { legacy: ['Q181721'], environment: 'plain', messages: [1, 0] }],
  ['Q280449, but the first binding will do', { legacy: ['Q280449'], environment: 'two-listeners', messages: [1, 0] }],
  ['Q285350, but no adapter fails', { legacy: ['Q285350'], environment: 'two-listeners', messages: [1, 0] }],
];

/** Clusters do by design what the articles report as bugs: no rule is broken, and no mail moves. */
const clusters: readonly (readonly [string, CheckOptions])[] = [
  ['the first binding is of another family', { cluster: true, environment: 'other-family-first' }],
  ['the first binding is on another network', { cluster: true, environment: 'other-network-first', messages: [1, 0] }],
  ['an adapter may fail', { cluster: true, environment: 'failing-adapter', messages: [1, 0] }],
];

test('corrected: every rule holds in the whole bounded space', async (t) => {
  for (const [name, options] of holding) {
    const { exhausted, properties, states, drained } = check(options);
    t.ok(exhausted, `${name}: exhausted`);
    t.same(
      properties.filter(({ verdict }) => verdict !== 'holds').map(({ rule, detail }) => `${rule}: ${detail}`),
      [],
      `${name}: ${states} states`,
    );
    t.ok(drained > 0, `${name}: mail can drain`);
  }
});

test('a cluster keeps every rule too', (t) => {
  for (const [name, options] of clusters) {
    const { exhausted, holds, properties } = check(options);
    t.ok(exhausted && holds, `${name}: ${properties.flatMap(({ rule, verdict }) => (verdict === 'holds' ? [] : [rule])).join()}`);
  }
  t.end();
});

type Pair = {
  readonly article: string;
  readonly environment: EnvironmentName;
  readonly rule: RuleId;
  /** The lines of the story. */
  readonly story: readonly RegExp[];
};

const pairs: readonly Pair[] = [
  {
    article: 'Q181721',
    environment: 'two-listeners',
    rule: 'queues-drain',
    story: [/^A accepts a message for B$/, /^A opens association A/, /^bind_nak$/, /^A logs event 9316: .* 1727$/],
  },
  {
    article: 'Q280449',
    environment: 'other-family-first',
    rule: 'reachable',
    story: [
      /^A accepts a message for B$/,
      /^A logs event 9318: B cannot be reached, .* 1722$/,
      /Open Interval/,
      /^A logs event 9318/,
      /reported as not delivered/,
    ],
  },
  {
    article: 'Q285350',
    environment: 'failing-adapter',
    rule: 'starts',
    story: [
      /^B listens on 127\.0\.0\.1$/,
      /^B cannot listen on 127\.0\.0\.2$/,
      /^B logs event 9321: .* 11004$/,
      /^B logs event 9266/,
      /^B ends with exit code 1$/,
    ],
  },
];

test('without a script the checker finds each LAN article in its environment, and the correction holds there', (t) => {
  for (const { article, environment, rule, story } of pairs) {
    // Only the environment suits the article: there is no loss and no crash.
    const bounds: CheckOptions = { messages: [1, 0], losses: 0 };
    const broken = check({ ...bounds, legacy: [article] });
    t.equal(broken.bounds.environment, environment, article);
    t.same(
      broken.properties.filter(({ verdict }) => verdict === 'fails').map((each) => each.rule),
      [rule],
      article,
    );
    const { lines = [], journal = null } = broken.properties.find((each) => each.rule === rule)?.counterexample ?? {};
    t.match(
      lines.map(({ text }) => text),
      story,
      `the story of ${article} has ${lines.length} lines`,
    );
    t.equal(lines.length, story.length);
    t.same(verifyJournal(journal ?? []).differences, [], `${article}: the journal replays`);
    t.ok((journal ?? []).length > 3);
    const { exhausted, holds } = check({ ...bounds, environment });
    t.ok(exhausted && holds, `${article}, corrected`);
  }
  t.end();
});

/** One side of an association, without ids. */
function sideOf(mta: Mta, entry: LtabEntry, association: Association): string {
  const { id, role, recovery, turn, transfers } = association;
  const state = shownState(mta, entry, association);
  const data = findRow(mta.rpc.carriers, id)?.ownData.state;
  return `${role} ${state} ${Math.min(recovery, 2)} ${turn} ${'transfer'.repeat(transfers.size)} ${data}`;
}

function entryText(mta: Mta, entry: LtabEntry): string {
  return `${entry.queued}: ${entry.associations.map((association) => sideOf(mta, entry, association)).join('; ')}`;
}

/** Two MTAs with nothing under way, in either order. */
function atRest(mtas: readonly Mta[], quiet: boolean): string | null {
  return quiet
    ? mtas
        .map((mta) =>
          ltabOf(mta)
            .map((entry) => entryText(mta, entry))
            .join(' / '),
        )
        .sort()
        .join(' || ')
    : null;
}

const small: CheckOptions = { messages: [1, 0], losses: 1 };
const shortCuts: readonly (readonly [string, CheckOptions, CheckOptions, CheckOptions, RegExp?])[] = [
  ['symmetry', { losses: 0 }, {}, { symmetry: false }],
  ['answers first', { losses: 0 }, {}, { eager: false }],
  ['answers first, with a loss', small, {}, { eager: false }],
  // A hanging dial is a separate state only if binds take their time.
  ['binds at once', small, {}, { binds: 'in-time' }, /dialling|binding/],
  ['stores at once', small, {}, { stores: 'in-time' }],
  ['stores at once, two listeners', { ...small, environment: 'two-listeners' }, {}, { stores: 'in-time' }],
  [
    'binds at once, another family first',
    { ...small, environment: 'other-family-first' },
    {},
    { binds: 'in-time' },
    /dialling|binding/,
  ],
];

test('a short cut reaches the same states of rest as the full search', async (t) => {
  for (const [name, base, short, long, apart] of shortCuts) {
    const [one, other] = [reachable({ ...base, ...short }, atRest), reachable({ ...base, ...long }, atRest)];
    t.ok(one.size > 5, `${name}: ${one.size} states of rest`);
    t.same(
      [...one].filter((text) => !other.has(text)),
      [],
      `${name}: no extra state`,
    );
    t.same(
      [...other].filter((text) => !one.has(text) && apart?.test(text) !== true),
      [],
      `${name}: no missing state`,
    );
  }
});

test('without a script the checker finds Q166594, in a story of at most 12 lines', async (t) => {
  const result = check({ legacy });
  t.notOk(result.holds);
  const verdict = result.properties.find(({ rule }) => rule === 'queues-drain');
  t.equal(verdict?.verdict, 'fails');
  const { lines = [], journal = null } = verdict?.counterexample ?? {};
  t.ok(lines.length > 0 && lines.length <= 12, `${lines.length} lines`);
  const text = lines.map((line) => `${line.text}${line.lost ? ' (lost)' : ''}`);
  t.match(text, [/accepts a message/]);
  t.ok(text.includes('turn-give (lost)'), 'the Turn-Give is lost');
  t.ok(
    text.some((line) => line.includes('recovers association')),
    'the association is recovered',
  );
  t.same(lines.at(-1)?.believes, { A: 'theirs', B: 'theirs' }, 'nobody has the Turn');
  t.same(verifyJournal(journal ?? []).differences, [], 'the journal replays with no difference');
  t.ok((journal ?? []).length > 20);
  t.ok(check({ messages: [1, 0], legacy }).holds, 'it takes mail both ways');
  t.ok(check({ losses: 0, legacy }).holds, 'it takes a loss');
});

type Change = (mta: Mta) => Mta;

/** The core, with a change to each of its states. */
function changed(change: Change): CheckedCore {
  return {
    start,
    step: (mta, input, nowMs) => {
      const stepped = step(mta, input, nowMs);
      return { ...stepped, mta: change(stepped.mta) };
    },
  };
}

function withEntries(change: (entry: LtabEntry) => LtabEntry): Change {
  return (mta) => ltabOf(mta).reduce((changed, entry) => withEntry(changed, change(entry)), mta);
}

function withAssociations(change: (association: Association) => Association): Change {
  return withEntries((entry) => ({ ...entry, associations: entry.associations.map(change) }));
}

const faults: readonly (readonly [string, string, CheckOptions, CheckedCore])[] = [
  [
    'one-turn',
    'a give keeps the Turn',
    { losses: 0 },
    changed(withAssociations((each) => (each.turn === 'given' || each.turn === 'theirs' ? { ...each, turn: 'held' } : each))),
  ],
  ['once', 'what was received is forgotten', { messages: [1, 0] }, changed((mta) => ({ ...mta, received: emptyTree() }))],
  [
    'total',
    'a step throws',
    { losses: 0 },
    changed(
      withAssociations((each) => {
        if (each.turn === 'asked-of') throw new Error('asked');
        return each;
      }),
    ),
  ],
  [
    'recovery',
    'a lost association is neither recovered nor given up',
    { messages: [1, 0], losses: 2 },
    changed(withAssociations((each) => (each.state === 'lost' ? { ...each, recoverAtMs: null, disconnectAtMs: null } : each))),
  ],
  [
    'queues-drain',
    'no MTA tries again after a failed opening',
    { messages: [1, 0] },
    changed(withEntries((entry) => ({ ...entry, openRetryAtMs: null }))),
  ],
];

test('the checker finds planted faults', async (t) => {
  for (const [rule, name, options, core] of faults) {
    const broken = check({ ...options, core }).properties.filter(({ verdict }) => verdict === 'fails');
    t.ok(
      broken.some((each) => each.rule === rule && each.counterexample !== null),
      `${name}: ${broken.map((each) => each.rule).join()}`,
    );
  }
});

test('the checker reports the limits of the search', async (t) => {
  const { exhausted, holds, properties } = check({ maxStates: 100 });
  t.notOk(exhausted);
  t.notOk(holds, 'what was not searched is not said to hold');
  t.ok(properties.every(({ verdict }) => verdict === 'open'));
});

test('mtalab check', async (t) => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ['packages/cli/bin/mtalab.js', 'check', ...args], { encoding: 'utf8' });
  const good = run('--messages', '1,0', '--json');
  t.equal(good.status, 0, good.stderr);
  t.match(JSON.parse(good.stdout), { exhausted: true, holds: true, bounds: { messages: [1, 0] } });
  const bad = run('--legacy', 'Q166594');
  t.equal(bad.status, 1);
  t.match(bad.stdout, /turn-give -+x/);
  t.equal(run('--messages', 'many').status, 2);
  t.equal(run('--legacy', 'Q1').status, 2);
  t.equal(run('--environment', 'none').status, 2);
  t.equal(run('--cure').status, 2, 'there is nothing to be cured');
  const starts = run('--legacy', 'Q285350', '--messages', '1,0');
  t.equal(starts.status, 1);
  t.match(starts.stdout, /environment failing-adapter: B has two addresses/);
});
