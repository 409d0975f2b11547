import {
  type Association,
  type Carrier,
  defaultSettings,
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
  viewWaits,
  type WaitingCopy,
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
  fruitlessLosses: 0,
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
  settings: defaultSettings,
  activation: 'always',
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
  activeAtMs: null,
  lastError: null,
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
    waiting: treeOf(
      [local(11, { failures: 2, untilMs: 6000, problem: 'EACCES', destination: { to: 'dead-letter' } })],
      ({ untilMs }) => untilMs,
    ),
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
      waits: [
        {
          reason: 'in-transfer',
          says: 'MTA-A/3/1 carries a message: 60 of 100 octets are sent, 30 confirmed; 2 transfer PDUs wait for their confirmation',
          untilMs: 9000,
          association: 'MTA-A/3/1',
          advice: null,
        },
        {
          reason: 'recovering',
          says: 'MTA-B/1/7 has lost its connections, and MTA-B has to recover it',
          untilMs: null,
          association: 'MTA-B/1/7',
          advice: null,
        },
        {
          reason: 'transfer-interval',
          says: 'a transfer to MTA-B has failed, and the Transfer Interval runs: The transfer failed',
          untilMs: 7000,
          association: null,
          advice: 'mtalab retry MTA-B --mta MTA-A',
        },
      ],
      lastError: null,
      nextAssociationThreshold: 100,
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
      waits: [
        {
          reason: 'mailbox',
          says: 'the mailbox dead-letters cannot be written (1 message): EACCES',
          untilMs: 6000,
          association: null,
          advice: 'mtalab retry --mta MTA-A',
        },
        {
          reason: 'delivering',
          says: '2 messages are being written into mailboxes',
          untilMs: null,
          association: null,
          advice: null,
        },
      ],
      lastError: null,
      nextAssociationThreshold: null,
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

/** The reasons of the queue for MTA-B in this state. */
function reasonsOf(change: Partial<LtabEntry>, more: Partial<Mta> = {}): readonly (readonly [string, string, number | null])[] {
  const queues = viewWaits({ ...mta, phase: 'running', ...more, ltab: treeOf([{ ...entry, ...change }]) }, 10);
  const queue = queues.find(({ queue: named }) => named === 'MTA-B');
  return (queue?.waits ?? []).map(({ reason, says, untilMs }) => [reason, says, untilMs]);
}
const idle = { waiting: treeOf<WaitingCopy>([], ({ untilMs }) => untilMs), openFailures: 2, openRetryAtMs: 8000 };
const alone = { ...idle, associations: [] };
const one = (over: Partial<Association>) => ({ ...idle, associations: [{ ...association, transfer: null, ...over }] });
const refusal = { entity: 'MTA-B', provider: 'RTSE', reason: 'rtsBusy (0)', controlBlock: 1, associationType: 'open' };
const runs = `the Open Interval runs; the mail is returned after ${mta.settings.maxOpenRetries - 1} more failed attempts`;

/** An MTA with three control blocks, some of them with a connection and some leaked. */
function blocksUsed(connected: number, leaked: number): Partial<Mta> {
  const controlBlocks = Array.from({ length: connected + leaked }, (_, at) => {
    return { id: at + 1, conn: at < connected ? 2 * at : null, leakedFor: at < connected ? null : 1 };
  });
  return { settings: { ...mta.settings, controlBlocks: 3 }, x400: { ...mta.x400, controlBlocks } };
}

test('each wait has its reason in words, and its end', (t) => {
  const cases: readonly (readonly [
    string,
    ReturnType<typeof reasonsOf>,
    readonly (readonly [string, RegExp | string, number | null])[],
  ])[] = [
    ['start', reasonsOf(alone, { phase: 'starting' }), [['starting', 'MTA-A starts, and mail moves when it runs', null]]],
    ['stop', reasonsOf(alone, { phase: 'stopping' }), [['stopping', /^MTA-A stops, and the mail stays in its store/, null]]],
    ['interval', reasonsOf(alone), [['open-interval', `opening an association with MTA-B has failed 2 times; ${runs}`, 8000]]],
    [
      'the last retry',
      reasonsOf({ ...alone, openFailures: mta.settings.maxOpenRetries + 1 }),
      [['open-interval', /the mail is returned if the next attempt fails$/, 8000]],
    ],
    ['no endpoint', reasonsOf({ ...alone, endpoints: [] }), [['no-endpoint', /^no string binding of MTA-B is configured/, 8000]]],
    [
      'families',
      reasonsOf({ ...alone, endpoints: ['[::1][4097]', 'ncacn_ip_tcp:fe80::1[1]'] }),
      [
        [
          'no-common-family',
          /: \[::1\]\[4097\], ncacn_ip_tcp:fe80::1\[1\] is IPv6, and dials leave from 127\.0\.0\.1 \(IPv4\);/,
          8000,
        ],
      ],
    ],
    [
      'a name fits any family',
      reasonsOf({ ...alone, endpoints: ['[::1][4097]', 'host.example'] }),
      [['open-interval', /^opening/, 8000]],
    ],
    [
      'refused',
      reasonsOf({ ...alone, lastError: { atMs: 1, event: { id: 1290, params: refusal } } }),
      [['refused', `MTA-B refused the association: rtsBusy (0); ${runs}`, 8000]],
    ],
    [
      'a lost control block',
      reasonsOf(
        { ...alone, link: 'x400' },
        { legacy: ['Q232602'], x400: { ...mta.x400, lostLocalities: [{ id: 1, controlBlock: 3 }] } },
      ),
      [
        [
          'lost-control-block',
          new RegExp(`^the connector to MTA-B goes on addressing control block 3 of .* \\(Q232602\\); ${runs}$`),
          8000,
        ],
      ],
    ],
    [
      'a lost control block, after a live switch',
      reasonsOf({ ...alone, link: 'x400' }, { x400: { ...mta.x400, lostLocalities: [{ id: 1, controlBlock: 3 }] } }),
      [['open-interval', /^opening/, 8000]],
    ],
    [
      'no control block',
      reasonsOf({ ...alone, link: 'x400' }, blocksUsed(2, 1)),
      [
        [
          'no-control-block',
          /^none of the 3 control blocks of MTA-A is free \(event 9156\): connections that are gone have 1 of them \(Q229643\);/,
          8000,
        ],
      ],
    ],
    [
      'no control block, none leaked',
      reasonsOf({ ...alone, link: 'x400' }, blocksUsed(3, 0)),
      [['no-control-block', /^none of the 3 control blocks of MTA-A is free \(event 9156\): all have connections;/, 8000]],
    ],
    ['a free control block', reasonsOf({ ...alone, link: 'x400' }, blocksUsed(1, 1)), [['open-interval', /^opening/, 8000]]],
    ['the LAN needs no control block', reasonsOf(alone, blocksUsed(2, 1)), [['open-interval', /^opening/, 8000]]],
    [
      'limit',
      reasonsOf({ ...alone, openRetryAtMs: null }, { overLimit: [1] }),
      [['limit', /^MTA-A has all the \d+ associations/, null]],
    ],
    ['now', reasonsOf({ ...alone, openRetryAtMs: null }), [['next-step', 'MTA-A opens an association with MTA-B next', null]]],
    ['opens', reasonsOf(one({ state: 'opening', recovery: 0 })), [['opening', 'MTA-A opens MTA-A/3/1 (dialling)', null]]],
    ['recovers', reasonsOf(one({ state: 'opening', recovery: 1 })), [['opening', 'MTA-A recovers MTA-A/3/1 (dialling)', null]]],
    ['is opened', reasonsOf(one({ state: 'answering' })), [['opening', 'MTA-B opens MTA-A/3/1 (dialling)', null]]],
    [
      'lost, ours',
      reasonsOf(one({ state: 'lost', recoverAtMs: 5000 })),
      [['recovering', 'MTA-A/3/1 has lost its connections, and MTA-A tries to recover it', 5000]],
    ],
    [
      'lost, theirs',
      reasonsOf(one({ state: 'lost', role: 'responder', disconnectAtMs: 5500 })),
      [['recovering', 'MTA-A/3/1 has lost its connections, and MTA-B has to recover it', 5500]],
    ],
    [
      'closing',
      reasonsOf({
        ...one({}),
        associations: [...one({}).associations, { ...association, id: 2, transfer: null, state: 'closing' }],
      }),
      [
        ['next-step', 'MTA-A has the Turn of MTA-A/3/1 and sends next', null],
        ['closing', 'MTA-A/3/1 closes, and then another association opens', null],
      ],
    ],
    [
      'asked',
      reasonsOf(one({ turn: 'asking' })),
      [['turn', 'MTA-A believes that MTA-B has the Turn of MTA-A/3/1; MTA-A has asked for it (Turn-Please)', null]],
    ],
    ['not asked', reasonsOf(one({ turn: 'theirs' })), [['turn', /MTA-A has not asked for it yet$/, null]]],
    ['urgent only', reasonsOf(one({ urgentOnly: true })), [['urgent-only', 'MTA-A/3/1 is for urgent mail only', null]]],
    ['nothing queued', reasonsOf({ ...alone, queued: 0 }), []],
  ];
  for (const [name, found, expected] of cases) t.match(found, expected, name);
  for (const [name, found, expected] of cases) t.equal(found.length, expected.length, name);
  const refused = { ...carrier, ownData: { state: 'refused', conn: null, retryAtMs: 4000 } } as const;
  t.match(reasonsOf(one({}), { rpc: { ...mta.rpc, carriers: treeOf([refused]) } }), [
    ['data-refused', 'MTA-B refused the data connection of MTA-A/3/1, so no message can go over it', 4000],
  ]);
  t.equal(viewWaits({ ...mta, phase: 'running' }, 0).length, 1, 'the mailboxes, without the adjacent MTAs above the limit');
  const [busy] = viewWaits(
    {
      ...mta,
      phase: 'running',
      ltab: treeOf([{ ...entry, lastError: { atMs: 1, event: { id: 9316, params: { ltabIndex: 1, ntError: 1727 } } } }]),
    },
    1,
  );
  t.match(busy?.lastError, { loggedAtMs: 1, event: 9316, text: /1727/, meaning: 'the RPC call failed and did not run' });
  t.end();
});
