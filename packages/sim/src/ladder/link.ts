/** A ladder from what a link saw (the proxy's, or a virtual one), with the beliefs that the journals of both ends add. */
import { describePdu, type TurnSide } from '@mtalab/mta-core';
import type { LinkPdu } from '../scenario/faults/link.js';
import type { LadderLine } from './line.js';
import type { PduMoment, Trail } from './trail.js';

/** Finds, for each PDU the link saw, the moment at which an end sent or received it. */
class Moments {
  readonly #left = new Map<string, PduMoment[]>();

  constructor(trail: Trail) {
    for (const moment of trail.moments) {
      if (moment.kind === 'note') continue;
      const key = `${moment.kind} ${moment.text}`;
      const group = this.#left.get(key);
      if (group === undefined) this.#left.set(key, [moment]);
      else group.push(moment);
    }
    // The first is taken from the end.
    for (const group of this.#left.values()) group.reverse();
  }

  take(kind: PduMoment['kind'], text: string): PduMoment | undefined {
    return this.#left.get(`${kind} ${text}`)?.pop();
  }
}

/** @param trails of the MTAs, by name, as far as there are journals. */
export function ladderOf(pdus: Iterable<LinkPdu>, trails: ReadonlyMap<string, Trail>): LadderLine[] {
  const ends = new Map([...trails].map(([name, trail]) => [name, new Moments(trail)]));
  const lines: LadderLine[] = [];
  for (const { from, to, pdu, fate, fault, association } of pdus) {
    // A held PDU is told again when it leaves.
    if (fate === 'held') continue;
    const text = describePdu(pdu);
    const sent = ends.get(from)?.take('sent', text);
    const received = fate === 'passed' ? ends.get(to)?.take('received', text) : undefined;
    const believes: Record<string, TurnSide> = {};
    if (sent?.believes != null) believes[from] = sent.believes;
    if (received?.believes != null) believes[to] = received.believes;
    lines.push({
      from,
      to,
      text,
      association: sent?.association ?? received?.association ?? association,
      believes,
      fate,
      fault,
      count: 1,
      ...(sent === undefined ? {} : { tMs: sent.tMs }),
      steps: { sent: sent?.index ?? null, received: received?.index ?? null },
    });
  }
  return lines;
}
