/**
 * Q229643, control blocks leak when an association is recovered while a Turn-Please is outstanding: one test for each fact, on
 * MTAs without sockets. A opens and holds the Turn. B asks for it, does not notice the loss of the connection, and A recovers.
 */
import { resolveProfile, type Settings } from '@mtalab/mta-core';
import { test } from 'tap';
import { Course } from './course.js';

const article = 'Q229643';
const settings: Partial<Settings> = { controlBlocks: 4 };

function courseOf(mode: 'legacy' | 'fixed', more: Partial<Settings> = {}): Course {
  const course = new Course({
    link: 'x400',
    legacy: mode === 'legacy' ? { B: [article] } : {},
    settings: { ...settings, ...more },
  });
  course.submit('A', 'B', 1);
  return course;
}

/** B's Turn-Please is on its way when the connection is lost, and only A notices. A recovers the association. */
function recoverDuringPlease(course: Course): void {
  const { lab } = course;
  // A has the Turn, whoever had it before.
  course.submit('A', 'B', 1);
  const [wire] = lab.wires;
  if (wire === undefined) throw new Error('there is no connection');
  wire.held.add('toServer').add('toClient');
  course.submit('B', 'A', 1);
  const asking = course.associations('B')[0]?.turn;
  if (asking !== 'asking') throw new Error(`B is ${asking}`);
  lab.cutWire(wire, 'B');
  lab.settle();
}

const inUse = (course: Course, name: string): number => course.lab.mta(name).x400.controlBlocks.length;
const leaked = (course: Course): number => course.lab.mta('B').x400.controlBlocks.filter(({ conn }) => conn === null).length;

test('builds: Exchange 5.5 SP2, and again SP3; corrected in 2590.0 and 2651.71', (t) => {
  for (const release of ['5.5sp2', '5.5sp3']) t.ok(resolveProfile({ release }).legacy.includes(article), release);
  for (const release of ['5.0', '5.5', '5.5sp1', '2651.75', '5.5sp4'])
    t.notOk(resolveProfile({ release }).legacy.includes(article), release);
  t.end();
});

test('a control block serves one association, either way, plus one for listening', (t) => {
  const course = courseOf('fixed');
  t.equal(inUse(course, 'A'), 1);
  t.equal(inUse(course, 'B'), 1);
  const all = courseOf('fixed', { threshold: 1, maxAssociationsPerMta: 9 });
  all.lab.heldStores.add('B');
  all.submit('A', 'B', 9);
  t.equal(inUse(all, 'A'), 3, 'three of four: the listener has the other');
  t.ok(all.events('A', 9156).length > 0);
  t.end();
});

test('legacy: a recovery that meets an outstanding Turn-Please leaks a control block of the side that asks', (t) => {
  const course = courseOf('legacy');
  recoverDuringPlease(course);
  t.equal(leaked(course), 1);
  t.equal(inUse(course, 'B'), 2, 'the leaked one, and that of the recovered association');
  t.equal(inUse(course, 'A'), 1);
  t.equal(course.delivered('A'), 1, 'the association itself works');
  t.end();
});

test('corrected: both layers are told, and nothing leaks', (t) => {
  const course = courseOf('fixed');
  for (let times = 6; times > 0; times -= 1) recoverDuringPlease(course);
  t.equal(leaked(course), 0);
  t.equal(inUse(course, 'B'), 1);
  t.equal(course.delivered('A'), 6);
  t.end();
});

test('a recovery without a Turn-Please leaks nothing', (t) => {
  const course = courseOf('legacy');
  for (let times = 6; times > 0; times -= 1) {
    const [wire] = course.lab.wires;
    if (wire !== undefined) course.lab.cutWire(wire, 'B');
    course.lab.settle();
  }
  t.equal(leaked(course), 0);
  t.end();
});

/** One control block is leaked, and the association has closed in order. */
function leakedAndClosed(): Course {
  const course = courseOf('legacy');
  recoverDuringPlease(course);
  course.lab.pass(1_800_000);
  if (course.associations('A').length > 0) throw new Error('the association is still there');
  return course;
}

test('a later open by the same partner is dropped as a duplicate', (t) => {
  const course = leakedAndClosed();
  const before = course.delivered('B');
  course.submit('A', 'B', 1);
  t.equal(course.delivered('B'), before);
  t.equal(course.queued('A', 'B'), 1);
  t.equal(course.events('A', 4284).length, 1, 'for A the connection fails');
  t.equal(leaked(course), 2, 'and its control block leaks too');
  t.end();
});

test('in the end 9156 (type 1, configured count) is logged, and no mail moves', (t) => {
  const course = leakedAndClosed();
  const before = course.delivered('B');
  course.submit('A', 'B', 1);
  t.equal(course.events('B', 9156).length, 0);
  course.lab.pass(3 * 3_600_000);
  t.match(course.events('B', 9156)[0], {
    parameters: { networkType: 1, configured: 4 },
    trailer: '[BASE IL MAIN BASE 1 282] (10)',
    category: 'Resource',
  });
  t.equal(course.delivered('B'), before);
  t.equal(course.queued('A', 'B'), 1);
  course.submit('B', 'A', 1);
  t.equal(course.queued('B', 'A'), 1, 'not the other way either: B has no control block for it');
  t.end();
});

test('a restart of the MTA frees them, and the mail moves', (t) => {
  const course = leakedAndClosed();
  const before = course.delivered('B');
  course.submit('A', 'B', 1);
  course.lab.pass(3 * 3_600_000);
  course.lab.crash('B');
  course.startAgain('B');
  course.lab.pass(700_000);
  t.equal(leaked(course), 0);
  t.equal(course.delivered('B'), before + 1);
  t.end();
});

test('a live switch to fixed: the leaked control blocks stay, but no opening is taken for a duplicate', (t) => {
  const course = leakedAndClosed();
  course.set('B', article, 'fixed');
  const before = course.delivered('B');
  course.submit('A', 'B', 1);
  t.equal(course.delivered('B'), before + 1);
  t.equal(leaked(course), 1);
  t.end();
});
