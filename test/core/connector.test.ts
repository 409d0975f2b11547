/** What is configured for one X.400 connector: settings of its own, when it may open associations, and where it dials. */
import {
  type Association,
  kindsIn,
  ltabOf,
  type MtaConfig,
  type PeerConfig,
  viewBindings,
  viewLtab,
  viewQueues,
  type WaitView,
} from '@mtalab/mta-core';
import { test } from 'tap';
import { PureLab, withLink } from '../support/purelab.js';

const minuteMs = 60_000;
/** The clock of the lab begins on a Thursday, at 00:00 UTC. */
const thursday = 3 * 24 * 60;

/** MTAs joined by X.400 connectors. `own`: what MTA A has configured for its connector to B. */
function joined(names: readonly string[], own: Partial<PeerConfig>): PureLab {
  const connector = withLink('x400');
  return new PureLab(names, {}, {}, (config): MtaConfig => {
    const joint = connector(config);
    if (config.name !== 'A') return joint;
    return { ...joint, peers: joint.peers.map((peer) => (peer.name === 'B' ? { ...peer, ...own } : peer)) };
  });
}

function associationsOf(lab: PureLab, mta: string): readonly Association[] {
  return ltabOf(lab.mta(mta)).flatMap(({ associations }) => associations);
}

function waitsOf(lab: PureLab, mta: string): readonly WaitView[] {
  return viewQueues(lab.mta(mta)).flatMap(({ waits }) => waits);
}

function delivered(lab: PureLab): readonly string[] {
  return lab.deliveries.map(({ mailbox }) => mailbox);
}

test('the overrides of a connector hold for it alone', (t) => {
  const lab = joined(['A', 'B', 'C'], { overrides: { openRetryIntervalS: 7, checkpointSizeK: 4, associationLifetimeS: 20 } });
  lab.unreachable.add('B').add('C');
  lab.submit('A', 'm1', ['x@b.example', 'x@c.example']);
  lab.settle();
  t.same(
    ltabOf(lab.mta('A')).map(({ name, openRetryAtMs }) => [name, openRetryAtMs]),
    [
      ['B', 7000],
      ['C', 600_000],
    ],
  );
  lab.unreachable.clear();
  lab.pass(600_000);
  t.same([...delivered(lab)].sort(), ['x@b.example', 'x@c.example']);
  const sizes = ltabOf(lab.mta('A')).map(({ name, associations }) => [name, associations.map((each) => each.checkpointSizeK)]);
  t.same(
    sizes,
    [
      ['B', []],
      ['C', [30]],
    ],
    'the association with B has ended after its own Lifetime, that with C has not',
  );
  t.end();
});

test('both ends of an association keep to the smaller checkpoint size', (t) => {
  const lab = joined(['A', 'B'], { overrides: { checkpointSizeK: 4 } });
  lab.submit('B', 'm1', ['x@a.example']);
  lab.settle();
  t.same(
    [...associationsOf(lab, 'A'), ...associationsOf(lab, 'B')].map(({ checkpointSizeK }) => checkpointSizeK),
    [4, 4],
  );
  t.end();
});

test('remote initiated: mail waits for an association that the other side opens', (t) => {
  const lab = joined(['A', 'B'], { activation: 'remote-initiated' });
  lab.submit('A', 'm1', ['x@b.example']);
  lab.pass(3_600_000);
  t.same(delivered(lab), []);
  t.match(waitsOf(lab, 'A'), [{ reason: 'schedule', says: /A waits until B opens an association/, untilMs: null }]);
  lab.input('A', { type: 'command', command: { op: 'retry', mta: 'B' } });
  lab.settle();
  t.same(associationsOf(lab, 'A'), [], 'not even the operator makes it open one');
  lab.submit('B', 'm2', ['x@a.example']);
  lab.settle();
  t.same(delivered(lab), ['x@a.example', 'x@b.example']);
  t.same(
    associationsOf(lab, 'A').map(({ role }) => role),
    ['responder'],
  );
  t.end();
});

test('never: mail stays, also while the other side has an association open', (t) => {
  const lab = joined(['A', 'B'], { activation: 'never' });
  lab.submit('A', 'm1', ['x@b.example']);
  lab.submit('B', 'm2', ['x@a.example']);
  lab.pass(3_600_000);
  t.same(delivered(lab), ['x@a.example']);
  t.match(waitsOf(lab, 'A'), [{ reason: 'schedule', says: /disabled/, untilMs: null }]);
  t.equal(associationsOf(lab, 'B').length, 0, 'the Lifetime ends the association in order');
  t.end();
});

