/** Printed output for canned views. The expected texts are in data/render.txt; UPDATE=1 rewrites them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { joinAssociations, type LabSummary, type MtaStatus, readable } from '@mtalab/harness';
import {
  type AssociationView,
  associationTable,
  type BindingView,
  glossary,
  type LtabView,
  levelsOf,
  type MessageView,
  type QueueView,
  turnTable,
  type WaitView,
} from '@mtalab/mta-core';
import { faultKinds } from '@mtalab/scenario';
import { type LadderLine, ladderAsText, ladderLine, legendText, noteLine } from '@mtalab/trace';
import {
  explainTerm,
  judgeStandstill,
  type LabAtRest,
  type Paint,
  type Progress,
  paint,
  renderAssociations,
  renderBindings,
  renderDelivery,
  renderDiagnostics,
  renderEvent,
  renderExplanation,
  renderFaults,
  renderLive,
  renderLtab,
  renderMessages,
  renderQueues,
  renderReady,
  renderRuns,
  renderStatus,
  renderSummary,
} from 'mtalab/internal';
import { test } from 'tap';

const dataFile = 'test/cli/data/render.txt';
const plain = paint(false);
const nowMs = Date.UTC(1999, 5, 14, 9, 30, 0, 250);

function status(mta: string, more: Partial<MtaStatus> = {}): MtaStatus {
  return {
    mta,
    pid: 4711,
    phase: 'running',
    domains: ['a.example'],
    incarnation: 1,
    version: '5.5',
    build: '2653.23',
    nt: '4.0 SP6a',
    nowMs,
    timeScale: 1,
    endpoints: ['127.0.0.1[4097]'],
    x400: null,
    mapper: [],
    legacy: [],
    queuedCopies: 0,
    pendingWork: 0,
    nextDeadlineMs: nowMs + 300_000,
    waits: [],
    counters: { submitted: 50, delivered: 49, deadLetters: 0, loopsDetected: 0, reports: 1, setAside: 0 },
    delays: { count: 49, meanMs: 12.4, maxMs: 1530 },
    turnsGiven: 1,
    associationsOpened: 2,
    memory: { rssBytes: 73_400_320 },
    cpu: { userS: 0.52, systemS: 0.1 },
    sockets: [],
    ...more,
  };
}

function side(more: Partial<AssociationView>): AssociationView {
  return {
    name: 'MTA-A/1/3',
    role: 'initiator',
    state: 'open',
    turn: 'theirs',
    believes: 'theirs',
    pleaseOutstanding: false,
    moved: 0,
    recovery: 1,
    peer: 'MTA-B',
    lifetimeAtMs: nowMs + 300_000,
    ...more,
  } as AssociationView;
}

const responder = { role: 'responder', peer: 'MTA-A' } as const;
const lostTurn = joinAssociations(
  new Map([
    ['MTA-A', [side({ turn: 'asking', pleaseOutstanding: true })]],
    ['MTA-B', [side({ ...responder, lifetimeAtMs: null })]],
  ]),
);
const agreed = joinAssociations(
  new Map([
    [
      'MTA-A',
      [
        side({ name: 'MTA-A/1/9', turn: 'held', believes: 'mine', moved: 50, recovery: 0 }),
        side({ name: 'MTA-A/1/10', state: 'calling', recovery: 0 }),
      ],
    ],
    ['MTA-B', [side({ ...responder, name: 'MTA-A/1/9', moved: 50, recovery: 0 })]],
  ]),
);

function binding(more: Partial<BindingView>): BindingView {
  const usual = { id: 0, address: '127.0.0.1', port: 4097, label: '', enabled: true, listening: 'up', osError: null } as const;
  return { ...usual, dialOrder: 1, mapperPort: null, x400Port: null, ...more };
}

const turnWait: WaitView = {
  reason: 'turn',
  says: 'MTA-A believes that MTA-B has the Turn of MTA-A/1/3; MTA-A has asked for it (Turn-Please)',
  untilMs: null,
  association: 'MTA-A/1/3',
  advice: null,
};

const queue: QueueView = {
  queue: 'MTA-B',
  ltabIndex: 1,
  queued: 49,
  queuedBytes: 50_176,
  urgent: 0,
  normal: 48,
  nonUrgent: 1,
  inTransfer: 0,
  waiting: 0,
  oldestSubmittedAtMs: nowMs - 75_000,
  openRetryAtMs: null,
  transferRetryAtMs: null,
  waits: [turnWait],
  lastError: null,
  nextAssociationThreshold: 50,
};
const mailboxes: QueueView = {
  ...queue,
  queue: 'mailboxes',
  ltabIndex: null,
  queued: 0,
  queuedBytes: 0,
  normal: 0,
  nonUrgent: 0,
  oldestSubmittedAtMs: null,
  waits: [],
  nextAssociationThreshold: null,
};

const ltab: LtabView = {
  ltabIndex: 1,
  peer: 'MTA-B',
  link: 'rpc',
  endpoints: ['127.0.0.1[4097]', '[::1][4097]'],
  overrides: {},
  activation: 'always',
  activeAtMs: null,
  associations: { open: 2, lost: 1 },
  queued: 49,
  waiting: 0,
  incoming: 0,
  openFailures: 3,
  openRetryAtMs: nowMs + 598_000,
  peerIncarnation: 1,
  peerStoreUuid: 'e0c2',
  deadlineMs: nowMs + 598_000,
  performance: {
    'Queue Length': 49,
    'Queued Bytes': 50_176,
    Associations: 3,
    'Current Inbound Associations': 1,
    'Cumulative Inbound Associations': 4,
    'Current Outbound Associations': 2,
    'Cumulative Outbound Associations': 5,
    'Failed Outbound Associations': 3,
    'Inbound Rejected Total': 0,
    'Inbound Messages Total': 7,
    'Outbound Messages Total': 1200,
    'Inbound Bytes Total': 7168,
    'Outbound Bytes Total': 1_228_800,
    'Next Association Retry': nowMs + 598_000,
    'Oldest Message Queued': nowMs - 7_500_000,
    'Connector Index': 1,
  },
  counters: {
    messagesOut: 1200,
    messagesIn: 7,
    bytesOut: 1_228_800,
    bytesIn: 7168,
    associationsOut: 5,
    associationsIn: 4,
    failedOut: 3,
    rejectedIn: 0,
    turnsGiven: 1,
    turnsReceived: 1,
    recoveries: 2,
    duplicates: 0,
    reports: 0,
  },
};

const message: MessageView = {
  copy: '1-17',
  mtsId: 'c=lab;mta=MTA-A;1-16',
  originator: 'ada@a.example',
  recipients: ['ben@b.example', 'cleo@b.example', 'a-very-long-name-of-a-mailbox@b.example'],
  priority: 'normal',
  sizeBytes: 140_608,
  submittedAtMs: nowMs - 42_000,
  sinceMs: nowMs - 42_000,
  destination: 'MTA-B',
  state: 'waiting',
  failures: 1,
  retryAtMs: nowMs + 78_000,
  why: 'The next MTA refused the transfer (temporaryProblem).',
};

const upMta = { mta: 'MTA-A', domains: [], process: { pid: 100, control: '', tokenFile: '' } };
const downMta = { mta: 'MTA-B', domains: [], process: null };
const silent = { mta: 'MTA-C', error: { code: 'silent', message: 'does not answer within 2 s' } } as const;
const summary: LabSummary = {
  submitted: 51,
  delivered: 51,
  meanDelayMs: 12.4,
  maxDelayMs: 15_300,
  associationsOpened: 2,
  turnsGiven: 1,
  reports: 0,
};

const believed = { 'MTA-A': 'mine', 'MTA-B': 'theirs' } as const;
const later = { association: 'MTA-A/1/104' };
const lostGive = { fate: 'cut', fault: 'cut before turn-give 1' } as const;

function line(from: string, to: string, text: string, believes: LadderLine['believes'], more: Partial<LadderLine> = {}) {
  return ladderLine({ from, to, text, believes, association: 'MTA-A/1/3', tMs: nowMs, ...more });
}

function still(more: {
  readonly queues?: readonly QueueView[];
  readonly nextDeadlineMs?: number | null;
  readonly timeScale?: number;
  readonly kept?: readonly string[];
}): LabAtRest {
  const { queues = [queue], nextDeadlineMs = nowMs + 300_000, timeScale = 1, kept = [] } = more;
  return {
    mtas: [
      { status: status('MTA-A', { nextDeadlineMs, timeScale, queuedCopies: 49 }), queues: [...queues, mailboxes] },
      { status: status('MTA-B', { nextDeadlineMs: null, timeScale }), queues: [mailboxes] },
    ],
    associations: lostTurn,
    kept,
  };
}

function explained(word: string) {
  const found = explainTerm(word);
  if (found === undefined) throw new Error(`${word} is not in the glossary`);
  return found;
}

function verdict(lab: LabAtRest, patienceMs: number, fruitlessMs = 0): string {
  const said = judgeStandstill(lab, patienceMs, fruitlessMs);
  return said.kind === 'stuck' ? `stuck:\n${said.why.join('\n')}` : `retries in ${said.inMs} ms: ${said.what}`;
}

function live(queuedCopies: number, progress: Progress, reasons: readonly string[] = []): string {
  const figures = { ...summary, delivered: progress.delivered };
  const statuses = [readable(status('MTA-A', { queuedCopies })), readable(status('MTA-B')), silent];
  return renderLive(statuses, progress, figures, reasons).join('\n');
}

const views: Record<string, (style: Paint) => string> = {
  status: (style) =>
    renderStatus(
      [
        { mta: 'MTA-A', value: status('MTA-A', { legacy: ['Q166594'], queuedCopies: 49, timeScale: 60 }) },
        {
          mta: 'MTA-B',
          value: status('MTA-B', { phase: 'stopping', nextDeadlineMs: null, delays: { count: 0, meanMs: 0, maxMs: 0 } }),
        },
      ],
      style,
    ),
  bindings: (style) =>
    renderBindings(
      [
        {
          mta: 'MTA-A',
          value: [
            binding({ id: 1, address: '::1', label: 'second' }),
            binding({ enabled: false, dialOrder: null }),
            binding({ id: 2, address: '127.0.0.3', listening: 'off', dialOrder: null }),
          ],
        },
        { mta: 'MTA-B', value: [binding({ listening: 'failed', osError: 'EADDRNOTAVAIL', port: 0 })] },
      ],
      style,
    ),
  'bindings, with an endpoint mapper': (style) =>
    renderBindings([{ mta: 'MTA-A', value: [binding({ mapperPort: 135 }), binding({ address: '127.0.0.2' })] }], style),
  'bindings, with an X.400 connector': (style) =>
    renderBindings([{ mta: 'MTA-A', value: [binding({ x400Port: 102 }), binding({ address: '127.0.0.2' })] }], style),
  'status, with X.400 connectors': (style) =>
    renderStatus(
      [
        {
          mta: 'MTA-A',
          value: status('MTA-A', { x400: { endpoints: ['127.0.0.1[102]'], controlBlocks: { configured: 20, inUse: 3 } } }),
        },
        { mta: 'MTA-B', value: status('MTA-B', { x400: { endpoints: [], controlBlocks: { configured: 2, inUse: 1 } } }) },
      ],
      style,
    ),
  'ltab, with X.400 connectors': (style) =>
    renderLtab(
      [
        {
          mta: 'MTA-A',
          value: {
            nowMs,
            rows: [
              {
                ...ltab,
                link: 'x400',
                overrides: { openRetryIntervalS: 5, twoWayAlternate: false },
                activation: 'remote-initiated',
              },
              { ...ltab, ltabIndex: 2, peer: 'MTA-C' },
              {
                ...ltab,
                ltabIndex: 3,
                peer: 'MTA-D',
                link: 'x400',
                activation: 'selected-times',
                openRetryAtMs: null,
                activeAtMs: nowMs + 3_600_000,
              },
            ],
          },
        },
      ],
      style,
    ),
  ltab: (style) =>
    renderLtab(
      [
        {
          mta: 'MTA-A',
          value: { nowMs, rows: [ltab, { ...ltab, ltabIndex: 2, peer: 'MTA-C', associations: {}, openRetryAtMs: null }] },
        },
      ],
      style,
    ),
  'ltab, nobody adjacent': (style) => renderLtab([{ mta: 'MTA-A', value: { nowMs, rows: [] } }], style),
  queues: (style) =>
    renderQueues(
      [
        { mta: 'MTA-A', value: { nowMs, rows: [queue, mailboxes] } },
        { mta: 'MTA-B', value: { nowMs, rows: [{ ...queue, queue: 'MTA-A', openRetryAtMs: nowMs }, mailboxes] } },
      ],
      style,
    ),
  messages: (style) =>
    renderMessages(
      [
        {
          mta: 'MTA-A',
          value: { nowMs, rows: [message, { ...message, copy: '1-18', originator: '', retryAtMs: null, state: 'queued' }] },
        },
      ],
      style,
    ),
  'messages, none': (style) => renderMessages([{ mta: 'MTA-A', value: { nowMs, rows: [] } }], style),
  'associations, the Turn lost': (style) => renderAssociations(lostTurn, style),
  'associations, one agreed and one known to one side': (style) => renderAssociations(agreed, style),
  'associations, none': (style) => renderAssociations([], style),
  runs: (style) =>
    renderRuns([{ pid: 99, startedAt: '1999-06-14T09:30:00.250Z', dir: '/tmp/lab', mtas: [upMta, downMta] }], style),
  faults: (style) =>
    renderFaults(
      [
        { id: 1, text: 'cut before turn-give 1', state: 'done', hits: 1 },
        { id: 12, text: 'hold rttr 3 from MTA-A', state: 'armed', hits: 0 },
      ],
      style,
    ),
  event: (style) =>
    renderEvent(
      {
        time: '1999-06-14T09:30:00.250Z',
        mta: 'MTA-A',
        source: 'MSExchangeMTA',
        id: 57,
        type: 'Warning',
        category: 'X.400 Service',
        severity: 14,
        text: 'The limit is reached. entity: MTA-B, limit: 9.',
        parameters: { entity: 'MTA-B', limit: 9 },
        trailer: '[MTA-B 9 MTA MAIN BASE 1 43] (14)',
      },
      style,
    ),
  delivery: (style) =>
    renderDelivery(
      {
        t: nowMs,
        node: 'MTA-B',
        copy: 1,
        mtsId: 'c=lab;mta=MTA-A;1-16',
        mailbox: 'ben@b.example',
        originator: 'ada@a.example',
        priority: 'normal',
        contentType: 'message/rfc822',
        submittedAtMs: nowMs - 8,
        delayMs: 8,
        sizeBytes: 0,
      },
      style,
    ),
  ready: (style) =>
    renderReady(
      {
        dir: '/tmp/lab',
        kept: true,
        timeScale: 60,
        faults: ['cut before turn-give 1'],
        mtas: [
          {
            mta: 'MTA-A',
            pid: 7,
            domains: ['a.example'],
            endpoints: ['127.0.0.1[4097]'],
            x400: ['127.0.0.1[102]'],
            mapper: ['127.0.0.1[135]'],
            control: 'ws://127.0.0.1:4098',
            legacy: ['Q166594'],
          },
        ],
      },
      style,
    ),
  'status, one MTA without an answer': (style) => renderStatus([{ mta: 'MTA-A', value: status('MTA-A') }], style, [silent]),
  live: () => live(49, { asked: 51, delivered: 2, toSubmit: 0, perSecond: 3.25, leftMs: 15_077 }),
  'live, while mail is being submitted': () =>
    live(49, { asked: 20_000, delivered: 1200, toSubmit: 18_000, perSecond: 512.4, leftMs: 36_690 }),
  'live, several recipients': () => live(0, { asked: 1, delivered: 3, toSubmit: 0, perSecond: null, leftMs: null }),
  'live, nothing moves': () =>
    live(49, { asked: 51, delivered: 2, toSubmit: 0, perSecond: null, leftMs: null }, [
      'nothing can move:',
      '  no timer can move this mail',
    ]),
  summary: (style) => renderSummary(summary, style),
  'summary of nothing': (style) => renderSummary({ ...summary, submitted: 0, delivered: 0 }, style),
  'verdict: the Turn is lost': () => verdict(still({}), 30_000),
  'verdict: a fault keeps something back': () =>
    verdict(still({ kept: ['the fault "hold rttr" keeps PDUs back'], nextDeadlineMs: null }), 30_000),
  'verdict: the Open Interval is too long': () =>
    verdict(still({ queues: [{ ...queue, openRetryAtMs: nowMs + 600_000 }] }), 30_000),
  'verdict: the Open Interval on a fast clock': () =>
    verdict(still({ queues: [{ ...queue, openRetryAtMs: nowMs + 600_000 }], timeScale: 60 }), 30_000),
  'verdict: nothing comes of the Open Interval': () =>
    verdict(still({ queues: [{ ...queue, openRetryAtMs: nowMs + 600_000 }], timeScale: 60 }), 30_000, 30_001),
  'verdict: nothing comes of it, but another timer is at work': () =>
    verdict(still({ queues: [{ ...queue, openRetryAtMs: nowMs + 600_000 }], nextDeadlineMs: nowMs + 4000 }), 30_000, 30_001),
  'verdict: some other timer is at work': () => verdict(still({ nextDeadlineMs: nowMs + 4000 }), 30_000),
  ...Object.fromEntries(
    ['Turn', 'rttr', 'settled'].map((word) => [`explain ${word}`, (style: Paint) => renderExplanation(explained(word), style)]),
  ),
  'diagnostics levels': (style) =>
    renderDiagnostics(
      [
        { mta: 'MTA-A', value: levelsOf() },
        { mta: 'MTA-B', value: levelsOf('minimum', { 'X.400 Service': 'medium', APDU: 'maximum' }) },
      ],
      ['X.400 Service', 'Interface', 'APDU'],
      style,
    ),
  'colour is put around, never into': () =>
    JSON.stringify(renderFaults([{ id: 1, text: 'x', state: 'armed', hits: 0 }], paint(true))),
};

/** Widths of terminals that every table must fit. */
const widths = [80, 60];

