/** A neighbour that says anything at any time over the memory link, and neighbours that lose anything at any time. */
import { type Association, ltabOf, type MemoryConnection, type MemoryFrame, rowsIn } from '@mtalab/mta-core';
import fc from 'fast-check';
import { test } from 'tap';
import type { PureLab } from '../support/purelab.js';
import { apdu, association, from, openAnswer, rtorq, settled, transferAnswer } from './hostile-apdus.js';
import { labWithStranger, limitsHold, mailHasMoved, nobodySuffersFrom } from './hostile-lab.js';

const serial = fc.constantFrom(0, 1, 2, 3, 77, -1);
const frame: fc.Arbitrary<MemoryFrame> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('open' as const), from, association, apdu: rtorq }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('open-answer' as const), from, apdu: openAnswer }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('apdu' as const), serial, apdu, settled }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('answer' as const), serial, apdu: transferAnswer }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('give-ack' as const), serial }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('close' as const), settled }) },
  { weight: 1, arbitrary: fc.constant({ type: 'close-answer' as const }) },
);

test('whatever one neighbour says over the memory link, nothing is thrown, limits hold, and the mail of the others arrives once', (t) => {
  nobodySuffersFrom(
    'memory',
    frame.map((said) => ({ link: 'memory', frame: said })),
  );
  t.end();
});

const end = (lab: PureLab): MemoryConnection | undefined =>
  rowsIn(lab.mta('A').memory.connections).find(({ owner }) => owner === null || owner.entry === entryOfH);
const entryOfH = 2;
const associationAt = (lab: PureLab): Association | undefined => ltabOf(lab.mta('A'))[entryOfH - 1]?.associations[0];

/** Lets one thing after another arrive until A is in this state. */
function until(lab: PureLab, reached: () => boolean): void {
  while (!reached()) if (!lab.deliverOne()) throw new Error('the state is never reached');
}

const [toH, toA] = [['x@h.example'], ['x@a.example']];

/** How A gets into each state in which it has a connection with H. */
const states: Readonly<Record<string, (lab: PureLab) => void>> = {
  calling: (lab) => {
    lab.submit('A', 'm1', toH);
    until(lab, () => end(lab)?.phase === 'calling');
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
  'with the Turn': (lab) => {
    lab.submit('A', 'm1', toH);
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
  'asked of': (lab) => {
    lab.submit('A', 'm1', toH);
    until(lab, () => end(lab)?.phase === 'up');
    for (const wire of lab.wires) wire.held.add('toServer');
    lab.submit('H', 'm2', toA);
    until(lab, () => associationAt(lab)?.turn === 'asked-of');
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
        const lab = labWithStranger('memory', { checkpointSizeK: 1 });
        enter(lab);
        const wire = lab.wireOf('A', end(lab)?.id ?? Number.NaN);
        if (wire === undefined) throw new Error('no connection is there');
        const direction = wire.client.node === 'A' ? 'toClient' : 'toServer';
        // What H said itself is still under way, and comes later.
        const own = wire[direction].splice(0);
        for (const each of said) lab.inject(wire, direction, { link: 'memory', frame: each });
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

const said = (name: keyof typeof frames): MemoryFrame => frames[name];
const credentials = { mtaName: 'H', password: '', incarnation: 1, storeUuid: 'store-of-H', settledBelow: 0 };
const frames = {
  open: {
    type: 'open',
    from: credentials,
    association: 'H/1/7',
    apdu: { kind: 'rtorq', checkpointSizeK: 1, windowSize: 1, dialogueMode: 'two-way-alternate', turn: 'initiator', recovery: 0 },
  },
  'open-answer': { type: 'open-answer', from: credentials, apdu: { kind: 'rtoac', checkpointSizeK: 1, windowSize: 1 } },
  'turn-give': { type: 'apdu', serial: 1, apdu: { kind: 'turn-give' }, settled: [] },
  rtab: { type: 'apdu', serial: 1, apdu: { kind: 'rtab', reason: 'userError' }, settled: [] },
  confirm: { type: 'answer', serial: 77, apdu: { kind: 'confirm', activity: 77, upTo: 1, stored: true } },
  'give-ack': { type: 'give-ack', serial: 77 },
  close: { type: 'close', settled: [] },
  'close-answer': { type: 'close-answer' },
} as const satisfies Readonly<Record<string, MemoryFrame>>;

/** What A does with a frame: the reason in its log (1294), or what becomes of the association and its connection. */
const reactions: readonly (readonly [state: string, frame: keyof typeof frames, reaction: string])[] = [
  ['calling', 'turn-give', 'turn-give in state calling, Turn held'],
  ['calling', 'rtab', 'aborted by the peer: userError'],
  ['calling', 'close', 'close in state calling, Turn held'],
  ['calling', 'close-answer', 'close-answer in state calling, Turn held'],
  ['calling', 'confirm', 'goes on'],
  ['answering', 'open-answer', 'is closed'],
  ['answering', 'turn-give', 'is closed'],
  ['answering', 'close', 'is closed'],
  ['with the Turn', 'open', 'open in state open, Turn held'],
  ['with the Turn', 'open-answer', 'open-answer in state open, Turn held'],
  ['with the Turn', 'turn-give', 'turn-give in state open, Turn held'],
  ['with the Turn', 'give-ack', 'give-ack in state open, Turn held'],
  ['with the Turn', 'close', 'close in state open, Turn held'],
  ['with the Turn', 'close-answer', 'close-answer in state open, Turn held'],
  ['with the Turn', 'confirm', 'goes on'],
  ['without the Turn', 'close', 'is closed'],
  ['given', 'give-ack', 'give-ack in state open, Turn given'],
  ['closing', 'confirm', 'goes on'],
  ['closing', 'close-answer', 'is closed'],
];

for (const [state, name, reaction] of reactions) {
  test(`${name} at an MTA that is ${state}: ${reaction}`, (t) => {
    const lab = labWithStranger('memory', {});
    states[state]?.(lab);
    const conn = end(lab)?.id ?? Number.NaN;
    lab.input('A', { type: 'frame', link: 'memory', conn, frame: said(name) });
    const reasons = lab.events.flatMap(({ node, event }) => (node === 'A' && event.id === 1294 ? [event.params.reason] : []));
    const fate = end(lab)?.id === conn ? 'goes on' : 'is closed';
    t.same(reasons, reaction === fate ? [] : [reaction]);
    t.equal(fate, reaction === 'goes on' ? 'goes on' : 'is closed');
    t.end();
  });
}
