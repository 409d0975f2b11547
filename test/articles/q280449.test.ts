/**
 * Q280449, event 9318 on multihomed servers: one test for each fact, on MTAs without sockets. The first binding of A is
 * `::1`, and B listens on IPv4 only. A runs with and without the fault. `mtalab repro Q280449` shows it on two processes.
 */
import { quirkOf, resolveRelease } from '@mtalab/mta-core';
import { test } from 'tap';
import { Course, type CourseOptions } from './course.js';

const article = 'Q280449';
const openIntervalMs = 600_000;
const multihomed = { A: ['[::1]', '127.0.0.1'] };

function courseOf(mode: 'legacy' | 'fixed', more: CourseOptions = {}): Course {
  return new Course({ bindings: multihomed, legacy: mode === 'legacy' ? { A: [article] } : {}, ...more });
}

test('builds: 5.5 from 2651.75 to before 2654.39, SP4 (2653.23) among them', (t) => {
  for (const build of ['5.5.2651.75', '5.5.2653.23', '5.5sp4']) t.ok(resolveRelease(build).articles.includes(article), build);
  for (const build of ['5.5.2650.24', '5.5sp3', '5.5.2654.39', '5.5.2654.54', '5.0sp2', '4.0sp5'])
    t.notOk(resolveRelease(build).articles.includes(article), build);
  t.match(quirkOf(article)?.builds, /5\.5 from 2651\.75 to before 2654\.39, SP4 \(2653\.23\) among them/);
  t.end();
});

test('the binding that is needed is not the first one; the code uses only the first', (t) => {
  const course = courseOf('legacy');
  course.submit('A', 'B', 1);
  t.same(
    course.dials.map(({ from, host, localAddress }) => ({ from, host, localAddress })),
    [{ from: 'A', host: '127.0.0.1', localAddress: '::1' }],
  );
  t.end();
});

test('the bind fails', (t) => {
  const course = courseOf('legacy');
  course.submit('A', 'B', 1);
  t.equal(course.dials[0]?.osError, 'EINVAL', 'the system cannot do it');
  t.equal(course.firstConnections, 0);
  t.equal(course.associations('A').length, 0);
  t.end();
});

test('event 9318 with error 1722', (t) => {
  const course = courseOf('legacy');
  course.submit('A', 'B', 1);
  const [logged, ...others] = course.events('A', 9318);
  t.equal(others.length, 0, 'one for the attempt');
  t.match(logged, { type: 'Warning', category: 'Interface', severity: 14, trailer: '[MAIN BASE 1 500] (14)' });
  t.same(logged?.parameters, { ltabIndex: 1, ntError: 1722, commsError: 1722, bindError: 1722, remoteServer: 'B' });
  t.match(logged?.text, /LTAB index: 1, .*error: 1722.*Remote server name: B/);
  t.end();
});

test('on every retry, which is each Open Interval', (t) => {
  const course = courseOf('legacy');
  course.submit('A', 'B', 1);
  course.lab.pass(5 * openIntervalMs);
  t.same(
    course.events('A', 9318).map(({ atMs }) => atMs),
    [0, 1, 2, 3, 4, 5].map((times) => times * openIntervalMs),
  );
  for (const { parameters } of course.events('A', 9318)) t.equal(parameters['ntError'], 1722);
  t.end();
});

test('no mail to that MTA', (t) => {
  const course = courseOf('legacy');
  course.submit('A', 'B', 49);
  course.lab.pass(24 * 3_600_000 - 1);
  t.equal(course.delivered('B'), 0);
  t.equal(course.queued('A', 'B'), 49);
  t.equal(course.events('A', 290).length, 0);
  course.lab.pass(1);
  t.equal(course.events('A', 290).length, 49, 'after the last of the open retries (144)');
  t.end();
});

test('unlike in other articles, the threshold does not help', (t) => {
  const course = courseOf('legacy');
  course.submit('A', 'B', 200);
  course.lab.pass(3_600_000);
  t.equal(course.firstConnections, 0);
  t.equal(course.queued('A', 'B'), 200);
  t.end();
});

test('that MTA cannot open an association either: A cannot call it back', (t) => {
  const course = courseOf('legacy');
  course.submit('B', 'A', 1);
  t.equal(course.firstConnections, 1, 'MtaBind arrives');
  t.match(course.events('A', 9322)[0]?.parameters, { ntError: 1722, remoteServer: 'B' });
  t.equal(course.delivered('A'), 0);
  t.equal(course.associations('B').length, 0);
  t.end();
});

test('an MTA within reach of the first binding receives its mail', (t) => {
  const course = courseOf('legacy', { names: ['A', 'B', 'C'], bindings: { ...multihomed, C: ['[::1]'] } });
  course.lab.input('A', { type: 'command', command: { op: 'endpoints', mta: 'C', endpoints: ['::1[5003]'] } });
  course.submit('A', 'B', 1);
  course.submit('A', 'C', 1);
  t.equal(course.delivered('C'), 1);
  t.equal(course.delivered('B'), 0);
  t.end();
});

test('workaround: putting the needed binding first works live, from the next attempt on', (t) => {
  const course = courseOf('legacy');
  course.submit('A', 'B', 3);
  course.putFirst('A', '127.0.0.1');
  course.lab.settle();
  t.equal(course.delivered('B'), 0, 'the Open Interval has to pass');
  course.lab.pass(openIntervalMs);
  t.equal(course.delivered('B'), 3);
  t.equal(course.events('A', 9318).length, 1, 'no further 9318');
  t.end();
});

