/** A neighbour that says anything at any time: the core stays total, keeps its limits, and its other neighbour's mail moves. */
import {
  type AssociationId,
  contains,
  excluding,
  excludingAll,
  type Intervals,
  including,
  intervalsOf,
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

const small = fc.constantFrom(0, 1, 2, 3, 1024, 4096, 2 ** 32 + 2, 2 ** 32 + 5, 2 ** 53 - 1);
const store = fc.constantFrom('store-of-A', 'store-of-H', 'constructor', '__proto__');
const name = fc.constantFrom('A', 'B', 'H', 'constructor');
const association: fc.Arbitrary<AssociationId> = fc.constantFrom('A/1/3', 'H/1/1', 'H/2/3', 'H/2/4', 'B/1/3', '', '__proto__');
const from = fc.record({
  mtaName: name,
  password: fc.constantFrom('', 'x'),
  incarnation: fc.constantFrom(1, 2, 2 ** 53 - 1),
  storeUuid: store,
  settledBelow: small,
});
const rtorq = fc.record({
  kind: fc.constant('rtorq' as const),
  checkpointSizeK: small,
  windowSize: small,
  dialogueMode: fc.constantFrom('monologue' as const, 'two-way-alternate' as const),
  turn: fc.constantFrom('initiator' as const, 'responder' as const),
  recovery: small,
});
const envelope = fc.record({
  mtsId: fc.constant('c=lab;mta=H;1-1'),
  originator: fc.constantFrom('', 'x@h.example', 'x@b.example', 'nobody'),
  priority: fc.constantFrom('urgent' as const, 'normal' as const),
  contentType: fc.constant('message/rfc822'),
  submittedAtMs: small,
  sizeBytes: small,
  trace: fc.constantFrom([], [{ mta: 'A', atMs: 0 }]),
  recipients: fc.constantFrom([], ['x@a.example'], ['x@b.example', 'x@h.example', 'nobody', 'y@z.example']),
});
const reason = fc.constantFrom('protocolError' as const, 'unrecognizedActivity' as const, 'permanentProblem' as const);
const apdu = fc.oneof(
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
const settled = fc.array(small, { maxLength: 4 });
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
  fc.record({ kind: fc.constant('confirm' as const), activity: small, upTo: small, stored: fc.boolean() }),
  fc.constantFrom({ kind: 'please-noted' as const }, { kind: 'turn-give-ack' as const }),
  fc.record({ kind: fc.constant('refuse' as const), activity: small, reason }),
  fc.record({ kind: fc.constant('discarded' as const), activity: small }),
);
const closeAck = fc.constant({ kind: 'close-ack' as const });
const refusal = fc.constantFrom('rtsBusy' as const, 'cannotRecover' as const, 'unacceptableDialogueMode' as const);
const result: fc.Arbitrary<RpcResult> = fc.oneof(
  fc.record({
    op: fc.constant('MtaBind' as const),
    from,
    apdu: fc.oneof(
      fc.record({ kind: fc.constant('rtoac' as const), checkpointSizeK: small, windowSize: small }),
      fc.record({ kind: fc.constant('rtorj' as const), reason: refusal }),
    ),
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
/** What may happen besides: mail each way, time, losses, a disk that is full. */
const happenings: Readonly<Record<string, (lab: PureLab, id: string) => void>> = {
  settle: (lab) => void lab.settle(),
  step: (lab) => void lab.deliverOne(),
  pass: (lab) => lab.pass(61_000),
  cut: (lab) => lab.cutAll(),
  'full disk': (lab) => lab.storeFail('A'),
  'mail from H': (lab, id) => lab.submit('H', id, ['x@a.example'], { sizeBytes: 3000 }),
  'mail for H': (lab, id) => lab.submit('A', id, ['x@h.example'], { sizeBytes: 5000 }),
  'mail for B': (lab, id) => lab.submit('A', id, ['x@b.example'], { sizeBytes: 2000 }),
  'mail from B': (lab, id) => lab.submit('B', id, ['x@a.example'], { sizeBytes: 2000 }),
};
const acts = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ at: fc.nat(7), pdu }) },
    { weight: 3, arbitrary: fc.constantFrom(...Object.keys(happenings)) },
  ),
  { minLength: 20, maxLength: 80, size: 'max' },
);

/** On any connection that H has, in the name of H. */
function say(lab: PureLab, at: number, said: Pdu): void {
  const wires = lab.wires.filter((wire) => wire.client.node === 'H' || wire.server.node === 'H');
  const wire = wires[at % Math.max(1, wires.length)];
  if (wire === undefined) return;
  lab.injectPdu(wire, wire.client.node === 'H' ? 'toServer' : 'toClient', said);
  lab.deliverOne();
}

function limitsHold(lab: PureLab): void {
  for (const { associations, queued, queuedBytes, incoming } of lab.mta('A').ltab) {
    if (associations.length > 11) throw new Error(`${associations.length} associations`);
    if (incoming.length > 80) throw new Error(`${incoming.length} incoming`);
    if (queued < 0 || queuedBytes < 0) throw new Error(`${queued} queued, ${queuedBytes} octets`);
  }
  if (lab.mta('A').queuedCopies < 0) throw new Error('fewer copies than none');
}

test('whatever one neighbour says, nothing is thrown, limits hold, and the mail of the others arrives once', (t) => {
  const settings = { maxQueuedCopies: 40, checkpointSizeK: 1, openRetryIntervalS: 60, maxConnections: 60 };
  fc.assert(
    fc.property(acts, store, (run, uuid) => {
      // A and B share a password, or H could speak as the one to the other.
      const lab = new PureLab(['A', 'B', 'H'], settings, {}, (config) => ({
        ...config,
        peers: config.peers.map((peer) => (peer.name === 'H' || config.name === 'H' ? peer : { ...peer, password: 's' })),
      }));
      lab.crash('H');
      Object.assign(lab.node('H').store, { uuid });
      lab.startNode('H');
      for (const [index, act] of run.entries()) {
        if (typeof act === 'string') happenings[act]?.(lab, `${act} ${index}`);
        else say(lab, act.at, act.pdu);
        limitsHold(lab);
      }
      lab.pass(3_600_000);
      const reported = [...lab.reports.values()].map((facts) => facts.subject.mtsId);
      for (const { submissionId, mtsId } of lab.submitted) {
        if (!/B/.test(submissionId)) continue;
        const arrived = lab.deliveries.filter((delivery) => delivery.mtsId === mtsId).length;
        if (arrived > 1 || (arrived === 0 && !reported.includes(mtsId)))
          throw new Error(`${submissionId} arrived ${arrived} times`);
      }
    }),
    { numRuns: Number(process.env['RUNS'] ?? 150) },
  );
  t.end();
});

test('sets of activities: many taken out at once, or put in at once', (t) => {
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

test('a window that nobody names is 3', (t) => {
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
    t.equal(lab.mta('A').ltab[0]?.associations[0]?.windowSize, 3);
    t.equal(lab.deliveries.length, 1);
  }
  t.end();
});

/** A lab of three in which something is said otherwise than it was meant. */
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

test('an MTA with the store of another is refused: their activity ids would be the same', (t) => {
  const lab = labWith((made) => {
    made.crash('C');
    Object.assign(made.node('C').store, { uuid: 'store-of-B' });
    made.startNode('C');
  });
  t.equal(lab.deliveries.length, 1);
  t.match(refusalsAt(lab, 'A'), [{ entity: 'C', reason: 'validationFailure (2)' }]);
  t.end();
});

test('nobody opens an association in the name of another', (t) => {
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
