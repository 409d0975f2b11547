import {
  type Association,
  type Carrier,
  describeActivity,
  emptyFifo,
  type Fifo,
  idleRuntime,
  type LocalCopy,
  type LtabEntry,
  type Mta,
  push,
  type QueuedCopy,
  treeOf,
  viewAssociations,
  viewLtab,
  viewMessages,
  viewQueues,
} from '@mtalab/mta-core';
import { test } from 'tap';
import { configOf, envelope, fakeMta, recovered } from './fakes.js';

const incarnation = 2 ** 32;

function queued(number: number, submittedAtMs: number, over: Partial<QueuedCopy> = {}): QueuedCopy {
  return {
    id: 3 * incarnation + number,
    content: number,
    envelope: {
      ...envelope,
      mtsId: `m${number}`,
      submittedAtMs,
      sizeBytes: 100,
      trace: [{ mta: 'MTA-A', atMs: submittedAtMs + 5 }],
    },
    recipients: [`r${number}@b.example`],
    failures: 0,
    confirmedUpTo: 0,
    confirmedUntilMs: null,
    sentWhole: false,
    ...over,
  };
}
const fifoOf = <T extends { readonly id: number }>(...rows: readonly T[]): Fifo<T> => rows.reduce(push<T>, emptyFifo<T>());

const association: Association = {
  id: 1,
  name: 'MTA-A/3/1',
  role: 'initiator',
  state: 'open',
  recovery: 2,
  turn: 'asked-of',
  statedTurn: null,
  askedPriority: 1,
  transfersSinceAsked: 0,
  dialogueMode: 'two-way-alternate',
  checkpointSizeK: 30,
  windowSize: 5,
  urgentOnly: false,
  transfer: {
    copy: queued(1, 900),
    sentUpTo: 60,
    confirmedUpTo: 30,
    ended: false,
    started: true,
    unconfirmed: [4, 5],
    deadlineMs: 9000,
    discarding: false,
  },
  lifetimeAtMs: null,
  wantsClose: false,
  disconnectAtMs: null,
  recoverAtMs: null,
  recoverBackoffS: 1,
  moved: 12,
  openedAtMs: 500,
  deadlineMs: null,
};

const counters = {
  messagesOut: 12,
  messagesIn: 4,
  bytesOut: 1200,
  bytesIn: 400,
  associationsOut: 2,
  associationsIn: 1,
  failedOut: 3,
  rejectedIn: 0,
  turnsGiven: 1,
  turnsReceived: 1,
  recoveries: 2,
  duplicates: 0,
  reports: 0,
};

const entry: LtabEntry = {
  id: 1,
  name: 'MTA-B',
  link: 'rpc',
  endpoints: ['127.0.0.1[4097]'],
  password: 'never shown',
  queues: { urgent: fifoOf(queued(4, 1100)), normal: fifoOf(queued(2, 1000), queued(5, 1200)), 'non-urgent': fifoOf() },
  waiting: treeOf([{ ...queued(3, 950, { failures: 1 }), untilMs: 7000 }], ({ untilMs }) => untilMs),
  queued: 5,
  queuedBytes: 500,
  associations: [
    association,
    { ...association, id: 2, name: 'MTA-B/1/7', role: 'responder', state: 'lost', turn: 'asking', transfer: null },
  ],
  openFailures: 1,
  openRetryAtMs: 8000,
  peer: { incarnation: 1, storeUuid: 'uuid', settledBelow: 0 },
  settling: [],
  incoming: [],
  storing: [],
  counters,
  deadlineMs: 7000,
};

