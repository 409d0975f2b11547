/** The octets that the page shows of a PDU are those of a real capture: every connection, from its first octet to its last. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeFrame, type LinkFrame } from '@mtalab/mta-core';
import { type JournalEntry, readJournalText } from '@mtalab/trace';
import { frameOctets } from '@mtalab/transport';
import { type PairOptions, spawnPair } from 'mtalab';
import { type Test, test } from 'tap';
import { home } from './shell.js';

/** What each end sent, by interface (an MTA) and by the addresses of the connection. */
function streamsIn(pcapng: Buffer): readonly { readonly mta: string; readonly octets: Buffer }[] {
  const names: string[] = [];
  const streams = new Map<string, { mta: string; parts: Buffer[] }>();
  for (let at = 0; at < pcapng.length; at += pcapng.readUInt32LE(at + 4)) {
    const type = pcapng.readUInt32LE(at);
    // The name is the first option of an interface.
    if (type === 1) names.push(pcapng.toString('utf8', at + 20, at + 20 + pcapng.readUInt16LE(at + 18)));
    if (type !== 6) continue;
    const packet = pcapng.subarray(at + 28, at + 28 + pcapng.readUInt32LE(at + 20));
    const tcp = packet.subarray(20);
    const mta = names[pcapng.readUInt32LE(at + 8)] as string;
    const key = `${mta} ${packet.toString('hex', 12, 20)} ${tcp.toString('hex', 0, 4)}`;
    const stream = streams.get(key) ?? { mta, parts: [] };
    streams.set(key, stream);
    stream.parts.push(tcp.subarray(((tcp[12] as number) >>> 4) * 4));
  }
  return [...streams.values()].map(({ mta, parts }) => ({ mta, octets: Buffer.concat(parts) }));
}

/** The frames that an MTA sent, by connection. */
function framesIn(entries: readonly JournalEntry[]): ReadonlyMap<number, readonly LinkFrame[]> {
  const byConnection = new Map<number, LinkFrame[]>();
  for (const { effects } of entries)
    for (const effect of effects) {
      if (effect.type !== 'frame') continue;
      byConnection.set(effect.conn, [...(byConnection.get(effect.conn) ?? []), effect]);
    }
  return byConnection;
}

/** Where the octets of a frame end in the stream; null if they are not there. Unknown octets may be anything. */
function endOf(stream: Buffer, at: number, frame: LinkFrame): number | null {
  const found = frameOctets(frame);
  // A bind_ack names a port, which no journal has; its own header says how long it is.
  if (found === null) return frame.link === 'rpc' && at + 10 <= stream.length ? at + stream.readUInt16LE(at + 8) : null;
  const { octets, unknown } = found;
  const sent = Buffer.from(stream.subarray(at, at + octets.length));
  for (const [from, length] of unknown) sent.fill(0, from, from + length);
  return sent.equals(octets) ? at + octets.length : null;
}

/** Does this connection of the journal make this stream, octet for octet? */
function makes(stream: Buffer, frames: readonly LinkFrame[]): boolean {
  let at: number | null = 0;
  for (const frame of frames) {
    at = endOf(stream, at, frame);
    if (at === null) return false;
  }
  return at === stream.length;
}

function apduOf(frame: LinkFrame): string {
  if (frame.link === 'x400') return frame.frame.type;
  const text = describeFrame(frame);
  return (
    /\b(rtorq|rtoac|rtorj|rttr|confirm|turn-please|please-noted|turn-give-ack|turn-give|refuse|discarded|discard|close-ack|close|rtab)\b/.exec(
      text,
    )?.[1] ??
    text.split(' ')[0] ??
    ''
  );
}