/** All views, then each at every width at which it differs. */
function drawings(): readonly (readonly [string, string, number])[] {
  return Object.entries(views).flatMap(([name, draw]) => {
    const wide = draw(plain);
    const narrow = widths.map((columns) => [`${name}, ${columns} columns`, draw(paint(false, columns)), columns] as const);
    return [[name, wide, Number.POSITIVE_INFINITY] as const, ...narrow.filter(([, text]) => text !== wide)];
  });
}

/** Two associations of two MTAs: the Turn-Give of the first is lost, and the second works hours later. */
const story: readonly LadderLine[] = [
  line('MTA-A', 'MTA-B', 'opening of MTA-A/1/3, Turn with the initiator: accepted', { 'MTA-A': 'mine', 'MTA-B': 'theirs' }),
  line('MTA-A', 'MTA-B', 'request 2 MtaSend rttr activity=1-2 offset=0 length=71 last start', {}, { tMs: nowMs + 3 }),
  line('MTA-B', 'MTA-A', 'response 2 confirm activity=1-2 upTo=71 stored', {}, { tMs: nowMs + 9 }),
  line('MTA-B', 'MTA-A', 'request 2 MtaSend turn-please priority=2', { 'MTA-A': 'theirs' }, { tMs: nowMs + 4000 }),
  line('MTA-A', 'MTA-B', 'response 2 please-noted', {}, { tMs: nowMs + 4000 }),
  line('MTA-A', 'MTA-B', 'request 3 MtaSend turn-give settled=1-2', {}, { tMs: nowMs + 4001, ...lostGive }),
  noteLine('MTA-B', 'notices the loss of MTA-A/1/3', { association: 'MTA-A/1/3', tMs: nowMs + 4020 }),
  noteLine('', 'the faults stop'),
  line('MTA-A', 'MTA-B', 'opening of MTA-A/1/104, Turn with the initiator: accepted', believed, { ...later, tMs: nowMs + 54e6 }),
  line('MTA-B', 'MTA-A', 'request 9 MtaSend turn-please priority=2', { 'MTA-A': 'theirs' }, { ...later, tMs: nowMs + 54e6 }),
  line('MTA-A', 'MTA-B', 'request 9 MtaSend turn-give', { 'MTA-B': 'mine' }, { ...later, tMs: nowMs + 54e6 + 1 }),
  line('MTA-A', 'MTA-B', 'rtab reason=protocolError', {}, { ...later, tMs: nowMs + 54e6 + 2 }),
];
const recovered: readonly LadderLine[] = [
  ...story.slice(0, 7),
  line(
    'MTA-A',
    'MTA-B',
    'recovery 1 of MTA-A/1/3, Turn with the responder: accepted',
    { 'MTA-B': 'mine' },
    { tMs: nowMs + 5000 },
  ),
];
const three: readonly LadderLine[] = [
  ...story,
  line('MTA-C', 'MTA-A', 'hello', { 'MTA-C': 'mine' }, { association: 'MTA-C/1/3', tMs: nowMs + 86_400_000 }),
];
const untimed: readonly LadderLine[] = story.slice(0, 6).map(({ tMs: _, ...rest }) => rest);
const both: readonly LadderLine[] = [line('MTA-A', 'MTA-B', 'rttr', { 'MTA-A': 'mine', 'MTA-B': 'mine' })];

