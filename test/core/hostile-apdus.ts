/** Arbitraries for the APDUs and introductions of a hostile neighbour, valid and invalid. */
import type { AssociationId } from '@mtalab/mta-core';
import fc from 'fast-check';

export const small = fc.constantFrom(0, 1, 2, 3, 1024, 4096, 2 ** 32 + 2, 2 ** 32 + 5, 2 ** 53 - 1);
export const store = fc.constantFrom('store-of-A', 'store-of-H', 'constructor', '__proto__');
const name = fc.constantFrom('A', 'B', 'H', 'constructor');
export const association: fc.Arbitrary<AssociationId> = fc.constantFrom(
  'A/1/3',
  'H/1/1',
  'H/2/3',
  'H/2/4',
  'B/1/3',
  '',
  '__proto__',
);
export const from = fc.record({
  mtaName: name,
  password: fc.constantFrom('', 'x'),
  incarnation: fc.constantFrom(1, 2, 2 ** 53 - 1),
  storeUuid: store,
  settledBelow: small,
});
export const rtorq = fc.record({
  kind: fc.constant('rtorq' as const),
  checkpointSizeK: small,
  windowSize: small,
  dialogueMode: fc.constantFrom('monologue' as const, 'two-way-alternate' as const),
  turn: fc.constantFrom('initiator' as const, 'responder' as const),
  recovery: small,
});
export const envelope = fc.record({
  mtsId: fc.constant('c=lab;mta=H;1-1'),
  originator: fc.constantFrom('', 'x@h.example', 'x@b.example', 'nobody'),
  priority: fc.constantFrom('urgent' as const, 'normal' as const),
  contentType: fc.constant('message/rfc822'),
  submittedAtMs: small,
  sizeBytes: small,
  digest: fc.constantFrom('', 'x'),
  trace: fc.constantFrom([], [{ mta: 'A', atMs: 0 }]),
  recipients: fc.constantFrom([], ['x@a.example'], ['x@b.example', 'x@h.example', 'nobody', 'y@z.example']),
});
export const reason = fc.constantFrom('protocolError' as const, 'unrecognizedActivity' as const, 'permanentProblem' as const);
export const apdu = fc.oneof(
  fc.record({ kind: fc.constant('turn-please' as const), priority: fc.constantFrom(0, 1, 2, -1, 0.5, 99) }),
  fc.constant({ kind: 'turn-give' as const }),
  fc.record({ kind: fc.constant('discard' as const), activity: small, reason }),
  fc.record({ kind: fc.constant('rtab' as const), reason }),
  fc.record(
    {
      kind: fc.constant('rttr' as const),
      activity: small,
      offset: small,
      content: fc.record({ length: small }),
      last: fc.boolean(),
      start: envelope,
    },
    { requiredKeys: ['kind', 'activity', 'offset', 'content', 'last'] },
  ),
);
export const settled = fc.array(small, { maxLength: 4 });
const confirm = fc.record({ kind: fc.constant('confirm' as const), activity: small, upTo: small, stored: fc.boolean() });
const refuse = fc.record({ kind: fc.constant('refuse' as const), activity: small, reason });
const discarded = fc.record({ kind: fc.constant('discarded' as const), activity: small });
export const transferAnswer = fc.oneof(confirm, refuse, discarded);
const refusal = fc.constantFrom('rtsBusy' as const, 'cannotRecover' as const, 'unacceptableDialogueMode' as const);
export const openAnswer = fc.oneof(
  fc.record({ kind: fc.constant('rtoac' as const), checkpointSizeK: small, windowSize: small }),
  fc.record({ kind: fc.constant('rtorj' as const), reason: refusal }),
);
