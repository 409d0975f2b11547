import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Effect, Input, Mta, StoreEffect } from '@mtalab/mta-core';
import { Driver, type Ended, Journal, JournalFile, LabClock, monotonicMs, SubmitRefused } from '@mtalab/transport';
import { test } from 'tap';
import { configOf, copy, envelope, type Fakes, fakes, recovered, type Script, turns } from './fakes.js';

const store = (token: number): StoreEffect => ({ type: 'store', token, accept: [], segments: [], forget: [] });
const send = (conn: number): Effect => ({ type: 'frame', link: 'rpc', conn, frame: { type: 'shutdown', call: 1 } });
const lost = (conn: number): Input => ({ type: 'lost', conn, error: 10054 });

/** A driver on fakes, begun and idle, with an empty log. */
async function driverOn(parts: Fakes, hooks = {}, clock = new LabClock({ monotonic: () => 0, epochMs: 5000 })): Promise<Driver> {
  const driver = new Driver({ ...parts, clock, hooks });
  driver.begin(configOf('MTA-A'), recovered);
  await turns();
  parts.log.length = 0;
  return driver;
}

test('lab clock', async (t) => {
  let mono = 100;
  const clock = new LabClock({ epochMs: 1_000_000, baseMs: 100, timeScale: 10, offsetMs: 5, monotonic: () => mono });
  t.equal(clock.nowMs(), 1_000_005, 'at the base: epoch and offset');
  mono = 100.27;
  t.equal(clock.nowMs(), 1_000_007, 'scaled, and whole');
  t.equal(clock.realDelayUntil(1_000_107), 10, 'a lab delay is divided by the scale');
  t.equal(clock.realDelayUntil(1_000_108), 11, 'and rounded up, so that it is not early');
  t.equal(clock.realDelayUntil(0), 0, 'a past deadline is due');
  t.equal(clock.realDelayUntil(1e15), 2_147_483_647, 'a timer takes no more');
  mono = 100;
  t.equal(clock.nowMs(), 1_000_007, 'lab time never goes back, even if the source does');
  t.throws(() => clock.setOffset(4), /never goes back/);
  clock.setOffset(1005);
  t.equal(clock.nowMs(), 1_001_005, 'an offset is absolute');
  clock.advanceTo(1_600_000);
  t.equal(clock.nowMs(), 1_600_000);
  clock.advanceTo(1_500_000);
  t.equal(clock.nowMs(), 1_600_000, 'advancing to a past instant does nothing');
  const twin = new LabClock({ epochMs: 1_000_000, baseMs: 100, timeScale: 10, offsetMs: clock.offsetMs, monotonic: () => mono });
  t.equal(twin.nowMs(), clock.nowMs(), 'two clocks of one lab agree');
  for (const timeScale of [0, -1, Number.NaN, 1e7]) t.throws(() => new LabClock({ timeScale }), /timeScale/);
  t.throws(() => new LabClock({ epochMs: Number.NaN }), /epochMs/);
  const endOfTime = /lab time would be beyond 8000000000000000 ms/;
  t.throws(() => new LabClock({ epochMs: 5e15, offsetMs: 5e15 }), endOfTime);
  t.throws(() => clock.setOffset(8e15), endOfTime);
  t.throws(() => clock.advanceTo(8e15 + 1), endOfTime);
  t.equal(twin.nowMs(), clock.nowMs(), 'a refused change has no effect');
  clock.advanceTo(8e15);
  t.equal(new Date(clock.nowMs()).getTime(), 8e15, 'a Date can represent every instant of the clock');
  const hrtimeMs = Number(process.hrtime.bigint()) / 1e6;
  t.ok(Math.abs(monotonicMs() - hrtimeMs) < 1000, 'the default source is CLOCK_MONOTONIC');
});

