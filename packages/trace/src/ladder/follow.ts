/**
 * Builds a ladder while its journals grow. A line is ready when its PDU has arrived or is known to be lost, or after a bounded wait.
 * What is ready leaves the memory.
 */
import type { LocatedEntry } from '../journal/entry.js';
import { Replayer } from '../journal/replay.js';
import { FollowedEnds } from './follow-ends.js';
import { type Draft, FollowQueue } from './follow-queue.js';
import { type LadderLine, noteLine } from './line.js';
import { type PduMoment, Trail } from './trail.js';

export type FollowOptions = {
  /** MTAs whose journals are followed, as far as they are known before their first entry. */
  readonly nodes?: readonly string[];
  /** Real time that a line waits for its arrival, ms. Default 2000. */
  readonly waitMs?: number;
};

const usualWaitMs = 2000;

/** Follows the journals of a lab. Times are milliseconds of any monotonic clock. */
export class LadderFollower {
  readonly #known: Set<string>;
  readonly #queue: FollowQueue;
  readonly #ends: FollowedEnds;
  readonly #replayers = new Map<string, Replayer>();
  readonly #trails = new Map<string, Trail>();

  constructor({ nodes = [], waitMs = usualWaitMs }: FollowOptions = {}) {
    this.#known = new Set(nodes);
    this.#queue = new FollowQueue(waitMs);
    this.#ends = new FollowedEnds(this.#queue, this.#known, waitMs);
  }

  /** Takes the next entry of a journal. @throws JournalError if entries before it are missing. */
  take(file: string, located: LocatedEntry, nowMs: number): void {
    const { node, input, effects } = located.entry;
    const replayer = this.#replayers.get(file) ?? new Replayer(file);
    this.#replayers.set(file, replayer);
    const trail = this.#trails.get(node) ?? new Trail(node);
    this.#trails.set(node, trail);
    this.#known.add(node);
    // The connections of the life before have ended with it.
    if (input.type === 'start') this.#ends.endAll(node, nowMs);
    trail.take(located, replayer.take(located));
    for (const moment of trail.drain()) {
      if (moment.kind === 'note') {
        const { text, association, believes, tMs } = moment;
        this.#queue.add(
          noteLine(node, text, { association, believes: believes === null ? {} : { [node]: believes }, tMs }),
          nowMs,
          true,
        );
      } else this.#pdu(moment, nowMs);
    }
    const closed = effects.flatMap((effect) => (effect.type === 'close' ? [effect.conn] : []));
    if (input.type === 'lost') closed.push(input.conn);
    for (const conn of closed) {
      this.#ends.end(node, conn, nowMs);
      trail.forget(conn);
    }
  }

  /**
   * The lines that are ready, in the order of their sending. Call it after every journal has been read.
   * @param upToMs lab time up to which all journals have been read, if one of them is far behind.
   */
  ready(nowMs: number, upToMs = Number.POSITIVE_INFINITY): readonly LadderLine[] {
    this.#ends.giveUp(nowMs);
    return this.#queue.ready(nowMs, upToMs);
  }

  /** All remaining lines. What has not arrived is lost. */
  end(): readonly LadderLine[] {
    this.#ends.giveUp(Number.POSITIVE_INFINITY);
    for (const node of this.#trails.keys()) this.#ends.endAll(node, Number.POSITIVE_INFINITY);
    return this.#queue.rest();
  }

  #pdu(moment: PduMoment, nowMs: number): void {
    const { node, text, association, believes, tMs, end } = moment;
    // The moments of an end are kept here only as long as they wait.
    end.sent.length = 0;
    end.received.length = 0;
    if (moment.kind === 'received') {
      this.#ends.received(moment, nowMs);
      return;
    }
    const draft: Draft = this.#queue.add(
      {
        from: node,
        to: end.peer ?? '?',
        text,
        association,
        believes: believes === null ? {} : { [node]: believes },
        fate: 'passed',
        fault: null,
        count: 1,
        tMs,
      },
      nowMs,
      false,
    );
    this.#ends.sent(moment, draft, nowMs);
  }
}
