/**
 * What the reliable transfer may expect of any link (`links/link.ts`). `links/*.txt` has it as stories with an outcome that is the same
 * on every link; the table below has the moments at which a connection may be lost.
 */
import { type LinkFrame, type LinkKind, ltabOf } from '@mtalab/mta-core';
import { comparable } from '../interaction/both-links.js';
import { outcomesOf, writtenOut } from '../interaction/run-story.js';
import { kindsOf } from '../interaction/words.js';
import { PureLab, withLink } from '../support/purelab.js';

/** What a story leads to on a link. The time is left out: how long a link waits for a connection is its own affair. */
export function outcomeOn(link: LinkKind, story: string): string {
  const blocks = outcomesOf(story, link).map(({ head, lines }) => ({
    head,
    lines: lines === null ? null : comparable(lines).filter((line) => !line.startsWith('-- at ')),
  }));
  return writtenOut(blocks);
}

/** A frame by the kind and the sender, and what becomes of the association that is lost before or after it arrives. */
export type Moment = { readonly kind: string; readonly from: 'A' | 'B'; readonly before: Fate; readonly after: Fate };
/** `fails`: the opening, and the Open Interval passes. `recovers`: the same association goes on. `ends`: nothing is left to recover. */
type Fate = 'fails' | 'recovers' | 'ends';

/** The frames of an exchange: A opens and sends, B asks for the Turn and sends, A asks for it and closes. */
export const moments: readonly Moment[] = [
  { kind: 'rtorq', from: 'A', before: 'fails', after: 'fails' },
  { kind: 'rtoac', from: 'B', before: 'fails', after: 'recovers' },
  { kind: 'rttr', from: 'A', before: 'recovers', after: 'recovers' },
  { kind: 'confirm', from: 'B', before: 'recovers', after: 'recovers' },
  { kind: 'turn-please', from: 'B', before: 'recovers', after: 'recovers' },
  { kind: 'turn-give', from: 'A', before: 'recovers', after: 'recovers' },
  { kind: 'turn-give-ack', from: 'B', before: 'recovers', after: 'recovers' },
  { kind: 'rttr', from: 'B', before: 'recovers', after: 'recovers' },
  { kind: 'confirm', from: 'A', before: 'recovers', after: 'recovers' },
  { kind: 'turn-please', from: 'A', before: 'recovers', after: 'recovers' },
  // With the Turn that A has asked for, it closes at once.
  { kind: 'turn-give', from: 'B', before: 'recovers', after: 'ends' },
  { kind: 'close', from: 'A', before: 'ends', after: 'ends' },
  { kind: 'close-ack', from: 'B', before: 'ends', after: 'ends' },
];

/** The exchange, with all connections lost at a moment. Nothing must be left of it in the end. */
export function loseAt(
  link: LinkKind,
  { kind, from }: Moment,
  when: 'before' | 'after',
): { readonly fate: Fate; readonly lab: PureLab } {
  const lab = new PureLab(['A', 'B'], {}, {}, withLink(link));
  let isLost = false;
  const isMoment = (sent: { readonly from: string; readonly frame: LinkFrame }): boolean =>
    !isLost && sent.from === from && kindsOf(sent.frame).includes(kind);
  lab.hooks.onFrame = (sent) => {
    if (when !== 'before' || !isMoment(sent)) return true;
    isLost = true;
    lab.cutAll();
    return false;
  };
  lab.hooks.onTaken = (sent) => {
    if (when !== 'after' || !isMoment(sent)) return;
    isLost = true;
    lab.cutAll();
  };
  lab.submit('A', 'm1', ['x@b.example']);
  lab.settle();
  lab.submit('B', 'm2', ['x@a.example']);
  lab.settle();
  lab.pass(3 * 3_600_000);
  if (!isLost) throw new Error(`there was no ${kind} from ${from}`);
  const { failedOut, recoveries } = ltabOf(lab.mta('A'))[0]?.counters ?? { failedOut: 0, recoveries: 0 };
  return { fate: failedOut > 0 ? 'fails' : recoveries > 0 ? 'recovers' : 'ends', lab };
}

/** Connections that some link still has, and frames under way. */
export function leftOver(lab: PureLab): number {
  const held = [...lab.nodes.values()].map(
    ({ mta }) => mta.rpc.connections.size + mta.rpc.carriers.size + mta.memory.connections.size,
  );
  return held.reduce((sum, count) => sum + count, lab.wires.length);
}
