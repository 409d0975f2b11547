/**
 * Q185934, the window of an X.400 connector is never above 3: one test for each fact, on MTAs without sockets.
 */
import { resolveProfile } from '@mtalab/mta-core';
import { test } from 'tap';
import { Course, type CourseOptions } from './course.js';

const article = 'Q185934';

/** The window that the RTORQ asks for, the one that the RTOAC grants, and the most segments that were unconfirmed at one time. */
function windowsOf(more: CourseOptions): { readonly asked: number; readonly granted: number; readonly used: number } {
  const course = new Course({ link: 'x400', ...more, settings: { checkpointSizeK: 1, windowSize: 5, ...more.settings } });
  let [asked, granted, sent, used] = [0, 0, 0, 0];
  const { onFrame } = course.lab.hooks;
  course.lab.hooks.onFrame = (moved) => {
    const { frame } = moved;
    if (frame.link === 'x400') {
      if (frame.frame.type === 'connect') asked = frame.frame.apdu.windowSize;
      if (frame.frame.type === 'accept') granted = frame.frame.apdu.windowSize;
      if (frame.frame.type === 'data') sent = frame.frame.checkpoint;
    }
    return onFrame?.(moved) ?? true;
  };
  course.lab.heldStores.add('B');
  course.lab.submit('A', 'm', ['x@b.example'], { sizeBytes: 20_000 });
  course.lab.settle();
  used = sent;
  course.lab.heldStores.delete('B');
  for (let left = 20; left > 0; left -= 1) course.lab.storeDone('B');
  course.lab.settle();
  if (course.delivered('B') !== 1) throw new Error('the message was not delivered');
  return { asked, granted, used };
}

test('builds: Exchange 5.0, and 5.5 before SP2', (t) => {
  for (const release of ['5.0', '5.0sp2', '5.5', '5.5sp1']) t.ok(resolveProfile({ release }).legacy.includes(article), release);
  for (const release of ['4.0', '5.5sp2', '5.5sp4']) t.notOk(resolveProfile({ release }).legacy.includes(article), release);
  t.end();
});

test('the connector requests a window of 3, even if the property page says 5', (t) => {
  t.same(windowsOf({ legacy: { A: [article] } }), { asked: 3, granted: 3, used: 3 });
  t.end();
});

test('if the other MTA opens the connection, the window is negotiated down to 3', (t) => {
  t.same(windowsOf({ legacy: { B: [article] } }), { asked: 5, granted: 3, used: 3 });
  t.end();
});

test('a smaller window than 3 stays as it is', (t) => {
  t.same(windowsOf({ legacy: { A: [article], B: [article] }, settings: { windowSize: 2 } }), { asked: 2, granted: 2, used: 2 });
  t.end();
});

test('corrected: the connector uses the window of its property page', (t) => {
  t.same(windowsOf({}), { asked: 5, granted: 5, used: 5 });
  t.same(windowsOf({ settings: { windowSize: 9 } }), { asked: 9, granted: 9, used: 9 });
  t.end();
});

test('a live switch shows at the next association', (t) => {
  const course = new Course({ link: 'x400', legacy: { A: [article] } });
  course.submit('A', 'B', 1);
  t.equal(course.associations('A')[0]?.windowSize, 3);
  course.set('A', article, 'fixed');
  t.equal(course.associations('A')[0]?.windowSize, 3, 'the open association keeps what was agreed');
  course.lab.pass(3_600_000);
  course.submit('A', 'B', 1);
  t.equal(course.associations('A')[0]?.windowSize, 5);
  t.end();
});
