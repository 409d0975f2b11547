/**
 * Q232602, an MTA fails to recover associations after network problems: one test for each fact, on MTAs without sockets. A and B
 * are joined by an X.400 connector; A sends. `mtalab repro Q232602` shows it on two processes.
 */
import { quirkOf, resolveProfile, type Settings, viewWaits } from '@mtalab/mta-core';
import { test } from 'tap';
import { Course } from './course.js';

const article = 'Q232602';
const openIntervalMs = 600_000;
const disconnectMs = 120_000;

function courseOf(mode: 'legacy' | 'fixed', settings: Partial<Settings> = {}): Course {
  return new Course({ link: 'x400', legacy: mode === 'legacy' ? { A: [article] } : {}, settings });
}

/** An association is up, and the network goes down while messages are queued. */
function withNetworkDown(mode: 'legacy' | 'fixed', settings: Partial<Settings> = {}): Course {
  const course = courseOf(mode, settings);
  course.submit('A', 'B', 1);
  networkDown(course);
  course.submit('A', 'B', 3);
  return course;
}

function networkDown(course: Course): void {
  course.lab.unreachable.add('A').add('B');
  course.lab.cutAll();
  course.lab.settle();
}

function networkUp(course: Course): void {
  course.lab.unreachable.clear();
}

const times = (course: Course, id: 4284 | 4287 | 1209): number[] => course.events('A', id).map(({ atMs }) => atMs);
const gaps = (instants: readonly number[]): number[] => instants.slice(1).map((atMs, index) => atMs - (instants[index] ?? 0));

test('builds: Exchange 5.5 before 2614.0 (RTM, SP1, SP2); SP3 and later do not have it, nor do 4.0 and 5.0', (t) => {
  for (const release of ['5.5', '5.5sp1', '5.5sp2']) t.ok(resolveProfile({ release }).legacy.includes(article), release);
  for (const release of ['4.0sp4', '5.0sp2', '5.5sp3', '2651.75', '5.5sp4', '2654.54'])
    t.notOk(resolveProfile({ release }).legacy.includes(article), release);
  t.match(quirkOf(article)?.builds, /RTM, SP1 and SP2; corrected in 2614\.0/);
  t.end();
});

for (const mode of ['legacy', 'fixed'] as const) {
  test(`${mode}: while the network is down, each Open Interval an attempt fails and logs 4284 (8511) and 4287 (8640)`, (t) => {
    const course = withNetworkDown(mode);
    course.lab.pass(disconnectMs + 3 * openIntervalMs);
    t.ok(times(course, 4284).length >= 3);
    t.same(times(course, 4287), times(course, 4284), 'they come together');
    for (const { parameters } of course.events('A', 4284)) t.same(parameters, { errorCode: 8511 });
    for (const { parameters } of course.events('A', 4287)) t.same(parameters, { errorCode: 8640 });
    t.match(course.events('A', 4284)[0], { type: 'Warning', category: 'X.400 Service', trailer: '[POP4 POP4 DOWN 4 179] (14)' });
    t.match(course.events('A', 4287)[0], { trailer: '[POP4 POP4 DOWN 4 18] (14)' });
    t.end();
  });

  test(`${mode}: the interval between the logged errors equals the Open Interval of the connector, and changing it changes it`, (t) => {
    for (const seconds of [60, 600, 900]) {
      const course = withNetworkDown(mode, { openRetryIntervalS: seconds });
      course.lab.pass(disconnectMs + 4 * seconds * 1000);
      const between = gaps(times(course, 4284));
      t.ok(between.length >= 3, `${between.length} intervals`);
      t.same([...new Set(between)], [seconds * 1000]);
    }
    t.end();
  });

  test(`${mode}: 2035 reports the lost connections of a locality`, (t) => {
    const course = withNetworkDown(mode);
    t.match(course.events('A', 2035), [{ parameters: { locality: 1 }, type: 'Information', category: 'X.400 Service' }]);
    t.end();
  });
}

test('1209: a message names an invalid source LPI, 1-16-64, for a control block that is already gone', (t) => {
  const course = withNetworkDown('legacy');
  course.lab.pass(disconnectMs + openIntervalMs);
  const [first] = course.events('A', 1209);
  t.match(first, { parameters: { lpi: '1-16-64', controlBlock: 1 }, trailer: '[PLATFORM KERNEL 19 62] (14)' });
  t.same(course.lab.mta('A').x400.controlBlocks, [], 'no control block is in use');
  t.end();
});

test('legacy: after the network is back nothing moves, however long one waits, and nothing reaches the network', (t) => {
  const course = withNetworkDown('legacy');
  course.lab.pass(disconnectMs + openIntervalMs);
  networkUp(course);
  const dials = course.dials.length;
  course.lab.pass(20 * openIntervalMs);
  t.equal(course.delivered('B'), 1, 'the message before the loss');
  t.equal(course.queued('A', 'B'), 3);
  t.equal(course.dials.filter(({ from }) => from === 'A').length, dials, 'A has dialled no more');
  t.ok(times(course, 4284).length > 20, 'and goes on logging');
  t.end();
});

