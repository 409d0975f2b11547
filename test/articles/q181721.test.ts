/**
 * Q181721, messages are not delivered over an association (bind_nak): one test for each fact, on MTAs without sockets.
 * A sends to B. B's host listens on two addresses, with or without the fault of the RPC runtime. `mtalab repro Q181721`
 * shows it on two processes.
 */
import { exchangeReleases, quirkOf, resolveNt, resolveProfile, rowsIn } from '@mtalab/mta-core';
import { test } from 'tap';
import { Course, type CourseOptions } from './course.js';

const article = 'Q181721';
const tenDaysMs = 10 * 24 * 3_600_000;
const transferIntervalMs = 120_000;
const callTimeoutMs = 120_000;
const twoAddresses = { B: ['127.0.0.1', '127.0.0.2'] };

function courseOf(mode: 'legacy' | 'fixed', more: CourseOptions = {}): Course {
  return new Course({ bindings: twoAddresses, legacy: mode === 'legacy' ? { B: [article] } : {}, ...more });
}

test('builds: Windows NT 4.0 before SP4, Terminal Server Edition likewise; SP4 and later do not have it', (t) => {
  for (const nt of ['4.0', '4.0sp1', '4.0sp2', '4.0sp3', '4.0tsesp3'])
    t.equal(resolveNt(nt === '4.0' ? '4.0sp0' : nt).articles.includes(article), true, nt);
  for (const nt of ['4.0sp4', '4.0sp5', '4.0sp6', '4.0sp6a', '4.0tsesp4', '4.0tsesp5'])
    t.equal(resolveNt(nt).articles.includes(article), false, nt);
  t.match(quirkOf(article)?.builds, /NT 4\.0 before SP4, Terminal Server Edition likewise/);
  t.end();
});

test('builds: any Exchange version, as it is a fault of Windows NT', (t) => {
  t.equal(quirkOf(article)?.product, 'nt-rpc');
  for (const { short, name } of exchangeReleases) {
    t.ok(resolveProfile({ release: short, nt: '4.0sp3' }).legacy.includes(article), `${name} on NT 4.0 SP3`);
    t.notOk(resolveProfile({ release: short, nt: '4.0sp4' }).legacy.includes(article), `${name} on NT 4.0 SP4`);
  }
  t.end();
});

test('the fault is in the receiving host: a sender with the fault still sends', (t) => {
  const course = courseOf('fixed', { bindings: { A: ['127.0.0.1', '127.0.0.2'], ...twoAddresses }, legacy: { A: [article] } });
  course.submit('A', 'B', 1);
  t.equal(course.delivered('B'), 1);
  t.equal(course.naks.length, 0);
  t.end();
});

test('the host files the association in the wrong address space: the table of an address at which it did not arrive', (t) => {
  for (const mode of ['legacy', 'fixed'] as const) {
    const course = courseOf(mode);
    course.submit('A', 'B', 1);
    const [arrivedAt, other] = course.lab.mta('B').rpc.addresses;
    t.equal(course.dials[0]?.host, '127.0.0.1');
    t.equal(arrivedAt?.groups.size, mode === 'legacy' ? 0 : 1, `${mode}, where it arrived`);
    t.equal(other?.groups.size, mode === 'legacy' ? 1 : 0, `${mode}, at the other address`);
  }
  t.end();
});

test('the next bind arrives at the right address, whose table lacks the association: bind_nak', (t) => {
  const course = courseOf('legacy');
  course.submit('A', 'B', 1);
  const calls = course.dials.filter(({ from }) => from === 'A');
  t.equal(calls.length, 2);
  t.equal(calls[1]?.host, calls[0]?.host, 'A dials the same host as for the first connection');
  t.equal(calls[1]?.localAddress, calls[0]?.localAddress, 'and from the same address');
  const group = rowsIn(course.lab.mta('A').rpc.carriers)[0]?.ownGroup;
  t.type(group, 'number');
  t.same(course.naks, [{ from: 'B', reason: 0, group, atMs: 0 }], 'reason not specified, for the group of the first connection');
  t.end();
});

test('the initiating MTA cannot send: the association opens, and no data moves', (t) => {
  const course = courseOf('legacy');
  course.submit('A', 'B', 1);
  for (const name of ['A', 'B'] as const) {
    t.equal(course.associations(name).length, 1);
    t.equal(course.associations(name)[0]?.state, 'open', `${name} has it open`);
    t.equal(course.associations(name)[0]?.moved, 0);
  }
  t.equal(course.associations('A')[0]?.turn, 'held', 'A may send, and cannot');
  t.equal(course.associations('A')[0]?.transfers.size, 0, 'A puts no message on it');
  t.equal(course.queued('A', 'B'), 1);
  t.end();
});

