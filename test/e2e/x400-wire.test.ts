/** A packet analyser watches a pair that an X.400 connector joins: what it reads of the connector, and what is sent after losses. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateMail, type Lab } from '@mtalab/harness';
import { spawnPair } from 'mtalab';
import { test } from 'tap';
import { capture, packetsIn, whyNoCapture } from './capture.js';

const folder = mkdtempSync(join(tmpdir(), 'mtalab-e2e-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const skip = whyNoCapture() ?? false;

const there = { originator: 'ada@a.example', recipients: ['ben@b.example'] };
const back = { originator: 'ben@b.example', recipients: ['ada@a.example'] };

/** Ports of the connectors, and of the proxy in front of them. */
function portsOf(lab: Lab): number[] {
  return [...lab.processes.values()].flatMap(({ name, ready }) => [
    ...ready.x400.map((endpoint) => Number(/\[(\d+)\]$/.exec(endpoint)?.[1])),
    lab.proxy?.port(name, 'x400') ?? 0,
  ]);
}

async function moveOnUntil(lab: Lab, count: number): Promise<void> {
  for (let timers = 0; timers < 300 && lab.delivered < count; timers += 1) await lab.advance();
  await lab.waitForDelivered(count);
}

const asTpkt = (ports: readonly number[]): string[] => ports.flatMap((port) => ['-d', `tcp.port==${port},tpkt`]);

const said = [
  '_ws.malformed',
  '_ws.expert.severity',
  '_ws.expert.message',
  'ses.type',
  'rtse.checkpointSize',
  'rtse.windowSize',
  'rtse.refuseReason',
  'rtse.abortReason',
  'p1.authenticated.initiator-name',
  'p1.authenticated.responder-name',
] as const;
const error = 0x0080_0000;
/** Session identifiers, by X.225. */
const types = {
  CONNECT: 13,
  ACCEPT: 14,
  REFUSE: 12,
  ABORT: 25,
  FINISH: 9,
  DISCONNECT: 10,
  'ACTIVITY START': 45,
  'ACTIVITY RESUME': 29,
  'ACTIVITY END': 41,
  'ACTIVITY END ACK': 42,
  'MINOR SYNC POINT': 49,
  'MINOR SYNC ACK': 50,
  'PLEASE TOKENS': 2,
  'GIVE TOKENS CONFIRM': 21,
  'GIVE TOKENS ACK': 22,
} as const;

test('tshark reads a run of 1,000 messages with 20 cuts, and finds nothing malformed', { skip, timeout: 500_000 }, async (t) => {
  const file = join(folder, 'thousand.pcapng');
  await using lab = await spawnPair({ link: 'x400', proxy: true, delivery: 'ledger', settings: { recoveryTimeoutS: 3600 } });
  const ports = portsOf(lab);
  const recording = await capture(file, ports);
  t.teardown(() => recording.abandon());
  const cuts = lab.fault('cut randomly 1/40 of rttr seed 7 limit 20');
  await lab.submitAll('MTA-A', generateMail(485, 1500, 1), there);
  await lab.submitAll('MTA-B', generateMail(485, 1500, 2), back);
  await lab.submitAll('MTA-A', generateMail(30, 100_000, 3), there);
  await moveOnUntil(lab, 1000);
  t.equal(cuts.hits, 20);
  // A message of several checkpoints is resumed.
  lab.fault('cut after minor-sync-ack 3');
  await lab.submitAll('MTA-A', generateMail(1, 300_000, 5), there);
  await lab.waitForDelivered(1001);
  // B does not know the association any more: it refuses the recovery.
  await lab.restart('MTA-B', { kill: true });
  await lab.submitAll('MTA-A', generateMail(1, 1500, 4), there);
  await lab.waitForDelivered(1002);
  // B stops without the right to close: it aborts.
  await lab.process('MTA-B').stop();
  await recording.stop();

  const packets = packetsIn(file, said, 'tcp.len > 0 and not tcp.analysis.retransmission', asTpkt(ports));
  const wrong = packets.filter(
    (packet) =>
      packet['_ws.malformed'] !== '' || (packet['_ws.expert.severity'] ?? '').split(',').some((one) => Number(one) >= error),
  );
  t.same(wrong, []);
  const found = new Set(packets.flatMap((packet) => (packet['ses.type'] ?? '').split(',')));
  for (const [name, type] of Object.entries(types))
    if (name !== 'FINISH' && name !== 'DISCONNECT') t.ok(found.has(String(type)), name);
  const values = (field: (typeof said)[number]): Set<string> =>
    new Set(packets.map((packet) => packet[field] ?? '').filter(Boolean));
  t.same(values('rtse.checkpointSize'), new Set(['30']));
  t.same(values('rtse.windowSize'), new Set(['5']));
  t.same(
    [...values('p1.authenticated.initiator-name')].sort(),
    ['MTA-A', 'MTA-B'].filter((name) => values('p1.authenticated.initiator-name').has(name)),
  );
  t.ok(values('p1.authenticated.initiator-name').has('MTA-A'), 'the MTA name in CONNECT');
  t.ok(values('p1.authenticated.responder-name').has('MTA-B'), 'the MTA name in ACCEPT');
  t.ok(values('rtse.refuseReason').has('1'), 'REFUSE: cannotRecover');
  t.ok(values('rtse.abortReason').size > 0, 'ABORT with a reason');
});

