/** A hostile neighbour on the memory link, which sends any frame at any time. */
import type { MemoryFrame } from '@mtalab/mta-core';
import fc from 'fast-check';
import { test } from 'tap';
import { apdu, association, from, openAnswer, rtorq, settled, transferAnswer } from './hostile-apdus.js';
import { labWithStranger, nobodySuffersFrom } from './hostile-lab.js';
import { anyFrameInEachState, bringInto, connectionToH } from './hostile-states.js';

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

test('a hostile neighbour on the memory link: the core never throws, limits hold, and the mail of the others arrives once', (t) => {
  nobodySuffersFrom(
    'memory',
    frame.map((said) => ({ link: 'memory', frame: said })),
  );
  t.end();
});

anyFrameInEachState(
  'memory',
  frame.map((each) => ({ link: 'memory', frame: each })),
  ['calling', 'answering'],
);

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

/** The reaction of A to a frame: the reason in its log (1294), or the fate of the association and its connection. */
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
    bringInto(lab, 'memory', state);
    const conn = connectionToH(lab, 'memory')?.id ?? Number.NaN;
    lab.input('A', { type: 'frame', link: 'memory', conn, frame: said(name) });
    const reasons = lab.events.flatMap(({ node, event }) => (node === 'A' && event.id === 1294 ? [event.params.reason] : []));
    const fate = connectionToH(lab, 'memory')?.id === conn ? 'goes on' : 'is closed';
    t.same(reasons, reaction === fate ? [] : [reaction]);
    t.equal(fate, reaction === 'goes on' ? 'goes on' : 'is closed');
    t.end();
  });
}
