/** Matches the ends of connections while their journals grow, and settles what becomes of each PDU. */
import type { Draft, FollowQueue, Place } from './follow-queue.js';
import { noteLine } from './line.js';
import { isClient } from './match-ends.js';
import type { ConnectionEnd, PduMoment } from './trail.js';

type Sent = { readonly text: string; readonly draft: Draft };
type Received = { readonly moment: PduMoment; readonly takenAtMs: number; readonly place: Place };

/** One end of a connection that is followed. */
type End = {
  readonly end: ConnectionEnd;
  readonly takenAtMs: number;
  /** The first PDU each way, which identify the connection. */
  firstSent: string | null;
  firstReceived: string | null;
  /** Sent PDUs that have neither arrived nor been lost, and received ones whose sending is not known yet. */
  sent: Sent[];
  received: Received[];
  partner: End | null;
  ended: boolean;
};

/** Limits of the ends, and of the PDUs that wait at one end. Beyond them the oldest are forgotten. */
const maxEnds = 10_000;
const maxWaiting = 5000;

function agree(one: string | null, other: string | null): boolean {
  return one === null || other === null || one === other;
}

export class FollowedEnds {
  readonly #queue: FollowQueue;
  readonly #known: ReadonlySet<string>;
  readonly #waitMs: number;
  readonly #ends = new Map<ConnectionEnd, End>();

  /** @param known the MTAs whose journals are followed. */
  constructor(queue: FollowQueue, known: ReadonlySet<string>, waitMs: number) {
    this.#queue = queue;
    this.#known = known;
    this.#waitMs = waitMs;
  }

  sent(moment: PduMoment, draft: Draft, nowMs: number): void {
    const own = this.#of(moment.end, nowMs);
    own.firstSent ??= moment.text;
    own.sent.push({ text: moment.text, draft });
    if (own.sent.length > maxWaiting) own.sent.shift();
    this.#match(own, false, nowMs);
    this.#name(own);
    this.#carry(own, own.partner, nowMs);
  }