test('event 9316 (LTAB index, Windows NT error 1727) at each attempt, which is each Transfer Interval', (t) => {
  const course = courseOf('legacy');
  course.submit('A', 'B', 1);
  course.lab.pass(5 * transferIntervalMs);
  const logged = course.events('A', 9316);
  t.same(
    logged.map(({ atMs }) => atMs),
    [0, 1, 2, 3, 4, 5].map((times) => times * transferIntervalMs),
  );
  t.same(
    course.naks.map(({ atMs }) => atMs),
    logged.map(({ atMs }) => atMs),
    'one for each bind_nak',
  );
  for (const { parameters } of logged) t.same(parameters, { ltabIndex: 1, ntError: 1727 });
  t.match(logged[0], { type: 'Warning', category: 'Interface', severity: 12, trailer: '[BASE IL KERNEL 24 512] (12)' });
  t.match(logged[0]?.text, /LTAB index: 1, Windows NT error: 1727/);
  t.end();
});

test('the setting Transfer Interval sets the time between attempts', (t) => {
  const course = courseOf('legacy', { settings: { transferRetryIntervalS: 30 } });
  course.submit('A', 'B', 1);
  course.lab.pass(90_000);
  t.same(
    course.events('A', 9316).map(({ atMs }) => atMs),
    [0, 30_000, 60_000, 90_000],
  );
  t.end();
});

test('the LTAB index names the unreachable MTA', (t) => {
  const course = courseOf('legacy', { names: ['A', 'C', 'B'] });
  course.submit('A', 'B', 1);
  course.submit('A', 'C', 1);
  t.same(course.events('A', 9316)[0]?.parameters, { ltabIndex: 2, ntError: 1727 });
  t.equal(course.delivered('C'), 1, 'C, on one address, receives its mail');
  t.end();
});

test('no message moves, however far the clock advances, and the MTA gives up none', (t) => {
  const course = courseOf('legacy');
  course.submit('A', 'B', 49);
  course.lab.pass(tenDaysMs);
  t.equal(course.queued('A', 'B'), 49);
  t.equal(course.delivered('B'), 0);
  t.equal(course.firstConnections, 1, '49 are not enough for another association');
  t.equal(course.events('A', 290).length, 0, 'no report');
  t.equal(course.naks.length, 1 + tenDaysMs / transferIntervalMs);
  t.end();
});

test('at the threshold (50) a new association opens, and messages flow', (t) => {
  const course = courseOf('legacy');
  course.submit('A', 'B', 49);
  t.equal(course.firstConnections, 1);
  course.submit('A', 'B', 1);
  t.equal(course.firstConnections, 2, 'the 50th opens exactly one more');
  t.equal(course.delivered('B'), 50);
  t.equal(course.queued('A', 'B'), 0);
  t.same(
    course.associations('A').map(({ moved }) => moved),
    [0, 50],
    'all of them on the new association',
  );
  t.equal(course.naks.length, 1, 'the new association gets no bind_nak');
  t.end();
});

test('the threshold may be reached on the other MTA: its association carries the mail of both', (t) => {
  const course = courseOf('legacy');
  course.submit('A', 'B', 10);
  course.submit('B', 'A', 49);
  t.equal(course.delivered('A') + course.delivered('B'), 0, 'B cannot send either: A has the Turn and cannot give it');
  course.submit('B', 'A', 1);
  t.equal(course.firstConnections, 2);
  t.equal(course.associations('B')[1]?.role, 'initiator');
  t.equal(course.delivered('A'), 50);
  t.equal(course.delivered('B'), 10);
  t.end();
});

test('each peer has a first association after the start', (t) => {
  const course = courseOf('legacy', { names: ['A', 'B', 'C'] });
  course.submit('A', 'B', 1);
  course.submit('C', 'B', 1);
  t.equal(course.delivered('B'), 0);
  t.same(
    ['A', 'C'].map((name) => course.events(name, 9316).length),
    [1, 1],
  );
  t.end();
});

test('a start of the receiver makes the next association the first again', (t) => {
  const course = courseOf('legacy');
  course.submit('A', 'B', 50);
  t.equal(course.delivered('B'), 50);
  course.lab.pass(3_600_000);
  t.equal(course.associations('A').length, 0, 'both associations closed in order');
  course.submit('A', 'B', 1);
  t.equal(course.delivered('B'), 51, 'without a start the host misfiles no further association');
  course.lab.input('B', { type: 'stop' });
  course.lab.settle();
  course.lab.pass(10_000);
  course.startAgain('B');
  course.submit('A', 'B', 1);
  t.equal(course.delivered('B'), 51);
  t.equal(course.events('A', 9316).length, 1);
  t.end();
});

test('the host files a recovery of the association correctly, so a loss cures the fault', (t) => {
  const course = courseOf('legacy');
  course.submit('A', 'B', 3);
  course.lab.cutAll();
  course.lab.settle();
  t.equal(course.associations('A')[0]?.recovery, 1);
  t.equal(course.firstConnections, 1, 'it is the same association');
  t.equal(course.delivered('B'), 3);
  t.end();
});

test('corrected: the next bind finds its association', (t) => {
  const course = courseOf('fixed');
  course.submit('A', 'B', 49);
  t.equal(course.naks.length, 0);
  t.equal(course.events('A', 9316).length, 0);
  t.equal(course.delivered('B'), 49);
  t.equal(course.firstConnections, 1, 'no second association is needed');
  const groups = course.lab.mta('B').rpc.addresses[0]?.groups;
  t.equal(
    groups === undefined ? 0 : rowsIn(groups)[0]?.members.length,
    2,
    'both connections of A are in one group, where they arrived',
  );
  t.end();
});

