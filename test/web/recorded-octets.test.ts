/** The octets of a recording: packed by the server, found again by the page, and none beyond its first 5,000 PDUs. */
import { packedOctets } from '@mtalab/harness/internal';
import type { LinkFrame } from '@mtalab/mta-core';
import type { PairedItem } from '@mtalab/trace';
import { frameOctets } from '@mtalab/transport';
import { RecordedOctets } from '@mtalab/web/internal';
import { test } from 'tap';

const most = 5000;

/** A PDU whose octets say which one it is. */
const cancel = (call: number): LinkFrame => ({ type: 'frame', link: 'rpc', conn: 2, frame: { type: 'co_cancel', call } });

/** A step that sends these, and does something else in between. */
function step(...frames: readonly unknown[]): PairedItem {
  const effects = frames.flatMap((frame) => [frame, { type: 'close', conn: 4 }]);
  return { k: 'step', entry: { node: 'MTA-A', t: 0, input: { type: 'timer' }, effects } } as unknown as PairedItem;
}

/** As the page has them: read from the same JSON that the server has packed. */
function recorded(items: readonly PairedItem[]) {
  const lines = items.map((item) => JSON.stringify(item));
  const read = lines.map((line) => JSON.parse(line) as PairedItem);
  const frames = read.flatMap((item) =>
    item.k === 'step' ? item.entry.effects.filter(({ type }) => type === 'frame').map((effect) => effect as LinkFrame) : [],
  );
  return { frames, octets: new RecordedOctets(packedOctets(lines), read) };
}

const hex = (frame: LinkFrame): string => Buffer.from(frameOctets(frame)?.octets ?? []).toString('hex');

test('each PDU has its own octets', async (t) => {
  const mark = { k: 'gap', node: 'MTA-A' } as unknown as PairedItem;
  const { frames, octets } = recorded([step(cancel(3), cancel(4)), mark, step(), step(cancel(5))]);
  t.equal(frames.length, 3);
  for (const frame of frames) t.match(await octets.of(frame), { octets: hex(frame), unknown: [] });
  await t.rejects(octets.of(cancel(3)), { message: 'the recording has no octets of this PDU' }, 'one of another recording');
});

test('a PDU that cannot be encoded again takes nothing from the others', async (t) => {
  const odd = { type: 'frame', link: 'rpc', conn: 2, frame: { type: 'request', call: 3, context: 0, opnum: 0, body: null } };
  const { frames, octets } = recorded([step(odd, cancel(4))]);
  t.equal(await octets.of(frames[0] as LinkFrame), null);
  t.match(await octets.of(frames[1] as LinkFrame), { octets: hex(cancel(4)) });
});

test('a long recording has the octets of its first PDUs, and says so at the next one', async (t) => {
  const calls = Array.from({ length: most + 2 }, (_, at) => cancel(at + 2));
  const { frames, octets } = recorded([step(...calls.slice(0, most - 1)), step(...calls.slice(most - 1))]);
  const last = frames[most - 1] as LinkFrame;
  t.match(await octets.of(last), { octets: hex(last) });
  const beyond = { message: 'the recording has the octets of its first 5000 PDUs' };
  await t.rejects(octets.of(frames[most] as LinkFrame), beyond);
  await t.rejects(octets.of(frames[most + 1] as LinkFrame), beyond);
});
