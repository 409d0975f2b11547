/** The trail of each MTA through a journal: every PDU it sent or received, in its own order, with its beliefs. */
import {
  type AssociationState,
  believes,
  describeFrame,
  type LinkFrame,
  ltabOf,
  type Mta,
  ownerOfConnection,
  type TurnSide,
} from '@mtalab/mta-core';
import type { LocatedEntry } from '../journal/entry.js';
import { type Replayed, Replayer } from '../journal/replay.js';
import { isGiveText } from './line.js';
import { callIn } from './link-pdu.js';

/** One end of a connection, in one life of its MTA. */
export type ConnectionEnd = {
  readonly node: string;
  readonly conn: number;
  /** The MTA at the other end, once this end knows it. */
  peer: string | null;
  readonly openedMs: number;
  readonly sent: PduMoment[];
  readonly received: PduMoment[];
};

/** A PDU at one end: sent or received, and what that end believed about the Turn right after, within the step. */
export type PduMoment = {
  readonly kind: 'sent' | 'received';
  readonly node: string;
  /** Position among all moments of this MTA. */
  readonly index: number;
  readonly tMs: number;
  readonly text: string;
  readonly end: ConnectionEnd;
  /** The association of the connection; null if it has none. */
  readonly association: string | null;
  readonly believes: TurnSide | null;
};

/** An event without a PDU: the MTA started again, or noticed a loss. */
export type NoteMoment = {
  readonly kind: 'note';
  readonly node: string;
  readonly index: number;
  readonly tMs: number;
  readonly text: string;
  readonly association: string | null;
  readonly believes: TurnSide | null;
};

export type Moment = PduMoment | NoteMoment;

/** The ladder is too long to draw, or its parts do not fit together. */
export class LadderError extends Error {
  override readonly name = 'LadderError';
}

/** Limit of the moments of all MTAs together. */
const maxMoments = 2_000_000;

/** Everything one MTA did, over its lives. */
export class Trail {
  readonly node: string;
  readonly moments: Moment[] = [];
  /** Connections of all lives. */
  readonly ends: ConnectionEnd[] = [];
  #present = new Map<number, ConnectionEnd>();
  #incarnation: number | null = null;
  /** Associations of which the present step still has to pass the Turn on. */
  #giving = new Set<string>();

  constructor(node: string) {
    this.node = node;
  }

  take({ entry }: LocatedEntry, { before, mta, effects }: Replayed): void {
    const { input, t } = entry;
    // A trail may begin in the middle of a life, and go on in the next without its start.
    if (mta.incarnation !== this.#incarnation) {
      this.#present = new Map();
      if (this.#incarnation !== null) this.#note(t, `starts again, incarnation ${mta.incarnation}`, null, null);
      this.#incarnation = mta.incarnation;
    }
    this.#giving = new Set();
    for (const effect of effects) {
      const given = effect.type === 'frame' && isGiveText(describeFrame(effect)) ? placeOf(mta, before, effect.conn) : null;
      if (given !== null) this.#giving.add(given.name);
    }
    if (input.type === 'frame') this.#pdu('received', t, input, mta, before);
    if (before !== null && ltabOf(before) !== ltabOf(mta)) this.#losses(t, before, mta);
    for (const effect of effects) {
      if (effect.type === 'frame') this.#pdu('sent', t, effect, mta, before);
    }
  }

  /** Takes the moments so far out of the trail. What follows counts anew, so a trail that is emptied makes no vector clocks. */
  drain(): readonly Moment[] {
    this.ends.length = 0;
    return this.moments.splice(0);
  }

  /** The connection has ended; nothing more passes on it. */
  forget(conn: number): void {
    this.#present.delete(conn);
  }

  #pdu(kind: PduMoment['kind'], tMs: number, frame: LinkFrame, mta: Mta, before: Mta | null): void {
    const { conn } = frame;
    const at = placeOf(mta, before, conn);
    const text = describeFrame(frame);
    if (kind === 'sent' && at !== null && isGiveText(text)) this.#giving.delete(at.name);
    // A step that passes the Turn on lets go with its Turn-Give, and not with the PDUs before that.
    const side = at !== null && this.#giving.has(at.name) ? 'mine' : (at?.side ?? null);
    const end = this.#end(conn, tMs);
    const caller = kind === 'received' ? callIn(frame)?.from : undefined;
    end.peer = at?.peer ?? caller ?? end.peer;
    const moment: PduMoment = {
      kind,
      node: this.node,
      index: this.moments.length,
      tMs,
      text,
      end,
      association: at?.name ?? null,
      believes: side,
    };
    this.moments.push(moment);
    end[kind].push(moment);
  }

