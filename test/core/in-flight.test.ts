/** Many activities on one association, and many associations with one adjacent MTA. */
import { type Association, ltabOf, type MtaConfig, type Settings, type Tree } from '@mtalab/mta-core';
import { test } from 'tap';
import { PureLab, withLink } from '../support/purelab.js';

const recipients = ['x@b.example'];

function associationsOf(lab: PureLab, name: string): readonly Association[] {
  return ltabOf(lab.mta(name)).flatMap(({ associations }) => associations);
}

/** A pair with one association, B's disk waiting, and this many messages submitted at A. */
function held(messages: number, settings: Partial<Settings>): PureLab {
  const lab = new PureLab(['A', 'B'], { threshold: 10_000, ...settings });
  lab.heldStores.add('B');
  for (let number = 1; number <= messages; number += 1) lab.submit('A', `m${number}`, recipients);
  lab.settle();
  return lab;
}

type Row = { readonly id: number };
function nodesOf<T extends Row>(tree: Tree<T>): readonly Tree<T>[] {
  return [tree, ...tree.children.flatMap(nodesOf)];
}

test('256 activities are in flight on one association, and a step copies the path to one of them', (t) => {
  const lab = held(300, { activitiesInFlight: 256 });
  const [before] = associationsOf(lab, 'A') as [Association];
  t.match(before, { activitiesInFlight: 256, transfers: { size: 256 } });
  t.equal(associationsOf(lab, 'B')[0]?.unanswered, 256);
  lab.heldStores.clear();
  lab.storeDone('B');
  let looked = 0;
  let was = before;
  lab.hooks.onTaken = ({ to }) => {
    if (to !== 'A') return;
    const [now] = associationsOf(lab, 'A') as [Association];
    const old = new Set(nodesOf(was.transfers));
    // One activity has gone and one has come: the root, and a leaf for each.
    const fresh = nodesOf(now.transfers).filter((node) => !old.has(node)).length;
    if (fresh > 4) t.fail(`a step has made ${fresh} nodes of the ${nodesOf(now.transfers).length}`);
    was = now;
    looked += 1;
  };
  lab.settle();
  t.ok(looked >= 300);
  t.equal(lab.deliveries.length, 300);
  t.match(associationsOf(lab, 'A'), [{ transfers: { size: 0 }, sending: null, moved: 300 }]);
  t.match(associationsOf(lab, 'B'), [{ unanswered: 0 }]);
  t.end();
});

test('both sides keep to the smaller number, and 1 is not named', (t) => {
  const cases: readonly (readonly [
    a: number,
    b: number,
    agreed: number,
    offered: number | undefined,
    named: number | undefined,
  ])[] = [
    [1, 1, 1, undefined, undefined],
    [1, 16, 1, undefined, undefined],
    [16, 1, 1, 16, undefined],
    [16, 4, 4, 16, 4],
    [4, 256, 4, 4, 4],
  ];
  for (const [a, b, agreed, offered, named] of cases) {
    const own = (config: MtaConfig): MtaConfig => ({
      ...config,
      settings: { ...config.settings, threshold: 10_000, activitiesInFlight: config.name === 'A' ? a : b },
    });
    const lab = new PureLab(['A', 'B'], {}, {}, own);
    const said: (number | undefined)[] = [];
    lab.hooks.onFrame = ({ frame }) => {
      if (frame.link !== 'rpc') return true;
      const { frame: pdu } = frame;
      if ((pdu.type !== 'request' && pdu.type !== 'response') || pdu.body.op !== 'MtaBind') return true;
      const apdu = 'rtorq' in pdu.body ? pdu.body.rtorq : pdu.body.apdu;
      if (apdu.kind !== 'rtorj') said.push(apdu.activitiesInFlight);
      return true;
    };
    lab.submit('A', 'm1', recipients);
    lab.settle();
    t.same(said, [offered, named], `${a} and ${b}`);
    for (const name of ['A', 'B']) t.equal(associationsOf(lab, name)[0]?.activitiesInFlight, agreed, `${a} and ${b}, at ${name}`);
  }
  t.end();
});

