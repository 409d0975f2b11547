/** An MTA in the middle of its work, for the tests of the views. */
import {
  type Association,
  type Carrier,
  type CopyQueue,
  defaultSettings,
  emptyCopyQueue,
  emptyFifo,
  emptyTree,
  type Fifo,
  idleRuntime,
  type LocalCopy,
  type LtabEntry,
  type Mta,
  push,
  pushCopy,
  type QueuedCopy,
  type Transfer,
  treeOf,
} from '@mtalab/mta-core';
import { configOf, envelope, fakeMta, recovered } from './fakes.js';

export const incarnation = 2 ** 32;

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
const queueOf = (...rows: readonly QueuedCopy[]): CopyQueue<QueuedCopy> =>
  rows.reduce((queue, row) => pushCopy(queue, row, 100), emptyCopyQueue<QueuedCopy>());
const fifoOf = <T extends { readonly id: number }>(...rows: readonly T[]): Fifo<T> => rows.reduce(push<T>, emptyFifo<T>());

export const association: Association = {
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
  activitiesInFlight: 1,
  transfers: treeOf<Transfer>(
    [
      {
        id: 3 * incarnation + 1,
        copy: queued(1, 900),
        sentUpTo: 60,
        confirmedUpTo: 30,
        ended: false,
        started: true,
        unconfirmed: [4, 5],
        deadlineMs: 9000,
        discarding: false,
        order: 0,
      },
    ],
    ({ deadlineMs }) => deadlineMs,
  ),
  sending: 3 * incarnation + 1,
  begun: 1,
  unanswered: 0,
  lifetimeAtMs: null,
  wantsClose: false,
  disconnectAtMs: null,
  recoverAtMs: null,
  recoverBackoffS: 1,
  fruitlessLosses: 0,
  moved: 12,
  openedAtMs: 500,
  deadlineMs: null,
};

export const counters = {
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
  pleasesSent: 1,
  pleasesReceived: 1,
  recoveries: 2,
  duplicates: 0,
  reports: 0,
};

export const entry: LtabEntry = {
  id: 1,
  name: 'MTA-B',
  link: 'rpc',
  endpoints: ['127.0.0.1[4097]'],
  password: 'never shown',
  settings: defaultSettings,
  activation: 'always',
  dialFirst: { out: null, back: null },
  queues: { urgent: queueOf(queued(4, 1100)), normal: queueOf(queued(2, 1000), queued(5, 1200)), 'non-urgent': queueOf() },
  waiting: treeOf([{ ...queued(3, 950, { failures: 1 }), untilMs: 7000 }], ({ untilMs }) => untilMs),
  queued: 5,
  queuedBytes: 500,
  associations: [
    association,
    {
      ...association,
      id: 2,
      name: 'MTA-B/1/7',
      role: 'responder',
      state: 'lost',
      turn: 'asking',
      transfers: emptyTree(),
      sending: null,
    },
  ],
  openFailures: 1,
  openRetryAtMs: 8000,
  activeAtMs: null,
  lastError: null,
  peer: { incarnation: 1, storeUuid: 'uuid', settledBelow: 0 },
  settling: [],
  incoming: [],
  storing: emptyTree(),
  counters,
  latest: { inboundAtMs: 400, outboundAtMs: 500, rejectReason: null, failureReason: 'rtsBusy' },
  turnMs: { held: 250, 'asked-of': -400, given: 0, theirs: 100, asking: 50 },
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
export const carrier: Carrier = {
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
export const mta: Mta = {
  ...fakeMta(configOf('MTA-A'), recovered),
  rpc: { ...idleRuntime, carriers: treeOf([carrier, { ...carrier, id: 2 }]) },
  ltab: treeOf([entry]),
  mailboxes: {
    queue: fifoOf(local(12, {})),
    delivering: [local(10, {})],
    waiting: treeOf(
      [local(11, { failures: 2, untilMs: 6000, problem: 'EACCES', destination: { to: 'dead-letter' } })],
      ({ untilMs }) => untilMs,
    ),
  },
};
