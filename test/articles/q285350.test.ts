/**
 * Q285350, the MTA does not start, Windows NT error 11004: one test for each fact, on MTAs without sockets. One adapter of
 * A has an address that the machine lacks. A runs with and without the fault. `mtalab repro Q285350` shows it on a process.
 */
import { quirkOf, resolveRelease, viewBindings } from '@mtalab/mta-core';
import { test } from 'tap';
import { Course, type CourseOptions } from './course.js';

const article = 'Q285350';
const adapters = ['127.0.0.1', '10.9.9.9'];

function courseOf(mode: 'legacy' | 'fixed', more: CourseOptions = {}): Course {
  return new Course({ bindings: { A: adapters }, legacy: mode === 'legacy' ? { A: [article] } : {}, ...more });
}

test('builds: 5.5 SP4 (2653.23) to before 2654.54; 2654.39 still has it', (t) => {
  for (const build of ['5.5sp4', '5.5.2653.23', '5.5.2654.39']) t.ok(resolveRelease(build).articles.includes(article), build);
  for (const build of ['5.5.2651.75', '5.5sp3', '5.5.2654.54', '5.0sp2', '4.0sp5'])
    t.notOk(resolveRelease(build).articles.includes(article), build);
  t.match(quirkOf(article)?.builds, /5\.5 SP4 \(2653\.23\) to before 2654\.54, 2654\.39 among them/);
  t.end();
});

test('at start the MTA listens on all active adapters', (t) => {
  const course = courseOf('fixed', { bindings: { A: ['127.0.0.1', '127.0.0.2', '[::1]', '!127.0.0.3'] } });
  t.same(
    viewBindings(course.lab.mta('A')).map(({ address, listening }) => [address, listening]),
    [
      ['127.0.0.1', 'up'],
      ['127.0.0.2', 'up'],
      ['::1', 'up'],
      ['127.0.0.3', 'off'],
    ],
  );
  t.end();
});

test('one adapter cannot serve RPC: event 9321 with Windows NT error 11004', (t) => {
  for (const mode of ['legacy', 'fixed'] as const) {
    const course = courseOf(mode);
    const [logged, ...others] = course.events('A', 9321);
    t.equal(others.length, 0);
    t.match(logged, { type: 'Warning', category: 'Interface', severity: 14, trailer: '[BASE IL MAIN BASE 1 504] (14)' });
    t.match(logged?.text, /Windows NT error: 11004/, mode);
    t.equal(logged?.parameters['ntError'], 11_004);
  }
  t.end();
});

test('own: the event also shows the operating system error and the address; a taken port is not an adapter without RPC', (t) => {
  t.match(courseOf('fixed').events('A', 9321)[0]?.parameters, { address: '10.9.9.9[5001]', osError: 'EADDRNOTAVAIL' });
  const taken = courseOf('fixed', { bindings: { B: ['127.0.0.2', '127.0.0.1[5001]'] } });
  t.match(taken.events('B', 9321)[0]?.parameters, { ntError: 1740, address: '127.0.0.1[5001]', osError: 'EADDRINUSE' });
  t.end();
});

test('then 9266, and the start is not completed', (t) => {
  const course = courseOf('legacy');
  t.same(course.ids('A', []), [9321, 9266], 'no 9298');
  t.match(course.events('A', 9266)[0], {
    type: 'Error',
    category: 'Interface',
    severity: 16,
    trailer: '[4 BASE IL MAIN BASE 1 173] (16)',
  });
  t.end();
});

test('the process ends with a non-zero exit', (t) => {
  const course = courseOf('legacy');
  t.same(course.halts, [{ node: 'A', code: 1, clean: false }]);
  t.equal(course.lab.mta('A').phase, 'halted');
  course.submit('B', 'A', 1);
  t.match(course.events('B', 9318)[0]?.parameters, { ntError: 1722 }, 'A does not listen on the good adapter either');
  t.end();
});

test('whichever adapter it is', (t) => {
  for (const bindings of [
    ['10.9.9.9', '127.0.0.1'],
    ['127.0.0.1', '10.9.9.9', '127.0.0.2'],
    ['10.9.9.9', '10.9.9.8', '127.0.0.1'],
  ]) {
    const course = courseOf('legacy', { bindings: { A: bindings } });
    t.equal(course.halts.length, 1, bindings.join(' '));
    t.equal(course.events('A', 9321).length, bindings.filter((address) => address.startsWith('10.')).length, 'one for each');
    t.equal(course.ids('A', []).at(-1), 9266);
  }
  t.end();
});

test('the next start finds an unclean shutdown: 2219, 2206 per queue, 2207', (t) => {
  const course = courseOf('legacy', { bindings: { A: ['127.0.0.1', '!10.9.9.9'] } });
  course.lab.unreachable.add('B');
  course.submit('A', 'B', 2);
  course.lab.input('A', { type: 'stop' });
  course.lab.settle();
  t.equal(course.halts[0]?.clean, true, 'it ran and stopped in order');
  course.startAgain('A', adapters);
  t.same(course.ids('A', []), [9321, 9266], 'the first start that fails has nothing to check');
  course.startAgain('A');
  t.same(course.ids('A', []), [2219, 2206, 2206, 2207, 9321, 9266]);
  t.same(
    course.events('A', 2206).map(({ parameters }) => parameters['queue']),
    ['mailboxes', 'B'],
  );
  t.match(course.events('A', 2219)[0], { type: 'Warning', category: 'Field Engineering', trailer: '(14)' });
  t.match(course.events('A', 2207)[0], { type: 'Warning', category: 'Field Engineering', trailer: '(14)' });
  t.end();
});

