/** Printed output for canned views. The expected texts are in data/render.txt; UPDATE=1 rewrites them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { joinAssociations, type LabSummary, type MtaStatus, readable } from '@mtalab/harness';
import {
  type AssociationView,
  type BindingView,
  type LtabView,
  levelsOf,
  type MessageView,
  type QueueView,
} from '@mtalab/mta-core';
import {
  judgeStandstill,
  type LabAtRest,
  paint,
  renderAssociations,
  renderBindings,
  renderDelivery,
  renderDiagnostics,
  renderEvent,
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
    mapper: [],
    legacy: [],
    queuedCopies: 0,
    pendingWork: 0,
    nextDeadlineMs: nowMs + 300_000,
    counters: { submitted: 50, delivered: 49, deadLetters: 0, loopsDetected: 0, reports: 1 },
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
  return { ...usual, dialOrder: 1, mapperPort: null, ...more };
}

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
};

const ltab: LtabView = {
  ltabIndex: 1,
  peer: 'MTA-B',
  link: 'rpc',
  endpoints: ['127.0.0.1[4097]', '[::1][4097]'],
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

function verdict(lab: LabAtRest, patienceMs: number, fruitlessMs = 0): string {
  const said = judgeStandstill(lab, patienceMs, fruitlessMs);
  return said.kind === 'stuck' ? `stuck:\n${said.why.join('\n')}` : `retries in ${said.inMs} ms: ${said.what}`;
}

const views: Readonly<Record<string, () => string>> = {
  status: () =>
    renderStatus(
      [
        { mta: 'MTA-A', value: status('MTA-A', { legacy: ['Q166594'], queuedCopies: 49, timeScale: 60 }) },
        {
          mta: 'MTA-B',
          value: status('MTA-B', { phase: 'stopping', nextDeadlineMs: null, delays: { count: 0, meanMs: 0, maxMs: 0 } }),
        },
      ],
      plain,
    ),
  bindings: () =>
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
      plain,
    ),
  'bindings, with an endpoint mapper': () =>
    renderBindings([{ mta: 'MTA-A', value: [binding({ mapperPort: 135 }), binding({ address: '127.0.0.2' })] }], plain),
  ltab: () =>
    renderLtab(
      [
        {
          mta: 'MTA-A',
          value: { nowMs, rows: [ltab, { ...ltab, ltabIndex: 2, peer: 'MTA-C', associations: {}, openRetryAtMs: null }] },
        },
      ],
      plain,
    ),
  'ltab, nobody adjacent': () => renderLtab([{ mta: 'MTA-A', value: { nowMs, rows: [] } }], plain),
  queues: () =>
    renderQueues(
      [
        { mta: 'MTA-A', value: { nowMs, rows: [queue, mailboxes] } },
        { mta: 'MTA-B', value: { nowMs, rows: [{ ...queue, queue: 'MTA-A', openRetryAtMs: nowMs }, mailboxes] } },
      ],
      plain,
    ),
  messages: () =>
    renderMessages(
      [
        {
          mta: 'MTA-A',
          value: { nowMs, rows: [message, { ...message, copy: '1-18', originator: '', retryAtMs: null, state: 'queued' }] },
        },
      ],
      plain,
    ),
  'messages, none': () => renderMessages([{ mta: 'MTA-A', value: { nowMs, rows: [] } }], plain),
  'associations, the Turn lost': () => renderAssociations(lostTurn, plain),
  'associations, one agreed and one known to one side': () => renderAssociations(agreed, plain),
  'associations, none': () => renderAssociations([], plain),
  runs: () => renderRuns([{ pid: 99, startedAt: '1999-06-14T09:30:00.250Z', dir: '/tmp/lab', mtas: [upMta, downMta] }], plain),
  faults: () =>
    renderFaults(
      [
        { id: 1, text: 'cut before turn-give 1', state: 'done', hits: 1 },
        { id: 12, text: 'hold rttr 3 from MTA-A', state: 'armed', hits: 0 },
      ],
      plain,
    ),
  event: () =>
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
      plain,
    ),
  delivery: () =>
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
      plain,
    ),
  ready: () =>
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
            mapper: ['127.0.0.1[135]'],
            control: 'ws://127.0.0.1:4098',
            legacy: ['Q166594'],
          },
        ],
      },
      plain,
    ),
  'status, one MTA without an answer': () => renderStatus([{ mta: 'MTA-A', value: status('MTA-A') }], plain, [silent]),
  live: () =>
    renderLive([readable(status('MTA-A', { queuedCopies: 49 })), readable(status('MTA-B')), silent], summary, plain).join('\n'),
  summary: () => renderSummary(summary, plain),
  'summary of nothing': () => renderSummary({ ...summary, submitted: 0, delivered: 0 }, plain),
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
  'diagnostics levels': () =>
    renderDiagnostics(
      [
        { mta: 'MTA-A', value: levelsOf() },
        { mta: 'MTA-B', value: levelsOf('minimum', { 'X.400 Service': 'medium', APDU: 'maximum' }) },
      ],
      ['X.400 Service', 'Interface', 'APDU'],
      plain,
    ),
  'colour is put around, never into': () =>
    JSON.stringify(renderFaults([{ id: 1, text: 'x', state: 'armed', hits: 0 }], paint(true))),
};

test('tables and lines', (t) => {
  const text = Object.entries(views)
    .map(([name, draw]) => `== ${name}\n${draw()}\n`)
    .join('\n');
  if (process.env['UPDATE'] === '1') writeFileSync(dataFile, text);
  const kept = readFileSync(dataFile, 'utf8');
  const blocks = (all: string) => new Map(all.split(/^== /m).map((block) => [block.split('\n', 1)[0], block]));
  const [now, before] = [blocks(text), blocks(kept)];
  t.same([...now.keys()], [...before.keys()], 'the same views');
  for (const [name, block] of now) t.equal(block, before.get(name), String(name));
  t.end();
});
