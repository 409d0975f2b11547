import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ReportedEvent, X400Frame } from '@mtalab/mta-core';
import type { LoggedApdu } from '@mtalab/transport';
import { createLogs } from 'mtalab';
import { test } from 'tap';

const startMs = Date.UTC(2026, 0, 2, 0, 4, 5, 678);
const bindFailed: ReportedEvent = { id: 9316, params: { ltabIndex: 1, ntError: 1727 } };
function read(folder: string, name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}

test('events.jsonl and ev0.log', async (t) => {
  const folder = join(t.testdir({}), 'new', 'logs');
  const logs = createLogs({ folder, console: false, node: 'MTA-A', nowMs: () => startMs });
  logs.event(bindFailed, startMs, 'MTA-A');
  logs.info('listening');
  logs.event({ id: 2219, params: {} }, startMs + 12 * 3_600_000, 'MTA-A');
  logs.event({ id: 51, params: { mtaName: 'X\nmessage', address: '127.0.0.1', association: 1 } }, Number.NaN, 'MTA-A');
  logs.warn('on the way');
  logs.error('Error: no\n  at once');
  await Promise.all([logs.close(), logs.close()]);
  logs.info('too late');

  const entries = read(folder, 'events.jsonl')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  t.same(
    entries.map((entry) => entry['id']),
    [9316, 2219, 51],
  );
  t.same(entries[0], {
    time: '2026-01-02T00:04:05.678Z',
    mta: 'MTA-A',
    source: 'MSExchangeMTA',
    id: 9316,
    type: 'Warning',
    category: 'Interface',
    severity: 12,
    text: 'RPC communications error: nothing went out over the connection, which the MTA will try to recover. LTAB index: 1, Windows NT error: 1727.',
    parameters: { ltabIndex: 1, ntError: 1727 },
    trailer: '[BASE IL KERNEL 24 512] (12)',
  });
  t.equal(
    read(folder, 'ev0.log'),
    `message NMI9316: Interface Event, severity 12
(BASE IL KERNEL(24) Proc 512) 01-02-26 12:04:05am
  RPC communications error: nothing went out over the connection, which the MTA will try to recover
  LTAB index 1
  Windows NT error 1727
  the RPC call failed and did not run

note: Information
01-02-26 12:04:05am
  listening

message NMI2219: Field Engineering Event, severity 14
01-02-26 12:04:05pm
  The last run did not end cleanly, so the MTA checks the message database before it starts

message NMI0051: Security Event, severity 14
(MTA XFER-IN(23) Proc 42) 01-01-70 12:00:00am
  An MTA that is not known here tried to bind
  MTA name X\\u000amessage
  Address 127.0.0.1
  Association index 1

note: Warning
01-02-26 12:04:05am
  on the way

note: Error
01-02-26 12:04:05am
  Error: no
    at once

`,
  );
  t.equal(statSync(join(folder, 'ev0.log')).mode & 0o777, 0o600);
});

/** Thirty octets of "ab", or more octets than the log writes. */
function apdu(lengthBytes: number): LoggedApdu {
  return {
    direction: 'received',
    operation: 'MtaSend',
    pdu: {
      type: 'request',
      call: 7,
      context: 0,
      opnum: 2,
      body: {
        op: 'MtaSend',
        apdu: {
          kind: 'rttr',
          activity: 3 * 2 ** 32 + 17,
          offset: 0,
          content: { length: 1024 },
          last: true,
          start: {
            mtsId: 'c=lab;mta=MTA-A;1-16',
            originator: 'ada@a.example\n',
            priority: 'normal',
            contentType: 'message/rfc822',
            submittedAtMs: startMs - 1000,
            sizeBytes: 1024,
            digest: '',
            trace: [{ mta: 'MTA-A', atMs: startMs - 900 }],
            recipients: Array.from({ length: 40 }, (_, at) => `r${at}@b.example`),
          },
        },
        settled: [3 * 2 ** 32 + 16],
      },
    },
    stub: Buffer.alloc(lengthBytes, 'ab'),
    conn: 4,
    local: '127.0.0.1:4097',
    remote: '127.0.0.1:40001',
    nowMs: startMs,
    node: 'MTA-A',
    association: 'MTA-A/3/1',
  };
}