test('setting needed: the receiver listens on two addresses. With one address there is no wrong table, even with the fault', (t) => {
  for (const bindings of [['127.0.0.1'], ['127.0.0.1', '!127.0.0.2'], ['127.0.0.1', '10.9.9.9']]) {
    const course = courseOf('legacy', { bindings: { B: bindings } });
    course.submit('A', 'B', 1);
    t.equal(course.delivered('B'), 1, `${bindings.join(' ')}`);
    t.equal(course.naks.length, 0);
  }
  t.end();
});

test('with three addresses the host misfiles the association too, at whichever address it arrives', (t) => {
  for (const first of ['127.0.0.1', '127.0.0.2', '127.0.0.3']) {
    const course = courseOf('legacy', { bindings: { B: ['127.0.0.1', '127.0.0.2', '127.0.0.3'] } });
    course.lab.input('A', { type: 'command', command: { op: 'endpoints', mta: 'B', endpoints: [`${first}[5002]`] } });
    course.submit('A', 'B', 1);
    t.equal(course.dials[0]?.host, first);
    t.equal(course.naks.length, 1, first);
    t.equal(course.delivered('B'), 0);
  }
  t.end();
});

test('a live switch of B from legacy to fixed frees the mail, on the same association', (t) => {
  const course = courseOf('legacy');
  course.submit('A', 'B', 49);
  course.set('B', article, 'fixed');
  t.equal(course.delivered('B'), 49);
  t.equal(course.firstConnections, 1);
  t.equal(course.associations('A')[0]?.recovery, 1);
  t.end();
});

test('a live switch from fixed to legacy keeps existing groups and misfiles the next one', (t) => {
  const course = courseOf('fixed');
  course.submit('A', 'B', 1);
  course.set('B', article, 'legacy');
  course.submit('A', 'B', 1);
  t.equal(course.delivered('B'), 2);
  course.lab.cutAll();
  course.lab.settle();
  course.submit('A', 'B', 1);
  t.equal(course.delivered('B'), 2, 'the host filed the recovered association wrongly');
  t.equal(course.naks.length, 1);
  t.end();
});

test('only the switch of B counts: a corrected A alone changes nothing', (t) => {
  const course = courseOf('legacy');
  course.submit('A', 'B', 1);
  course.set('A', article, 'fixed');
  course.lab.pass(3_600_000);
  t.equal(course.delivered('B'), 0);
  t.end();
});

/** MtaBind arrives at B, but B's way back is a black hole. */
function blackhole(): Course {
  const course = new Course({});
  const { onFrame } = course.lab.hooks;
  course.lab.hooks.onFrame = (sent) => {
    onFrame?.(sent);
    return !(sent.pdu.type === 'request' && sent.pdu.body.op === 'MtaBindBack');
  };
  course.submit('A', 'B', 1);
  return course;
}

test('event 9277 reports a call cancelled after two minutes without an answer: an MtaBind whose way back is a black hole', (t) => {
  const course = blackhole();
  course.lab.pass(callTimeoutMs - 1);
  t.equal(course.events('A', 9277).length, 0, 'not a moment before');
  course.lab.pass(1);
  const [logged] = course.events('A', 9277);
  t.match(logged, { type: 'Warning', category: 'Interface', severity: 14, atMs: callTimeoutMs });
  t.match(logged?.parameters, {
    ltabIndex: 1,
    timeMs: callTimeoutMs,
    cancelResult: 0,
    remoteServer: 'B',
    callName: 'MtaBind',
    stringBinding: 'ncacn_ip_tcp:127.0.0.1[5002]',
  });
  t.equal(logged?.trailer, '[B MtaBind ncacn_ip_tcp:127.0.0.1[5002] BASE IL] (14)');
  t.equal(course.events('A', 9316).length, 0, 'no 9316: that event has another cause');
  t.end();
});

test('the client sends the server co_cancel with the id of the cancelled call', (t) => {
  const course = blackhole();
  const told: { readonly call: number; readonly type: string }[] = [];
  course.lab.hooks.onTaken = ({ from, pdu }) => {
    if (from === 'A' && (pdu.type === 'co_cancel' || pdu.type === 'orphaned')) told.push({ call: pdu.call, type: pdu.type });
  };
  const bindCall = 2;
  course.lab.pass(callTimeoutMs);
  t.same(told, [{ call: bindCall, type: 'co_cancel' }]);
  t.equal(course.associations('A').length, 0, 'the attempt is over');
  t.end();
});

test('after a cancelled MtaBind the Open Interval passes, and then the mail moves', (t) => {
  const course = blackhole();
  course.lab.pass(callTimeoutMs);
  course.lab.hooks.onFrame = () => true;
  course.lab.pass(599_999);
  t.equal(course.delivered('B'), 0);
  course.lab.pass(1);
  t.equal(course.delivered('B'), 1);
  t.end();
});
