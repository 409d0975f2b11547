/** A hostile neighbour on the X.400 connector, which sends any frame at any time. */
import { type Association, ltabOf, rowsIn, type X400Connection, type X400Frame } from '@mtalab/mta-core';
import fc from 'fast-check';
import { test } from 'tap';
import type { PureLab } from '../support/purelab.js';
import { association, envelope, from, openAnswer, reason, rtorq, settled, small } from './hostile-apdus.js';
import { labWithStranger, limitsHold, mailHasMoved, nobodySuffersFrom } from './hostile-lab.js';

const type = <Type extends X400Frame['type']>(name: Type): fc.Arbitrary<Type> => fc.constant(name);
const checkpoint = fc.constantFrom(0, 1, 2, 3, 4, 999_999);
const reference = fc.constantFrom(0, 1, 2, 65_535);
const head = fc.record({ envelope, settled, settledBelow: small });

const frame: fc.Arbitrary<X400Frame> = fc.oneof(
  fc.record({ type: type('connection-request'), source: reference }),
  fc.record({ type: type('connection-confirm'), source: reference, destination: reference }),
  fc.record({ type: type('disconnect-request'), destination: reference, reason: fc.constantFrom('congestion', 'normal') }),
  { weight: 3, arbitrary: fc.record({ type: type('connect'), from, association, openedAtMs: small, apdu: rtorq }) },
  openAnswer.chain(
    (apdu): fc.Arbitrary<X400Frame> =>
      apdu.kind === 'rtoac'
        ? fc.record({ type: type('accept'), from, apdu: fc.constant(apdu) })
        : fc.record({ type: type('refuse'), from: fc.oneof(from, fc.constant(null)), apdu: fc.constant(apdu) }),
  ),
  fc.record({ type: fc.constantFrom('finish', 'disconnect', 'abort-accept', 'give-tokens-confirm', 'give-tokens-ack') }),
  fc.record({ type: type('abort'), reason }),
  fc.record({ type: type('please-tokens'), priority: fc.constantFrom(0, 1, 2, -1, 0.5, 99) }),
  { weight: 3, arbitrary: fc.record({ type: type('activity-start'), activity: small }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: type('activity-resume'), activity: small, checkpoint, association, openedAtMs: small }),
  },
  {
    weight: 6,
    arbitrary: fc.record(
      { type: type('data'), head, content: fc.record({ length: small }), checkpoint, end: fc.boolean() },
      { requiredKeys: ['type', 'content', 'checkpoint', 'end'] },
    ),
  },
  fc.record({ type: fc.constantFrom('minor-sync-ack', 'activity-end-ack'), checkpoint }),
  fc.record({ type: fc.constantFrom('exception', 'activity-interrupt', 'activity-discard'), reason }),
  fc.record({ type: fc.constantFrom('activity-interrupt-ack', 'activity-discard-ack') }),
);

test('a hostile neighbour on the X.400 connector: the core never throws, limits hold, and the mail of the others arrives once', (t) => {
  nobodySuffersFrom(
    'x400',
    frame.map((said) => ({ link: 'x400', frame: said })),
  );
  t.end();
});

const end = (lab: PureLab): X400Connection | undefined =>
  rowsIn(lab.mta('A').x400.connections).find(({ owner }) => owner === null || owner.entry === entryOfH);
const entryOfH = 2;
const associationAt = (lab: PureLab): Association | undefined => ltabOf(lab.mta('A'))[entryOfH - 1]?.associations[0];

/** Lets items arrive one by one until A is in this state. */
function until(lab: PureLab, reached: () => boolean): void {
  while (!reached()) if (!lab.deliverOne()) throw new Error('the state is never reached');
}

const [toH, toA] = [['x@h.example'], ['x@a.example']];

/** The steps that bring A into each state with a connection to H. */
const states: Readonly<Record<string, (lab: PureLab) => void>> = {
  connecting: (lab) => {
    lab.submit('A', 'm1', toH);
    until(lab, () => end(lab)?.phase === 'connecting');
  },
  calling: (lab) => {
    lab.submit('A', 'm1', toH);
    until(lab, () => end(lab)?.phase === 'calling');
  },
  accepted: (lab) => {
    lab.submit('H', 'm1', toA);
    until(lab, () => end(lab)?.phase === 'accepted');
  },
  answering: (lab) => {
    lab.submit('H', 'm1', toA);
    until(lab, () => end(lab)?.phase === 'answering');
  },
  sending: (lab) => {
    lab.heldStores.add('H');
    lab.submit('A', 'm1', toH, { sizeBytes: 9000 });
    lab.settle();
  },
  receiving: (lab) => {
    lab.heldStores.add('A');
    lab.submit('H', 'm1', toA, { sizeBytes: 9000 });
    lab.settle();
  },
  'without the Turn': (lab) => {
    lab.submit('H', 'm1', toA);
    lab.settle();
  },
  asking: (lab) => {
    lab.submit('H', 'm1', toA);
    lab.settle();
    lab.submit('A', 'm2', toH);
    until(lab, () => associationAt(lab)?.turn === 'asking');
  },
  given: (lab) => {
    lab.submit('A', 'm1', toH);
    lab.settle();
    lab.submit('H', 'm2', toA);
    until(lab, () => associationAt(lab)?.turn === 'given');
  },
  closing: (lab) => {
    lab.submit('A', 'm1', toH);
    lab.settle();
    lab.nowMs += 300_000;
    lab.input('A', { type: 'timer' });
    until(lab, () => associationAt(lab)?.state === 'closing');
  },
};

for (const [state, enter] of Object.entries(states)) {
  test(`any frame at an MTA that is ${state}`, (t) => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 3 }), (said) => {
        const lab = labWithStranger('x400', { checkpointSizeK: 1 });
        enter(lab);
        const wire = lab.wireOf('A', end(lab)?.id ?? Number.NaN);
        if (wire === undefined) throw new Error('no connection is there');
        const direction = wire.client.node === 'A' ? 'toClient' : 'toServer';
        // Frames that H has sent earlier are still under way and arrive later.
        const own = wire[direction].splice(0);
        for (const each of said) lab.inject(wire, direction, { link: 'x400', frame: each });
        for (const _ of said) lab.deliverOn(wire, direction);
        wire[direction].push(...own);
        limitsHold(lab);
        lab.submit('A', 'for B', ['x@b.example']);
        lab.submit('B', 'from B', toA);
        for (const { held } of lab.wires) held.clear();
        lab.heldStores.clear();
        for (const name of ['A', 'H']) lab.storeDone(name);
        lab.pass(3_600_000);
        limitsHold(lab);
        mailHasMoved(lab);
      }),
      { numRuns: 100 },
    );
    t.end();
  });
}