/** The frames of a session, each on a connection of the X.400 connector. */
function frame(carried: X400Frame): LoggedApdu {
  const { nowMs, node, conn, local, remote } = apdu(0);
  const octets = Buffer.from([3, 0, 0, 11, 2, 0xf0, 0x80, 1, 0, 2, 0]);
  return { direction: 'sent', conn, local, remote, nowMs, node, association: 'A/1/1', frame: carried, octets };
}

test('the APDU logs of the X.400 connector', async (t) => {
  const folder = t.testdir({});
  const logs = createLogs({ folder, console: false });
  const from = { mtaName: 'A', password: 'secret', incarnation: 1, storeUuid: 'u', settledBelow: 0 };
  const rtorq = {
    kind: 'rtorq',
    checkpointSizeK: 30,
    windowSize: 5,
    dialogueMode: 'two-way-alternate',
    turn: 'initiator',
    recovery: 0,
  } as const;
  const envelope = {
    mtsId: 'm',
    originator: 'ada@a.example',
    priority: 'normal',
    contentType: 'message/rfc822',
    submittedAtMs: startMs,
    sizeBytes: 3,
    digest: '',
    trace: [],
    recipients: ['ben@b.example'],
  } as const;
  const head = { envelope, settled: [7], settledBelow: 0 };
  const cases: readonly (readonly [X400Frame, string])[] = [
    [{ type: 'connect', from, association: 'A/1/1', openedAtMs: 0, apdu: rtorq }, 'MTA A|Password not shown|RTORQ'],
    [{ type: 'accept', from, apdu: { kind: 'rtoac', checkpointSizeK: 30, windowSize: 5 } }, 'MTA A|RTOAC'],
    [{ type: 'refuse', from: null, apdu: { kind: 'rtorj', reason: 'rtsBusy' } }, 'RTORJ|  Reason rtsBusy'],
    [{ type: 'abort', reason: 'protocolError' }, 'RTAB|  Reason protocolError'],
    [{ type: 'please-tokens', priority: 5 }, 'RTTP (turn please)|  Priority 5'],
    [{ type: 'give-tokens-confirm' }, 'Turn give'],
    [{ type: 'give-tokens-ack' }, 'Turn give acknowledged'],
    [{ type: 'activity-start', activity: 9 }, 'Activity 0-9'],
    [
      { type: 'activity-resume', activity: 9, checkpoint: 2, association: 'A/1/1', openedAtMs: 0 },
      'Activity 0-9|Checkpoint 2|Interrupted on A/1/1',
    ],
    [
      { type: 'data', head, content: { length: 3 }, checkpoint: 1, end: true },
      'RTTR|  Checkpoint 1|  Content 3 octets|  Last yes|  Envelope|    MTS-ID m|Settled 0-7',
    ],
    [{ type: 'data', content: { length: 3 }, checkpoint: 1, end: false }, 'RTTR|  Last no'],
    [{ type: 'minor-sync-ack', checkpoint: 1 }, 'Confirm|  Checkpoint 1|  Stored no'],
    [{ type: 'activity-end-ack', checkpoint: 2 }, 'Confirm|  Checkpoint 2|  Stored yes'],
    [{ type: 'exception', reason: 'temporaryProblem' }, 'Reason temporaryProblem'],
    [{ type: 'finish' }, ''],
  ];
  for (const [carried] of cases) logs.apdu(frame(carried), { decoded: true, hex: true });
  await logs.close();
  const decoded = read(folder, 'ap0.log').trimEnd().split('\n\n');
  t.equal(decoded.length, cases.length);
  for (const [at, [{ type }, fields]] of cases.entries()) {
    const lines = decoded[at]?.split('\n') ?? [];
    t.equal(lines[0], `APDU ${type} sent, 11 octets`);
    const wanted = fields === '' ? [] : fields.split('|').map((field) => `  ${field}`);
    t.same(
      wanted.filter((field) => !lines.includes(field)),
      [],
      type,
    );
    t.equal(lines.length > 6, fields !== '', `${type} has fields if it carries some`);
  }
  t.notMatch(read(folder, 'ap0.log'), /secret/);
  t.match(read(folder, 'bf0.log'), / {2}00000000 {2}03 00 00 0b 02 f0 80 01 00 02 00 /);
});

