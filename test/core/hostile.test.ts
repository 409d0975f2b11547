/**
 * A hostile neighbour on RPC sends anything at any time. The core stays total and keeps its limits, and the mail of the other
 * neighbour moves.
 */
import {
  contains,
  excluding,
  excludingAll,
  type Intervals,
  including,
  intervalsOf,
  ltabOf,
  mtaInterface,
  ndrSyntax,
  opnumOf,
  type Pdu,
  type RpcArgument,
  type RpcResult,
} from '@mtalab/mta-core';
import fc from 'fast-check';
import { test } from 'tap';
import { PureLab } from '../support/purelab.js';
import { apdu, association, from, openAnswer, rtorq, settled, small, transferAnswer } from './hostile-apdus.js';
import { nobodySuffersFrom } from './hostile-lab.js';

const close = { kind: 'close' } as const;
const argument: fc.Arbitrary<RpcArgument> = fc.oneof(
  fc.record({
    op: fc.constant('MtaBind' as const),
    from,
    endpoints: fc.constantFrom([], ['127.0.0.1[5003]'], ['rubbish', '127.0.0.1[5003]'], ['127.0.0.1[5001]']),
    association,
    rtorq,
  }),
  fc.record({ op: fc.constant('MtaBindBack' as const), from, association, recovery: small }),
  fc.record({ op: fc.constant('MtaSend' as const), apdu, settled }),
  fc.record({ op: fc.constant('MtaUnBind' as const), association, apdu: fc.constant(close), settled }),
  fc.record({ op: fc.constant('MtaUnBindBack' as const), association, apdu: fc.constant(close) }),
);
const answer = fc.oneof(
  { weight: 3, arbitrary: transferAnswer },
  { weight: 1, arbitrary: fc.constantFrom({ kind: 'please-noted' as const }, { kind: 'turn-give-ack' as const }) },
);
const closeAck = fc.constant({ kind: 'close-ack' as const });
const result: fc.Arbitrary<RpcResult> = fc.oneof(
  fc.record({
    op: fc.constant('MtaBind' as const),
    from,
    apdu: openAnswer,
  }),
  fc.record({ op: fc.constant('MtaBindBack' as const), accepted: fc.boolean() }),
  fc.record({ op: fc.constant('MtaSend' as const), apdu: answer }),
  fc.record({ op: fc.constant('MtaUnBind' as const), apdu: closeAck }),
  fc.record({ op: fc.constant('MtaUnBindBack' as const), apdu: closeAck }),
);
const call = fc.constantFrom(1, 2, 3, 4, 5, 77);
const pdu: fc.Arbitrary<Pdu> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(call, argument)
      .map(([id, body]): Pdu => ({ type: 'request', call: id, context: 0, opnum: opnumOf[body.op], body })),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(call, result)
      .map(([id, body]): Pdu => ({ type: 'response', call: id, context: 0, cancelCount: 0, body })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(call, fc.constantFrom(0, 1, 2, 3)).map(
      ([id, group]): Pdu => ({
        type: 'bind',
        call: id,
        maxXmit: 5840,
        maxRecv: 5840,
        group,
        multiplex: id % 2 === 0,
        headerSigning: false,
        contexts: [{ id: 0, abstract: mtaInterface, transfer: [ndrSyntax] }],
      }),
    ),
  },
  { weight: 1, arbitrary: call.map((id): Pdu => ({ type: 'co_cancel', call: id })) },
  { weight: 1, arbitrary: call.map((id): Pdu => ({ type: 'orphaned', call: id })) },
  {
    weight: 1,
    arbitrary: call.map(
      (id): Pdu => ({ type: 'fault', call: id, context: 0, cancelCount: 0, status: 0x1c00000d, didNotExecute: false }),
    ),
  },
);
test('a hostile neighbour on RPC: the core never throws, limits hold, and the mail of the others arrives once', (t) => {
  nobodySuffersFrom(
    'rpc',
    pdu.map((frame) => ({ link: 'rpc', frame })),
  );
  t.end();
});

test('sets of activities: remove many at once, add many at once', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(40)), fc.array(fc.nat(40)), (values, out) => {
      const set = values.reduce<Intervals>(including, []);
      t.same(intervalsOf(values), set);
      t.same(excludingAll(set, out), out.reduce<Intervals>(excluding, set));
      return out.every((value) => !contains(excludingAll(set, out), value));
    }),
    { numRuns: 200 },
  );
  t.end();
});

test('the default window is 3', (t) => {
  for (const kind of ['rtorq', 'rtoac'] as const) {
    const lab = new PureLab(['A', 'B']);
    lab.hooks.onFrame = ({ pdu: sent }) => {
      if (sent.type !== 'request' && sent.type !== 'response') return true;
      const part = 'rtorq' in sent.body ? sent.body.rtorq : 'apdu' in sent.body ? sent.body.apdu : null;
      if (part?.kind === kind) Object.assign(part, { windowSize: 0 });
      return true;
    };
    lab.submit('A', 'm1', ['x@b.example']);
    lab.settle();
    t.equal(ltabOf(lab.mta('A'))[0]?.associations[0]?.windowSize, 3);
    t.equal(lab.deliveries.length, 1);
  }
  t.end();
});

/** A lab of three after a change, for example of its PDUs in transit or of its configuration. */
function labWith(change: (lab: PureLab) => void): PureLab {
  const lab = new PureLab(['A', 'B', 'C']);
  change(lab);
  lab.submit('B', 'm1', ['x@a.example']);
  lab.settle();
  lab.submit('C', 'm2', ['x@a.example']);
  lab.settle();
  return lab;
}

function refusalsAt(lab: PureLab, name: string): unknown[] {
  return lab.events.filter(({ node, event }) => node === name && event.id === 1293).map(({ event }) => event.params);
}

test('an MTA refuses a peer that has the store of another: their activity ids would be the same', (t) => {
  const lab = labWith((made) => {
    made.crash('C');
    Object.assign(made.node('C').store, { uuid: 'store-of-B' });
    made.startNode('C');
  });
  t.equal(lab.deliveries.length, 1);
  t.match(refusalsAt(lab, 'A'), [{ entity: 'C', reason: 'validationFailure (2)' }]);
  t.end();
});

test('no MTA can open an association in the name of another', (t) => {
  const lab = labWith((made) => {
    made.hooks.onFrame = ({ from: sender, pdu: sent }) => {
      if (sender === 'C' && sent.type === 'request' && sent.body.op === 'MtaBind')
        Object.assign(sent.body, { association: 'B/1/9' });
      return true;
    };
  });
  t.equal(lab.deliveries.length, 1);
  t.match(refusalsAt(lab, 'A'), [{ entity: 'C', reason: 'validationFailure (2)' }]);
  t.end();
});