  #end(conn: number, tMs: number): ConnectionEnd {
    const known = this.#present.get(conn);
    if (known !== undefined) return known;
    const end: ConnectionEnd = { node: this.node, conn, peer: null, openedMs: tMs, sent: [], received: [] };
    this.#present.set(conn, end);
    this.ends.push(end);
    return end;
  }

  /** Associations that were open before this step and have lost their connections after it. */
  #losses(tMs: number, before: Mta, mta: Mta): void {
    for (const entry of ltabOf(mta)) {
      const earlier = ltabOf(before)[entry.id - 1];
      if (earlier === undefined || earlier === entry) continue;
      for (const association of entry.associations) {
        const was = earlier.associations.find((each) => each.id === association.id);
        if (was?.state !== 'open' || !fallen.has(association.state)) continue;
        this.#note(tMs, `notices the loss of ${association.name}`, association.name, believes(association.turn));
      }
    }
  }

  #note(tMs: number, text: string, association: string | null, side: TurnSide | null): void {
    this.moments.push({ kind: 'note', node: this.node, index: this.moments.length, tMs, text, association, believes: side });
  }
}

/** States that show the loss of an open association. One that recovers at once is never in the state `lost`. */
const fallen: ReadonlySet<AssociationState> = new Set(['lost', 'opening', 'answering']);

/** The association of a connection, as one end sees it: its name, the MTA at the other end, and whose Turn this end believes it is. */
export type Place = { readonly name: string; readonly peer: string; readonly side: TurnSide };

function placeOf(mta: Mta, before: Mta | null, conn: number): Place | null {
  return locate(mta, conn) ?? (before === null ? null : locate(before, conn));
}

/** The association of a connection; null if it has none. */
export function locate(mta: Mta, conn: number): Place | null {
  const owner = ownerOfConnection(mta, conn);
  if (owner === null) return null;
  const entry = ltabOf(mta)[owner.entry - 1];
  const association = entry?.associations.find((each) => each.id === owner.association);
  if (entry === undefined || association === undefined) return null;
  return { name: association.name, peer: entry.name, side: believes(association.turn) };
}

/** The trails of all MTAs, from one journal of a whole lab or from one of each. */
export class Trails {
  readonly nodes = new Map<string, Trail>();
  #moments = 0;

  /** A reader for one more journal; it takes the entries in order. @throws JournalError, LadderError */
  reader(file: string): (located: LocatedEntry) => void {
    const replayer = new Replayer(file);
    return (located) => {
      const { node } = located.entry;
      const trail = this.nodes.get(node) ?? new Trail(node);
      this.nodes.set(node, trail);
      const length = trail.moments.length;
      trail.take(located, replayer.take(located));
      this.#moments += trail.moments.length - length;
      if (this.#moments > maxMoments) {
        throw new LadderError(
          `${file}:${located.line}: more than ${maxMoments} PDUs: too long for a ladder; cut the journal short`,
        );
      }
    };
  }

  /** Read a whole journal. */
  read(file: string, entries: Iterable<LocatedEntry>): this {
    const take = this.reader(file);
    for (const located of entries) take(located);
    return this;
  }
}
