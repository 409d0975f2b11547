/**
 * Q181721 on the wire: a stock packet analyser finds bind_nak, "Reason not specified", on exactly the connections that the
 * receiving MTA's journal lists.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateMail, journalOf } from '@mtalab/harness';
import type { JournalEntry } from '@mtalab/trace';
import { spawnPair } from 'mtalab';
import { test } from 'tap';
import { atEnd } from '../support/at-end.js';
import { capture, packetsIn, whyNoCapture } from './capture.js';

const folder = mkdtempSync(join(tmpdir(), 'mtalab-e2e-'));
atEnd(() => rmSync(folder, { recursive: true, force: true }));

const noCapture = whyNoCapture();
const there = { originator: 'ada@a.example', recipients: ['ben@b.example'] };
const transferIntervalMs = 120_000;

/** The remote address and the reason of each bind_nak that this MTA sent, in order. */
function refusedIn(journal: string): string[] {
  const remotes = new Map<number, string>();
  const refused: string[] = [];
  for (const line of readFileSync(journal, 'utf8').split('\n')) {
    if (line === '') continue;
    const { input, effects } = JSON.parse(line) as JournalEntry;
    if (input.type === 'accepted') remotes.set(input.conn, input.remote);
    for (const effect of effects) {
      if (effect.type === 'frame' && effect.link === 'rpc' && effect.frame.type === 'bind_nak')
        refused.push(`${remotes.get(effect.conn)} ${effect.frame.reason}`);
    }
  }
  return refused;
}

for (const mode of ['legacy', 'fixed'] as const) {
  test(`${mode}: the wire shows bind_nak where the journal does, and nowhere else`, {
    skip: noCapture ?? false,
    timeout: 250_000,
  }, async (t) => {
    await using lab = await spawnPair({
      bindings: { 'MTA-B': [{ address: '127.0.0.1' }, { address: '127.0.0.2' }] },
      legacy: mode === 'legacy' ? { 'MTA-B': ['Q181721'] } : {},
      journal: true,
    });
    const file = join(folder, `${mode}.pcapng`);
    const ports = [...lab.processes.values()].flatMap((one) => one.ready.ports);
    const packets = await capture(file, ports);
    t.teardown(() => packets.abandon());

    await lab.submitAll('MTA-A', generateMail(3, 500, 1), there);
    await lab.settle();
    for (let interval = 0; interval < 4; interval += 1) await lab.advanceBy(transferIntervalMs);
    const moved = lab.delivered;
    await lab.submitAll('MTA-A', generateMail(47, 500, 2), there);
    await lab.waitForDelivered(50);
    for (const one of lab.processes.values()) await one.stop();
    await packets.stop();

    const seen = packetsIn(file, ['ip.dst', 'tcp.dstport', 'dcerpc.cn_reject_reason', '_ws.col.Info'], 'dcerpc.pkt_type == 13');
    const refused = ['MTA-A', 'MTA-B'].map((name) => refusedIn(journalOf(lab, name)));
    t.same(
      seen.map((packet) => `${packet['ip.dst']}:${packet['tcp.dstport']} ${packet['dcerpc.cn_reject_reason']}`),
      refused.flat(),
      'the same connections, in the same order, with reason 0',
    );
    t.ok(
      seen.every((packet) => packet['_ws.col.Info']?.includes('Reason not specified')),
      'the analyser says: Reason not specified',
    );
    const malformed = packetsIn(file, ['frame.number'], '_ws.malformed');
    t.same(malformed, [], 'nothing is malformed');
    if (mode === 'fixed') {
      t.same(refused, [[], []], 'neither MTA refuses a bind');
      t.equal(moved, 3, 'the mail moves at once');
    } else {
      t.same(refused[0], [], 'the sender refuses nothing');
      t.equal(refused[1]?.length, 5, 'the first bind and one at each Transfer Interval');
      t.equal(moved, 0, 'no message has moved before the threshold');
    }
  });
}