test('a connector has one activity at a time whatever the settings say', (t) => {
  const lab = new PureLab(['A', 'B'], { activitiesInFlight: 16, threshold: 10_000 }, {}, withLink('x400'));
  lab.heldStores.add('B');
  for (let number = 1; number <= 3; number += 1) lab.submit('A', `m${number}`, recipients);
  lab.settle();
  t.match(associationsOf(lab, 'A'), [{ activitiesInFlight: 1, transfers: { size: 1 } }]);
  t.end();
});

test('a message that costs the connection each time fails alone, although others are in flight with it', (t) => {
  const lab = new PureLab(['A', 'B'], {
    activitiesInFlight: 8,
    threshold: 10_000,
    maxTransferRetries: 1,
    transferRetryIntervalS: 60,
  });
  const poisonBytes = 777;
  lab.hooks.onFrame = ({ frame, to }) => {
    const pdu = frame.link === 'rpc' ? frame.frame : undefined;
    const isPoison =
      to === 'B' &&
      pdu?.type === 'request' &&
      pdu.body.op === 'MtaSend' &&
      pdu.body.apdu.kind === 'rttr' &&
      pdu.body.apdu.start?.sizeBytes === poisonBytes;
    if (isPoison) lab.cutAll();
    return !isPoison;
  };
  for (let number = 1; number <= 20; number += 1)
    lab.submit('A', `m${number}`, recipients, number === 5 ? { sizeBytes: poisonBytes } : {});
  lab.settle();
  lab.pass(3_600_000);
  const arrived = lab.deliveries.filter(({ node }) => node === 'B');
  t.equal(arrived.length, 19, 'all others have arrived');
  t.equal(new Set(arrived.map(({ mtsId }) => mtsId)).size, 19, 'once');
  t.equal(lab.mta('A').counters.reports, 1, 'and one report says what became of it');
  t.end();
});

test('512 associations with one adjacent MTA open, carry mail and close', (t) => {
  const many = 512;
  const lab = new PureLab(['A', 'B'], {
    threshold: 1,
    maxAssociationsPerMta: many,
    maxAssociations: many + 1,
    maxConnections: 4 * (many + 1),
    associationLifetimeS: 10,
  });
  lab.heldStores.add('B');
  for (let number = 1; number <= many + 10; number += 1) lab.submit('A', `m${number}`, recipients);
  lab.settle(200_000);
  for (const name of ['A', 'B']) {
    const open = associationsOf(lab, name).filter(({ state }) => state === 'open');
    t.equal(open.length, many, `${name} has ${many}`);
  }
  t.notOk(
    lab.events.some(({ event }) => event.id === 9280),
    'the limit over the whole table is as high',
  );
  lab.heldStores.clear();
  lab.storeDone('B');
  lab.settle(200_000);
  t.equal(lab.deliveries.length, many + 10);
  lab.pass(60_000);
  t.same([associationsOf(lab, 'A').length, associationsOf(lab, 'B').length], [0, 0]);
  t.end();
});

test('associations of a connector do not count towards the limit of LAN associations', (t) => {
  const mixed = (config: MtaConfig): MtaConfig => {
    const connected = withLink('x400')(config);
    const peers = config.peers.map((peer, at) => {
      const overX400 = config.name === 'C' || peer.name === 'C';
      return overX400 ? (connected.peers[at] ?? peer) : peer;
    });
    return { ...connected, peers, settings: { ...config.settings, maxAssociations: 1 } };
  };
  const lab = new PureLab(['A', 'B', 'C', 'D'], {}, {}, mixed);
  for (const to of ['c', 'b', 'd']) lab.submit('A', `to-${to}`, [`x@${to}.example`]);
  lab.settle();
  t.same(
    lab.deliveries.map(({ node }) => node),
    ['C', 'B'],
    'the connector and one association of the LAN',
  );
  t.match(
    lab.events.filter(({ event }) => event.id === 9280),
    [{ node: 'A' }],
    'no second one',
  );
  const { associationsInAll, associationsLimited } = lab.mta('A');
  t.same([associationsInAll, associationsLimited], [2, 1]);
  t.end();
});