test('a lab clock that changes its scale: at one instant for all, without a jump, and never back', async (t) => {
  let mono = 1000;
  const of = (timeScale: number) => new LabClock({ epochMs: 0, baseMs: 1000, timeScale, monotonic: () => mono });
  const clock = of(10);
  const twin = of(10);
  let told = 0;
  const end = clock.onLine(() => {
    told += 1;
  });
  mono = 1100;
  t.equal(clock.nowMs(), 1000);
  const line = clock.lineWith(100, 50);
  t.same(line, { timeScale: 100, baseMs: 1150, epochMs: 1500 });
  clock.setLine(line);
  t.equal(told, 1);
  t.equal(clock.timeScale, 100, 'the coming scale');
  t.equal(clock.nowMs(), 1000, 'the present line holds until the base of the new one');
  t.equal(clock.realDelayUntil(1400), 40, 'a deadline before the base');
  t.equal(clock.realDelayUntil(2500), 60, 'a deadline behind it: 50 ms on the old line, 10 ms on the new');
  mono = 1149;
  t.equal(clock.nowMs(), 1490);
  mono = 1150;
  t.equal(clock.nowMs(), 1500, 'no jump');
  mono = 1160;
  t.equal(clock.nowMs(), 2500);
  // The other process learns of it late: it catches up in one step.
  t.equal(twin.nowMs(), 1600);
  twin.setLine(line);
  t.equal(twin.nowMs(), 2500, 'both agree');

  // A slower line that is learned of late: lab time stands, and does not go back.
  clock.setLine(clock.lineWith(1));
  mono = 1170;
  t.equal(clock.nowMs(), 2510);
  t.equal(twin.nowMs(), 3500);
  twin.setLine(clock.line);
  t.equal(twin.nowMs(), 3500, 'it stands');
  t.equal(twin.realDelayUntil(3500), 0);
  t.equal(twin.realDelayUntil(3501), 991, 'a timer does not spin meanwhile');
  mono = 2170;
  t.same([clock.nowMs(), twin.nowMs()], [3510, 3510], 'they agree again');

  end();
  for (const timeScale of [0, -1, Number.NaN, 1e7]) t.throws(() => clock.lineWith(timeScale), /timeScale/);
  t.throws(() => clock.setLine({ ...clock.line, baseMs: mono + 61_000 }), /61 s from now/);
  t.throws(() => clock.setLine({ ...clock.line, epochMs: 9e15 }), /beyond/);
  t.throws(() => clock.setLine({ ...clock.line, epochMs: Number.NaN }), /epochMs/);
  t.equal(clock.nowMs(), 3510, 'a refused change has no effect');
  t.equal(told, 2, 'nobody is told after the end');
});

test('effects of one turn share one commit and one flush, in order', async (t) => {
  const parts = fakes((input) => {
    if (input.type === 'lost') return [send(input.conn), store(input.conn)];
    return input.type === 'stored' ? [send(input.token + 100), { type: 'forget', token: 900 + input.token, copies: [1] }] : [];
  });
  const driver = await driverOn(parts);
  driver.input(lost(1));
  driver.input(lost(2));
  t.equal(driver.pendingWork, 3, 'two store effects and the end of the turn');
  t.same(parts.log, ['step lost 1', 'send 1 shutdown', 'apply store', 'step lost 2', 'send 2 shutdown', 'apply store']);
  parts.log.length = 0;
  await turns(1);
  const first = [
    'flush',
    'commit',
    'step stored 1',
    'send 101 shutdown',
    'apply forget',
    'step stored 2',
    'send 102 shutdown',
    'apply forget',
    'flush',
  ];
  t.same(parts.log, first, 'effects that do not wait for the disk leave before the commit, the rest after it');
  parts.log.length = 0;
  t.equal(driver.pendingWork, 2, 'erasures wait for a commit to join');
  driver.input(lost(3));
  await turns(1);
  const joined = ['step lost 3', 'send 3 shutdown', 'apply store', 'flush', 'commit', 'step forgotten 901', 'step forgotten 902'];
  t.same(parts.log.slice(0, joined.length), joined, 'erasures join the commit of the next message');
  parts.log.length = 0;
  while (driver.pendingWork > 0) await turns(1);
  t.same(parts.log, ['commit', 'step forgotten 903'], 'and get their own commit soon if no message comes');
});

