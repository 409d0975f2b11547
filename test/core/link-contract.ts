/**
 * The contract of every link with the reliable transfer (`links/link.ts`). The stories in `links/*.txt` have the same outcome
 * on every link. The table below lists the moments of a loss.
 */
import { kindsIn, type LinkFrame, type LinkKind, ltabOf } from '@mtalab/mta-core';
import { comparable } from '../interaction/both-links.js';
import { outcomesOf, writtenOut } from '../interaction/run-story.js';
import { PureLab, withLink } from '../support/purelab.js';

/** The outcome of a story on a link, without times: each link decides how long it waits for a connection. */
export function outcomeOn(link: LinkKind, story: string): string {
  const blocks = outcomesOf(story, link).map(({ head, lines }) => ({
    head,
    lines: lines === null ? null : comparable(lines).filter((line) => !line.startsWith('-- at ')),
  }));
  return writtenOut(blocks);
}

/** A frame (kind and sender), and the fate of the association after a loss just before or after its arrival. */
export type Moment = { readonly kind: string; readonly from: 'A' | 'B'; readonly before: Fate; readonly after: Fate };
/** `fails`: the opening fails, and the Open Interval passes. `recovers`: the same association continues. `ends`: there is nothing to recover. */
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
  // A has asked for the Turn, and closes as soon as it has it.
  { kind: 'turn-give', from: 'B', before: 'recovers', after: 'ends' },
  { kind: 'close', from: 'A', before: 'ends', after: 'ends' },
  { kind: 'close-ack', from: 'B', before: 'ends', after: 'ends' },
];

/** Runs the exchange, and loses all connections at one moment. In the end nothing must remain of it. */
export function loseAt(
  link: LinkKind,
  { kind, from }: Moment,
  when: 'before' | 'after',
): { readonly fate: Fate; readonly lab: PureLab } {
  const lab = new PureLab(['A', 'B'], {}, {}, withLink(link));
  let isLost = false;
  const isMoment = (sent: { readonly from: string; readonly frame: LinkFrame }): boolean =>
    !isLost && sent.from === from && kindsIn(sent.frame).includes(kind);
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
    ({ mta }) =>
      mta.rpc.connections.size +
      mta.rpc.carriers.size +
      mta.memory.connections.size +
      mta.x400.connections.size +
      mta.x400.controlBlocks.length +
      mta.x400.associations.size +
      mta.x400.interrupted.size,
  );
  return held.reduce((sum, count) => sum + count, lab.wires.length);
}
