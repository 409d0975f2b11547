/**
 * Q166594, messages are not delivered over the first association: one test for each of its facts, on MTAs without sockets.
 * Both MTAs have the same build, with the fault or without it, and meet the same loss: all connections of the association
 * break between the sending of the Turn-Give and its receipt. (`mtalab repro Q166594` shows it on two processes.)
 */
import { type AssociationView, believes, ltabOf, quirkOf, viewAssociations } from '@mtalab/mta-core';
import { test } from 'tap';
import { PureLab } from '../support/purelab.js';

const article = 'Q166594';
const tenDaysMs = 10 * 24 * 3_600_000;
const lifetimeMs = 301_000;

const lost = 'its connections were lost';

/** Reasons of the abnormal ends of associations, as both event logs tell them (1294). */
function endings(lab: PureLab): string[] {
  return lab.events.flatMap(({ event }) => (event.id === 1294 ? [event.params.reason] : []));
}

class Course {
  readonly lab: PureLab;
  #messages = 0;
  /** First connections of associations: MtaBind calls that open, as they arrive. */
  firstConnections = 0;

  constructor(mode: 'legacy' | 'fixed') {
    const legacy = mode === 'legacy' ? { A: [article], B: [article] } : {};
    this.lab = new PureLab(['A', 'B'], {}, legacy);
    this.lab.hooks.onFrame = ({ pdu }) => {
      if (pdu.type === 'request' && pdu.body.op === 'MtaBind' && pdu.body.rtorq.recovery === 0) this.firstConnections += 1;
      return true;
    };
  }

  submit(from: 'A' | 'B', count: number): void {
    const to = from === 'A' ? 'x@b.example' : 'x@a.example';
    for (let left = count; left > 0; left -= 1) {
      this.#messages += 1;
      this.lab.submit(from, `m${this.#messages}`, [to]);
    }
    this.lab.settle();
  }

  /** Lose everything of the association at the moment when the next Turn-Give of this MTA arrives. */
  loseNextGive(from: 'A' | 'B' = 'A'): void {
    const before = this.lab.hooks.onFrame;
    this.lab.hooks.onFrame = (sent) => {
      const { pdu } = sent;
      const give = pdu.type === 'request' && pdu.body.op === 'MtaSend' && pdu.body.apdu.kind === 'turn-give';
      if (!give || sent.from !== from) return before?.(sent) ?? true;
      this.lab.hooks = { ...this.lab.hooks, ...(before === undefined ? {} : { onFrame: before }) };
      this.lab.cutAll();
      return false;
    };
  }

  /** One message from A, so that there is an association; then B asks for the Turn, and A's give is lost. */
  lose(): this {
    this.submit('A', 1);
    this.loseNextGive();
    this.submit('B', 1);
    return this;
  }

  association(name: 'A' | 'B', index = 0): AssociationView {
    const view = viewAssociations(this.lab.mta(name))[index];
    if (view === undefined) throw new Error(`${name} has no association ${index}`);
    return view;
  }

  /** What both sides of the first association believe about the Turn. */
  beliefs(): string {
    return (['A', 'B'] as const)
      .map((name) => `${name} ${this.association(name).state} ${this.association(name).believes}`)
      .join(', ');
  }

  queued(name: 'A' | 'B'): number {
    return ltabOf(this.lab.mta(name))[0]?.queued ?? 0;
  }

  delivered(name: 'A' | 'B'): number {
    return this.lab.deliveries.filter((delivery) => delivery.node === name).length;
  }

  openAssociations(): number {
    return viewAssociations(this.lab.mta('A')).filter((view) => view.state === 'open').length;
  }
}

const stuck = 'A open theirs, B open theirs';

test('builds: 4.0 up to SP4 and 5.0 up to SP1 have it, 4.0 SP5 (996.72) and 5.0 SP2 (1460.13) do not', (t) => {
  const builds = quirkOf(article)?.builds ?? '';
  for (const words of ['4.0 RTM to SP4', '5.0 RTM and SP1', '4.0 SP5 (996.72)', '5.0 SP2 (1460.13)'])
    t.ok(builds.includes(words), words);
  t.end();
});

test('A initiates and holds the Turn', (t) => {
  const course = new Course('legacy');
  course.submit('A', 1);
  t.equal(course.association('A').role, 'initiator');
  t.equal(course.beliefs(), 'A open mine, B open theirs');
  t.end();
});

test('A gives the Turn to B, and the association is lost before B has it', (t) => {
  const course = new Course('legacy');
  course.submit('A', 1);
  let atTheLoss = '';
  course.loseNextGive();
  const cut = course.lab.hooks.onFrame;
  course.lab.hooks.onFrame = (sent) => {
    const { pdu } = sent;
    if (pdu.type === 'request' && pdu.body.op === 'MtaSend' && pdu.body.apdu.kind === 'turn-give') atTheLoss = course.beliefs();
    return cut?.(sent) ?? true;
  };
  course.submit('B', 1);
  t.equal(atTheLoss, stuck, 'the giver has let go, the other has not got it');
  t.end();
});