/** What has a serial number: MINOR SYNC and its ACK, ACTIVITY END and its ACK, ACTIVITY RESUME. */
type Point = { readonly stream: number; readonly type: number; readonly serial: number };

function pointsIn(file: string, ports: readonly number[], filter: string): Point[] {
  const fields = ['tcp.stream', 'ses.type', 'ses.serial_number'] as const;
  return packetsIn(file, fields, filter, asTpkt(ports)).flatMap((packet) => {
    const numbered = (packet['ses.type'] ?? '')
      .split(',')
      .map(Number)
      .filter((type) => [29, 41, 42, 49, 50].includes(type));
    const serials = (packet['ses.serial_number'] ?? '').split(',').filter(Boolean).map(Number);
    if (numbered.length !== serials.length) throw new Error(`${numbered} have the numbers ${serials}`);
    return numbered.map((type, at) => ({ stream: Number(packet['tcp.stream']), type, serial: serials[at] ?? 0 }));
  });
}

test('a message of 20 MiB that is interrupted 50 times arrives whole, and nothing that was confirmed is sent again', {
  skip,
  timeout: 500_000,
}, async (t) => {
  const file = join(folder, 'large.pcapng');
  const interruptions = 50;
  await using lab = await spawnPair({ link: 'x400', proxy: true, settings: { recoveryTimeoutS: 3600 } });
  const port = lab.proxy?.port('MTA-B', 'x400') ?? 0;
  const recording = await capture(file, [port]);
  t.teardown(() => recording.abandon());
  const content = Buffer.alloc(20 * 1024 * 1024, 'Subject: large\r\n\r\n0123456789abcdefghijklmnopqrstuvwxyz\r\n');
  for (let left = interruptions; left > 0; left -= 1) lab.fault(`cut after confirm ${12 * (interruptions + 1 - left)}`);
  await lab.submit('MTA-A', { ...there, content });
  await moveOnUntil(lab, 1);
  await recording.stop();

  const [arrived] = await lab.mailbox('ben@b.example').messages();
  t.ok(arrived !== undefined && content.equals(arrived.content), 'whole');
  const points = pointsIn(file, [port], 'tcp.len > 0 and not tcp.analysis.retransmission');
  const streams = new Set(points.map(({ stream }) => stream));
  t.ok(streams.size > interruptions, `${streams.size} connections`);
  let confirmed = 0;
  let sentAgain = 0;
  let resumed = 0;
  for (const { type, serial } of points) {
    if (type === 50) confirmed = Math.max(confirmed, serial);
    if (type === 29) {
      resumed += 1;
      t.equal(serial, confirmed, `connection ${resumed + 1} resumes at the last confirmed checkpoint`);
    }
    if ((type === 49 || type === 41) && serial <= confirmed) sentAgain += 1;
  }
  t.equal(resumed, interruptions);
  t.equal(sentAgain, 0, 'no segment is sent again once it is confirmed');
});