test('envelopes are read back when the frames of the turn have left, one batch in a turn', async (t) => {
  const recall = (id: number): Effect => ({ type: 'recall', entry: 1, priority: 'normal', copies: [{ copy: id, content: id }] });
  let recalls = 0;
  const parts = fakes((input) => {
    if (input.type === 'lost') return [recall(11), send(1)];
    if (input.type !== 'recalled') return [];
    recalls += 1;
    return recalls === 1 ? [recall(12), send(2)] : [];
  });
  const driver = await driverOn(parts);
  driver.input(lost(1));
  t.same(parts.log, ['step lost 1', 'send 1 shutdown'], 'the step does not wait for the store');
  t.equal(driver.pendingWork, 2, 'the batch and the end of the turn');
  parts.log.length = 0;
  await turns(1);
  t.same(parts.log, ['flush', 'recall 11', 'step recalled', 'send 2 shutdown', 'flush']);
  t.equal(driver.pendingWork, 2, 'the next batch waits for the next turn');
  parts.log.length = 0;
  await turns(1);
  t.same(parts.log, ['recall 12', 'step recalled']);
  t.equal(driver.pendingWork, 0);
});

test('a sink that is done at once gets the next delivery in the same turn, up to a limit', async (t) => {
  const deliver = (id: number): Effect => ({
    type: 'deliver',
    copy: id,
    content: 1,
    destination: copy.destination,
    envelope,
  });
  // A core that has one delivery under way at a time.
  const parts = fakes((input) => {
    if (input.type === 'lost') return [deliver(1)];
    return input.type === 'delivered' && input.copy < 2500 ? [deliver(input.copy + 1)] : [];
  });
  let delivered = 0;
  const driver: Driver = await driverOn({
    ...parts,
    delivery: {
      ...parts.delivery,
      deliver: ({ copy: id }) => {
        delivered += 1;
        driver.input({ type: 'delivered', copy: id });
      },
    },
  });
  driver.input(lost(1));
  const after: number[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    await turns(1);
    after.push(delivered);
  }
  t.same(after, [1000, 2000, 2500], 'no turn becomes long, and none waits for each of them');
});