test('A recovers the association', (t) => {
  const course = new Course('legacy').lose();
  t.equal(course.association('A').recovery, 1);
  t.equal(course.association('B').recovery, 1);
  t.equal(course.firstConnections, 1, 'it is the same association');
  t.end();
});

test('A asks for the Turn back; B ignores the request, as it does not believe it has the Turn', (t) => {
  const course = new Course('legacy').lose();
  const answers: string[] = [];
  course.lab.hooks.onTaken = ({ from, pdu }) => {
    if (pdu.type === 'request' && pdu.body.op === 'MtaSend') answers.push(`${from} ${pdu.body.apdu.kind}`);
    if (pdu.type === 'response' && pdu.body.op === 'MtaSend') answers.push(`${from} ${pdu.body.apdu.kind}`);
  };
  course.submit('A', 1);
  t.same(answers, ['A turn-please', 'B please-noted'], 'no give follows, and nothing else');
  t.end();
});

test('each side believes the other has the Turn', (t) => {
  const course = new Course('legacy').lose();
  t.equal(course.beliefs(), stuck);
  t.equal(believes(ltabOf(course.lab.mta('A'))[0]?.associations[0]?.turn ?? 'held'), 'theirs');
  t.end();
});

test('an association is up, both queues can grow, nothing moves on it', (t) => {
  const course = new Course('legacy').lose();
  course.submit('A', 30);
  course.submit('B', 30);
  t.equal(course.openAssociations(), 1);
  t.equal(course.queued('A'), 30);
  t.equal(course.queued('B'), 31);
  t.equal(course.association('A').moved, 1, 'what was moved before the loss');
  t.end();
});

test('the 49 do not move however far the clock is moved', (t) => {
  const course = new Course('legacy').lose();
  course.submit('A', 49);
  course.lab.pass(tenDaysMs);
  t.equal(course.queued('A'), 49);
  t.equal(course.queued('B'), 1);
  t.equal(course.delivered('B'), 1);
  t.equal(course.delivered('A'), 0);
  t.equal(course.firstConnections, 1);
  t.equal(course.beliefs(), stuck);
  t.equal(course.lab.events.filter(({ event }) => event.id === 290).length, 0, 'nothing is given up: nothing counts as failed');
  t.end();
});

test('at the threshold (50) the MTAs make a new association', (t) => {
  const course = new Course('legacy').lose();
  course.submit('A', 49);
  t.equal(course.firstConnections, 1, '49 are not enough');
  course.submit('A', 1);
  t.equal(course.firstConnections, 2, 'the 50th opens exactly one more');
  t.equal(course.openAssociations(), 2);
  t.end();
});

test('everything is delivered by it, the message of B too, as B asks on the second association as well', (t) => {
  const course = new Course('legacy').lose();
  course.submit('A', 50);
  t.equal(course.delivered('B'), 51);
  t.equal(course.delivered('A'), 1);
  t.equal(course.queued('A') + course.queued('B'), 0);
  t.equal(course.association('A', 0).moved, 1, 'the first association has moved nothing more');
  t.equal(course.association('A', 1).moved, 51);
  t.end();
});

test('the queue of B may reach the threshold as well', (t) => {
  const course = new Course('legacy').lose();
  course.submit('B', 48);
  t.equal(course.firstConnections, 1, 'B has 49');
  course.submit('B', 1);
  t.equal(course.firstConnections, 2);
  t.equal(course.delivered('A'), 50);
  t.end();
});

test('each loss of the association is told of on both sides, and nothing else is', (t) => {
  for (const mode of ['legacy', 'fixed'] as const) {
    const course = new Course(mode).lose();
    t.same(endings(course.lab), [lost, lost]);
    course.lab.cutAll();
    course.lab.settle();
    t.same(endings(course.lab), [lost, lost, lost, lost]);
    const usual: readonly number[] = [1294, 9298, 271, 272];
    const others = course.lab.events.filter(({ event }) => !usual.includes(event.id));
    t.same(others, [], mode);
  }
  t.end();
});

test('the stuck association survives recoveries', (t) => {
  const course = new Course('legacy').lose();
  for (let cuts = 1; cuts <= 3; cuts += 1) {
    course.lab.cutAll();
    course.lab.settle();
    t.equal(course.beliefs(), stuck);
    t.equal(course.association('A').recovery, 1 + cuts);
  }
  t.equal(course.firstConnections, 1);
  t.end();
});