test('selected times: mail waits for the next one, and goes at its start', (t) => {
  const noon = { fromMinute: thursday + 720, toMinute: thursday + 730 };
  const lab = joined(['A', 'B'], { activation: { times: [{ fromMinute: 0, toMinute: 60 }, noon] } });
  lab.submit('A', 'm1', ['x@b.example']);
  lab.settle();
  t.match(waitsOf(lab, 'A'), [{ reason: 'schedule', untilMs: 720 * minuteMs }]);
  lab.pass(720 * minuteMs - 1);
  t.same(delivered(lab), []);
  lab.pass(1);
  t.same(delivered(lab), ['x@b.example']);
  lab.pass(8 * minuteMs);
  t.equal(associationsOf(lab, 'A').length, 0);
  lab.submit('A', 'm2', ['y@b.example']);
  lab.settle();
  t.same(delivered(lab), ['x@b.example', 'y@b.example'], 'within the time nothing waits');
  lab.pass(10 * minuteMs);
  lab.submit('A', 'm3', ['z@b.example']);
  lab.settle();
  const monday = (7 * 24 * 60 - thursday) * minuteMs;
  t.match(waitsOf(lab, 'A'), [{ reason: 'schedule', untilMs: monday }], 'the week begins again');
  lab.pass(monday - lab.nowMs);
  t.equal(delivered(lab).length, 3);
  t.end();
});

test('outside of the selected times a failed opening waits for the next one, and an open association still carries mail', (t) => {
  const activation = { times: [{ fromMinute: thursday, toMinute: thursday + 5 }] };
  const lab = joined(['A', 'B'], { activation, overrides: { associationLifetimeS: 900 } });
  lab.submit('A', 'm1', ['x@b.example']);
  lab.settle();
  lab.pass(10 * minuteMs);
  lab.submit('A', 'm2', ['y@b.example']);
  lab.settle();
  t.same(delivered(lab), ['x@b.example', 'y@b.example']);
  lab.pass(3_600_000);
  lab.unreachable.add('B');
  lab.pass(7 * 24 * 60 * minuteMs - lab.nowMs);
  lab.submit('A', 'm3', ['z@b.example']);
  lab.settle();
  t.match(waitsOf(lab, 'A'), [{ reason: 'open-interval' }]);
  lab.pass(600_000);
  t.match(waitsOf(lab, 'A'), [{ reason: 'schedule', untilMs: 14 * 24 * 60 * minuteMs }]);
  t.end();
});

test('the threshold opens no further association outside of the selected times', (t) => {
  const open = (activation: NonNullable<PeerConfig['activation']>): number => {
    const lab = joined(['A', 'B'], { activation, overrides: { threshold: 1 } });
    lab.holdStores = true;
    lab.submit('A', 'm0', ['x@b.example']);
    lab.storeDone('A');
    lab.settle();
    lab.pass(10 * minuteMs);
    for (const id of ['m1', 'm2', 'm3']) lab.submit('A', id, ['x@b.example']);
    lab.storeDone('A');
    lab.settle();
    return associationsOf(lab, 'A').length;
  };
  t.ok(open('always') > 1);
  t.equal(open({ times: [{ fromMinute: thursday, toMinute: thursday + 5 }] }), 1);
  t.end();
});

test('the views show the connector', (t) => {
  const activation = { times: [{ fromMinute: thursday + 60, toMinute: thursday + 120 }] };
  const lab = joined(['A', 'B', 'C'], { activation, overrides: { windowSize: 2, threshold: 50 } });
  lab.submit('A', 'm1', ['x@b.example']);
  lab.settle();
  t.match(viewLtab(lab.mta('A')), [
    { peer: 'B', link: 'x400', activation: 'selected-times', activeAtMs: 60 * minuteMs },
    { peer: 'C', link: 'x400', activation: 'always', activeAtMs: null },
  ]);
  t.same(
    viewLtab(lab.mta('A')).map(({ overrides }) => overrides),
    [{ windowSize: 2 }, {}],
    'an override that is the setting of the MTA changes nothing',
  );
  t.match(viewBindings(lab.mta('A')), [{ port: 5001, x400Port: 6001 }]);
  t.end();
});

test('an attempt goes on where the time limit has ended the one before', (t) => {
  const endpoints = ['127.0.0.1[102]', '127.0.0.2[102]', '127.0.0.3[102]'];
  const bindings = ['127.0.0.1', '127.0.0.2', '127.0.0.3'].map((address) => ({ address, port: 0, label: '', enabled: true }));
  const connector = withLink('x400');
  const lab = new PureLab(['A', 'B'], { openTimeoutS: 30, openRetryIntervalS: 60 }, {}, (config): MtaConfig => {
    const joint = connector(config);
    if (config.name === 'B') return { ...joint, bindings, x400Port: 102 };
    return { ...joint, peers: joint.peers.map((peer) => ({ ...peer, endpoints })) };
  });
  const dials: string[] = [];
  lab.hooks.onDial = ({ host }) => dials.push(host);
  // Only the third path gets an answer. The others take 20 s each.
  lab.hooks.onFrame = ({ frame }) => !kindsIn(frame).includes('connection-request') || dials.at(-1) === '127.0.0.3';
  lab.submit('A', 'm1', ['x@b.example']);
  lab.pass(40_000);
  t.same(dials, ['127.0.0.1', '127.0.0.2'], 'the limit of 30 s ends the first attempt');
  t.equal(ltabOf(lab.mta('A'))[0]?.openFailures, 1);
  lab.pass(60_000);
  t.same(dials.slice(2), ['127.0.0.3']);
  t.same(delivered(lab), ['x@b.example']);
  t.end();
});