/** Plays, stops in order, and compares. @returns the kinds of APDUs that were compared. */
async function compared(
  t: Test,
  name: string,
  options: PairOptions,
  play: (lab: Awaited<ReturnType<typeof spawnPair>>) => Promise<void>,
): Promise<ReadonlySet<string>> {
  const dir = join(home, `octets-${name}`);
  const file = `${dir}.pcapng`;
  const lab = await spawnPair({ ...options, dir, journal: true, capture: file });
  try {
    await play(lab);
  } finally {
    await lab.close();
  }
  const streams = streamsIn(readFileSync(file));
  const kinds = new Set<string>();
  let connections = 0;
  for (const mta of ['MTA-A', 'MTA-B']) {
    const { entries } = readJournalText(readFileSync(join(dir, mta, 'data', 'journal.jsonl'), 'utf8'), mta);
    const own = streams.filter((stream) => stream.mta === mta && stream.octets.length > 0);
    for (const [conn, frames] of framesIn(entries.map(({ entry }) => entry))) {
      connections += 1;
      for (const frame of frames) kinds.add(apduOf(frame));
      const found = own.findIndex(({ octets }) => makes(octets, frames));
      t.ok(
        found >= 0,
        `${name}: connection ${conn} of ${mta}, ${frames.length} PDUs: ${frames.map(describeFrame).join('; ').slice(0, 300)}`,
      );
      if (found >= 0) own.splice(found, 1);
      for (const frame of frames) checkFields(t, frame);
    }
  }
  t.ok(connections >= 2, `${connections} connections`);
  return kinds;
}

/** Every octet belongs to a field, and no field lies outside. */
function checkFields(t: Test, frame: LinkFrame): void {
  const found = frameOctets(frame);
  if (found === null) return;
  const covered = new Uint8Array(found.octets.length);
  for (const { ranges } of found.fields) for (const [at, length] of ranges) covered.fill(1, at, at + length);
  const within = found.fields.every(({ ranges }) => ranges.every(([at, length]) => at + length <= covered.length));
  if (!within || covered.includes(0)) t.fail(`fields of ${describeFrame(frame)}: octet ${covered.indexOf(0)} has none`);
}

const content = (length: number) => Buffer.concat([Buffer.from('Subject: octets\r\n\r\n'), Buffer.alloc(length, 'x')]);
const toB = { originator: 'ada@a.example', recipients: ['ben@b.example', 'eve@b.example'] };
const toA = { originator: 'ben@b.example', recipients: ['ada@a.example'] };

for (const link of ['lan', 'x400'] as const) {
  test(`mail both ways over ${link}: every octet of every connection`, { timeout: 100_000 }, async (t) => {
    const kinds = await compared(t, link, { link }, async (lab) => {
      await lab.submit('MTA-A', { ...toB, content: content(10) });
      await lab.waitForDelivered(2);
      for (const length of [0, 100, 70_000]) {
        await lab.submit('MTA-B', { ...toA, content: content(length), priority: 'urgent' });
        await lab.submit('MTA-A', { ...toB, content: content(length) });
      }
      await lab.waitForDelivered(11);
    });
    const expected =
      link === 'lan'
        ? ['rtorq', 'rtoac', 'rttr', 'confirm', 'turn-please', 'please-noted', 'turn-give', 'turn-give-ack', 'close', 'close-ack']
        : ['connect', 'accept', 'data', 'activity-end-ack', 'please-tokens', 'give-tokens-confirm', 'finish', 'disconnect'];
    t.same(
      expected.filter((kind) => !kinds.has(kind)),
      [],
      [...kinds].join(' '),
    );
  });
  test(`a refused opening over ${link}`, { timeout: 100_000 }, async (t) => {
    const kinds = await compared(
      t,
      `${link}-refused`,
      { link, settingsOf: { 'MTA-B': { twoWayAlternate: false } } },
      async (lab) => {
        await lab.submit('MTA-A', { ...toB, content: content(10) });
        await lab.waitForEvent(55, { mta: 'MTA-B' });
        await lab.settle();
      },
    );
    t.ok(kinds.has(link === 'lan' ? 'rtorj' : 'refuse'), [...kinds].join(' '));
  });
}

test('a call that is cancelled, and an association that is aborted', { timeout: 100_000 }, async (t) => {
  const cancelled = await compared(t, 'cancel', { faults: ['hold confirm 1'] }, async (lab) => {
    await lab.submit('MTA-A', { ...toB, content: content(10) });
    await lab.waitForDelivered(2);
    for (let timers = 0; timers < 3; timers += 1) await lab.advance();
    lab.proxy?.release();
    await lab.settle();
  });
  t.ok(cancelled.has('co_cancel'), [...cancelled].join(' '));
  const aborted = await compared(t, 'abort', { faults: ['hold close 1'], settings: { stopTimeoutS: 1 } }, async (lab) => {
    await lab.submit('MTA-A', { ...toB, content: content(10) });
    await lab.waitForDelivered(2);
  });
  t.ok(aborted.has('rtab'), [...aborted].join(' '));
});