test('the driver retries refused writes without any new input', async (t) => {
  const parts = fakes((input) => (input.type === 'lost' ? [{ type: 'forget', token: 7, copies: [1] }] : []));
  const driver: Driver = await driverOn(parts);
  parts.outcomes = () => [];
  parts.refusedWrites = 1;
  driver.input(lost(1));
  while (!parts.log.includes('commit')) await turns(1);
  // More than one if the retry is already due.
  t.ok(driver.pendingWork > 0, 'the erasure still waits');
  parts.outcomes = () => [{ type: 'forgotten', token: 7 }];
  parts.refusedWrites = 0;
  while (driver.pendingWork > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  t.equal(parts.log.filter((line) => line === 'commit').length, 2);
  t.ok(parts.log.includes('step forgotten 7'));
});

test('inputs that arrive while the driver carries out effects wait', async (t) => {
  const parts = fakes((input) => {
    if (input.type === 'stop') return [{ type: 'dial', link: 'rpc', conn: 2, host: 'h', port: 1 }, send(9)];
    return input.type === 'dial-failed' ? [send(10)] : [];
  });
  const driver: Driver = await driverOn(parts);
  parts.network.dial = ({ conn }) => {
    parts.log.push(`dial ${conn}`);
    driver.input({ type: 'dial-failed', conn, error: 1722, osError: 'ECONNREFUSED' });
    t.equal(parts.log.at(-1), `dial ${conn}`, 'not stepped yet');
  };
  driver.input({ type: 'stop' });
  t.same(parts.log, ['step stop', 'dial 2', 'send 9 shutdown', 'step dial-failed 2', 'send 10 shutdown']);
});

test('inputs that cause further inputs do not block the event loop', async (t) => {
  let steps = 0;
  const parts = fakes((input) => {
    steps += 1;
    return input.type === 'lost' && steps < 25_000 ? [{ type: 'close', conn: 1 }] : [];
  });
  const driver: Driver = await driverOn(parts);
  parts.network.close = () => driver.input(lost(1));
  driver.input(lost(1));
  t.ok(steps <= 10_001, `${steps} steps in the first turn`);
  t.ok(driver.pendingWork > 0, 'the driver counts the rest as pending');
  await turns(5);
  t.equal(steps, 25_000, 'and handles it in later turns');
  t.equal(driver.pendingWork, 0);
});

test('the timer fires at its lab time, and never needlessly', async (t) => {
  let mono = 0;
  const times: number[] = [];
  const parts = fakes((input, _mta, nowMs) => {
    if (input.type === 'timer') {
      times.push(nowMs);
      parts.deadline = null;
    }
    return [];
  });
  let looks = 0;
  const nextDeadline = (mta: Mta): number | null => {
    looks += 1;
    return parts.core.nextDeadline(mta);
  };
  const clock = new LabClock({ monotonic: () => mono, epochMs: 0 });
  const driver = await driverOn({ ...parts, core: { ...parts.core, nextDeadline } }, {}, clock);
  parts.deadline = 10;
  looks = 0;
  driver.input(lost(1));
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  // The driver reads the clock once when it sets its timer, and twice each time the timer fires.
  await until(() => looks >= 5);
  t.same(times, [], 'lab time stands still, so nothing becomes due in any real time');
  mono = 12;
  await until(() => times.length > 0);
  t.same(times, [12]);
  parts.deadline = 600_000;
  driver.input(lost(1));
  await turns();
  mono = 700_000;
  driver.clockChanged();
  await until(() => times.length > 1);
  t.same(times, [12, 700_000], 'advancing the clock wakes the driver');
  parts.deadline = 700_000 + 60_000_000;
  driver.input(lost(1));
  await turns();
  clock.setLine(clock.lineWith(1e6));
  driver.clockChanged();
  mono += 60;
  await until(() => times.length > 2);
  t.same(times, [12, 700_000, 60_700_000], 'a timer that waits is set again for the new scale');
});

test('inputs that arrived during a standstill of the process go before timers that fell due meanwhile', async (t) => {
  const order: string[] = [];
  let mono = 0;
  const parts = fakes((input) => {
    if (input.type !== 'timer') return [];
    order.push('timer');
    parts.deadline = null;
    return [];
  });
  const server = createServer((socket) => {
    socket.on('data', () => order.push('octets'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])).flat() as Socket[];
  const driver = await driverOn(parts, {}, new LabClock({ monotonic: () => mono, epochMs: 0 }));
  parts.deadline = 5;
  driver.input(lost(1));
  // The loop handles no event from here to the end of the standstill.
  await turns();
  client.write('x');
  for (const endMs = performance.now() + 20; performance.now() < endMs; );
  mono = 50;
  while (order.length < 2) await turns(1);
  t.same(order, ['octets', 'timer']);
  client.destroy();
  accepted?.destroy();
  server.close();
});

test('submissions, deliveries and their notices', async (t) => {
  const notices: unknown[] = [];
  const script: Script = (input) => {
    if (input.type === 'submit') {
      const { submissionId, content } = input.submission;
      if (submissionId === 'bad') return [{ type: 'submit-refused', submissionId, refusal: 'envelope', reason: 'no route' }];
      const message = { content, envelope, copies: [copy] };
      return [{ ...store(1), accept: [message], submission: { submissionId, mtsId: 'm' } }];
    }
    if (input.type !== 'stored') return [];
    return [
      { type: 'submitted', submissionId: 's', mtsId: 'm', known: input.known !== undefined },
      { type: 'deliver', copy: 7, content: 1, destination: copy.destination, envelope },
    ];
  };
  const parts = fakes(script);
  const driver = await driverOn(parts, { delivery: (notice: object) => notices.push({ ...notice }) });
  const submission = {
    submissionId: 's',
    originator: 'a@a',
    recipients: ['b@b'],
    priority: 'normal',
    contentType: 'text/plain',
  } as const;
  const content = driver.newContent();
  t.equal(content, -(3 * 2 ** 32 + 1), 'keys of submitted content are negative and belong to this incarnation');
  driver.putContent(content, 0, Buffer.from('hello'));
  t.same(await driver.submit({ ...submission, sizeBytes: 5, content }), { mtsId: 'm', known: false });
  await turns();
  t.equal(driver.pendingWork, 1, 'the delivery is under way');
  driver.input({ type: 'delivered', copy: 7 });
  t.same(notices, [], 'a notice waits for the commit');
  await turns();
  t.equal(driver.pendingWork, 0);
  const notice = {
    t: 5000,
    node: 'MTA-A',
    copy: 7,
    mtsId: envelope.mtsId,
    mailbox: 'b@b.example',
    originator: envelope.originator,
    priority: envelope.priority,
    contentType: envelope.contentType,
    submittedAtMs: 1000,
    delayMs: 4000,
    sizeBytes: 5,
  };
  t.same(notices, [notice]);
  t.same(driver.status().delays, { count: 1, meanMs: 4000, maxMs: 4000 });
  const refusedContent = driver.newContent();
  driver.putContent(refusedContent, 0, Buffer.from('x'));
  await t.rejects(
    driver.submit({ ...submission, submissionId: 'bad', sizeBytes: 1, content: refusedContent }),
    new SubmitRefused('envelope', 'no route'),
  );
  t.notOk(parts.content.has(refusedContent), 'refused content is dropped');
});

test('the driver reports once why a mailbox takes no mail, until it takes some again', async (t) => {
  const deliver: Effect = { type: 'deliver', copy: 7, content: 1, destination: copy.destination, envelope };
  const parts = fakes((input) => (input.type === 'lost' ? [deliver] : []));
  const warnings: string[] = [];
  const driver = await driverOn(parts, { warn: (text: string) => warnings.push(text) });
  const end = (input: Input): number => {
    driver.input(lost(1));
    driver.input(input);
    return warnings.length;
  };
  const failed = (detail: string): number => end({ type: 'deliver-failed', copy: 7, detail });
  t.same([failed("EACCES: permission denied, open '/m/tmp/1'"), failed("EACCES: permission denied, open '/m/tmp/22'")], [1, 1]);
  t.match(warnings[0], /^Mail for b@b\.example cannot be delivered: EACCES: permission denied, open '\/m\/tmp\/1'\. /);
  t.same([failed('ENOSPC: no space left on device, write'), failed("EACCES: permission denied, open '/m/tmp/3'")], [2, 2]);
  end({ type: 'delivered', copy: 7 });
  t.equal(failed("EACCES: permission denied, open '/m/tmp/4'"), 3);
});

test('the status omits the memory if the system does not report it', async (t) => {
  const { rss } = process.memoryUsage;
  t.teardown(() => {
    process.memoryUsage.rss = rss;
  });
  const driver = await driverOn(fakes(() => []));
  t.ok(driver.status().memory.rssBytes > 0);
  process.memoryUsage.rss = () => {
    throw Object.assign(new Error('EMFILE: too many open files, uv_resident_set_memory'), { code: 'EMFILE' });
  };
  t.match(driver.status(), { mta: 'MTA-A', memory: { rssBytes: 0 } });
});

test('halt commits, then closes the network, the deliveries and the store, in this order', async (t) => {
  for (const clean of [true, false]) {
    const parts = fakes((input) => (input.type === 'stop' ? [store(1), send(3), { type: 'halt', code: 4, clean }] : []));
    const driver = await driverOn(parts);
    const waiting = driver.submit({
      submissionId: 's',
      originator: 'a@a',
      recipients: [],
      priority: 'normal',
      contentType: '',
      sizeBytes: 0,
      content: -1,
    });
    driver.input({ type: 'stop' });
    await t.rejects(waiting, /ended/, 'a waiting client gets an error');
    t.same(await driver.ended, { code: 4, clean });
    const end = [
      'apply store',
      'send 3 shutdown',
      'flush',
      'commit',
      'network closed',
      'delivery closed',
      `store closed ${clean ? 'clean' : 'unclean'}`,
    ];
    t.same(parts.log.filter((line) => !line.startsWith('step')).slice(-7), end);
    parts.log.length = 0;
    driver.input(lost(1));
    await turns();
    t.same(parts.log, [], 'inputs after the end are ignored');
    await t.rejects(
      driver.submit({
        submissionId: 's',
        originator: '',
        recipients: [],
        priority: 'normal',
        contentType: '',
        sizeBytes: 0,
        content: -1,
      }),
    );
  }
});

test('a defect ends the MTA and says where', async (t) => {
  const cases: readonly [string, Script, (parts: Fakes) => void, RegExp][] = [
    [
      'in step',
      () => {
        throw new Error('impossible edge');
      },
      () => undefined,
      /^MTA MTA-A failed at input lost of connection 3, phase running: impossible edge$/,
    ],
    [
      'in an effect',
      () => [send(3)],
      (parts) => {
        parts.network.send = () => {
          throw new Error('no such connection');
        };
      },
      /at input lost of connection 3, effect frame, phase running: no such connection/,
    ],
    [
      'in the commit',
      () => [store(1)],
      (parts) => {
        parts.outcomes = () => {
          throw new Error('the disk is gone');
        };
      },
      /at input lost of connection 3, phase running: the disk is gone/,
    ],
  ];
  for (const [name, script, breakIt, expected] of cases) {
    const parts = fakes(script);
    const driver = await driverOn(parts);
    breakIt(parts);
    driver.input(lost(3));
    const ended: Ended = await driver.ended;
    t.match(ended.error?.message, expected, name);
    t.match({ ...ended, error: undefined }, { code: 70, clean: false });
    t.ok(parts.log.includes('store closed unclean'), 'the store has no clean-shutdown mark');
  }
  const parts = fakes(() => []);
  const start = (): never => {
    throw new Error('bad state');
  };
  const driver = new Driver({ ...parts, core: { ...parts.core, start }, clock: new LabClock() });
  driver.begin(configOf('MTA-A'), recovered);
  t.match((await driver.ended).error?.message, /^MTA MTA-A failed at input start, phase not started: bad state$/);
});

test('the journal keeps each step as a line, whatever its size, up to its limit', async (t) => {
  const path = join(t.testdir(), 'sub', 'journal.jsonl');
  const parts = fakes((input) => (input.type === 'lost' ? [send(input.conn)] : []));
  const file = new JournalFile(path, { maxBufferedBytes: 200 });
  const journal = new Journal('MTA-A', file);
  const driver = new Driver({ ...parts, clock: new LabClock({ monotonic: () => 0, epochMs: 5000 }) });
  driver.onStep = journal.record;
  driver.begin(configOf('MTA-A'), recovered);
  for (let conn = 1; conn <= 5; conn += 1) driver.input(lost(conn));
  await turns();
  const lines = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.equal(statSync(path).mode & 0o777, 0o600, 'only its owner may read it');
  t.same(
    lines.map((line) => [line.n, line.t, line.node, line.input.type]),
    [[1, 5000, 'MTA-A', 'start'], ...[2, 3, 4, 5, 6].map((n) => [n, 5000, 'MTA-A', 'lost'])],
  );
  t.same(lines[0].input.recovered, recovered, 'it begins with everything that a replay needs');
  t.same(lines[3].effects, [send(3)]);
  journal.close();

  const warnings: string[] = [];
  const limited = new JournalFile(path, { maxFileBytes: statSync(path).size + 100, warn: (text) => warnings.push(text) });
  for (let n = 0; n < 20; n += 1) limited.write(`{"n":${n}}`);
  limited.close();
  const all = readFileSync(path, 'utf8').trimEnd().split('\n');
  t.match(JSON.parse(all.at(-1) ?? ''), { end: /limit of \d+ octets/ }, 'the last line says why it ends');
  t.equal(all.length, 6 + 12 + 1, 'it continues where it stopped, up to the limit');
  t.equal(warnings.length, 1);
  t.notOk(limited.open);
});
