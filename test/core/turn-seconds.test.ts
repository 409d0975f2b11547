/** How long associations are in each state of the Turn, as each side counts it, and what both sides together say of the holder. */
import { ltabOf, type TurnState, turnSeconds } from '@mtalab/mta-core';
import { test } from 'tap';
import { PureLab } from '../support/purelab.js';

type Seconds = Readonly<Record<TurnState, number>>;

function secondsAt(lab: PureLab, name: string): Seconds {
  const [entry] = ltabOf(lab.mta(name));
  if (entry === undefined) throw new Error(`${name} has no adjacent MTA`);
  return turnSeconds(entry, lab.nowMs);
}

const openTime = (seconds: Seconds): number => Object.values(seconds).reduce((sum, each) => sum + each, 0);
const heldTime = ({ held, 'asked-of': askedOf }: Seconds): number => held + askedOf;

/** The time in which neither side held the Turn: see docs/metrics.md. */
function withoutHolder(lab: PureLab): number {
  const [a, b] = [secondsAt(lab, 'A'), secondsAt(lab, 'B')];
  return (openTime(a) + openTime(b)) / 2 - heldTime(a) - heldTime(b);
}

test('the initiator holds the Turn until it gives it; then the responder does', (t) => {
  const lab = new PureLab(['A', 'B']);
  lab.submit('A', 'm1', ['x@b.example']);
  lab.settle();
  lab.pass(7000);
  t.match(secondsAt(lab, 'A'), { held: 7, theirs: 0, asking: 0 });
  t.match(secondsAt(lab, 'B'), { held: 0, theirs: 7, asking: 0 });
  lab.submit('B', 'm2', ['x@a.example']);
  lab.settle();
  lab.pass(5000);
  t.match(secondsAt(lab, 'A'), { held: 7, theirs: 5 });
  t.match(secondsAt(lab, 'B'), { held: 5, theirs: 7 });
  t.equal(withoutHolder(lab), 0);
  const [entryOfA, entryOfB] = ['A', 'B'].map((name) => ltabOf(lab.mta(name))[0]);
  t.match(entryOfA?.counters, { pleasesSent: 0, pleasesReceived: 1, turnsGiven: 1 });
  t.match(entryOfB?.counters, { pleasesSent: 1, pleasesReceived: 0, turnsReceived: 1 });
  t.match(entryOfA?.latest, { outboundAtMs: 0, inboundAtMs: null });
  t.match(entryOfB?.latest, { outboundAtMs: null, inboundAtMs: 0 });
  // Its Lifetime closes the association: from then on no time is counted.
  lab.pass(1_000_000);
  t.same(ltabOf(lab.mta('A'))[0]?.associations, []);
  const closed = secondsAt(lab, 'A');
  lab.pass(1_000_000);
  t.same(secondsAt(lab, 'A'), closed);
  t.end();
});

/** Both sides ask for the Turn in turn; on the way the Turn-Give of A is lost with the connections. */
function lossOf(legacy: readonly string[]): PureLab {
  const lab = new PureLab(['A', 'B'], {}, { A: legacy, B: legacy });
  lab.submit('A', 'm1', ['x@b.example']);
  lab.settle();
  lab.hooks.onFrame = ({ from, pdu }) => {
    if (from !== 'A' || pdu.type !== 'request' || pdu.body.op !== 'MtaSend' || pdu.body.apdu.kind !== 'turn-give') return true;
    lab.hooks = {};
    lab.cutAll();
    return false;
  };
  lab.submit('B', 'm2', ['x@a.example']);
  lab.settle();
  lab.pass(100_000);
  return lab;
}

test('nobody holds a Turn that is lost, and both sides together show that', (t) => {
  const legacy = lossOf(['Q166594']);
  t.equal(withoutHolder(legacy), 100);
  t.match(secondsAt(legacy, 'B'), { held: 0, asking: 100 });
  t.equal(withoutHolder(lossOf([])), 0, 'with the correction the recovery makes a holder');
  t.end();
});

test('no figure ever falls, at fractions of a millisecond too', (t) => {
  const lab = new PureLab(['A', 'B'], { turnRequestThreshold: 1 });
  let before: readonly Seconds[] = [];
  let checked = 0;
  lab.nowMs = 1_700_000_000_000.3;
  for (let at = 0; at < 200; at += 1) {
    lab.submit(at % 3 === 0 ? 'A' : 'B', `m${at}`, [at % 3 === 0 ? 'x@b.example' : 'x@a.example']);
    lab.settle();
    lab.pass(0.7 + (at % 7) * 333.3);
    if (at % 50 === 49) lab.cutAll();
    lab.settle();
    const now = ['A', 'B'].map((name) => secondsAt(lab, name));
    for (const [index, seconds] of now.entries()) {
      for (const [turn, value] of Object.entries(seconds)) {
        const last = before[index]?.[turn as TurnState] ?? 0;
        if (!(value >= last)) t.fail(`${turn} fell from ${last} to ${value}`);
        checked += 1;
      }
    }
    before = now;
  }
  t.equal(checked, 2000);
  t.end();
});

test('the reasons of a refusal: the MTA that refuses and the one that is refused say the same', (t) => {
  const settings = { A: true, B: false };
  const lab = new PureLab(['A', 'B'], {}, {}, (config) => ({
    ...config,
    settings: { ...config.settings, twoWayAlternate: settings[config.name as 'A' | 'B'] },
  }));
  lab.submit('A', 'm1', ['x@b.example']);
  lab.settle();
  t.match(ltabOf(lab.mta('A'))[0]?.latest, { failureReason: 'unacceptableDialogueMode', outboundAtMs: null });
  t.match(ltabOf(lab.mta('B'))[0]?.latest, { rejectReason: 'unacceptableDialogueMode', inboundAtMs: null });
  lab.unreachable.add('B');
  lab.pass(601_000);
  lab.settle();
  t.match(ltabOf(lab.mta('A'))[0]?.latest, { failureReason: 'connectionFailed' });
  t.end();
});
