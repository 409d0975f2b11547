/** Builds a ladder from journals alone. It merges the trails of the MTAs so that nothing is received before it was sent. */
import type { TurnSide } from '@mtalab/mta-core';
import { type LadderLine, noteLine } from './line.js';
import { type Matching, matchConnections } from './match-ends.js';
import type { Moment, PduMoment, Trail } from './trail.js';

type LineDraft = { -readonly [Key in keyof LadderLine]: LadderLine[Key] } & { believes: Record<string, TurnSide> };

/**
 * The lines of all trails. Each MTA's lines keep their order; between MTAs, the lab's clock decides, and at one instant their names do:
 * the same journals make the same ladder, in whatever order they come.
 */
export function mergeTrails(trails: Iterable<Trail>): LadderLine[] {
  const all = [...trails].sort((one, other) => (one.node < other.node ? -1 : 1));
  const merger = new Merger(matchConnections(all), new Set(all.map((trail) => trail.node)));
  const places = new Map(all.map((trail) => [trail, 0]));
  for (;;) {
    const next = earliest(all, places, merger);
    if (next === null) return merger.lines;
    places.set(next.trail, (places.get(next.trail) ?? 0) + 1);
    merger.take(next.moment);
  }
}

type Next = { readonly trail: Trail; readonly moment: Moment; readonly ready: boolean };

/** The earliest moment that need not wait for another. */
function earliest(trails: readonly Trail[], places: ReadonlyMap<Trail, number>, merger: Merger): Next | null {
  let best: Next | null = null;
  for (const trail of trails) {
    const moment = trail.moments[places.get(trail) ?? 0];
    if (moment === undefined) continue;
    const ready = merger.isReady(moment);
    // A moment that is not ready is chosen only if two connections were taken for one. A wrong order is better than no ladder.
    const better = best === null || (ready !== best.ready ? ready : moment.tMs < best.moment.tMs);
    if (better) best = { trail, moment, ready };
  }
  return best;
}

class Merger {
  readonly lines: LadderLine[] = [];
  readonly #matching: Matching;
  readonly #known: ReadonlySet<string>;
  readonly #drafts = new Map<PduMoment, LineDraft>();

  /** @param known the MTAs that have a journal. */
  constructor(matching: Matching, known: ReadonlySet<string>) {
    this.#matching = matching;
    this.#known = known;
  }

  isReady(moment: Moment): boolean {
    if (moment.kind !== 'received') return true;
    const partner = this.#matching.partners.get(moment);
    return partner === undefined || this.#drafts.has(partner);
  }

  take(moment: Moment): void {
    if (moment.kind === 'note') this.#note(moment);
    else if (moment.kind === 'sent') this.#sent(moment);
    else this.#received(moment);
  }

  #note(moment: Extract<Moment, { kind: 'note' }>): void {
    const { node, text, association, tMs, index } = moment;
    this.lines.push(
      noteLine(node, text, { association, believes: beliefOf(moment), tMs, steps: { sent: index, received: null } }),
    );
  }

  #sent(moment: PduMoment): void {
    const to = this.#matching.peerOf(moment.end) ?? '?';
    // Without the receiver's journal the PDU counts as passed.
    const fate = this.#matching.partners.has(moment) || !this.#known.has(to) ? 'passed' : 'lost';
    const draft: LineDraft = {
      from: moment.node,
      to,
      text: moment.text,
      association: moment.association,
      believes: beliefOf(moment),
      fate,
      fault: null,
      count: 1,
      tMs: moment.tMs,
      steps: { sent: moment.index, received: null },
    };
    this.#drafts.set(moment, draft);
    this.lines.push(draft);
  }

  #received(moment: PduMoment): void {
    const partner = this.#matching.partners.get(moment);
    const draft = partner === undefined ? undefined : this.#drafts.get(partner);
    if (draft === undefined) {
      const { tMs, text, association, index } = moment;
      this.lines.push({
        from: this.#matching.peerOf(moment.end) ?? '?',
        to: moment.node,
        text,
        association,
        believes: beliefOf(moment),
        fate: 'passed',
        fault: null,
        count: 1,
        tMs,
        steps: { sent: null, received: index },
      });
      return;
    }
    Object.assign(draft.believes, beliefOf(moment));
    draft.association ??= moment.association;
    draft.arrivedMs = moment.tMs;
    draft.steps = { sent: draft.steps?.sent ?? null, received: moment.index };
    if (partner !== undefined) this.#drafts.delete(partner);
  }
}

function beliefOf(moment: Moment): Record<string, TurnSide> {
  return moment.believes === null ? {} : { [moment.node]: moment.believes };
}