test('the APDU logs: fields in ap0.log, octets in bf0.log; content does not make them huge, and they rotate', async (t) => {
  const folder = t.testdir({});
  const logs = createLogs({ folder, console: false, maxSizeBytes: 30_000, maxFiles: 2 });
  t.same(readdirSync(folder), [], 'no file before its first entry');
  logs.apdu(apdu(30), { decoded: true, hex: true });
  logs.apdu({ ...apdu(5000), association: null }, { decoded: false, hex: true });
  await new Promise((resolve) => setImmediate(resolve));
  const head = `APDU MtaSend request received, 30 octets
(MTA-A connection 4 call 7) 01-02-26 12:04:05am
  Time 2026-01-02T00:04:05.678Z
  Association MTA-A/3/1
  Local address 127.0.0.1:4097
  Remote address 127.0.0.1:40001
`;
  const recipients = Array.from({ length: 16 }, (_, at) => `      Recipient r${at}@b.example\n`).join('');
  t.equal(
    read(folder, 'ap0.log'),
    `${head}  RTTR
    Activity 3-17
    Offset 0
    Content 1024 octets
    Last yes
    Envelope
      MTS-ID c=lab;mta=MTA-A;1-16
      Originator ada@a.example\\u000a
      Priority normal
      Content type message/rfc822
      Submitted 2026-01-02T00:04:04.678Z
      Size 1024 octets
${recipients}      24 more recipients
      Trace MTA-A 2026-01-02T00:04:04.778Z
  Settled 3-16

`,
  );
  const [first = '', second = ''] = read(folder, 'bf0.log').split('\n\n');
  t.equal(
    first,
    `${head}  00000000  61 62 61 62 61 62 61 62 61 62 61 62 61 62 61 62  |abababababababab|
  00000010  61 62 61 62 61 62 61 62 61 62 61 62 61 62        |ababababababab|`,
  );
  t.match(second, /^APDU MtaSend request received, 5000 octets\n/);
  t.match(second, /\n {2}Association not known\n/);
  t.equal(second.split('\n').filter((line) => /^ {2}[0-9a-f]{8} {2}/.test(line)).length, 256, '4 KiB of hex');
  t.match(second, /\n {2}904 more octets are left out$/);
  logs.apdu(apdu(5000), { decoded: true, hex: true });
  logs.apdu(apdu(30), { decoded: false, hex: false });
  await logs.close();
  logs.apdu(apdu(30), { decoded: true, hex: true });
  t.same(
    readdirSync(folder)
      .filter((name) => /^[ab]/.test(name))
      .sort(),
    ['ap0.log', 'bf0.1.log', 'bf0.log'],
  );
  t.equal(read(folder, 'ap0.log').split('\n\n').length, 3, 'two entries');
  t.equal(statSync(join(folder, 'bf0.log')).mode & 0o777, 0o600);
});

