/**
 * Matches the connections of one MTA with those of another by what passed on them. Nothing else identifies them: the called
 * side's journal has no addresses, and a proxy may stand between.
 */
import type { ConnectionEnd, PduMoment, Trail } from './trail.js';

/** Dialled connections have even numbers, accepted ones odd. */
export function isClient(end: ConnectionEnd): boolean {
  return end.conn % 2 === 0;
}

/** Finds each received PDU among the sent ones, in order. A PDU that was sent but not received is lost. */
function inOrder(
  sent: readonly PduMoment[],
  received: readonly PduMoment[],
  found: (one: PduMoment, other: PduMoment) => void,
): number {
  let next = 0;
  let count = 0;
  for (const moment of received) {
    const at = nextOf(sent, next, moment.text);
    if (at < 0) continue;
    found(sent[at] as PduMoment, moment);
    next = at + 1;
    count += 1;
  }
  return count;
}

function nextOf(sent: readonly PduMoment[], from: number, text: string): number {
  for (let at = from; at < sent.length; at += 1) if (sent[at]?.text === text) return at;
  return -1;
}

const ignore = (): void => undefined;

/** How many PDUs these two ends have in common. */
function agreement(client: ConnectionEnd, server: ConnectionEnd): number {
  return inOrder(client.sent, server.received, ignore) + inOrder(server.sent, client.received, ignore);
}

/** The matches found. They stay outside the trails, because one trail may serve several ladders. */
export class Matching {
  /** The same PDU at the other end, both ways. */
  readonly partners = new Map<PduMoment, PduMoment>();
  readonly #peers = new Map<ConnectionEnd, string>();
  readonly #ends = new Map<ConnectionEnd, ConnectionEnd>();

  /** The MTA at the other end; null if neither this end nor the matching knows it. */
  peerOf(end: ConnectionEnd): string | null {
    return this.#peers.get(end) ?? end.peer;
  }

  /** The other end of the same connection; nothing if none was found. */
  partnerOf(end: ConnectionEnd): ConnectionEnd | undefined {
    return this.#ends.get(end);
  }

  pair(client: ConnectionEnd, server: ConnectionEnd): void {
    const join = (sent: PduMoment, received: PduMoment): void => {
      this.partners.set(sent, received);
      this.partners.set(received, sent);
    };
    inOrder(client.sent, server.received, join);
    inOrder(server.sent, client.received, join);
    this.#peers.set(client, server.node);
    this.#peers.set(server, client.node);
    this.#ends.set(client, server);
    this.#ends.set(server, client);
  }
}

/** The first PDU each way. The answer has the number of the association group, which a server gives only once in its life. */
function keyOf(request: PduMoment | undefined, answer: PduMoment | undefined): string {
  return `${request?.text ?? ''}\n${answer?.text ?? ''}`;
}

class Servers {
  readonly #byKey = new Map<string, Set<ConnectionEnd>>();

  constructor(ends: Iterable<ConnectionEnd>, key: (end: ConnectionEnd) => string) {
    for (const end of ends) {
      const group = this.#byKey.get(key(end)) ?? new Set();
      group.add(end);
      this.#byKey.set(key(end), group);
    }
  }

  /** Takes the server end that agrees best with this client; among equals, the nearest in time. */
  take(client: ConnectionEnd, key: string): ConnectionEnd | null {
    const group = this.#byKey.get(key);
    let best: { readonly end: ConnectionEnd; readonly agreed: number; readonly apartMs: number } | null = null;
    for (const end of group ?? []) {
      if (end.node === client.node || (client.peer !== null && end.node !== client.peer)) continue;
      if (end.peer !== null && end.peer !== client.node) continue;
      const agreed = agreement(client, end);
      const apartMs = Math.abs(end.openedMs - client.openedMs);
      if (best === null || agreed > best.agreed || (agreed === best.agreed && apartMs < best.apartMs))
        best = { end, agreed, apartMs };
    }
    if (best !== null) group?.delete(best.end);
    return best?.end ?? null;
  }
}

/** Matches every sent PDU with its arrival, if it arrived. */
export function matchConnections(trails: Iterable<Trail>): Matching {
  const ends = [...trails].flatMap((trail) => trail.ends);
  const matching = new Matching();
  matchEnds(
    ends.filter(isClient),
    ends.filter((end) => !isClient(end)),
    matching,
  );
  return matching;
}

/** The same, if it is known which ends dialled. In both lists, the ends of each MTA are in the order of their opening. */
export function matchEnds(dialled: readonly ConnectionEnd[], accepted: readonly ConnectionEnd[], matching: Matching): void {
  const clients = dialled.toSorted((one, other) => one.openedMs - other.openedMs || 0);
  const servers = accepted.filter((end) => end.received.length > 0);
  const answered = new Servers(servers, (end) => keyOf(end.received[0], end.sent[0]));
  const taken = new Set<ConnectionEnd>();
  const rest: ConnectionEnd[] = [];
  for (const client of clients) {
    const server = client.received.length === 0 ? null : answered.take(client, keyOf(client.sent[0], client.received[0]));
    if (server === null) rest.push(client);
    else {
      matching.pair(client, server);
      taken.add(server);
    }
  }
  const unanswered = new Servers(
    servers.filter((end) => !taken.has(end)),
    (end) => keyOf(end.received[0], undefined),
  );
  for (const client of rest) {
    const server = unanswered.take(client, keyOf(client.sent[0], undefined));
    if (server !== null) matching.pair(client, server);
  }
}
