/** A hostile neighbour on the X.400 connector, which sends any frame at any time. */
import type { X400Frame } from '@mtalab/mta-core';
import fc from 'fast-check';
import { test } from 'tap';
import { association, envelope, from, openAnswer, reason, rtorq, settled, small } from './hostile-apdus.js';
import { nobodySuffersFrom } from './hostile-lab.js';
import { anyFrameInEachState } from './hostile-states.js';

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

anyFrameInEachState(
  'x400',
  frame.map((said) => ({ link: 'x400', frame: said })),
  ['connecting', 'calling', 'accepted', 'answering'],
);
