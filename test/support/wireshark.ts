/** Reads captures with tshark and the script of this repository, and what the journals say about the same connections. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeCarried, describeFrame, isMtaBody, type LinkFrame } from '@mtalab/mta-core';
import { packetsIn } from '../e2e/capture.js';

export const script = ['-X', 'lua_script:packages/transport/wireshark/mtalab.lua'];

/** APDUs of one connection, as one MTA saw them: what it sent, and what it got. */
export type Conversation = { readonly sent: string[]; readonly received: string[] };

/** Errors of Wireshark's experts, in its numbers. */
const severeFrom = 0x0080_0000;

const apdus =
  /\b(rtorq|rtoac|rtorj|turn-please|please-noted|turn-give-ack|turn-give|rttr|confirm|refuse|discarded|discard|close-ack|close|rtab)\b/;

/** The APDU in a frame, as text; on an X.400 connector only its kind, because the script says no more. Null without an APDU. */
function apduOf(frame: LinkFrame): string | null {
  if (frame.link !== 'rpc') return apdus.exec(describeFrame(frame))?.[1] ?? null;
  const pdu = frame.frame;
  if ((pdu.type !== 'request' && pdu.type !== 'response') || pdu.body.op === 'bad' || pdu.body.op === 'unread') return null;
  if (!isMtaBody(pdu.body)) return null;
  if ('rtorq' in pdu.body) return describeCarried(pdu.body.rtorq);
  return 'apdu' in pdu.body ? describeCarried(pdu.body.apdu) : null;
}

type Entry = { readonly input: { readonly type: string }; readonly effects: readonly { readonly type: string }[] };

/** The conversations in the journal of one MTA that have APDUs, over all its lives. */
export function conversationsInJournal(file: string): readonly Conversation[] {
  const found = new Map<string, Conversation>();
  let life = 0;
  const note = (frame: LinkFrame, way: keyof Conversation): void => {
    const apdu = apduOf(frame);
    if (apdu === null) return;
    const key = `${life} ${frame.conn}`;
    const conversation = found.get(key) ?? { sent: [], received: [] };
    found.set(key, conversation);
    conversation[way].push(apdu);
  };
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue;
    const { input, effects } = JSON.parse(line) as Entry;
    if (input.type === 'start') life += 1;
    if (input.type === 'frame') note(input as LinkFrame, 'received');
    for (const effect of effects) if (effect.type === 'frame') note(effect as LinkFrame, 'sent');
  }
  return [...found.values()];
}

/** A capture, as tshark with the script reads it. */
export type Reading = {
  /** What Wireshark calls wrong: malformed packets, gaps, errors of its experts and of the script. */
  readonly faults: readonly string[];
  /** The conversations with APDUs on the interface that has this name. */
  at(mta: string): readonly Conversation[];
};

/** Reads a capture. */
export function readCapture(file: string): Reading {
  const gaps = ['lost_segment', 'ack_lost_segment', 'retransmission', 'out_of_order', 'window_full'];
  const marks = ['_ws.malformed', '_ws.lua.error', ...gaps.map((gap) => `tcp.analysis.${gap}`)];
  const fields = ['frame.number', 'frame.interface_name', 'tcp.stream', 'mtalab.text', 'mtalab.from', ...marks];
  const severity = '_ws.expert.severity';
  const filter = `mtalab.apdu or ${severity} >= ${severeFrom} or ${marks.join(' or ')}`;
  const packets = packetsIn(file, [...fields, severity, '_ws.expert.message'], filter, [...script, '-E', 'aggregator=|']);
  const found = new Map<string, Map<string, Conversation>>();
  const faults: string[] = [];
  for (const packet of packets) {
    const texts = (packet['mtalab.text'] ?? '').split('|').filter((text) => apdus.test(text));
    const mta = packet['frame.interface_name'] ?? '';
    const streams = found.get(mta) ?? new Map<string, Conversation>();
    found.set(mta, streams);
    const conversation = streams.get(packet['tcp.stream'] ?? '') ?? { sent: [], received: [] };
    if (texts.length > 0) streams.set(packet['tcp.stream'] ?? '', conversation);
    conversation[packet['mtalab.from']?.split('|')[0] === mta ? 'sent' : 'received'].push(...texts);
    const severe = (packet[severity] ?? '').split('|').some((each) => Number(each) >= severeFrom);
    if (severe || marks.some((mark) => packet[mark] !== ''))
      faults.push(`${packet['frame.number']}: ${packet['_ws.expert.message']}`);
  }
  return { faults, at: (mta) => [...(found.get(mta)?.values() ?? [])] };
}

const begins = (all: readonly string[], beginning: readonly string[]): boolean => beginning.every((text, at) => all[at] === text);

/**
 * Compares what tshark shows with a journal. A connection that ends early may lose what an MTA sent last, and an MTA may not
 * read what arrived last. So what was seen may be shorter than what was sent, and longer than what was received.
 * @returns what differs, in words, and the number of conversations that are the same to the last APDU.
 */
export function compared(journal: readonly Conversation[], capture: readonly Conversation[]) {
  const left = [...journal];
  const take = (fits: (one: Conversation) => boolean): boolean => {
    const at = left.findIndex(fits);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  };
  const same = (one: readonly string[], other: readonly string[]): boolean => one.length === other.length && begins(one, other);
  const rest = capture.filter((seen) => !take((one) => same(one.sent, seen.sent) && same(one.received, seen.received)));
  const unknown = rest.filter((seen) => !take((one) => begins(one.sent, seen.sent) && begins(seen.received, one.received)));
  return {
    exact: capture.length - rest.length,
    shortened: rest.length - unknown.length,
    onlyInCapture: unknown,
    // An MTA can send into a connection that is gone already.
    onlyInJournal: left.filter(({ received }) => received.length > 0),
  };
}

/** Names of the MTAs whose folders are in the folder of a run. */
export function mtasIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

export function journalOf(folder: string, mta: string): string {
  return join(folder, mta, 'data', 'journal.jsonl');
}