test('the stuck association counts as open and can never be closed in order', (t) => {
  const course = new Course('legacy').lose();
  course.submit('A', 50);
  course.lab.pass(tenDaysMs);
  t.equal(course.openAssociations(), 1, 'the second one was closed after Lifetime, the first is still there');
  t.equal(course.beliefs(), stuck);
  course.lab.input('A', { type: 'stop' });
  course.lab.settle();
  t.ok(course.lab.node('A').up, 'an MTA that stops cannot close it');
  course.lab.pass(60_000);
  t.notOk(course.lab.node('A').up);
  t.same(endings(course.lab), [lost, lost, 'this MTA is stopping', 'aborted by the peer: localSystemProblem'], 'it is aborted');
  t.end();
});

test('once the second one has closed, mail below the threshold sticks again', (t) => {
  const course = new Course('legacy').lose();
  course.submit('A', 50);
  course.lab.pass(lifetimeMs);
  t.equal(course.openAssociations(), 1);
  course.submit('A', 49);
  course.lab.pass(tenDaysMs);
  t.equal(course.queued('A'), 49);
  course.submit('A', 1);
  t.equal(course.queued('A'), 0, 'and the 50th frees it once more');
  t.equal(course.firstConnections, 3);
  t.end();
});

test('two stuck associations need 100', (t) => {
  const course = new Course('legacy').lose();
  course.submit('A', 50);
  // The second association: A holds its Turn. B asks, and the give is lost as before.
  course.loseNextGive();
  course.submit('B', 1);
  t.equal(course.openAssociations(), 2);
  const { associations } = ltabOf(course.lab.mta('A'))[0] ?? { associations: [] };
  t.same(
    associations.map(({ turn }) => believes(turn)),
    ['theirs', 'theirs'],
  );
  course.submit('A', 99);
  course.lab.pass(tenDaysMs);
  t.equal(course.queued('A'), 99);
  t.equal(course.firstConnections, 2);
  course.submit('A', 1);
  t.equal(course.firstConnections, 3);
  t.equal(course.queued('A') + course.queued('B'), 0);
  t.end();
});

test('a live switch of B from legacy to fixed frees it', (t) => {
  const course = new Course('legacy').lose();
  course.submit('A', 49);
  course.lab.input('B', { type: 'command', command: { op: 'set', article, mode: 'fixed' } });
  course.lab.settle();
  t.equal(course.queued('A') + course.queued('B'), 0);
  t.equal(course.firstConnections, 1, 'on the association that was stuck');
  t.equal(course.association('A').moved, 51);
  t.end();
});

test('it is a matter of the responder: A alone put right, mail of A sticks all the same', (t) => {
  const course = new Course('legacy').lose();
  // B's own message must not ask: let it go by a second association, which is then closed.
  course.submit('A', 50);
  course.lab.pass(lifetimeMs);
  course.lab.input('A', { type: 'command', command: { op: 'set', article, mode: 'fixed' } });
  course.lab.settle();
  t.equal(course.association('A').recovery, 2, 'A has recovered it under the new rule, which is not its to apply');
  course.submit('A', 49);
  course.lab.pass(tenDaysMs);
  t.equal(course.queued('A'), 49);
  t.equal(course.beliefs(), stuck);
  t.end();
});

test('B with the fault and mail, A without it: the Please of B is a protocol error for A, and a fresh association is made', (t) => {
  const course = new Course('legacy').lose();
  course.lab.input('A', { type: 'command', command: { op: 'set', article, mode: 'fixed' } });
  course.lab.settle();
  t.match(endings(course.lab).slice(-2), [/^turn-please/, /^aborted by the peer/]);
  course.submit('A', 1);
  t.equal(course.firstConnections, 2);
  t.equal(course.queued('A') + course.queued('B'), 0);
  t.end();
});

test('it happens in the other direction too: a give of B that is lost', (t) => {
  const course = new Course('legacy');
  course.submit('A', 1);
  course.submit('B', 1);
  course.loseNextGive('B');
  course.submit('A', 1);
  t.equal(course.beliefs(), stuck);
  course.submit('A', 48);
  course.lab.pass(tenDaysMs);
  t.equal(course.queued('A'), 49);
  t.end();
});

test('corrected: after the recovery one side holds the Turn', (t) => {
  const course = new Course('fixed').lose();
  t.equal(course.association('A').recovery, 1);
  t.equal(course.beliefs(), 'A open theirs, B open mine', 'A had given it: the give that was sent counts');
  t.end();
});

test('corrected: the queue drains on the recovered association, without a second one', (t) => {
  const course = new Course('fixed').lose();
  t.equal(course.delivered('A'), 1);
  course.submit('A', 49);
  t.equal(course.delivered('B'), 50);
  t.equal(course.queued('A') + course.queued('B'), 0);
  t.equal(course.firstConnections, 1);
  t.equal(course.association('A').moved, 51);
  t.end();
});

test('corrected: the association is closed in order after Lifetime', (t) => {
  const course = new Course('fixed').lose();
  course.lab.pass(2 * lifetimeMs);
  t.equal(viewAssociations(course.lab.mta('A')).length, 0);
  t.same(endings(course.lab), [lost, lost], 'there is no other end but that in order');
  t.end();
});
