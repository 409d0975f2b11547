import { describeActivity, viewAssociations, viewLtab, viewMessages, viewQueues } from '@mtalab/mta-core';
import { test } from 'tap';
import { counters, incarnation, mta } from './busy-mta.js';

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