test('rotation keeps a number of files of limited size, in order and without loss', async (t) => {
  const folder = t.testdir({ 'events.jsonl': 'from an earlier run\n' });
  const logs = createLogs({ folder, console: false, maxSizeBytes: 2000, maxFiles: 4 });
  for (let seconds = 1; seconds <= 40; seconds += 1) {
    logs.event({ id: 301, params: { entity: 'MTA-B', controlBlock: 1, seconds } }, startMs, 'MTA-A');
    if (seconds % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await logs.close();
  for (const [base, extension] of [
    ['events', '.jsonl'],
    ['ev0', '.log'],
  ] as const) {
    const names = readdirSync(folder).filter((name) => name.startsWith(base));
    t.same(names.sort(), [`${base}.1${extension}`, `${base}.2${extension}`, `${base}.3${extension}`, `${base}${extension}`]);
    const text = [3, 2, 1].map((at) => read(folder, `${base}.${at}${extension}`)).join('') + read(folder, `${base}${extension}`);
    const seconds = [...text.matchAll(/Seconds:? (\d+)/g)].map((match) => Number(match[1]));
    t.ok(seconds.length > 10 && seconds.at(-1) === 40);
    t.same(
      seconds,
      Array.from({ length: seconds.length }, (_, index) => 41 - seconds.length + index),
    );
    for (const name of names) t.ok(statSync(join(folder, name)).size <= 2000, name);
  }
});

test('an unwritable file stops nothing; once writable again, it counts the missing lines', async (t) => {
  const folder = t.testdir({});
  // A folder in the place of the file fails for root too.
  mkdirSync(join(folder, 'ev0.log'));
  const told = t.capture(process.stderr, 'write', () => true);
  const logs = createLogs({ folder, console: false, nowMs: () => startMs });
  for (let count = 0; count < 3; count += 1) {
    logs.event({ id: 2219, params: {} }, startMs, 'MTA-A');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  rmSync(join(folder, 'ev0.log'), { recursive: true });
  logs.event({ id: 9266, params: {} }, startMs, 'MTA-A');
  await logs.close();
  const [words, ...more] = told().map(({ args }) => String(args[0]));
  t.match(words, /^mtalab: cannot write .*ev0\.log: EISDIR.*; entries are lost until it can be written\n$/);
  t.same(more, [], 'the log reports it once');
  t.match(
    read(folder, 'ev0.log'),
    /^note: Error\n01-02-26 12:04:05am\n {2}3 entries before this one are lost: they could not be written\n\nmessage NMI9266/,
  );
  t.equal(read(folder, 'events.jsonl').trimEnd().split('\n').length, 4);
});

test('every kind of exit keeps the order and loses nothing, even if the reader of stderr is gone or full', (t) => {
  const folder = t.testdir({});
  const program = `
    import { createLogs } from 'mtalab';
    const logs = createLogs({ folder: process.argv[1], console: true, node: 'MTA-A', nowMs: () => ${startMs} });
    const waits = (n, s) => logs.event({ id: 301, params: { entity: 'MTA-B', controlBlock: n, seconds: s } }, ${startMs}, 'MTA-A');
    waits(1, 1);
    setTimeout(() => {
      for (let s = 2; s <= 300; s += 1) waits(1, s);
      logs.event(${JSON.stringify(bindFailed)}, ${startMs}, 'MTA-A');
      if (process.argv[2] === 'throw') throw new Error('unexpected');
      process.exit(3);
    }, 5);
    if (process.argv[2] === 'at-once') process.exit(4);
  `;
  const run = (how: string, redirect: string) => {
    const logFolder = join(folder, `${how}${redirect.length}`);
    const script = `exec "$0" --input-type=module -e "$1" "$2" "$3" ${redirect}`;
    const { status, stderr } = spawnSync('sh', ['-c', script, process.execPath, program, logFolder, how], {
      cwd: join(process.cwd(), 'test'),
      encoding: 'utf8',
      timeout: 60_000,
      env: { ...process.env, NO_COLOR: '' },
    });
    const file = join(logFolder, 'events.jsonl');
    const text = how !== 'full' && existsSync(file) ? readFileSync(file, 'utf8') : '';
    return { status, stderr, seconds: [...text.matchAll(/"seconds":(\d+)/g)].map((match) => Number(match[1])), text };
  };
  const all = Array.from({ length: 300 }, (_, index) => index + 1);
  for (const [how, redirect, status] of [
    ['exit', '', 3],
    ['exit', '2>&-', 3],
    ['exit', '2>/dev/full', 3],
    ['throw', '', 1],
  ] as const) {
    const ended = run(how, redirect);
    t.equal(ended.status, status, `${how} ${redirect}`);
    t.same(ended.seconds, all);
    t.match(ended.text, /"id":9316,[^\n]*\n$/);
    if (redirect === '') {
      t.match(
        ended.stderr,
        /^00:04:05\.678 MTA-A 301 Information X\.400 Service: The wait .*\. Entity: MTA-B, Control block index: 1, Seconds: 1\. \(8\)\n/,
      );
      t.match(
        ended.stderr,
        /00:04:05\.678 MTA-A 9316 Warning Interface: .*1727\. \(the RPC call failed and did not run\) \[BASE IL KERNEL 24 512\] \(12\)\n/,
      );
      t.notOk(ended.stderr.includes('\u001b'));
    }
  }
  t.same(run('at-once', '').seconds, [1]);

  // Both files are on a device that is always full: one warning for each, and no other effect.
  const fullFolder = join(folder, 'full0');
  mkdirSync(fullFolder);
  for (const name of ['events.jsonl', 'ev0.log']) symlinkSync('/dev/full', join(fullFolder, name));
  const full = run('full', '');
  t.equal(full.status, 3);
  t.equal(full.stderr.match(/cannot write .*: ENOSPC/g)?.length, 2);
  t.end();
});