  received(moment: PduMoment, nowMs: number): void {
    const own = this.#of(moment.end, nowMs);
    own.firstReceived ??= moment.text;
    own.received.push({ moment, takenAtMs: nowMs, place: this.#queue.place(moment.node) });
    this.#match(own, false, nowMs);
    if (this.#isForeign(own)) this.#showReceived(own, own.received.length, nowMs);
    else if (own.partner !== null) this.#carry(own.partner, own, nowMs);
    // More wait only if the other journal is missing.
    if (own.received.length > maxWaiting) this.#showReceived(own, 1, nowMs);
  }

  /** The connection has ended at this end. */
  end(node: string, conn: number, nowMs: number): void {
    for (const one of this.#ends.values()) if (one.end.node === node && one.end.conn === conn) this.#close(one, nowMs);
  }

  /** All connections of this MTA have ended. */
  endAll(node: string, nowMs: number): void {
    for (const one of [...this.#ends.values()]) if (one.end.node === node) this.#close(one, nowMs);
  }

  /** Ends the waits that have lasted too long. */
  giveUp(nowMs: number): void {
    for (const one of [...this.#ends.values()]) {
      // The first request is less sure a sign than request and answer together.
      if (one.partner === null && nowMs - one.takenAtMs >= this.#waitMs / 2) this.#match(one, true, nowMs);
      const late = one.received.filter(({ takenAtMs }) => nowMs - takenAtMs >= this.#waitMs).length;
      this.#showReceived(one, late, nowMs);
      if (late > 0) this.#carryBoth(one, nowMs);
      // Nobody else can say what became of these.
      if (one.ended && one.partner === null && nowMs - one.takenAtMs >= this.#waitMs) this.#lose(one, one.sent.length, nowMs);
      if (one.ended && one.received.length === 0 && one.sent.length === 0 && (one.partner === null || one.partner.ended))
        this.#ends.delete(one.end);
    }
  }

  #of(end: ConnectionEnd, nowMs: number): End {
    const known = this.#ends.get(end);
    if (known !== undefined) return known;
    const own: End = {
      end,
      takenAtMs: nowMs,
      firstSent: null,
      firstReceived: null,
      sent: [],
      received: [],
      partner: null,
      ended: false,
    };
    this.#ends.set(end, own);
    if (this.#ends.size > maxEnds) {
      const oldest = this.#ends.keys().next().value;
      if (oldest !== undefined) this.#ends.delete(oldest);
    }
    return own;
  }

  /** Is the other side an MTA whose journal is not followed? */
  #isForeign({ end, partner }: End): boolean {
    return partner === null && end.peer !== null && !this.#known.has(end.peer);
  }

  /** Finds the other end: by the first PDU each way, or by the first request alone. Among equals, the nearest in time. */
  #match(own: End, byRequest: boolean, nowMs: number): void {
    if (own.partner !== null) return;
    let best: End | null = null;
    for (const other of this.#ends.values()) {
      if (other.partner !== null || !fits(own, other, byRequest)) continue;
      const apartMs = Math.abs(other.end.openedMs - own.end.openedMs);
      if (best === null || apartMs < Math.abs(best.end.openedMs - own.end.openedMs)) best = other;
    }
    if (best === null) return;
    own.partner = best;
    best.partner = own;
    this.#name(own);
    this.#name(best);
    // What has waited for the match may go either way.
    this.#carryBoth(own, nowMs);
  }

  /** Gives the waiting lines of this end their receiver. What goes to an MTA without a journal counts as passed. */
  #name(own: End): void {
    const peer = own.partner?.end.node ?? own.end.peer;
    if (peer === null) return;
    const foreign = this.#isForeign(own);
    for (const { draft } of own.sent) {
      draft.line = { ...draft.line, to: peer };
      if (foreign) draft.settled = true;
    }
    if (foreign) own.sent = [];
  }

  #carryBoth(own: End, nowMs: number): void {
    if (own.partner === null) return;
    this.#carry(own, own.partner, nowMs);
    this.#carry(own.partner, own, nowMs);
  }

  /** Joins what has arrived with what was sent. A PDU before one that arrived, or that finds the other end closed, is lost. */
  #carry(from: End, to: End | null, nowMs: number): void {
    if (to === null) return;
    for (let next = to.received[0]; next !== undefined; next = to.received[0]) {
      const { moment, place } = next;
      const at = from.sent.findIndex(({ text }) => text === moment.text);
      // The journal of the sender may be behind.
      if (at < 0) break;
      this.#lose(from, at, nowMs);
      const sent = from.sent.shift();
      to.received.shift();
      if (sent === undefined) break;
      sent.draft.arrives = place;
      this.#arrive(sent.draft, moment, nowMs);
    }
    if (to.ended && to.received.length === 0) this.#lose(from, from.sent.length, nowMs);
  }

  #arrive(draft: Draft, { node, tMs, text, association, believes }: PduMoment, nowMs: number): void {
    const belief = believes === null ? {} : { [node]: believes };
    const { line } = draft;
    draft.line = {
      ...line,
      association: line.association ?? association,
      believes: { ...line.believes, ...belief },
      arrivedMs: tMs,
    };
    draft.settled = true;
    if (draft.shown)
      this.#queue.add(noteLine(node, `receives only now: ${text}`, { association, believes: belief, tMs }), nowMs, true);
  }

  #lose(from: End, count: number, nowMs: number): void {
    for (const { draft, text } of from.sent.splice(0, count)) {
      const { shown, line } = draft;
      draft.line = { ...line, fate: 'lost' };
      draft.settled = true;
      if (shown)
        this.#queue.add(noteLine(from.end.node, `has lost on the way: ${text}`, { association: line.association }), nowMs, true);
    }
  }

  /** Shows received PDUs whose sending is in no journal. */
  #showReceived(own: End, count: number, nowMs: number): void {
    for (const { moment } of own.received.splice(0, count)) {
      const { node, text, association, believes, tMs } = moment;
      this.#queue.add(
        {
          from: own.partner?.end.node ?? own.end.peer ?? '?',
          to: node,
          text,
          association,
          believes: believes === null ? {} : { [node]: believes },
          fate: 'passed',
          fault: null,
          count: 1,
          tMs,
        },
        nowMs,
        true,
      );
    }
  }

  #close(own: End, nowMs: number): void {
    if (own.ended) return;
    own.ended = true;
    if (own.partner !== null) this.#carry(own.partner, own, nowMs);
    if (nowMs === Number.POSITIVE_INFINITY) this.#lose(own, own.sent.length, nowMs);
  }
}

/** Can these be the two ends of one connection? */
function fits(own: End, other: End, byRequest: boolean): boolean {
  if (isClient(own.end) === isClient(other.end) || own.end.node === other.end.node) return false;
  const [client, server] = isClient(own.end) ? [own, other] : [other, own];
  if (client.firstSent === null || client.firstSent !== server.firstReceived) return false;
  if (client.end.peer !== null && client.end.peer !== server.end.node) return false;
  if (server.end.peer !== null && server.end.peer !== client.end.node) return false;
  if (byRequest) return agree(client.firstReceived, server.firstSent);
  return client.firstReceived !== null && client.firstReceived === server.firstSent;
}
