/**
 * Q187929, recovery fails over a changed checkpoint size: one test for each fact, on MTAs without sockets. A opens with a
 * checkpoint size of 15 K, B is configured for 30 K.
 */
import { resolveProfile, type X400Frame } from '@mtalab/mta-core';
import { test } from 'tap';
import { Course } from './course.js';

const article = 'Q187929';
const disconnectMs = 120_000;

function courseOf(mode: 'legacy' | 'fixed'): { readonly course: Course; readonly frames: X400Frame[] } {
  const course = new Course({ link: 'x400', legacy: mode === 'legacy' ? { B: [article] } : {} });
  const frames: X400Frame[] = [];
  course.lab.hooks.onTaken = ({ frame }) => {
    if (frame.link === 'x400') frames.push(frame.frame);
  };
  const node = course.lab.node('A');
  node.config = { ...node.config, settings: { ...node.config.settings, checkpointSizeK: 15 } };
  course.lab.crash('A');
  course.startAgain('A');
  course.submit('A', 'B', 1);
  return { course, frames };
}

function lossOf(course: Course): void {
  course.lab.cutAll();
  course.lab.settle();
}

const sizes = (frames: readonly X400Frame[], type: 'connect' | 'accept'): number[] =>
  frames.flatMap((frame) => (frame.type === type && 'checkpointSizeK' in frame.apdu ? [frame.apdu.checkpointSizeK] : []));

test('builds: Exchange 5.0, and 5.5 before SP1', (t) => {
  for (const release of ['5.0', '5.0sp2', '5.5']) t.ok(resolveProfile({ release }).legacy.includes(article), release);
  for (const release of ['4.0', '5.5sp1', '5.5sp4']) t.notOk(resolveProfile({ release }).legacy.includes(article), release);
  t.end();
});

test('at the opening the two agree on the smaller size', (t) => {
  for (const mode of ['legacy', 'fixed'] as const) {
    const { course, frames } = courseOf(mode);
    t.same([sizes(frames, 'connect'), sizes(frames, 'accept')], [[15], [15]], mode);
    t.equal(course.delivered('B'), 1);
  }
  t.end();
});

test('the connection ends unexpectedly, and the first MTA proposes the same size as before; the second answers with another', (t) => {
  const { course, frames } = courseOf('legacy');
  lossOf(course);
  t.same(sizes(frames, 'connect').slice(0, 2), [15, 15]);
  t.same(sizes(frames, 'accept').slice(0, 2), [15, 30]);
  t.end();
});

test('so the first MTA cannot recover the association: it drops each new connection, and mail waits', (t) => {
  const { course, frames } = courseOf('legacy');
  lossOf(course);
  course.submit('A', 'B', 2);
  course.lab.pass(disconnectMs - 1000);
  t.equal(course.delivered('B'), 1);
  t.equal(course.associations('A')[0]?.state === 'open', false);
  t.ok(sizes(frames, 'accept').length > 5, 'it tries again and again');
  t.end();
});

test('when Disconnect has passed the association is given up, and a new one carries the mail', (t) => {
  const { course } = courseOf('legacy');
  lossOf(course);
  course.submit('A', 'B', 2);
  course.lab.pass(disconnectMs + 20_000);
  t.equal(course.delivered('B'), 3);
  t.equal(course.associations('A')[0]?.recovery, 0, 'on an association that was not recovered');
  t.end();
});

test('corrected: the second MTA answers with the size agreed at the opening, and the association is recovered', (t) => {
  const { course, frames } = courseOf('fixed');
  lossOf(course);
  t.same(sizes(frames, 'accept'), [15, 15]);
  course.submit('A', 'B', 2);
  t.equal(course.delivered('B'), 3);
  t.equal(course.associations('A')[0]?.recovery, 1);
  t.end();
});

test('an MTA with equal or smaller checkpoint size shows nothing of it', (t) => {
  const course = new Course({ link: 'x400', legacy: { A: [article], B: [article] } });
  course.submit('A', 'B', 1);
  lossOf(course);
  course.submit('A', 'B', 1);
  t.equal(course.delivered('B'), 2);
  t.equal(course.associations('A')[0]?.recovery, 1);
  t.end();
});