test('workaround: the retry command skips the wait', (t) => {
  const course = courseOf('legacy');
  course.submit('A', 'B', 3);
  course.retry('A');
  t.equal(course.delivered('B'), 0, 'the retry alone cures nothing');
  course.putFirst('A', '127.0.0.1');
  course.retry('A');
  t.equal(course.delivered('B'), 3);
  t.end();
});

test('workaround: the needed binding first in the configuration works from the start', (t) => {
  const course = courseOf('legacy', { bindings: { A: ['127.0.0.1', '[::1]'] } });
  course.submit('A', 'B', 3);
  t.equal(course.delivered('B'), 3);
  t.end();
});

test('under like conditions the MTA may log 9321 as well: the first binding cannot be listened on', (t) => {
  const course = courseOf('legacy', { bindings: { A: ['10.9.9.9', '127.0.0.1'] } });
  t.same(course.ids('A', []), [9321, 9298]);
  course.submit('A', 'B', 1);
  t.match(course.events('A', 9318)[0]?.parameters, { ntError: 1722 });
  t.equal(course.dials.length, 1);
  t.equal(course.dials[0]?.osError, 'EADDRNOTAVAIL');
  t.end();
});

test('under like conditions, in a build with Q285350 (5.5 SP4): 9266, and at the next start 2219, 2206 and 2207', (t) => {
  const { articles } = resolveRelease('5.5sp4');
  const course = courseOf('legacy', { bindings: { A: ['10.9.9.9', '127.0.0.1'] }, legacy: { A: articles } });
  t.same(course.ids('A', []), [9321, 9266]);
  course.startAgain('A');
  t.same(course.ids('A', []), [2219, 2206, 2207, 9321, 9266]);
  t.end();
});

test('corrected: the other bindings are tried in order', (t) => {
  const course = courseOf('fixed', { bindings: { A: ['10.9.9.9', '10.9.9.8', '127.0.0.1', '127.0.0.2'] } });
  course.submit('A', 'B', 3);
  const opening = course.dials.filter(({ from }) => from === 'A').slice(0, 3);
  t.same(
    opening.map(({ localAddress, osError }) => [localAddress, osError]),
    [
      ['10.9.9.9', 'EADDRNOTAVAIL'],
      ['10.9.9.8', 'EADDRNOTAVAIL'],
      ['127.0.0.1', null],
    ],
    'and A stops at the first that works',
  );
  t.equal(course.delivered('B'), 3);
  t.equal(course.events('A', 9318).length, 0);
  t.end();
});

test('corrected: the same bindings and the same mail, and no 9318', (t) => {
  const course = courseOf('fixed');
  course.submit('A', 'B', 49);
  course.submit('B', 'A', 1);
  t.equal(course.delivered('B'), 49);
  t.equal(course.delivered('A'), 1);
  t.equal(course.events('A', 9318).length, 0);
  t.end();
});

test('corrected: the data connection leaves from the binding that worked', (t) => {
  const course = courseOf('fixed', { bindings: { A: ['10.9.9.9', '127.0.0.2'] } });
  course.submit('A', 'B', 1);
  const made = course.dials.filter(({ from, osError }) => from === 'A' && osError === null);
  t.same(
    made.map(({ localAddress }) => localAddress),
    ['127.0.0.2', '127.0.0.2'],
  );
  t.equal(course.dials.filter(({ osError }) => osError !== null).length, 1, 'A does not try the other binding for it');
  t.end();
});

test('corrected: if no binding works, the MTA logs 9318 once for all of them', (t) => {
  const course = courseOf('fixed', { bindings: { A: ['[::1]'] } });
  course.submit('A', 'B', 1);
  t.equal(course.events('A', 9318).length, 1);
  const two = courseOf('fixed');
  two.lab.unreachable.add('B');
  two.submit('A', 'B', 1);
  t.equal(two.events('A', 9318).length, 1);
  t.end();
});

test('on a server marked as a cluster every build uses the first binding only, by design', (t) => {
  for (const mode of ['legacy', 'fixed'] as const) {
    const course = courseOf(mode, { cluster: ['A'] });
    course.submit('A', 'B', 1);
    course.lab.pass(2 * openIntervalMs);
    t.equal(course.events('A', 9318).length, 3, mode);
    t.ok(course.dials.every(({ localAddress }) => localAddress === '::1'));
    course.putFirst('A', '127.0.0.1');
    course.retry('A');
    t.equal(course.delivered('B'), 1, `${mode}: the order counts there too`);
  }
  t.end();
});

test('a live switch from legacy to fixed shows at the next dial', (t) => {
  const course = courseOf('legacy');
  course.submit('A', 'B', 3);
  course.set('A', article, 'fixed');
  t.equal(course.delivered('B'), 0);
  course.lab.pass(openIntervalMs);
  t.equal(course.delivered('B'), 3);
  t.end();
});

test('a live switch from fixed to legacy keeps open associations, and shows at the next dial', (t) => {
  const course = courseOf('fixed');
  course.submit('A', 'B', 1);
  course.set('A', article, 'legacy');
  course.submit('A', 'B', 1);
  t.equal(course.delivered('B'), 2, 'the association is still open');
  course.lab.pass(3_600_000);
  course.submit('A', 'B', 1);
  t.equal(course.delivered('B'), 2, 'Lifetime closed the idle association, and A cannot open it again');
  t.match(course.events('A', 9318)[0]?.parameters, { ntError: 1722 });
  t.end();
});
