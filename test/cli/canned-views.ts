/** Views of a lab in trouble, as the tests of the printed output draw them. */
import { joinAssociations, type LabSummary, type MtaStatus } from '@mtalab/harness';
import type { AssociationView, BindingView, LtabView, MessageView, QueueView, WaitView } from '@mtalab/mta-core';

export const nowMs = Date.UTC(1999, 5, 14, 9, 30, 0, 250);

export function status(mta: string, more: Partial<MtaStatus> = {}): MtaStatus {
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
    smtp: { endpoint: '127.0.0.1[2525]', sessions: 1, accepted: 12, refused: 0 },
    metrics: null,
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
export const lostTurn = joinAssociations(
  new Map([
    ['MTA-A', [side({ turn: 'asking', pleaseOutstanding: true })]],
    ['MTA-B', [side({ ...responder, lifetimeAtMs: null })]],
  ]),
);
export const agreed = joinAssociations(
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

export function binding(more: Partial<BindingView>): BindingView {
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

export const queue: QueueView = {
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
export const mailboxes: QueueView = {
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

export const ltab: LtabView = {
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
    'Inbound Reject Reason': null,
    'Outbound Failure Reason': 'connectionFailed',
    'Last Inbound Association': nowMs - 7_600_000,
    'Last Outbound Association': nowMs - 7_700_000,
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
    pleasesSent: 1,
    pleasesReceived: 1,
    recoveries: 2,
    duplicates: 0,
    reports: 0,
  },
};

export const message: MessageView = {
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

export const upMta = { mta: 'MTA-A', domains: [], process: { pid: 100, control: '', tokenFile: '' } };
export const downMta = { mta: 'MTA-B', domains: [], process: null };
export const silent = { mta: 'MTA-C', error: { code: 'silent', message: 'does not answer within 2 s' } } as const;
export const summary: LabSummary = {
  submitted: 51,
  delivered: 51,
  meanDelayMs: 12.4,
  maxDelayMs: 15_300,
  associationsOpened: 2,
  turnsGiven: 1,
  reports: 0,
};
