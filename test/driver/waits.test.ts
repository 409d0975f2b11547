import {
  type Association,
  emptyTree,
  type LtabEntry,
  type Mta,
  type Transfer,
  treeOf,
  viewWaits,
  type WaitingCopy,
  type WaitView,
} from '@mtalab/mta-core';
import { test } from 'tap';
import { association, carrier, entry, mta } from './busy-mta.js';

/** The waits of the queue for MTA-B in this state. */
function waitsOf(change: Partial<LtabEntry>, more: Partial<Mta>): readonly WaitView[] {
  const queues = viewWaits({ ...mta, phase: 'running', ...more, ltab: treeOf([{ ...entry, ...change }]) }, 10);
  return queues.find(({ queue }) => queue === 'MTA-B')?.waits ?? [];
}
function reasonsOf(change: Partial<LtabEntry>, more: Partial<Mta> = {}): readonly (readonly [string, string, number | null])[] {
  return waitsOf(change, more).map(({ reason, says, untilMs }) => [reason, says, untilMs]);
}
const idle = { waiting: treeOf<WaitingCopy>([], ({ untilMs }) => untilMs), openFailures: 2, openRetryAtMs: 8000 };
const alone = { ...idle, associations: [] };
const one = (over: Partial<Association>) => ({
  ...idle,
  associations: [{ ...association, transfers: emptyTree<Transfer>(), sending: null, ...over }],
});
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
    [
      'no control block, all leaked',
      reasonsOf({ ...alone, link: 'x400' }, blocksUsed(0, 3)),
      [['no-control-block', /connections that are gone have 3 of them \(Q229643\);/, 8000]],
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
        associations: [
          ...one({}).associations,
          { ...association, id: 2, transfers: emptyTree<Transfer>(), sending: null, state: 'closing' },
        ],
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

test('a connector that cannot open is told to restart only if nothing else can help', (t) => {
  const connector = { ...alone, link: 'x400' } as const;
  const adviceFor = (more: Partial<Mta>) => waitsOf(connector, more).map(({ advice }) => advice);
  const lost = { legacy: ['Q232602'], x400: { ...mta.x400, lostLocalities: [{ id: 1, controlBlock: 3 }] } } as const;
  const [restart, retry] = ['mtalab restart --mta MTA-A', 'mtalab retry MTA-B --mta MTA-A'];
  t.same(adviceFor(lost), [restart]);
  t.same(adviceFor(blocksUsed(0, 3)), [restart]);
  t.same(adviceFor(blocksUsed(2, 1)), [retry], 'the end of another connection frees its control block');
  t.same(adviceFor(blocksUsed(3, 0)), [retry]);
  t.end();
});