test('queued mail is kept, and moves when the MTA can start', (t) => {
  const course = courseOf('legacy', { bindings: { A: ['127.0.0.1'] } });
  course.lab.unreachable.add('B');
  course.submit('A', 'B', 2);
  course.lab.crash('A');
  course.lab.unreachable.clear();
  course.startAgain('A', adapters);
  t.equal(course.halts.length, 1);
  course.startAgain('A', ['127.0.0.1', '!10.9.9.9']);
  t.equal(course.delivered('B'), 2);
  t.end();
});

test('workaround: disabling that adapter works', (t) => {
  const course = courseOf('legacy');
  course.startAgain('A', ['127.0.0.1', '!10.9.9.9']);
  t.same(course.ids('A', []), [2219, 2206, 2207, 9298]);
  t.equal(course.halts.length, 1, 'one failed start before, and none since');
  course.submit('B', 'A', 1);
  t.equal(course.delivered('A'), 1);
  t.end();
});

test('if every listen fails, every build ends the start', (t) => {
  for (const mode of ['legacy', 'fixed'] as const) {
    for (const bindings of [['10.9.9.9'], ['10.9.9.9', '10.9.9.8'], ['10.9.9.9', '!127.0.0.1']]) {
      const course = courseOf(mode, { bindings: { A: bindings } });
      t.equal(course.ids('A', []).at(-1), 9266, `${mode}, ${bindings.join(' ')}`);
      t.equal(course.halts[0]?.code, 1);
    }
  }
  t.end();
});

test('corrected: 9321 is logged for that adapter, and the MTA starts on the others (9298)', (t) => {
  const course = courseOf('fixed');
  t.same(course.ids('A', []), [9321, 9298]);
  t.equal(course.halts.length, 0);
  t.same(
    viewBindings(course.lab.mta('A')).map(({ address, listening, osError }) => [address, listening, osError]),
    [
      ['127.0.0.1', 'up', null],
      ['10.9.9.9', 'failed', 'EADDRNOTAVAIL'],
    ],
  );
  course.submit('B', 'A', 1);
  course.submit('A', 'B', 1);
  t.equal(course.delivered('A') + course.delivered('B'), 2);
  t.end();
});

test('corrected: an endpoint mapper, which cannot listen on that adapter either, changes nothing', (t) => {
  const course = courseOf('fixed', { mappers: { A: 4135 } });
  t.equal(course.ids('A', []).at(-1), 9298);
  course.submit('B', 'A', 1);
  t.equal(course.delivered('A'), 1);
  const taken = courseOf('fixed', { mappers: { A: 4135 }, bindings: { A: ['127.0.0.1', '127.0.0.2'], B: ['127.0.0.2[4135]'] } });
  t.same(taken.ids('B', []), [9321, 9266], 'B, whose only binding is at a place of the mapper of A');
  t.equal(taken.halts.length, 1);
  const last = courseOf('fixed', {
    names: ['B', 'A'],
    mappers: { A: 4135 },
    bindings: { A: ['127.0.0.1', '127.0.0.2'], B: ['127.0.0.2[4135]'] },
  });
  t.same(last.ids('A', []), [9321, 9266], 'a mapper that fails on a working adapter is fatal');
  t.end();
});

test('corrected: the MTA advertises only its working adapters for the bind back', (t) => {
  const course = courseOf('fixed', { bindings: { A: ['10.9.9.9', '127.0.0.2', '127.0.0.1'] } });
  course.submit('A', 'B', 1);
  t.same(
    course.dials.filter(({ from }) => from === 'B').map(({ host, osError }) => [host, osError]),
    [['127.0.0.2', null]],
  );
  t.end();
});

test('on a cluster one failed listen is fatal by design, in every build', (t) => {
  for (const mode of ['legacy', 'fixed'] as const) {
    const course = courseOf(mode, { cluster: ['A'] });
    t.same(course.ids('A', []), [9321, 9266], mode);
    t.equal(course.halts[0]?.code, 1);
  }
  t.same(
    courseOf('fixed', { cluster: ['A'], bindings: { A: ['127.0.0.1', '127.0.0.2'] } }).ids('A', []),
    [9298],
    'with good adapters it starts',
  );
  t.end();
});

test('a live switch shows at the next start, either way', (t) => {
  const course = courseOf('fixed');
  course.set('A', article, 'legacy');
  t.equal(course.lab.mta('A').phase, 'running', 'the running MTA continues');
  const node = course.lab.node('A');
  for (const [mode, ids] of [
    ['legacy', [2219, 2206, 2207, 9321, 9266]],
    ['fixed', [2219, 2206, 2207, 9321, 9298]],
  ] as const) {
    if (node.up) course.lab.crash('A');
    node.config = { ...node.config, legacy: mode === 'legacy' ? [article] : [] };
    course.startAgain('A');
    t.same(course.ids('A', []), ids, mode);
  }
  t.end();
});
