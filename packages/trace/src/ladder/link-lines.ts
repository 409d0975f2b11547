/** Builds a ladder from what a link saw (the proxy's, or a virtual one). The journals of both ends add the beliefs. */
import { describeFrame, type TurnSide } from '@mtalab/mta-core';
import type { LadderLine } from './line.js';
import type { LinkPdu } from './link-pdu.js';
import { isClient, Matching, matchEnds } from './match-ends.js';
import type { ConnectionEnd, PduMoment, Trail } from './trail.js';

/** A PDU at the link: as it came from its sender, and (if it was passed on) as it went to its receiver. */
type Passage = { readonly pdu: LinkPdu; readonly text: string; readonly arrived: PduMoment; readonly left: PduMoment | null };

/** A connection through the link. The link is the server of the end that dialled, and the client of the other end. */
type Between = { readonly client: string; readonly asServer: ConnectionEnd; readonly asClient: ConnectionEnd };

function endOf(node: string, peer: string, conn: number): ConnectionEnd {
  // The link has no lab time, so the order decides among equals.
  return { node, conn, peer: peer === '?' ? null : peer, openedMs: Number.NaN, sent: [], received: [] };
}

function momentAt(end: ConnectionEnd, kind: PduMoment['kind'], text: string): PduMoment {
  const moment = { kind, node: end.node, index: -1, tMs: Number.NaN, text, end, association: null, believes: null };
  end[kind].push(moment);
  return moment;
}

/** Each PDU once, at the place of its last report. */
function passages(pdus: Iterable<LinkPdu>): { readonly list: readonly Passage[]; readonly connections: readonly Between[] } {
  const last = new Map<number, LinkPdu>();
  for (const pdu of pdus) {
    // A held PDU is reported again when it leaves; only the last report keeps its place.
    last.delete(pdu.seq);
    last.set(pdu.seq, pdu);
  }
  const connections = new Map<number, Between>();
  const list: Passage[] = [];
  for (const pdu of last.values()) {
    const { from, to, conn } = pdu;
    // The end that dialled sends first.
    const known = connections.get(conn);
    const between = known ?? { client: from, asServer: endOf(to, from, 1), asClient: endOf(from, to, 0) };
    connections.set(conn, between);
    const up = from === between.client;
    const text = describeFrame(pdu);
    const arrived = up ? momentAt(between.asServer, 'received', text) : momentAt(between.asClient, 'received', text);
    const passed = pdu.fate === 'passed';
    const left = !passed ? null : up ? momentAt(between.asClient, 'sent', text) : momentAt(between.asServer, 'sent', text);
    list.push({ pdu, text, arrived, left });
  }
  return { list, connections: [...connections.values()] };
}

/** @param trails by name of the MTA, for the MTAs that have a journal. */
export function ladderOf(pdus: Iterable<LinkPdu>, trails: ReadonlyMap<string, Trail>): LadderLine[] {
  const { list, connections } = passages(pdus);
  const ends = [...trails.values()].flatMap((trail) => trail.ends);
  const matching = new Matching();
  matchEnds(
    ends.filter(isClient),
    connections.map((each) => each.asServer),
    matching,
  );
  matchEnds(
    connections.map((each) => each.asClient),
    ends.filter((end) => !isClient(end)),
    matching,
  );
  const lines = list.map(({ pdu, text, arrived, left }): LadderLine => {
    const { from, to, fate, fault, association } = pdu;
    const sent = matching.partners.get(arrived);
    const received = left === null ? undefined : matching.partners.get(left);
    const believes: Record<string, TurnSide> = {};
    if (sent?.believes != null) believes[from] = sent.believes;
    if (received?.believes != null) believes[to] = received.believes;
    return {
      from,
      to,
      text,
      association: sent?.association ?? received?.association ?? association,
      believes,
      fate,
      fault,
      count: 1,
      ...(sent === undefined ? {} : { tMs: sent.tMs }),
      ...(received === undefined ? {} : { arrivedMs: received.tMs }),
      steps: { sent: sent?.index ?? null, received: received?.index ?? null },
    };
  });
  return withBeliefsInOrder(lines);
}

/**
 * The connections of an association may overtake each other behind the link: the receiver then takes a PDU before one that the link
 * passed on earlier. The line of the earlier one must not show what the receiver believes only because of the other. So the receiver's
 * belief waits for the line that it came from.
 */
function withBeliefsInOrder(lines: readonly LadderLine[]): LadderLine[] {
  /** For each line: the earliest arrival at its receiver among the lines of the association behind it. */
  const later: number[] = [];
  const earliest = new Map<string, number>();
  for (let at = lines.length - 1; at >= 0; at -= 1) {
    const { to, steps, association } = lines[at] as LadderLine;
    const key = `${association}\n${to}`;
    const known = earliest.get(key) ?? Number.POSITIVE_INFINITY;
    later[at] = known;
    earliest.set(key, Math.min(known, steps?.received ?? Number.POSITIVE_INFINITY));
  }
  const waiting = new Map<string, { readonly received: number; readonly side: TurnSide }>();
  return lines.map((line, at) => {
    const { to, steps, association } = line;
    const side = line.believes[to];
    const received = steps?.received;
    if (side === undefined || received == null) return line;
    const key = `${association}\n${to}`;
    const held = waiting.get(key);
    const latest = held !== undefined && held.received > received ? held : { received, side };
    if ((later[at] ?? Number.POSITIVE_INFINITY) >= latest.received) {
      waiting.delete(key);
      return { ...line, believes: { ...line.believes, [to]: latest.side } };
    }
    waiting.set(key, latest);
    const { [to]: _, ...believes } = line.believes;
    return { ...line, believes };
  });
}