const local = (number: number, over: Partial<LocalCopy>): LocalCopy => {
  const { id, content, envelope: of, recipients } = queued(number, 2000 + number);
  return {
    id,
    content,
    envelope: of,
    recipients,
    destination: { to: 'mailbox', address: 'u@a.example' },
    entry: null,
    failures: 0,
    untilMs: null,
    ...over,
  };
};
const carrier: Carrier = {
  id: 1,
  entry: 1,
  phase: 'up',
  pathsLeft: [],
  path: { endpoint: '127.0.0.1[4097]', from: '127.0.0.1' },
  ownFirst: 2,
  ownGroup: 1,
  peerFirst: 5,
  peerGroup: { address: 0, group: 4 },
  ownData: { state: 'bound', conn: 8, retryAtMs: null },
  peerData: null,
  answering: null,
  held: [],
  openByMs: null,
};
const mta: Mta = {
  ...fakeMta(configOf('MTA-A'), recovered),
  rpc: { ...idleRuntime, carriers: treeOf([carrier, { ...carrier, id: 2 }]) },
  ltab: treeOf([entry]),
  mailboxes: {
    queue: fifoOf(local(12, {})),
    delivering: [local(10, {})],
    waiting: treeOf([local(11, { failures: 2, untilMs: 6000, destination: { to: 'dead-letter' } })], ({ untilMs }) => untilMs),
  },
};

test('views show what the state holds, and no password', async (t) => {
  t.match(viewLtab(mta), [
    {
      ltabIndex: 1,
      peer: 'MTA-B',
      associations: { open: 1, lost: 1 },
      queued: 5,
      waiting: 1,
      openRetryAtMs: 8000,
      peerIncarnation: 1,
      performance: {
        'Queue Length': 5,
        'Queued Bytes': 500,
        Associations: 2,
        'Current Inbound Associations': 1,
        'Current Outbound Associations': 1,
        'Failed Outbound Associations': 3,
        'Outbound Messages Total': 12,
        'Next Association Retry': 8000,
        'Oldest Message Queued': 900,
      },
      counters,
    },
  ]);
  t.notMatch(JSON.stringify(viewLtab(mta)), /never shown/);
  const associations = viewAssociations(mta);
  t.match(associations, [
    {
      name: 'MTA-A/3/1',
      peer: 'MTA-B',
      role: 'initiator',
      turn: 'asked-of',
      believes: 'mine',
      pleaseOutstanding: false,
      askedPriority: 1,
      recovery: 2,
      connections: 3,
      dataConnection: 'bound',
      moved: 12,
      transfer: { copy: '3-1', mtsId: 'm1', sentBytes: 60, confirmedBytes: 30, unconfirmedSegments: 2, deadlineMs: 9000 },
    },
    { name: 'MTA-B/1/7', state: 'lost', believes: 'theirs', pleaseOutstanding: true, transfer: null },
  ]);
  t.same(JSON.parse(JSON.stringify(associations)), associations, 'plain data');
  t.same(viewQueues(mta), [
    {
      queue: 'MTA-B',
      ltabIndex: 1,
      queued: 5,
      queuedBytes: 500,
      urgent: 1,
      normal: 2,
      nonUrgent: 0,
      inTransfer: 1,
      waiting: 1,
      oldestSubmittedAtMs: 900,
      openRetryAtMs: 8000,
      transferRetryAtMs: 7000,
    },
    {
      queue: 'mailboxes',
      ltabIndex: null,
      queued: 3,
      queuedBytes: 300,
      urgent: 0,
      normal: 1,
      nonUrgent: 0,
      inTransfer: 1,
      waiting: 1,
      oldestSubmittedAtMs: 2010,
      openRetryAtMs: null,
      transferRetryAtMs: 6000,
    },
  ]);
  const messages = viewMessages(mta, 100);
  t.same(
    messages.map(({ copy, destination, state, retryAtMs }) => [copy, destination, state, retryAtMs]),
    [
      ['3-1', 'MTA-B', 'in-transfer', null],
      ['3-4', 'MTA-B', 'queued', null],
      ['3-2', 'MTA-B', 'queued', null],
      ['3-5', 'MTA-B', 'queued', null],
      ['3-3', 'MTA-B', 'waiting', 7000],
      ['3-10', 'u@a.example', 'delivering', null],
      ['3-12', 'u@a.example', 'queued', null],
      ['3-11', 'dead-letters', 'waiting', 6000],
    ],
  );
  t.match(messages[0], {
    mtsId: 'm1',
    originator: 'a@a.example',
    recipients: ['r1@b.example'],
    sizeBytes: 100,
    submittedAtMs: 900,
    sinceMs: 905,
  });
  t.same(viewMessages(mta, 2), messages.slice(0, 2));
  t.same(viewMessages(mta, 0), []);
  t.equal(describeActivity(2 ** 21 * incarnation - 1), '2097151-4294967295', 'ids keep every digit');
});