const ladders: Readonly<Record<string, readonly LadderLine[]>> = {
  'ladder of two associations': story,
  'ladder, recovered': recovered,
  'ladder of three MTAs': three,
  'ladder without times': untimed,
  'ladder, both have the Turn': both,
};
for (const [name, lines] of Object.entries(ladders)) {
  views[name] = ({ columns }) => ladderAsText(lines, { columns });
  views[`${name}: legend`] = ({ columns }) => legendText(lines, columns);
}

test('tables and lines', (t) => {
  const all = drawings();
  const text = all.map(([name, drawing]) => `== ${name}\n${drawing}\n`).join('\n');
  if (process.env['UPDATE'] === '1') writeFileSync(dataFile, text);
  const kept = readFileSync(dataFile, 'utf8');
  const blocks = (all: string) => new Map(all.split(/^== /m).map((block) => [block.split('\n', 1)[0], block]));
  const [now, before] = [blocks(text), blocks(kept)];
  t.same([...now.keys()], [...before.keys()], 'the same views');
  for (const [name, block] of now) t.equal(block, before.get(name), String(name));
  for (const [name, drawing, columns] of all) {
    const tooWide = drawing.split('\n').filter((line) => line.length > columns);
    t.same(tooWide, [], `${name}: every line fits`);
  }
  t.end();
});

test('every word of the glossary, every PDU and every state is explained', (t) => {
  const names = glossary.map(({ names: [name] }) => name.toLowerCase());
  t.same(
    names,
    [...names].sort((one, other) => one.localeCompare(other, 'en')),
    'the glossary is in order',
  );
  const words = glossary.flatMap(({ names: all, also = [] }) => [...all, ...also]);
  for (const { names: all } of glossary) t.equal(explainTerm(all[0])?.term, all[0]);
  const states = [...Object.keys(associationTable), ...Object.keys(turnTable)];
  // `any` stands for every PDU.
  const kinds = faultKinds.filter((kind) => kind !== 'any');
  for (const word of [...words, ...kinds, ...states]) {
    const found = explainTerm(word);
    t.ok(found, word);
    t.notMatch(`${found?.text} ${found?.source}`, /\]\(|\b_\w/, `${word}: no Markdown`);
  }
  t.equal(explainTerm('turn give')?.term, 'Turn-Give');
  t.equal(explainTerm('trun'), undefined);
  t.end();
});