test('legacy: an operator who ends the Open Interval changes nothing', (t) => {
  const course = withNetworkDown('legacy');
  course.lab.pass(disconnectMs);
  networkUp(course);
  course.retry('A');
  t.equal(course.delivered('B'), 1);
  t.end();
});

test('legacy: the views name the control block and the last error', (t) => {
  const course = withNetworkDown('legacy');
  course.lab.pass(disconnectMs + openIntervalMs);
  t.match(viewWaits(course.lab.mta('A'), course.lab.nowMs), [
    {
      queue: 'B',
      waits: [{ reason: 'lost-control-block', says: /addressing control block 1 .*\(Q232602\)/ }],
      lastError: { event: 4284 },
    },
  ]);
  t.end();
});

test('legacy: an association that the other MTA opens comes to nothing either', (t) => {
  const course = withNetworkDown('legacy');
  course.lab.pass(disconnectMs);
  networkUp(course);
  course.submit('B', 'A', 1);
  t.equal(course.delivered('A'), 0);
  t.ok(course.events('A', 1209).length > 0, 'A logs the message for the control block that is gone');
  t.equal(course.events('B', 4284).length, 1, 'for B the connection fails');
  t.end();
});

test('legacy: mail for other MTAs moves all the while', (t) => {
  const course = new Course({ link: 'x400', names: ['A', 'B', 'C'], legacy: { A: [article] } });
  course.submit('A', 'B', 1);
  course.lab.unreachable.add('B');
  for (const wire of [...course.lab.wires]) course.lab.cutWire(wire);
  course.submit('A', 'B', 1);
  course.lab.pass(disconnectMs + openIntervalMs);
  networkUp(course);
  course.submit('A', 'C', 2);
  course.lab.pass(openIntervalMs);
  t.same([course.delivered('B'), course.delivered('C')], [1, 2]);
  t.end();
});

test('legacy: after a restart of the MTA all is delivered, nothing lost or doubled', (t) => {
  const course = withNetworkDown('legacy');
  course.lab.pass(disconnectMs + 3 * openIntervalMs);
  networkUp(course);
  course.lab.pass(openIntervalMs);
  course.lab.input('A', { type: 'stop' });
  course.lab.settle();
  course.lab.pass(10_000);
  course.startAgain('A');
  course.lab.pass(1000);
  t.equal(course.delivered('B'), 4);
  t.equal(new Set(course.lab.deliveries.map(({ mtsId }) => mtsId)).size, 4);
  t.equal(course.queued('A', 'B'), 0);
  t.same(times(course, 4284), [], 'without an error');
  t.end();
});

test('corrected: at the next Open Interval after the network is back, the mail flows, without a restart', (t) => {
  const course = withNetworkDown('fixed');
  course.lab.pass(disconnectMs + openIntervalMs);
  t.ok(times(course, 4284).length > 0);
  networkUp(course);
  t.equal(course.delivered('B'), 1);
  course.lab.pass(openIntervalMs);
  t.equal(course.delivered('B'), 4);
  t.equal(course.queued('A', 'B'), 0);
  t.equal(times(course, 1209).length, 0, 'and there was no 1209');
  t.end();
});

test('corrected: a short disturbance is over at once, because RTSE recovers the association', (t) => {
  const course = withNetworkDown('fixed');
  course.lab.pass(5000);
  networkUp(course);
  course.lab.pass(15_000);
  t.equal(course.delivered('B'), 4);
  t.ok((course.associations('A')[0]?.recovery ?? 0) > 0);
  t.equal(times(course, 4284).length, 0, 'the attempts of RTSE are not logged');
  t.end();
});

test('the fault needs mail that is queued while the network is down', (t) => {
  const course = courseOf('legacy');
  course.submit('A', 'B', 1);
  networkDown(course);
  course.lab.pass(2 * disconnectMs);
  networkUp(course);
  course.submit('A', 'B', 1);
  t.equal(course.delivered('B'), 2);
  t.end();
});

test('a live switch from legacy to fixed: the next attempt gets through', (t) => {
  const course = withNetworkDown('legacy');
  course.lab.pass(disconnectMs + openIntervalMs);
  networkUp(course);
  course.set('A', article, 'fixed');
  course.lab.pass(openIntervalMs);
  t.equal(course.delivered('B'), 4);
  t.end();
});

test('the LAN link does not have the fault', (t) => {
  const course = new Course({ legacy: { A: [article] } });
  course.submit('A', 'B', 1);
  networkDown(course);
  course.submit('A', 'B', 3);
  course.lab.pass(disconnectMs + openIntervalMs);
  networkUp(course);
  course.lab.pass(openIntervalMs);
  t.equal(course.delivered('B'), 4);
  t.end();
});
