/**
 * Q166594, messages are not delivered over the first association: one test for each fact, on MTAs without sockets.
 * Both MTAs have the same build, with or without the fault, and suffer the same loss: all connections of the association
 * break after A sends the Turn-Give and before B receives it. `mtalab repro Q166594` shows it on two processes.
 */
import { type AssociationView, believes, ltabOf, quirkOf, viewAssociations } from '@mtalab/mta-core';
import { test } from 'tap';
import { PureLab } from '../support/purelab.js';

const article = 'Q166594';
const tenDaysMs = 10 * 24 * 3_600_000;
const lifetimeMs = 301_000;

const lost = 'its connections were lost';

/** Reasons of the abnormal ends of associations in both event logs (event 1294). */
function endings(lab: PureLab): string[] {
  return lab.events.flatMap(({ event }) => (event.id === 1294 ? [event.params.reason] : []));
}

class Course {
  readonly lab: PureLab;
  #messages = 0;
  /** Number of MtaBind calls that arrived to open a new association. */
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

  /** Breaks all connections of the association when the next Turn-Give of this MTA would arrive. */
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

  /** A's message opens an association; then B asks for the Turn, and A's Turn-Give is lost. */
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

  /** Both sides' beliefs about the Turn of the first association. */
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
  t.equal(atTheLoss, stuck, 'the giver has released the Turn, and the other has not received it');
  t.end();
});

test('A recovers the association', (t) => {
  const course = new Course('legacy').lose();
  t.equal(course.association('A').recovery, 1);
  t.equal(course.association('B').recovery, 1);
  t.equal(course.firstConnections, 1, 'it is the same association');
  t.end();
});

test('A asks for the Turn back; B ignores the request, because it believes that A has the Turn', (t) => {
  const course = new Course('legacy').lose();
  const answers: string[] = [];
  course.lab.hooks.onTaken = ({ from, pdu }) => {
    if (pdu.type === 'request' && pdu.body.op === 'MtaSend') answers.push(`${from} ${pdu.body.apdu.kind}`);
    if (pdu.type === 'response' && pdu.body.op === 'MtaSend') answers.push(`${from} ${pdu.body.apdu.kind}`);
  };
  course.submit('A', 1);
  t.same(answers, ['A turn-please', 'B please-noted'], 'B sends no Turn-Give and nothing else');
  t.end();
});

test('each side believes the other has the Turn', (t) => {
  const course = new Course('legacy').lose();
  t.equal(course.beliefs(), stuck);
  t.equal(believes(ltabOf(course.lab.mta('A'))[0]?.associations[0]?.turn ?? 'held'), 'theirs');
  t.end();
});

test('the association is open, both queues can grow, and no message moves on it', (t) => {
  const course = new Course('legacy').lose();
  course.submit('A', 30);
  course.submit('B', 30);
  t.equal(course.openAssociations(), 1);
  t.equal(course.queued('A'), 30);
  t.equal(course.queued('B'), 31);
  t.equal(course.association('A').moved, 1, 'the message that moved before the loss');
  t.end();
});

test('the 49 messages do not move, however far the clock advances', (t) => {
  const course = new Course('legacy').lose();
  course.submit('A', 49);
  course.lab.pass(tenDaysMs);
  t.equal(course.queued('A'), 49);
  t.equal(course.queued('B'), 1);
  t.equal(course.delivered('B'), 1);
  t.equal(course.delivered('A'), 0);
  t.equal(course.firstConnections, 1);
  t.equal(course.beliefs(), stuck);
  t.equal(
    course.lab.events.filter(({ event }) => event.id === 290).length,
    0,
    'the MTA gives up no message: none counts as failed',
  );
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

test('the second association delivers everything, also the message of B, which asks for the Turn there', (t) => {
  const course = new Course('legacy').lose();
  course.submit('A', 50);
  t.equal(course.delivered('B'), 51);
  t.equal(course.delivered('A'), 1);
  t.equal(course.queued('A') + course.queued('B'), 0);
  t.equal(course.association('A', 0).moved, 1, 'the first association moves no further message');
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

test('both sides log each loss of the association, and nothing else', (t) => {
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
    // From the fourth loss on the initiator waits a second before it recovers.
    course.lab.pass(1000);
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
  t.equal(course.openAssociations(), 1, 'Lifetime closed the second association; the first is still open');
  t.equal(course.beliefs(), stuck);
  course.lab.input('A', { type: 'stop' });
  course.lab.settle();
  t.ok(course.lab.node('A').up, 'a stopping MTA cannot close it');
  course.lab.pass(60_000);
  t.notOk(course.lab.node('A').up);
  t.same(endings(course.lab), [lost, lost, 'this MTA is stopping', 'aborted by the peer: localSystemProblem'], 'it is aborted');
  t.end();
});

test('after the second association closes, mail below the threshold sticks again', (t) => {
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
  // A holds the Turn of the second association. B asks, and the Turn-Give is lost as before.
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

test('the fault is in the responder: with A alone corrected, the mail of A still sticks', (t) => {
  const course = new Course('legacy').lose();
  // B's own message must not ask for the Turn here, so it moves on a second association, which then closes.
  course.submit('A', 50);
  course.lab.pass(lifetimeMs);
  course.lab.input('A', { type: 'command', command: { op: 'set', article, mode: 'fixed' } });
  course.lab.settle();
  t.equal(course.association('A').recovery, 2, 'A has recovered it under the new rule, but only the responder applies that rule');
  course.submit('A', 49);
  course.lab.pass(tenDaysMs);
  t.equal(course.queued('A'), 49);
  t.equal(course.beliefs(), stuck);
  t.end();
});

test('with the fault at B only, the Turn-Please of B is a protocol error for A, and the MTAs open a new association', (t) => {
  const course = new Course('legacy').lose();
  course.lab.input('A', { type: 'command', command: { op: 'set', article, mode: 'fixed' } });
  course.lab.settle();
  t.match(endings(course.lab).slice(-2), [/^turn-please/, /^aborted by the peer/]);
  course.submit('A', 1);
  t.equal(course.firstConnections, 2);
  t.equal(course.queued('A') + course.queued('B'), 0);
  t.end();
});

test('the other direction is the same: a Turn-Give of B is lost', (t) => {
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
  t.equal(course.beliefs(), 'A open theirs, B open mine', 'A had sent the Turn-Give, and that counts');
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
  t.same(endings(course.lab), [lost, lost], 'every other end is in order');
  t.end();
});
